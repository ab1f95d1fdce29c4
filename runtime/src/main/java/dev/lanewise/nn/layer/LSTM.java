package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/// Long short-term memory over the steps of `x[batch, steps, in]`: with `i, f, g, o` the four blocks of
/// `x · kernel + h · recurrent_kernel + bias`, `c = σ(f) · c + σ(i) · activation(g)` and
/// `h = σ(o) · activation(c)`,
/// where
/// σ is `recurrentActivation`. The state is `h, c`; see [RecurrentLayer] for inputs, outputs and masks.
///
/// @param unitForgetBias whether the bias of `f` starts from ones
/// @param dropout share of the input's features that training drops
/// @param recurrentDropout share of the state's units that training drops
public record LSTM(
        int units,
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
        implements RecurrentLayer {
    public LSTM {
        RecurrentLayer.check("LSTM", units, dropout, recurrentDropout, activation, recurrentActivation);
    }

    /// With Keras' defaults: the last step's output alone.
    public LSTM(int units) {
        this(
                units,
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

    /// With this activation.
    public LSTM activation(Activation function) {
        return new LSTM(
                units,
                function,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this activation of the gates.
    public LSTM recurrentActivation(Activation function) {
        return new LSTM(
                units,
                activation,
                function,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With a bias or without.
    public LSTM useBias(boolean bias) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                bias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the input.
    public LSTM dropout(float rate) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                rate,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the state.
    public LSTM recurrentDropout(float rate) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                rate,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the outputs of all steps, or the last.
    public LSTM returnSequences(boolean all) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                all,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the last state among the outputs, or without.
    public LSTM returnState(boolean also) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                also,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// From the last step to the first, or as they are.
    public LSTM goBackwards(boolean back) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                back,
                stateful,
                zeroOutputForMask);
    }

    /// With the state of one batch as the first of the next, or zeros.
    public LSTM stateful(boolean keeps) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                keeps,
                zeroOutputForMask);
    }

    /// With zeros as the output of masked steps, or the output before.
    public LSTM zeroOutputForMask(boolean zero) {
        return new LSTM(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                unitForgetBias,
                dropout,
                recurrentDropout,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zero);
    }

    @Override
    public Activation gateActivation() {
        return recurrentActivation;
    }

    @Override
    public int gates() {
        return 4;
    }

    @Override
    public int states() {
        return 2;
    }

    @Override
    public Initializer firstBias() {
        return unitForgetBias ? new ForgetBias(biasInitializer) : biasInitializer;
    }

    /// A bias whose second quarter, that of the forget gate, is ones.
    record ForgetBias(Initializer others) implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            others.fill(values, shape, random);
            Arrays.fill(values, values.length / 4, values.length / 2, 1);
        }
    }

    /// The cell state before and after each step, and the latter's activation.
    @Override
    public List<Shape> savedOfCell(int batch, int steps) {
        final Shape each = Shape.of(batch, steps, units);
        return List.of(each, each, each);
    }
}
