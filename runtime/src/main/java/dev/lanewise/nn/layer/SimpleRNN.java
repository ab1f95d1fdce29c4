package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;

/// Simple recurrent layer: `h = activation(x · kernel + h · recurrent_kernel + bias)` over the steps of
/// `x[batch, steps, in]`; see [RecurrentLayer] for inputs, outputs and masks.
///
/// @param dropout share of the input's features that training drops
/// @param recurrentDropout share of the state's units that training drops
public record SimpleRNN(
        int units,
        Activation activation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer recurrentInitializer,
        Initializer biasInitializer,
        float dropout,
        float recurrentDropout,
        boolean returnSequences,
        boolean returnState,
        boolean goBackwards,
        boolean stateful,
        boolean zeroOutputForMask)
        implements RecurrentLayer {
    public SimpleRNN {
        RecurrentLayer.check("SimpleRNN", units, dropout, recurrentDropout, activation);
    }

    /// With Keras' defaults: the last step's output alone.
    public SimpleRNN(int units) {
        this(
                units,
                Activations.TANH,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Orthogonal(),
                new Initializers.Zeros(),
                0,
                0,
                false,
                false,
                false,
                false,
                false);
    }

    /// With this activation.
    public SimpleRNN activation(Activation function) {
        return new SimpleRNN(
                units,
                function,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With a bias or without.
    public SimpleRNN useBias(boolean bias) {
        return new SimpleRNN(
                units,
                activation,
                bias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the input.
    public SimpleRNN dropout(float rate) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                rate,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the state.
    public SimpleRNN recurrentDropout(float rate) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                rate,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the outputs of all steps, or the last.
    public SimpleRNN returnSequences(boolean all) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                all,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the last state among the outputs, or without.
    public SimpleRNN returnState(boolean also) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                also,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// From the last step to the first, or as they are.
    public SimpleRNN goBackwards(boolean back) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                back,
                stateful,
                zeroOutputForMask);
    }

    /// With the state of one batch as the first of the next, or zeros.
    public SimpleRNN stateful(boolean keeps) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                keeps,
                zeroOutputForMask);
    }

    /// With zeros as the output of masked steps, or the output before.
    public SimpleRNN zeroOutputForMask(boolean zero) {
        return new SimpleRNN(
                units,
                activation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zero);
    }

    @Override
    public int gates() {
        return 1;
    }

    @Override
    public int states() {
        return 1;
    }
}
