package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Transposed convolution of volumes, `[batch, depth, height, width, channels]`: each input value adds the
/// kernel,
/// times itself, to the output, `strides`
/// apart: `y[n, o · strides + k · dilationRate - cut, f] += x[n, o, c] · kernel[k, f, c]`, from the bias on.
/// The kernel is `[kernelSize[0], kernelSize[1], kernelSize[2], filters, channels]`, as Keras has it.
///
/// @param padding `valid`: nothing is cut off, and the output is `(size - 1) · stride + max(reach, stride)`
///     long, where `reach = (kernelSize - 1) · dilationRate + 1`; `same`: it is `size · stride` long, and
///     half of what is too much, rounded down, is cut off before
/// @param outputPadding null, or for the length: `(size - 1) · stride + reach + outputPadding` for `valid`, and
///     `(size - 1) · stride + reach % 2 + outputPadding` for `same`
public record Conv3DTranspose(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        String padding,
        @Nullable List<Integer> outputPadding,
        List<Integer> dilationRate,
        Activation activation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements TransposedConvolutionLayer {
    public Conv3DTranspose {
        kernelSize = Spatial.each("Conv3DTranspose", "kernel_size", kernelSize, 3, 1);
        strides = Spatial.each("Conv3DTranspose", "strides", strides, 3, 1);
        dilationRate = Spatial.each("Conv3DTranspose", "dilation_rate", dilationRate, 3, 1);
        outputPadding =
                outputPadding == null ? null : Spatial.each("Conv3DTranspose", "output_padding", outputPadding, 3, 0);
        Spatial.requirePadding("Conv3DTranspose", padding, List.of("valid", "same"));
        TransposedConvolutionLayer.check("Conv3DTranspose", filters, activation);
    }

    /// Keras' defaults: stride 1, nothing cut off, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize length of the kernel along each axis
    public Conv3DTranspose(int filters, int kernelSize, Activation activation) {
        this(
                filters,
                List.of(kernelSize),
                List.of(1),
                "valid",
                null,
                List.of(1),
                activation,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    /// Without activation.
    public Conv3DTranspose(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /// The same with another kernel size, for each axis or one for all.
    public Conv3DTranspose kernelSize(int... size) {
        return with(list(size), strides, padding, outputPadding, dilationRate, activation, useBias);
    }

    /// The same with other strides, for each axis or one for all.
    public Conv3DTranspose strides(int... steps) {
        return with(kernelSize, list(steps), padding, outputPadding, dilationRate, activation, useBias);
    }

    /// The same with another padding.
    public Conv3DTranspose padding(String name) {
        return with(kernelSize, strides, name, outputPadding, dilationRate, activation, useBias);
    }

    /// The same with an output padding, for each axis or one for all.
    public Conv3DTranspose outputPadding(int... extra) {
        return with(kernelSize, strides, padding, list(extra), dilationRate, activation, useBias);
    }

    /// The same with another dilation, for each axis or one for all.
    public Conv3DTranspose dilationRate(int... rate) {
        return with(kernelSize, strides, padding, outputPadding, list(rate), activation, useBias);
    }

    /// The same with or without bias.
    public Conv3DTranspose useBias(boolean bias) {
        return with(kernelSize, strides, padding, outputPadding, dilationRate, activation, bias);
    }

    @Override
    public Conv3DTranspose withoutActivation() {
        return with(kernelSize, strides, padding, outputPadding, dilationRate, Activations.LINEAR, useBias);
    }

    private Conv3DTranspose with(
            List<Integer> size,
            List<Integer> steps,
            String border,
            @Nullable List<Integer> extra,
            List<Integer> dilation,
            Activation last,
            boolean bias) {
        return new Conv3DTranspose(
                filters, size, steps, border, extra, dilation, last, bias, kernelInitializer, biasInitializer);
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }
}
