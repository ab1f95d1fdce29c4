package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Convolution of volumes, `[batch, depth, height, width, channels]`, as [Conv2D] with one axis more. The
/// kernel is
/// `[kernelSize[0], kernelSize[1], kernelSize[2], channels / groups, filters]`.
///
/// @param padding `valid`: whole windows only; `same`: `ceil(size / stride)` outputs along each axis, half
///     of the zeros that this needs, rounded down, before
public record Conv3D(
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
    public Conv3D {
        kernelSize = Spatial.each("Conv3D", "kernel_size", kernelSize, 3, 1);
        strides = Spatial.each("Conv3D", "strides", strides, 3, 1);
        dilationRate = Spatial.each("Conv3D", "dilation_rate", dilationRate, 3, 1);
        Spatial.requirePadding("Conv3D", padding, List.of("valid", "same"));
        ConvolutionLayer.check("Conv3D", filters, groups, activation);
    }

    /// Keras' defaults: stride 1, no padding, one group, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize length of the kernel along each axis
    public Conv3D(int filters, int kernelSize, Activation activation) {
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
    public Conv3D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size, for each axis or one for all.
    public Conv3D kernelSize(int... size) {
        return with(list(size), strides, padding, dilationRate, groups, activation, useBias);
    }

    /// The same with other strides, for each axis or one for all.
    public Conv3D strides(int... steps) {
        return with(kernelSize, list(steps), padding, dilationRate, groups, activation, useBias);
    }

    /// The same with another padding.
    public Conv3D padding(String name) {
        return with(kernelSize, strides, name, dilationRate, groups, activation, useBias);
    }

    /// The same with another dilation, for each axis or one for all.
    public Conv3D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, list(rate), groups, activation, useBias);
    }

    /// The same with so many groups.
    public Conv3D groups(int count) {
        return with(kernelSize, strides, padding, dilationRate, count, activation, useBias);
    }

    /// The same with or without bias.
    public Conv3D useBias(boolean bias) {
        return with(kernelSize, strides, padding, dilationRate, groups, activation, bias);
    }

    @Override
    public Conv3D withoutActivation() {
        return with(kernelSize, strides, padding, dilationRate, groups, Activations.LINEAR, useBias);
    }

    private Conv3D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            List<Integer> dilation,
            int groupCount,
            Activation last,
            boolean bias) {
        return new Conv3D(
                filters, size, steps, border, dilation, groupCount, last, bias, kernelInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
