package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Depthwise convolution of images, `[batch, height, width, channels]`: each channel is convolved with
/// kernels of its
/// own; output channel `c ·
/// depthMultiplier + j` comes from channel c and its kernel j. The kernel is `[kernelSize[0], kernelSize[1],
/// channels, depthMultiplier]`.
///
/// @param padding `valid` or `same`, as in [Conv2D]
public record DepthwiseConv2D(
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
    public DepthwiseConv2D {
        kernelSize = Spatial.each("DepthwiseConv2D", "kernel_size", kernelSize, 2, 1);
        strides = Spatial.each("DepthwiseConv2D", "strides", strides, 2, 1);
        dilationRate = Spatial.each("DepthwiseConv2D", "dilation_rate", dilationRate, 2, 1);
        Spatial.requirePadding("DepthwiseConv2D", padding, List.of("valid", "same"));
        DepthwiseLayer.check("DepthwiseConv2D", depthMultiplier);
    }

    /// Keras' defaults: stride 1, no padding, one kernel a channel, a bias of zeros, Glorot's uniform
    /// distribution.
    public DepthwiseConv2D(int kernelSize, Activation activation) {
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
    public DepthwiseConv2D(int kernelSize) {
        this(kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size, for each axis or one for both.
    public DepthwiseConv2D kernelSize(int... size) {
        return with(list(size), strides, padding, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with other strides, for each axis or one for both.
    public DepthwiseConv2D strides(int... steps) {
        return with(kernelSize, list(steps), padding, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with another padding.
    public DepthwiseConv2D padding(String name) {
        return with(kernelSize, strides, name, depthMultiplier, dilationRate, activation, useBias);
    }

    /// The same with so many kernels a channel.
    public DepthwiseConv2D depthMultiplier(int kernels) {
        return with(kernelSize, strides, padding, kernels, dilationRate, activation, useBias);
    }

    /// The same with another dilation, for each axis or one for both.
    public DepthwiseConv2D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, depthMultiplier, list(rate), activation, useBias);
    }

    /// The same with or without bias.
    public DepthwiseConv2D useBias(boolean bias) {
        return with(kernelSize, strides, padding, depthMultiplier, dilationRate, activation, bias);
    }

    @Override
    public DepthwiseConv2D withoutActivation() {
        return with(kernelSize, strides, padding, depthMultiplier, dilationRate, Activations.LINEAR, useBias);
    }

    private DepthwiseConv2D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            int kernels,
            List<Integer> dilation,
            Activation last,
            boolean bias) {
        return new DepthwiseConv2D(
                size, steps, border, kernels, dilation, last, bias, depthwiseInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
