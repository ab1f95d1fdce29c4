package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Gated recurrent unit over the steps of `x[batch, steps, in]`: with the three blocks z, r, h of the kernels,
/// `z = σ(x · W_z + h · U_z + b_z)`, `r = σ(x · W_r + h · U_r + b_r)`, then
/// `ĥ = activation(x · W_h + b_h + r · (h ·
/// U_h +
/// b_rec))` with `resetAfter`, else `ĥ = activation(x · W_h + b_h + (r · h) · U_h)`, and `h = z · h + (1 -
/// z) · ĥ`,
/// where σ
/// is `recurrentActivation`. See [RecurrentLayer] for inputs, outputs and masks.
///
/// @param resetAfter whether the reset gate is applied after the product; the bias is `[2, 3 · units]` then,
///     that of
/// the
///     input before that of the state
/// @param dropout share of the input's features that training drops
/// @param recurrentDropout share of the state's units that training drops
public record GRU(
        int units,
        Activation activation,
        Activation recurrentActivation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer recurrentInitializer,
        Initializer biasInitializer,
        float dropout,
        float recurrentDropout,
        boolean resetAfter,
        boolean returnSequences,
        boolean returnState,
        boolean goBackwards,
        boolean stateful,
        boolean zeroOutputForMask)
        implements RecurrentLayer {
    public GRU {
        RecurrentLayer.check("GRU", units, dropout, recurrentDropout, activation, recurrentActivation);
    }

    /// With Keras' defaults: the last step's output alone.
    public GRU(int units) {
        this(
                units,
                Activations.TANH,
                Activations.SIGMOID,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Orthogonal(),
                new Initializers.Zeros(),
                0,
                0,
                true,
                false,
                false,
                false,
                false,
                false);
    }

    /// With this activation.
    public GRU activation(Activation function) {
        return new GRU(
                units,
                function,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this activation of the gates.
    public GRU recurrentActivation(Activation function) {
        return new GRU(
                units,
                activation,
                function,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With a bias or without.
    public GRU useBias(boolean bias) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                bias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the input.
    public GRU dropout(float rate) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                rate,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With this dropout of the state.
    public GRU recurrentDropout(float rate) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                rate,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the reset gate after the product, or before it.
    public GRU resetAfter(boolean after) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                after,
                returnSequences,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the outputs of all steps, or the last.
    public GRU returnSequences(boolean all) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                all,
                returnState,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// With the last state among the outputs, or without.
    public GRU returnState(boolean also) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                also,
                goBackwards,
                stateful,
                zeroOutputForMask);
    }

    /// From the last step to the first, or as they are.
    public GRU goBackwards(boolean back) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                back,
                stateful,
                zeroOutputForMask);
    }

    /// With the state of one batch as the first of the next, or zeros.
    public GRU stateful(boolean keeps) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
                returnSequences,
                returnState,
                goBackwards,
                keeps,
                zeroOutputForMask);
    }

    /// With zeros as the output of masked steps, or the output before.
    public GRU zeroOutputForMask(boolean zero) {
        return new GRU(
                units,
                activation,
                recurrentActivation,
                useBias,
                kernelInitializer,
                recurrentInitializer,
                biasInitializer,
                dropout,
                recurrentDropout,
                resetAfter,
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
        return 3;
    }

    @Override
    public int states() {
        return 1;
    }

    @Override
    public Shape biasShape() {
        return resetAfter ? Shape.of(2, 3 * units) : Shape.of(3 * units);
    }

    /// The inner product, or what enters it, and room for the sum of both biases.
    @Override
    public List<Shape> savedOfCell(int batch, int steps) {
        return List.of(Shape.of(batch, steps, units), Shape.of(3 * units));
    }
}
