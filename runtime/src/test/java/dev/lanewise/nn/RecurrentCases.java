package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.LayerGradientTest.Case;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.ConvLSTM1D;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.ConvLSTM3D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The recurrent layers that are held against [RecurrentFormulas].
final class RecurrentCases {
    private RecurrentCases() {}

    /// All settings of each layer, with masks, states and random numbers.
    static List<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        final Shape x = Shape.of(4, 3, 2);
        final Shape state = Shape.of(4, 3);
        final Activation gelu = Activations.of("gelu");
        final Activation hard = Activations.of("hard_sigmoid", Map.of("legacy", true));
        for (boolean sequences : new boolean[] {true, false}) {
            final List<Layer> layers = new ArrayList<>();
            final SimpleRNN simple = new SimpleRNN(3).returnSequences(sequences);
            final LSTM lstm = new LSTM(3).returnSequences(sequences);
            final GRU gru = new GRU(3).returnSequences(sequences);
            layers.addAll(List.of(simple, lstm, gru, gru.resetAfter(false)));
            layers.addAll(List.of(simple.goBackwards(true), lstm.goBackwards(true), gru.goBackwards(true)));
            layers.addAll(
                    List.of(simple.zeroOutputForMask(true), lstm.zeroOutputForMask(true), gru.zeroOutputForMask(true)));
            layers.addAll(List.of(simple.useBias(false), lstm.useBias(false), gru.useBias(false)));
            layers.add(gru.useBias(false).resetAfter(false).goBackwards(true));
            layers.add(simple.activation(gelu));
            layers.add(lstm.activation(gelu).recurrentActivation(hard));
            layers.add(gru.activation(Activations.SOFTMAX).recurrentActivation(Activations.SOFTMAX));
            layers.add(gru.resetAfter(false).activation(gelu).recurrentActivation(Activations.of("softplus")));
            layers.add(lstm.recurrentActivation(Activations.SOFTMAX));
            layers.addAll(List.of(simple.stateful(true), lstm.stateful(true), gru.stateful(true)));
            for (Layer layer : layers) {
                cases.add(Case.of(layer, x));
                cases.add(Case.masked(layer, x));
            }
            for (Layer layer : List.of(simple, lstm, gru, gru.resetAfter(false).goBackwards(true))) {
                final Layer returning = returnState(layer);
                final int states = layer instanceof LSTM ? 2 : 1;
                final Shape[] inputs = states == 2 ? new Shape[] {x, state, state} : new Shape[] {x, state};
                cases.add(Case.of(returning, x));
                cases.add(Case.of(layer, inputs));
                cases.add(Case.masked(returning, inputs));
                final Layer dropping = dropping(returning);
                cases.add(Case.of(dropping, inputs));
                cases.add(Case.of(dropping, inputs).training(7));
                cases.add(Case.masked(dropping, inputs).training(7));
            }
        }
        for (String mode : new String[] {"concat", "sum", "ave", "mul", null}) {
            final Bidirectional lstm = new Bidirectional(new LSTM(3).returnSequences(true)).mergeMode(mode);
            final Bidirectional gru = new Bidirectional(new GRU(3).returnState(true)).mergeMode(mode);
            cases.add(Case.of(lstm, x));
            cases.add(Case.masked(lstm, x));
            cases.add(Case.of(gru, x));
            cases.add(Case.masked(gru, x, state, state));
        }
        final RNN stack = new RNN(List.of(new LSTM(3), new GRU(2), new SimpleRNN(4)));
        for (RNN rnn : List.of(
                stack,
                stack.returnSequences(true),
                stack.returnSequences(true).goBackwards(true),
                stack.returnState(true).goBackwards(true),
                new RNN(List.of(dropping(new GRU(3)))).returnSequences(true))) {
            cases.add(Case.of(rnn, x));
            cases.add(Case.masked(rnn, x).training(7));
        }
        cases.add(Case.masked(stack.returnState(true), x, state, state, Shape.of(4, 2), Shape.of(4, 4)));
        cases.add(Case.of(new Bidirectional(new SimpleRNN(3).goBackwards(true)), x));
        final Layer dropping = dropping(new LSTM(3).returnSequences(true));
        cases.add(Case.of(new Bidirectional(dropping), x).training(7));
        cases.add(Case.of(new TimeDistributed(new Dense(3, Activations.RELU)), x));
        cases.add(Case.of(new TimeDistributed(new Dense(3, gelu)), x));
        cases.add(Case.of(new TimeDistributed(new Flatten()), Shape.of(2, 3, 2, 2)));
        cases.add(Case.of(new TimeDistributed(new GRU(2)), Shape.of(2, 3, 4, 2)));
        cases.add(Case.of(new TimeDistributed(new Dropout(0.4f)), x).training(7));
        cases.add(Case.of(new TimeDistributed(new Conv1D(2, 2)), Shape.of(2, 3, 4, 2)));
        convolutional(cases);
        cases.add(Case.of(new LSTM(17).returnSequences(true), Shape.of(3, 5, 7)));
        cases.add(Case.of(new GRU(19), Shape.of(2, 4, 5)));
        cases.add(Case.of(new SimpleRNN(1), Shape.of(1, 1, 1)));
        // So many steps that the recurrent kernel is copied first.
        cases.add(Case.of(new LSTM(5).returnSequences(true), Shape.of(3, 9, 2)));
        cases.add(Case.of(new GRU(3), Shape.of(2, 8, 4)));
        cases.add(Case.of(new GRU(3).resetAfter(false), Shape.of(2, 10, 2)));
        cases.add(Case.of(new SimpleRNN(17), Shape.of(2, 8, 3)));
        return cases;
    }

    private static void convolutional(List<Case> cases) {
        final Shape images = Shape.of(4, 2, 3, 3, 1);
        final Activation gelu = Activations.of("gelu");
        final Activation hard = Activations.of("hard_sigmoid", Map.of("legacy", true));
        final ConvLSTM2D plain = new ConvLSTM2D(2, 2);
        final ConvLSTM2D all = plain.returnSequences(true);
        for (ConvLSTM2D layer : List.of(
                plain,
                all.padding("same"),
                all.kernelSize(3, 2).padding("same").strides(2, 1).goBackwards(true),
                plain.padding("same").dilationRate(2).useBias(false),
                all.activation(gelu).recurrentActivation(hard).zeroOutputForMask(true),
                plain.recurrentActivation(Activations.SOFTMAX).stateful(true).goBackwards(true))) {
            cases.add(Case.of(layer, images));
            cases.add(Case.masked(layer, images));
        }
        final Shape state = Shape.of(4, 2, 2, 2);
        for (ConvLSTM2D layer : List.of(plain, all.goBackwards(true))) {
            final ConvLSTM2D dropping = layer.returnState(true).dropout(0.3f).recurrentDropout(0.4f);
            cases.add(Case.of(layer.returnState(true), images, state, state));
            cases.add(Case.of(dropping, images, state, state));
            cases.add(Case.of(dropping, images, state, state).training(7));
            cases.add(Case.masked(dropping, images).training(7));
        }
        cases.add(Case.of(new ConvLSTM1D(3, 2).returnSequences(true), Shape.of(2, 3, 4, 2)));
        cases.add(Case.masked(new ConvLSTM1D(2, 3).padding("same").strides(2), Shape.of(4, 3, 5, 2)));
        cases.add(Case.of(new ConvLSTM1D(17, 1), Shape.of(1, 2, 3, 4)));
        cases.add(Case.of(new ConvLSTM3D(1, 2).returnSequences(true), Shape.of(1, 2, 2, 3, 2, 2)));
        for (String mode : new String[] {"concat", "sum", "ave", "mul", null}) {
            cases.add(Case.masked(new Bidirectional(all.returnState(true)).mergeMode(mode), images));
            cases.add(Case.of(new Bidirectional(plain).mergeMode(mode), images));
        }
    }

    private static Layer returnState(Layer layer) {
        return layer instanceof LSTM lstm
                ? lstm.returnState(true)
                : layer instanceof GRU gru ? gru.returnState(true) : ((SimpleRNN) layer).returnState(true);
    }

    private static Layer dropping(Layer layer) {
        return layer instanceof LSTM lstm
                ? lstm.dropout(0.3f).recurrentDropout(0.4f)
                : layer instanceof GRU gru
                        ? gru.dropout(0.3f).recurrentDropout(0.4f)
                        : ((SimpleRNN) layer).dropout(0.3f).recurrentDropout(0.4f);
    }
}
