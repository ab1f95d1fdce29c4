package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Convolution of sequences, `[batch, steps, channels]`: `y[n, t, f] = activation(bias[f] + Σ x[n, t ·
/// stride + i · dilationRate - before, c] · kernel[i, c, f])`; beyond the ends x is 0. The kernel is
/// `[kernelSize, channels / groups, filters]`.
///
/// With groups, the filters of group g see the channels of group g alone.
///
/// @param padding `valid`: whole windows only; `same`: `ceil(steps / stride)` outputs, half of the zeros
///     that this
///     needs, rounded down, before; `causal`: as many outputs, all zeros before, so that none sees a later step
public record Conv1D(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        String padding,
        List<Integer> dilationRate,
        int groups,
        Activation activation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements ConvolutionLayer {
    public Conv1D {
        kernelSize = Spatial.each("Conv1D", "kernel_size", kernelSize, 1, 1);
        strides = Spatial.each("Conv1D", "strides", strides, 1, 1);
        dilationRate = Spatial.each("Conv1D", "dilation_rate", dilationRate, 1, 1);
        Spatial.requirePadding("Conv1D", padding, List.of("valid", "same", "causal"));
        ConvolutionLayer.check("Conv1D", filters, groups, activation);
    }

    /// Keras' defaults: stride 1, no padding, one group, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize length of the kernel
    public Conv1D(int filters, int kernelSize, Activation activation) {
        this(
                filters,
                List.of(kernelSize),
                List.of(1),
                "valid",
                List.of(1),
                1,
                activation,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    /// Without activation.
    public Conv1D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size.
    public Conv1D kernelSize(int... size) {
        return with(list(size), strides, padding, dilationRate, groups, activation, useBias);
    }

    /// The same with another stride.
    public Conv1D strides(int... steps) {
        return with(kernelSize, list(steps), padding, dilationRate, groups, activation, useBias);
    }

    /// The same with another padding.
    public Conv1D padding(String name) {
        return with(kernelSize, strides, name, dilationRate, groups, activation, useBias);
    }

    /// The same with another dilation.
    public Conv1D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, list(rate), groups, activation, useBias);
    }

    /// The same with so many groups.
    public Conv1D groups(int count) {
        return with(kernelSize, strides, padding, dilationRate, count, activation, useBias);
    }

    /// The same with or without bias.
    public Conv1D useBias(boolean bias) {
        return with(kernelSize, strides, padding, dilationRate, groups, activation, bias);
    }

    @Override
    public Conv1D withoutActivation() {
        return with(kernelSize, strides, padding, dilationRate, groups, Activations.LINEAR, useBias);
    }

    private Conv1D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            List<Integer> dilation,
            int groupCount,
            Activation last,
            boolean bias) {
        return new Conv1D(
                filters, size, steps, border, dilation, groupCount, last, bias, kernelInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
