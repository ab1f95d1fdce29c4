package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;

/// Convolution of images, `[batch, height, width, channels]`: `y[n, h, w, f] = activation(bias[f] + Σ x[n, h ·
/// strides[0] + i · dilationRate[0] - top, w · strides[1] + j · dilationRate[1] - left, c] · kernel[i, j, c,
/// f])`;
/// beyond the borders x is 0. The kernel is `[kernelSize[0], kernelSize[1], channels / groups, filters]`.
///
/// With groups, the filters of group g see the channels of group g alone. The last of several settings for
/// the two
/// axes may be left out where they are equal.
///
/// @param padding `valid`: whole windows only; `same`: `ceil(size / stride)` outputs, half of the zeros that
///     this needs, rounded down, at the top and left
public record Conv2D(
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
    public Conv2D {
        kernelSize = Spatial.each("Conv2D", "kernel_size", kernelSize, 2, 1);
        strides = Spatial.each("Conv2D", "strides", strides, 2, 1);
        dilationRate = Spatial.each("Conv2D", "dilation_rate", dilationRate, 2, 1);
        Spatial.requirePadding("Conv2D", padding, List.of("valid", "same"));
        ConvolutionLayer.check("Conv2D", filters, groups, activation);
    }

    /// Keras' defaults: stride 1, no padding, one group, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize height and width of the kernel
    public Conv2D(int filters, int kernelSize, Activation activation) {
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
    public Conv2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size, for each axis or one for both.
    public Conv2D kernelSize(int... size) {
        return with(list(size), strides, padding, dilationRate, groups, activation, useBias);
    }

    /// The same with other strides, for each axis or one for both.
    public Conv2D strides(int... steps) {
        return with(kernelSize, list(steps), padding, dilationRate, groups, activation, useBias);
    }

    /// The same with another padding.
    public Conv2D padding(String name) {
        return with(kernelSize, strides, name, dilationRate, groups, activation, useBias);
    }

    /// The same with another dilation, for each axis or one for both.
    public Conv2D dilationRate(int... rate) {
        return with(kernelSize, strides, padding, list(rate), groups, activation, useBias);
    }

    /// The same with so many groups.
    public Conv2D groups(int count) {
        return with(kernelSize, strides, padding, dilationRate, count, activation, useBias);
    }

    /// The same with or without bias.
    public Conv2D useBias(boolean bias) {
        return with(kernelSize, strides, padding, dilationRate, groups, activation, bias);
    }

    @Override
    public Conv2D withoutActivation() {
        return with(kernelSize, strides, padding, dilationRate, groups, Activations.LINEAR, useBias);
    }

    private Conv2D with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            List<Integer> dilation,
            int groupCount,
            Activation last,
            boolean bias) {
        return new Conv2D(
                filters, size, steps, border, dilation, groupCount, last, bias, kernelInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
