package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Depthwise convolution of sequences, `[batch, steps, channels]`: each channel is convolved with kernels of
/// its own;
/// output channel `c ·
/// depthMultiplier + j` comes from channel c and its kernel j. The kernel is `[kernelSize, channels,
/// depthMultiplier]`.
///
/// @param padding `valid`, `same` or `causal`, as in [Conv1D]
public record DepthwiseConv1D(
        List<Integer> kernelSize,
        List<Integer> strides,
        String padding,
        int depthMultiplier,
        List<Integer> dilationRate,
        Activation activation,
        boolean useBias,
        Initializer depthwiseInitializer,
        Initializer biasInitializer)
        implements DepthwiseLayer {
    public DepthwiseConv1D {
        kernelSize = Spatial.each("DepthwiseConv1D", "kernel_size", kernelSize, 1, 1);
        strides = Spatial.each("DepthwiseConv1D", "strides", strides, 1, 1);
        dilationRate = Spatial.each("DepthwiseConv1D", "dilation_rate", dilationRate, 1, 1);
        Spatial.requirePadding("DepthwiseConv1D", padding, List.of("valid", "same", "causal"));
        DepthwiseLayer.check("DepthwiseConv1D", depthMultiplier);
    }

    /// Keras' defaults: stride 1, no padding, one kernel a channel, a bias of zeros, Glorot's uniform
    /// distribution.
    public DepthwiseConv1D(int kernelSize, Activation activation) {
        this(
                List.of(kernelSize),
                List.of(1),
                "valid",
                1,
                List.of(1),
                activation,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    /// Without activation.
    public DepthwiseConv1D(int kernelSize) {
        this(kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size.
    public DepthwiseConv1D kernelSize(int... size) {
        return with(list(size), strides, padding, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with other strides.
    public DepthwiseConv1D strides(int... steps) {
        return with(kernelSize, list(steps), padding, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with another padding.
    public DepthwiseConv1D padding(String name) {
        return with(kernelSize, strides, name, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with so many kernels a channel.
    public DepthwiseConv1D depthMultiplier(int kernels) {
        return with(kernelSize, strides, padding, kernels, dilationRate, activation, useBias);
    }

    /// The same with another dilation.
    public DepthwiseConv1D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, depthMultiplier, list(rate), activation, useBias);
    }

    /// The same with or without bias.
    public DepthwiseConv1D useBias(boolean bias) {
        return with(kernelSize, strides, padding, depthMultiplier, dilationRate, activation, bias);
    }

    @Override
    public DepthwiseConv1D withoutActivation() {
        return with(kernelSize, strides, padding, depthMultiplier, dilationRate, Activations.LINEAR, useBias);
    }

    private DepthwiseConv1D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            int kernels,
            List<Integer> dilation,
            Activation last,
            boolean bias) {
        return new DepthwiseConv1D(
                size, steps, border, kernels, dilation, last, bias, depthwiseInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
