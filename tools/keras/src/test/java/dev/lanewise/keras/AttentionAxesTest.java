package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `attention_axes` of attention with heads: all axes between batch and features, however many there are.
class AttentionAxesTest {
    private static final List<KerasTestFile.Weight> WEIGHTS = List.of(
            weight("query_dense", 6, 2, 3),
            weight("key_dense", 6, 2, 3),
            weight("value_dense", 6, 2, 3),
            weight("output_dense", 2, 3, 6));

    @TempDir
    private Path folder;

    private static KerasTestFile.Weight weight(String object, long... shape) {
        return new KerasTestFile.Weight(object, "multi_head_attention/" + object, "kernel", true, shape);
    }

    private Path file(String shape, String axes, String keywords) {
        final String tensor = """
                {"class_name": "__keras_tensor__", "config": {"shape": %s, "dtype": "float32",
                 "keras_history": ["x", 0, 0]}}""".formatted(shape);
        final String config = """
                {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
                 "config": {"name": "m", "input_layers": [["x", 0, 0]], "output_layers": ["mha", 0, 0], "layers": [
                 {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                  "config": {"name": "x", "batch_shape": %1$s, "dtype": "float32"}, "registered_name": null},
                 {"module": "keras.layers", "class_name": "MultiHeadAttention", "registered_name": null, "name": "mha",
                  "config": {"name": "mha", "trainable": true, "num_heads": 2, "key_dim": 3, "value_dim": 3,
                   "dropout": 0.0, "use_bias": false, "output_shape": null, "attention_axes": %2$s},
                  "inbound_nodes": [{"args": [%3$s, %3$s], "kwargs": {%4$s}}]}]}}""".formatted(shape, axes, tensor, keywords);
        return KerasTestFile.archive(folder.resolve("file.keras"), config, "layers/", WEIGHTS);
    }

    private static Dataset data(Shape sample) {
        final float[] x = new float[Math.toIntExact(2 * sample.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = i * 7 % 11 / 11f - 0.5f;
        }
        return Dataset.of(x, sample);
    }

    /// Over two axes it is what it is over one that has the places of both.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"null | null", "[1, 2] | [1]", "[1, 2] | 1"})
    void axesAreAttendedOverAsOne(String two, String one) {
        try (Model of = KerasModels.load(file("[null, 3, 4, 6]", two, ""));
                Model flat = KerasModels.load(file("[null, 12, 6]", one, ""))) {
            assertEquals(
                    Shape.of(Shape.UNKNOWN, 3, 4, 6),
                    of.graph().outputs().getFirst().shape());
            final List<float[]> y = of.predict(data(Shape.of(3, 4, 6)), 2);
            final List<float[]> expected = flat.predict(data(Shape.of(12, 6)), 2);
            assertArrayEquals(expected.getFirst(), y.getFirst());
            for (String name : List.of("back.keras", "back.h5")) {
                KerasModels.save(of, folder.resolve(name));
                try (Model back = KerasModels.load(folder.resolve(name))) {
                    assertArrayEquals(
                            y.getFirst(),
                            back.predict(data(Shape.of(3, 4, 6)), 2).getFirst());
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[null, 3, 4, 6] | [1] | | 'attention_axes' [1] of an input of 4 axes",
                "[null, 3, 4, 6] | [2] | | 'attention_axes' [2] of an input of 4 axes",
                "[null, 3, 4, 6] | 2 | | 'attention_axes' 2 of an input of 4 axes",
                "[null, 12, 6] | [1, 2] | | 'attention_axes' [1,2] of an input of 3 axes",
                "[null, 3, 4, 6] | [1, 2] | \"use_causal_mask\": true | a causal mask",
            })
    void othersAreRefused(String shape, String axes, String keywords, String reason) {
        final Path file = file(shape, axes, keywords == null ? "" : keywords);
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    @Test
    void stepsOverSeveralAxesHaveNoMasks() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(Shape.of(3, 4, 6));
        final Graph.Value m = b.input(Shape.of(3));
        final Graph.Value masked = b.add(new MaskedBy(), x, m);
        final Dataset data =
                Dataset.of(List.of(data(Shape.of(3, 4, 6)), Dataset.of(new float[] {1, 1, 0, 1, 0, 1}, Shape.of(3))));
        final IllegalArgumentException e;
        try (Model model = Model.create(b.build(b.add(new MultiHeadAttention(2, 3), masked, masked)), 1)) {
            e = assertThrows(IllegalArgumentException.class, () -> model.predict(data, 2));
        }
        assertTrue(e.getMessage().contains("with masks are not supported"), e.getMessage());
    }
}
