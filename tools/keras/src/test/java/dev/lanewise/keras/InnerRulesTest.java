package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Regularizers and constraints of weights that are in layers and cells within layers, in Keras' files and
/// back.
class InnerRulesTest {
    private static final WeightRule L2 = new WeightRule(new Regularizer.L2(0.25));
    private static final WeightRule NON_NEG = new WeightRule(new Constraint.NonNeg());

    @TempDir
    private Path folder;

    private static Graph graph() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(5, 4));
        final Graph.Value both = b.add("both", new Bidirectional(new LSTM(3).returnSequences(true)), x);
        final Graph.Value other = b.add(
                "other",
                new Bidirectional(
                        new GRU(2).returnSequences(true),
                        new GRU(2).returnSequences(true).goBackwards(true),
                        "concat"),
                both);
        final Graph.Value cells = b.add(
                "cells", new RNN(List.of(new SimpleRNN(3), new SimpleRNN(3)), true, false, false, false, false), other);
        final Graph.Value heads = b.add("heads", new MultiHeadAttention(2, 3), cells, cells);
        final Graph.Value steps = b.add("steps", new TimeDistributed(new Dense(2)), heads);
        return b.build(steps);
    }

    /// Rules for all weights but one: those that share a key have the same.
    private static Map<String, WeightRule> rules(Graph graph) {
        final Map<String, WeightRule> rules = new LinkedHashMap<>();
        for (String weight : List.of(
                "both/forward/kernel",
                "both/backward/kernel",
                "other/forward/recurrent_kernel",
                "cells/cell_1/kernel",
                "heads/query/kernel",
                "heads/key/kernel",
                "heads/value/kernel",
                "heads/attention_output/kernel",
                "steps/kernel")) {
            rules.put(weight, L2);
        }
        for (String weight : List.of("other/backward/bias", "cells/cell_0/bias", "steps/bias")) {
            rules.put(weight, NON_NEG);
        }
        try (Model model = Model.blank(graph)) {
            final List<String> all =
                    model.layout().places().stream().map(place -> place.path()).toList();
            assertTrue(all.containsAll(rules.keySet()), () -> rules.keySet() + " of " + all);
        }
        return rules;
    }

    @Test
    void theyComeBack() {
        final Graph graph = graph();
        final Map<String, WeightRule> rules = rules(graph);
        try (Model model = Model.create(graph.withRules(rules), 1)) {
            for (String ending : List.of(".h5", ".keras")) {
                final Path file = folder.resolve("m" + ending);
                final ExportReport report = KerasModels.save(model, file);
                assertTrue(report.notes().stream().noneMatch(note -> note.kind() == Kind.LEFT_OUT), report::text);
                try (ImportedModel back = KerasModels.importFile(file)) {
                    assertEquals(rules, back.model().graph().rules());
                    // And once more, now from the entries of the file.
                    final Path again = folder.resolve("again" + ending);
                    KerasModels.save(back.model(), again);
                    try (Model third = KerasModels.load(again)) {
                        assertEquals(rules, third.graph().rules());
                    }
                }
            }
        }
    }

    @Test
    void rulesThatAreTakenAwayAreGone() {
        final Path file = folder.resolve("m.keras");
        try (Model model = Model.create(graph().withRules(rules(graph())), 1)) {
            KerasModels.save(model, file);
        }
        try (Model model = KerasModels.load(file)) {
            final Graph plain = model.graph().withRules(Map.of());
            try (Model without = Model.create(plain, 1)) {
                without.attributes()
                        .put(KerasImport.ATTRIBUTE, model.attributes().get(KerasImport.ATTRIBUTE));
                KerasModels.save(without, file);
            }
        }
        try (Model model = KerasModels.load(file)) {
            assertEquals(Map.of(), model.graph().rules());
        }
    }

    /// Keras has one key for both directions of a layer, and one for all kernels of attention.
    @Test
    void whatSharesAKeyAndDiffersIsSaid() {
        final Map<String, WeightRule> rules = Map.of(
                "both/backward/kernel", L2,
                "heads/query/kernel", L2);
        final Path file = folder.resolve("m.keras");
        try (Model model = Model.create(graph().withRules(rules), 1)) {
            final ExportReport report = KerasModels.save(model, file);
            final List<String> left = report.notes().stream()
                    .filter(note -> note.kind() == Kind.LEFT_OUT)
                    .map(ExportReport.Note::toString)
                    .toList();
            assertTrue(
                    left.contains(
                            "'both': the regularizer or constraint of 'backward/kernel': Bidirectional has one key"
                                    + " for it and 'forward/kernel'"),
                    left::toString);
            assertTrue(
                    left.stream().anyMatch(note -> note.contains("'key/kernel': MultiHeadAttention has one key")),
                    left::toString);
        }
    }

    /// As Keras' files have them, which say them within the layer or the cell.
    @Test
    void keysOfFilesAreFound() {
        final String dense = "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2,"
                + " \"kernel_regularizer\": \"l2\"}}";
        assertEquals(
                Map.of("a/kernel", new WeightRule(new Regularizer.L2(0.01))),
                read("TimeDistributed", "\"layer\": " + dense, Shape.of(1, 4, 3)));
        final String lstm = "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"d\", \"units\": 2,"
                + " \"recurrent_constraint\": \"NonNeg\"}}";
        assertEquals(
                Map.of("a/forward/recurrent_kernel", NON_NEG, "a/backward/recurrent_kernel", NON_NEG),
                read("Bidirectional", "\"layer\": " + lstm, Shape.of(1, 4, 3)));
        final String cell = "{\"class_name\": \"GRUCell\", \"config\": {\"name\": \"c\", \"units\": 2,"
                + " \"bias_constraint\": \"NonNeg\"}}";
        assertEquals(Map.of("a/bias", NON_NEG), read("RNN", "\"cell\": " + cell, Shape.of(1, 4, 3)));
    }

    private static Map<String, WeightRule> read(String type, String settings, Shape input) {
        final JsonObject config =
                JsonParser.parseString("{\"name\": \"a\", " + settings + "}").getAsJsonObject();
        final LayerConfig given = new LayerConfig("a", type, config, 3);
        final var layer = KerasLayers.convert(given);
        assertTrue(given.findings().isEmpty(), () -> given.findings().toString());
        for (ParameterSpec weight : layer.parameters(List.of(input))) {
            assertTrue(weight.trainable(), weight.name());
        }
        return KerasRules.of(given, "a", layer, List.of(input));
    }
}
