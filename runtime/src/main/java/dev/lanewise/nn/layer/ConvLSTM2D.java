package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.List;

/// Long short-term memory over images, `[batch, steps, height, width, channels]`, with convolutions for
/// products; see [ConvLstmLayer] for the formula, inputs, outputs and masks. The kernel is `[kernelSize…,
/// channels, 4 · filters]`, the recurrent one `[kernelSize…, filters, 4 · filters]`, with blocks i, f, c, o.
///
/// @param padding `valid` or `same`, of the input's convolution
/// @param unitForgetBias whether the bias of `f` starts from ones
/// @param dropout share of the input's pixels that training drops
/// @param recurrentDropout share of the state's pixels that training drops
public record ConvLSTM2D(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        String padding,
        List<Integer> dilationRate,
        Activation activation,
        Activation recurrentActivation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer recurrentInitializer,
        Initializer biasInitializer,
        boolean unitForgetBias,
        float dropout,
        float recurrentDropout,
        boolean returnSequences,
        boolean returnState,
        boolean goBackwards,
        boolean stateful,
        boolean zeroOutputForMask)
        implements ConvLstmLayer<ConvLSTM2D> {
    public ConvLSTM2D {
        kernelSize = ConvLstmLayer.each("ConvLSTM2D", "kernel_size", kernelSize, 2);
        strides = ConvLstmLayer.each("ConvLSTM2D", "strides", strides, 2);
        dilationRate = ConvLstmLayer.each("ConvLSTM2D", "dilation_rate", dilationRate, 2);
        ConvLstmLayer.check(
                "ConvLSTM2D",
                filters,
                strides,
                padding,
                dilationRate,
                dropout,
                recurrentDropout,
                activation,
                recurrentActivation);
    }

    /// With Keras' defaults: the last step's output alone, stride 1, padding `valid`.
    ///
    /// @param kernelSize of all axes
    public ConvLSTM2D(int filters, int kernelSize) {
        this(
                filters,
                List.of(kernelSize),
                List.of(1),
                "valid",
                List.of(1),
                Activations.TANH,
                Activations.SIGMOID,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Orthogonal(),
                new Initializers.Zeros(),
                true,
                0,
                0,
                false,
                false,
                false,
                false,
                false);
    }

    ConvLSTM2D(ConvLstmOptions o) {
        this(
                o.filters,
                o.kernelSize,
                o.strides,
                o.padding,
                o.dilationRate,
                o.activation,
                o.recurrentActivation,
                o.useBias,
                o.kernelInitializer,
                o.recurrentInitializer,
                o.biasInitializer,
                o.unitForgetBias,
                o.dropout,
                o.recurrentDropout,
                o.returnSequences,
                o.returnState,
                o.goBackwards,
                o.stateful,
                o.zeroOutputForMask);
    }
}
