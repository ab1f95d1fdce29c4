package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;

/// What layers share that go over the steps of sequences with a state for each sample, whatever a state is:
/// what [Bidirectional] needs to know of them.
sealed interface SequenceLayer extends Layer permits RecurrentLayer, ConvLstmLayer {
    /// Columns of the output.
    int outputColumns();

    boolean returnSequences();

    boolean returnState();

    /// Whether the steps are taken from the last to the first; the first output is the last step's then.
    boolean goBackwards();

    /// Whether the state of one batch is the first of the next, sample by sample.
    boolean stateful();

    boolean zeroOutputForMask();

    /// Parts of the state.
    int states();

    /// The same layer from the other end of the sequences.
    static SequenceLayer reversed(SequenceLayer layer) {
        return switch (layer) {
            case SimpleRNN simple -> simple.goBackwards(!simple.goBackwards());
            case LSTM lstm -> lstm.goBackwards(!lstm.goBackwards());
            case GRU gru -> gru.goBackwards(!gru.goBackwards());
            case ConvLstmLayer<?> conv -> conv.goBackwards(!conv.goBackwards());
        };
    }

    /// The same layer with zeros, or not, as the output of masked steps.
    static SequenceLayer zeroOutput(SequenceLayer layer, boolean zero) {
        return switch (layer) {
            case SimpleRNN simple -> simple.zeroOutputForMask(zero);
            case LSTM lstm -> lstm.zeroOutputForMask(zero);
            case GRU gru -> gru.zeroOutputForMask(zero);
            case ConvLstmLayer<?> conv -> conv.zeroOutputForMask(zero);
        };
    }
}
