package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Separable convolution of sequences, `[batch, steps, channels]`: a [DepthwiseConv1D] without bias and
/// activation,
/// then a convolution of one
/// pixel, then bias and activation. The weights are `depthwise_kernel` `[kernelSize, channels,
/// depthMultiplier]`, `pointwise_kernel` with ones for the kernel's size and `[channels · depthMultiplier,
/// filters]`, and `bias`.
///
/// @param padding `valid`, `same` or `causal`, as in [Conv1D]
public record SeparableConv1D(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        String padding,
        List<Integer> dilationRate,
        int depthMultiplier,
        Activation activation,
        boolean useBias,
        Initializer depthwiseInitializer,
        Initializer pointwiseInitializer,
        Initializer biasInitializer)
        implements SeparableLayer {
    public SeparableConv1D {
        kernelSize = Spatial.each("SeparableConv1D", "kernel_size", kernelSize, 1, 1);
        strides = Spatial.each("SeparableConv1D", "strides", strides, 1, 1);
        dilationRate = Spatial.each("SeparableConv1D", "dilation_rate", dilationRate, 1, 1);
        Spatial.requirePadding("SeparableConv1D", padding, List.of("valid", "same", "causal"));
        SeparableLayer.check("SeparableConv1D", filters, depthMultiplier, activation);
    }

    /// Keras' defaults: stride 1, no padding, one kernel a channel, a bias of zeros, Glorot's uniform
    /// distribution.
    public SeparableConv1D(int filters, int kernelSize, Activation activation) {
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
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    /// Without activation.
    public SeparableConv1D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size.
    public SeparableConv1D kernelSize(int... size) {
        return with(list(size), strides, padding, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with other strides.
    public SeparableConv1D strides(int... steps) {
        return with(kernelSize, list(steps), padding, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with another padding.
    public SeparableConv1D padding(String name) {
        return with(kernelSize, strides, name, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with another dilation.
    public SeparableConv1D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, list(rate), depthMultiplier, activation, useBias);
    }

    /// The same with so many kernels a channel.
    public SeparableConv1D depthMultiplier(int kernels) {
        return with(kernelSize, strides, padding, dilationRate, kernels, activation, useBias);
    }

    /// The same with or without bias.
    public SeparableConv1D useBias(boolean bias) {
        return with(kernelSize, strides, padding, dilationRate, depthMultiplier, activation, bias);
    }

    @Override
    public SeparableConv1D withoutActivation() {
        return with(kernelSize, strides, padding, dilationRate, depthMultiplier, Activations.LINEAR, useBias);
    }

    private SeparableConv1D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            List<Integer> dilation,
            int kernels,
            Activation last,
            boolean bias) {
        return new SeparableConv1D(
                filters,
                size,
                steps,
                border,
                dilation,
                kernels,
                last,
                bias,
                depthwiseInitializer,
                pointwiseInitializer,
                biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
