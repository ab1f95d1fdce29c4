package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// A model in a TimeDistributed computes at each step what the model computes alone.
class TimeDistributedModelsTest {
    private static final int BATCH = 4;
    private static final int STEPS = 3;
    private static final Shape FRAME = Shape.of(5, 5, 2);

    private static final String CONV = """
            {"class_name": "Conv2D", "name": "conv", "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3],
             "strides": [1, 1], "padding": "same", "data_format": "channels_last", "activation": "relu"}}""";
    private static final String NORM = """
            {"class_name": "BatchNormalization", "name": "norm", "config": {"name": "norm", "axis": -1,
             "momentum": 0.9, "epsilon": 0.001, "center": true, "scale": true}}""";
    private static final String DROPOUT = """
            {"class_name": "Dropout", "name": "drop", "config": {"name": "drop", "rate": 0.25}}""";
    private static final String FLATTEN = """
            {"class_name": "Flatten", "name": "flat", "config": {"name": "flat"}}""";
    private static final String DENSE = """
            {"class_name": "Dense", "name": "dense", "config": {"name": "dense", "units": 4, "activation": "tanh"}}""";
    private static final String RESHAPE = """
            {"class_name": "Reshape", "name": "shape", "config": {"name": "shape", "target_shape": [2, 2]}}""";

    private static final List<KerasTestFile.Weight> WEIGHTS = List.of(
            new KerasTestFile.Weight("conv", "conv2d", "kernel", true, 3, 3, 2, 2),
            new KerasTestFile.Weight("conv", "conv2d", "bias", true, 2),
            new KerasTestFile.Weight("norm", "batch_normalization", "gamma", true, 2),
            new KerasTestFile.Weight("norm", "batch_normalization", "beta", true, 2),
            new KerasTestFile.Weight("norm", "batch_normalization", "moving_mean", false, 2),
            new KerasTestFile.Weight("norm", "batch_normalization", "moving_variance", false, 2),
            new KerasTestFile.Weight("dense", "dense", "kernel", true, 50, 4),
            new KerasTestFile.Weight("dense", "dense", "bias", true, 4));

    @TempDir
    private Path folder;

    private static String input(String name, String batchShape) {
        return """
                {"class_name": "InputLayer", "name": "%1$s", "config": {"name": "%1$s", "batch_input_shape": %2$s},
                 "inbound_nodes": []}""".formatted(name, batchShape);
    }

    private static String sequential(String name, String... layers) {
        return """
                {"class_name": "Sequential", "config": {"name": "%s", "layers": [%s]}}""".formatted(name, String.join(", ", layers));
    }

    private static String inbound(String layer, String... inputs) {
        final StringBuilder list = new StringBuilder();
        for (String input : inputs) {
            list.append(list.isEmpty() ? "" : ", ").append("[\"%s\", 0, 0, {}]".formatted(input));
        }
        return layer.replaceFirst("\\}$", ", \"inbound_nodes\": [[" + list + "]]}");
    }

    private static String plain(String type, String name, String more) {
        return """
                {"class_name": "%1$s", "name": "%2$s", "config": {"name": "%2$s"%3$s}}""".formatted(type, name, more);
    }

    /// A model in a TimeDistributed, alone in a model.
    private static String timed(String inner, int wraps) {
        String layer = inner;
        String shape = "[null, 5, 5, 2]";
        for (int i = 0; i < wraps; i++) {
            layer = """
                    {"class_name": "TimeDistributed", "config": {"name": "each", "trainable": true, "layer": %s}}""".formatted(layer);
            shape = shape.replaceFirst("null", "null, " + (i == 0 ? "null" : "2"));
            if (i + 1 < wraps) {
                layer = sequential("middle", layer);
            }
        }
        return sequential("m", input("i", shape), layer);
    }

    private static String chain() {
        return sequential("inner", input("frame", "[null, 5, 5, 2]"), CONV, NORM, DROPOUT, FLATTEN, DENSE, RESHAPE);
    }

    /// With two branches that come together, by numbers and one after the other.
    private static String branches(String axis) {
        final String end = DENSE.replace("\"units\": 4", "\"units\": 4, \"use_bias\": true");
        return """
                {"class_name": "Functional", "config": {"name": "inner", "layers": [%s],
                 "input_layers": [["frame", 0, 0]], "output_layers": [["dense", 0, 0]]}}""".formatted(String.join(
                ", ",
                input("frame", "[null, 5, 5, 2]"),
                inbound(CONV, "frame"),
                inbound(plain("Add", "sum", ""), "conv", "frame"),
                inbound(NORM, "sum"),
                inbound(plain("Concatenate", "both", ", \"axis\": " + axis), "norm", "conv"),
                inbound(
                        plain(
                                "AveragePooling2D",
                                "pool",
                                ", \"pool_size\": [1, 2], \"strides\": [1, 2], \"padding\": \"valid\""),
                        "both"),
                inbound(FLATTEN, "pool"),
                inbound(end, "flat")));
    }

    private static float[] numbers(int count, int seed) {
        final Random random = new Random(seed);
        final float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextFloat() - 0.5f;
        }
        return numbers;
    }

    private static Shape steps(Shape sample, int wraps) {
        Shape shape = sample.prepend(STEPS);
        for (int i = 1; i < wraps; i++) {
            shape = shape.prepend(2);
        }
        return shape;
    }

    private record Form(String name, String inner, int wraps, List<KerasTestFile.Weight> weights) {}

    private static List<KerasTestFile.Weight> dense(int rows) {
        return WEIGHTS.stream()
                .map(weight -> weight.shape().equals(List.of(50L, 4L))
                        ? new KerasTestFile.Weight("dense", "dense", "kernel", true, rows, 4)
                        : weight)
                .toList();
    }

    private static Stream<Form> forms() {
        final String first = CONV.replace("channels_last", "channels_first");
        return Stream.of(
                new Form("chain", chain(), 1, WEIGHTS),
                new Form(
                        "one layer",
                        sequential("inner", input("frame", "[null, 5, 5, 2]"), CONV),
                        1,
                        WEIGHTS.subList(0, 2)),
                new Form("steps of steps", chain(), 2, WEIGHTS),
                new Form(
                        "a model in the model",
                        sequential("inner", input("frame", "[null, 5, 5, 2]"), chain()),
                        1,
                        WEIGHTS),
                new Form("branches", branches("-1"), 1, dense(40)),
                new Form("branches, rows one after the other", branches("1"), 1, dense(40)),
                new Form("branches in steps of steps", branches("2"), 2, dense(50)),
                new Form(
                        "channels first in steps of steps",
                        sequential("inner", input("frame", "[null, 5, 5, 2]"), first),
                        2,
                        List.of(
                                new KerasTestFile.Weight("conv", "conv2d", "kernel", true, 3, 3, 5, 2),
                                WEIGHTS.get(1))),
                new Form(
                        "channels first",
                        sequential("inner", input("frame", "[null, 5, 5, 2]"), first, FLATTEN, DENSE),
                        1,
                        List.of(
                                new KerasTestFile.Weight("conv", "conv2d", "kernel", true, 3, 3, 5, 2),
                                WEIGHTS.get(1),
                                new KerasTestFile.Weight("dense", "dense", "kernel", true, 20, 4),
                                WEIGHTS.get(7))));
    }

    @TestFactory
    Stream<DynamicTest> everyStepIsTheModel() {
        return forms().flatMap(form -> Stream.of("h5", "keras")
                .map(ending -> DynamicTest.dynamicTest(form.name() + ", " + ending, () -> check(form, ending))));
    }

    /// The path of the inner model in a tree of weights.
    private static String tree(Form form) {
        final String model = "layers/time_distributed/layer/";
        return form.wraps() == 1
                ? form.name().startsWith("a model") ? model + "layers/sequential/layers/" : model + "layers/"
                : model + "layers/time_distributed/layer/layers/";
    }

    private Path file(Form form, String ending) {
        final String config = timed(form.inner(), form.wraps());
        return ending.equals("h5")
                ? KerasTestFile.h5(folder.resolve("timed.h5"), config, List.of("i", "each"), "each", form.weights())
                : KerasTestFile.archive(folder.resolve("timed.keras"), config, tree(form), form.weights());
    }

    private Model alone(Form form) {
        return KerasModels.load(KerasTestFile.archive(
                folder.resolve("alone.keras"),
                form.inner(),
                form.name().startsWith("a model") ? "layers/sequential/layers/" : "layers/",
                form.weights()));
    }

    private void check(Form form, String ending) {
        final Shape sample = steps(FRAME, form.wraps());
        final float[] x = numbers(BATCH * Math.toIntExact(sample.size()), 5);
        try (Model alone = alone(form);
                ImportedModel imported = KerasModels.importFile(file(form, ending))) {
            final float[] expected = alone.predict(Dataset.of(x, FRAME), 7).getFirst();
            final float[] y =
                    imported.model().predict(Dataset.of(x, sample), BATCH).getFirst();
            assertArrayEquals(expected, y);
            assertEquals(
                    Set.of(),
                    Set.copyOf(imported.report().allFindings().stream()
                            .filter(finding -> finding.reason() != Reason.ORDER_BY_NAME)
                            .toList()));
            comesBack(imported.model(), Dataset.of(x, sample), y);
        }
    }

    /// Written as a model of layers that are in a TimeDistributed each, which the report says.
    private void comesBack(Model model, Dataset data, float[] y) {
        for (String ending : List.of("h5", "keras")) {
            final Path file = folder.resolve("again." + ending);
            final ExportReport report = KerasModels.save(model, file);
            assertTrue(
                    report.notes().stream()
                            .anyMatch(note -> note.kind() == ExportReport.Kind.OTHER_LAYER
                                    && note.where().equals("each")),
                    report::text);
            try (Model back = KerasModels.load(file)) {
                assertEquals(
                        model.graph().groups().stream().map(Graph.Group::name).toList(),
                        back.graph().groups().stream().map(Graph.Group::name).toList());
                assertArrayEquals(y, back.predict(data, BATCH).getFirst());
            }
        }
    }

    /// Training over steps is training of the model with all steps of all samples as its batch.
    @TestFactory
    Stream<DynamicTest> trainingIsThatOfTheModel() {
        return forms().filter(form -> form.wraps() == 1)
                .map(form -> DynamicTest.dynamicTest(form.name(), () -> {
                    final Form without = new Form(
                            form.name(), form.inner().replace("\"rate\": 0.25", "\"rate\": 0.0"), 1, form.weights());
                    train(without);
                }));
    }

    private void train(Form form) {
        final Shape sample = steps(FRAME, 1);
        final float[] x = numbers(BATCH * Math.toIntExact(sample.size()), 6);
        try (Model alone = alone(form);
                Model timed = KerasModels.load(file(form, "h5"))) {
            final Shape out = alone.graph().outputShapes().getFirst().withoutFirst();
            final float[] t = numbers(BATCH * STEPS * Math.toIntExact(out.size()), 7);
            final float[] before = alone.trainable().toArray(ValueLayout.JAVA_FLOAT);
            try (Trainer one = Trainer.of(alone, new SGD(0.1), new MeanSquaredError());
                    Trainer other = Trainer.of(timed, new SGD(0.1), new MeanSquaredError())) {
                final int[] rows = IntStream.range(0, BATCH * STEPS).toArray();
                for (int step = 0; step < 3; step++) {
                    one.gather(Dataset.of(x, FRAME, t, out), rows, 0, rows.length);
                    other.gather(Dataset.of(x, sample, t, out.prepend(STEPS)), rows, 0, BATCH);
                    assertEquals(one.step(), other.step(), 1e-6);
                }
            }
            final List<float[]> expected = weights(alone);
            final List<float[]> actual = weights(timed);
            assertEquals(expected.size(), actual.size());
            for (int i = 0; i < expected.size(); i++) {
                assertArrayEquals(expected.get(i), actual.get(i), 1e-6f);
            }
            final float[] after = alone.trainable().toArray(ValueLayout.JAVA_FLOAT);
            assertTrue(IntStream.range(0, before.length).anyMatch(i -> Math.abs(before[i] - after[i]) > 1e-3));
        }
    }

    private static List<float[]> weights(Model model) {
        final List<float[]> weights = new ArrayList<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            weights.add(model.parameter(place).toArray());
        }
        return weights;
    }

    /// A frozen wrapper, or a frozen model in it, freezes all layers: then the file has the weights layer by
    /// layer.
    @Test
    void frozenModelsStayFrozen() {
        final Form form = new Form("chain", chain(), 1, WEIGHTS);
        final float[] x = numbers(BATCH * Math.toIntExact(steps(FRAME, 1).size()), 5);
        try (Model alone = alone(form)) {
            final float[] expected = alone.predict(Dataset.of(x, FRAME), 7).getFirst();
            final String config = timed(form.inner(), 1);
            for (String frozen : List.of(
                    config.replace("\"trainable\": true", "\"trainable\": false"),
                    config.replace("{\"name\": \"inner\",", "{\"name\": \"inner\", \"trainable\": false,"))) {
                final List<KerasTestFile.Weight> inOrder =
                        WEIGHTS.stream().map(weight -> weight.frozen()).toList();
                final Path file =
                        KerasTestFile.h5(folder.resolve("frozen.h5"), frozen, List.of("i", "each"), "each", inOrder);
                try (Model timed = KerasModels.load(file)) {
                    assertArrayEquals(
                            expected,
                            timed.predict(Dataset.of(x, steps(FRAME, 1)), BATCH).getFirst());
                    assertTrue(timed.graph().frozen().containsAll(List.of("each/conv", "each/norm", "each/dense")));
                }
            }
        }
    }

    private void refused(String inner, String reason) {
        final Path file = KerasTestFile.archive(
                folder.resolve("refused.keras"), timed(inner, 1), "layers/time_distributed/layer/layers/", List.of());
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(file));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    @Test
    void whatCannotBeCalledAtEachStepIsNamed() {
        final String frame = input("frame", "[null, 5, 5, 2]");
        refused(
                sequential("inner", frame, plain("Masking", "mask", ", \"mask_value\": 0.0")),
                "layer 'each/mask' (Masking): makes a mask in a model that TimeDistributed calls at each step");
        refused(
                sequential("inner", frame, DENSE.replace("\"tanh\"", "\"glu\"")),
                "'each/dense' (Dense): changes its columns");
        refused(
                """
                {"class_name": "Functional", "config": {"name": "inner", "layers": [%s, %s],
                 "input_layers": [["frame", 0, 0]], "output_layers": [["dot", 0, 0]]}}""".formatted(
                        frame, inbound(plain("Dot", "dot", ", \"axes\": 1, \"normalize\": false"), "frame", "frame")),
                "'each/dot' (Dot): takes several inputs in a model");
        refused(sequential("inner", frame, plain("Frobnicate", "odd", "")), "'each/odd' (Frobnicate)");
    }
}
