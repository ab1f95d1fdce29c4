package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.nn.layer.ConvLSTM1D;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.ConvLSTM3D;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.tensor.Shape;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a recurrent layer is, of whatever kind.
///
/// @param places of a cell that convolves, else null
record RecurrentSettings(
        String type,
        int units,
        Activation activation,
        Activation gate,
        boolean useBias,
        boolean resetAfter,
        float dropout,
        float recurrentDropout,
        boolean sequences,
        boolean state,
        boolean backwards,
        boolean stateful,
        boolean zeroForMask,
        @Nullable Places places) {
    /// The products of a cell whose units are the filters of all places of an image.
    record Places(ConvolutionFormulas.Terms input, ConvolutionFormulas.Terms state, int filters) {
        static Places of(
                Shape step,
                Shape image,
                List<Integer> size,
                List<Integer> strides,
                String padding,
                List<Integer> dilation) {
            final List<Integer> ones = Collections.nCopies(size.size(), 1);
            final int cols = 4 * image.last();
            final Shape first = image.with(0, 1);
            return new Places(
                    ConvolutionFormulas.convolution(step.with(0, 1), size, strides, padding, dilation, 1, cols),
                    ConvolutionFormulas.convolution(first, size, ones, "same", ones, 1, cols),
                    image.last());
        }
    }

    int states() {
        return type.equals("LSTM") ? 2 : 1;
    }

    int gates() {
        return type.equals("LSTM") ? 4 : type.equals("GRU") ? 3 : 1;
    }

    /// The same in this direction, with these outputs.
    RecurrentSettings with(boolean all, boolean also, boolean back, boolean keeps, boolean zero) {
        return new RecurrentSettings(
                type,
                units,
                activation,
                gate,
                useBias,
                resetAfter,
                dropout,
                recurrentDropout,
                all,
                also,
                back,
                keeps,
                zero,
                places);
    }

    /// Columns of the output.
    int columns() {
        return places == null ? units : places.filters();
    }

    /// Those of a layer, or null if it is none of these.
    static @Nullable RecurrentSettings of(Layer layer, Shape x) {
        return switch (layer) {
            case SimpleRNN l ->
                new RecurrentSettings(
                        "SimpleRNN",
                        l.units(),
                        l.activation(),
                        l.activation(),
                        l.useBias(),
                        false,
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case LSTM l ->
                new RecurrentSettings(
                        "LSTM",
                        l.units(),
                        l.activation(),
                        l.recurrentActivation(),
                        l.useBias(),
                        false,
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case GRU l ->
                new RecurrentSettings(
                        "GRU",
                        l.units(),
                        l.activation(),
                        l.recurrentActivation(),
                        l.useBias(),
                        l.resetAfter(),
                        l.dropout(),
                        l.recurrentDropout(),
                        l.returnSequences(),
                        l.returnState(),
                        l.goBackwards(),
                        l.stateful(),
                        l.zeroOutputForMask(),
                        null);
            case ConvLSTM1D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            case ConvLSTM2D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            case ConvLSTM3D l ->
                convolutional(
                                l.activation(),
                                l.recurrentActivation(),
                                l.useBias(),
                                l.dropout(),
                                l.recurrentDropout(),
                                Places.of(
                                        step(x),
                                        l.returnState(false)
                                                .returnSequences(false)
                                                .outputShapes(List.of(x))
                                                .getFirst(),
                                        l.kernelSize(),
                                        l.strides(),
                                        l.padding(),
                                        l.dilationRate()),
                                l.returnState(false)
                                        .returnSequences(false)
                                        .outputShapes(List.of(x))
                                        .getFirst())
                        .with(
                                l.returnSequences(),
                                l.returnState(),
                                l.goBackwards(),
                                l.stateful(),
                                l.zeroOutputForMask());
            default -> null;
        };
    }

    private static Shape step(Shape x) {
        return x.withoutFirst().withoutFirst().prepend(x.dim(0));
    }

    private static RecurrentSettings convolutional(
            Activation activation,
            Activation gate,
            boolean useBias,
            float dropout,
            float recurrentDropout,
            Places places,
            Shape image) {
        return new RecurrentSettings(
                "LSTM",
                (int) (image.size() / image.dim(0)),
                activation,
                gate,
                useBias,
                false,
                dropout,
                recurrentDropout,
                false,
                false,
                false,
                false,
                false,
                places);
    }
}
