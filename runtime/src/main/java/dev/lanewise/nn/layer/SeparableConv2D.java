package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Separable convolution of images, `[batch, height, width, channels]`: a [DepthwiseConv2D] without bias and
/// activation, then a convolution of one
/// pixel, then bias and activation. The weights are `depthwise_kernel` `[kernelSize[0], kernelSize[1],
/// channels, depthMultiplier]`, `pointwise_kernel` with ones for the kernel's size and `[channels ·
/// depthMultiplier, filters]`, and `bias`.
///
/// @param padding `valid` or `same`, as in [Conv2D]
public record SeparableConv2D(
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
    public SeparableConv2D {
        kernelSize = Spatial.each("SeparableConv2D", "kernel_size", kernelSize, 2, 1);
        strides = Spatial.each("SeparableConv2D", "strides", strides, 2, 1);
        dilationRate = Spatial.each("SeparableConv2D", "dilation_rate", dilationRate, 2, 1);
        Spatial.requirePadding("SeparableConv2D", padding, List.of("valid", "same"));
        SeparableLayer.check("SeparableConv2D", filters, depthMultiplier, activation);
    }

    /// Keras' defaults: stride 1, no padding, one kernel a channel, a bias of zeros, Glorot's uniform
    /// distribution.
    public SeparableConv2D(int filters, int kernelSize, Activation activation) {
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
    public SeparableConv2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size, for each axis or one for both.
    public SeparableConv2D kernelSize(int... size) {
        return with(list(size), strides, padding, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with other strides, for each axis or one for both.
    public SeparableConv2D strides(int... steps) {
        return with(kernelSize, list(steps), padding, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with another padding.
    public SeparableConv2D padding(String name) {
        return with(kernelSize, strides, name, dilationRate, depthMultiplier, activation, useBias);
    }

    /// The same with another dilation, for each axis or one for both.
    public SeparableConv2D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, list(rate), depthMultiplier, activation, useBias);
    }

    /// The same with so many kernels a channel.
    public SeparableConv2D depthMultiplier(int kernels) {
        return with(kernelSize, strides, padding, dilationRate, kernels, activation, useBias);
    }

    /// The same with or without bias.
    public SeparableConv2D useBias(boolean bias) {
        return with(kernelSize, strides, padding, dilationRate, depthMultiplier, activation, bias);
    }

    @Override
    public SeparableConv2D withoutActivation() {
        return with(kernelSize, strides, padding, dilationRate, depthMultiplier, Activations.LINEAR, useBias);
    }

    private SeparableConv2D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            List<Integer> dilation,
            int kernels,
            Activation last,
            boolean bias) {
        return new SeparableConv2D(
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
