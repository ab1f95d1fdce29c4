package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.Attention;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Scores of attention as an output that is trained, with the other output and without.
class AttentionScoresTest {
    private static final Shape X = Shape.of(4, 6);

    static List<Layer> layers() {
        return List.of(
                new MultiHeadAttention(2, 3).returnAttentionScores(true),
                new MultiHeadAttention(2, 3)
                        .returnAttentionScores(true)
                        .useGate(true)
                        .dropout(0.2f),
                new Attention(true, "dot", 0.2f, false).returnAttentionScores(true),
                new Attention(true, "concat", 0, false).returnAttentionScores(true));
    }

    private static float[] numbers(long count, int seed) {
        final float[] numbers = new float[Math.toIntExact(count)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) Math.sin(i * 7 + seed);
        }
        return numbers;
    }

    /// What training makes of the weights.
    ///
    /// @param outputs which of the layer's outputs are the model's; the first has a loss of weight 0
    private static int train(Layer layer, int... outputs) {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(X);
        final List<Graph.Value> all = b.call(b.layer("attention", layer), x, x);
        final Graph.Value[] ends = new Graph.Value[outputs.length];
        final List<Shape> shapes = layer.outputShapes(List.of(X.prepend(3), X.prepend(3)));
        final List<Objective> objectives = new java.util.ArrayList<>();
        final List<Dataset> targets = new java.util.ArrayList<>();
        for (int i = 0; i < outputs.length; i++) {
            ends[i] = all.get(outputs[i]);
            final Shape of = shapes.get(outputs[i]);
            objectives.add(new Objective(new MeanSquaredError(), outputs[i] == 0 ? 0 : 1, List.of()));
            targets.add(Dataset.of(numbers(of.size(), outputs[i]), of.withoutFirst()));
        }
        final Dataset data = Dataset.of(numbers(3 * X.size(), 5), X).withTargets(targets.toArray(Dataset[]::new));
        try (Model model = Model.create(b.build(ends), 3);
                Trainer trainer = Trainer.of(model, new SGD(0.5), objectives)) {
            final int before = TestData.hash(model);
            trainer.fit(data, Fit.epochs(3).batchSize(3));
            assertNotEquals(before, TestData.hash(model));
            return TestData.hash(model);
        }
    }

    /// An output that leads to no loss is as one whose loss weighs nothing.
    @ParameterizedTest
    @MethodSource("layers")
    void scoresAloneTrainAsWithAnOutputThatWeighsNothing(Layer layer) {
        assertEquals(train(layer, 0, 1), train(layer, 1));
    }
}
