package dev.lanewise.keras;

import static dev.lanewise.keras.H5Builder.external;
import static dev.lanewise.keras.H5Builder.hard;
import static dev.lanewise.keras.H5Builder.soft;
import static dev.lanewise.keras.H5Builder.text;
import static dev.lanewise.keras.H5Builder.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.tensor.Memory;
import dev.lanewise.train.Metric;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files made to harm: each is one error of a sentence, soon, with little memory (these tests run with a small
/// heap).
class HostileFilesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String DENSE = """
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "i"}},
              {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear", "use_bias": false}}]}}
            """;

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) {
        try {
            return Files.write(folder.resolve("model.h5"), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A model of one layer `d` whose kernel is what the function adds to the file.
    private static byte[] model(String config, Function<H5Builder, H5Builder.Message> kernel) {
        final H5Builder file = new H5Builder();
        final H5Builder.Message link = kernel.apply(file);
        final long layer = file.group(link, texts("weight_names", List.of("kernel")));
        final long weights = file.group(hard("d", layer), texts("layer_names", List.of("d")));
        return file.finish(file.group(
                hard("model_weights", weights), text("model_config", config), text("keras_version", "3.15.1")));
    }

    private static byte[] sound() {
        return model(DENSE, file -> hard("kernel", file.dataset(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)));
    }

    /// Loads, and expects one error of a sentence that says these things.
    private ModelFormatException refused(byte[] bytes, String... parts) {
        final Path path = write(bytes);
        final long before = Memory.allocated();
        final ModelFormatException e = assertTimeoutPreemptively(
                SOON, () -> assertThrows(ModelFormatException.class, () -> KerasModels.load(path)));
        assertEquals(before, Memory.allocated());
        final String message = e.getMessage();
        assertTrue(message.startsWith(path.toString()), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() < 1000, message);
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "'" + part + "' is missing in: " + message);
        }
        return e;
    }

    @Test
    void soundFileIsLoaded() {
        try (ImportedModel model = KerasModels.importFile(write(sound()))) {
            assertArrayEquals(
                    new float[] {1, 2, 3, 4, 5, 6},
                    model.model().parameter("d/kernel").toArray());
        }
    }

    @Test
    void layersThatAreNotTrainableStaySo() {
        final String frozen = DENSE.replace("\"units\"", "\"trainable\": false, \"units\"");
        try (ImportedModel model = KerasModels.importFile(write(model(
                frozen, file -> hard("kernel", file.dataset(new float[6], 2, 3)))))) {
            assertEquals(java.util.Set.of("d"), model.model().graph().frozen());
            assertEquals(0, model.model().trainable().byteSize());
        }
    }

    @Test
    void metricsComeByNameAndByConfig() {
        final H5Builder file = new H5Builder();
        final long layer =
                file.group(hard("kernel", file.dataset(new float[6], 2, 3)), texts("weight_names", List.of("kernel")));
        final long weights = file.group(hard("d", layer), texts("layer_names", List.of("d")));
        final String training = """
                {"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.25}},
                 "metrics": [["mae", {"class_name": "MeanMetricWrapper", "config": {"name": "hits", "dtype": "float32",
                  "fn": "categorical_accuracy"}}, {"class_name": "TopKCategoricalAccuracy", "config": {"name": "top",
                  "dtype": "float32", "k": 2}}, "magic"]]}
                """;
        try (ImportedModel model = KerasModels.importFile(write(file.finish(file.group(
                hard("model_weights", weights), text("model_config", DENSE), text("training_config", training)))))) {
            final TrainingConfig config = TrainingConfig.of(model.model());
            assertEquals(0.25, config.optimizer().learningRate());
            assertEquals(
                    List.of("mean_absolute_error", "hits", "top"),
                    config.metrics().stream().map(Metric::name).toList());
            final List<Finding> findings = model.report().training().findings();
            assertEquals(
                    List.of(Reason.UNSUPPORTED_METRIC, Reason.OPTIMIZER_STATE),
                    findings.stream().map(Finding::reason).toList());
            assertTrue(findings.getFirst().detail().contains("'magic'"), findings::toString);
        }
    }

    @Test
    void externalLinkIsNotFollowed() {
        final Path other = folder.resolve("other.h5");
        final H5Builder file = new H5Builder();
        final long data = file.dataset(new float[6], 2, 3);
        final byte[] bytes = file.finish(file.group(hard("kernel", data)));
        try {
            Files.write(other, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        refused(model(DENSE, f -> external("kernel", other.toString(), "/kernel")), "external link", "kernel");
    }

    @Test
    void externalStorageIsNotRead() {
        refused(model(DENSE, file -> hard("kernel", file.externalStorage(2, 3))), "external storage");
    }

    @Test
    void virtualDataSetIsNotRead() {
        refused(model(DENSE, file -> hard("kernel", file.virtual(2, 3))), "virtual data set");
    }

    @Test
    void softLinksAreFollowedWithinTheFile() {
        final byte[] bytes = model(DENSE, file -> soft("kernel", "/model_weights/d/other"));
        refused(bytes, "'kernel' is missing");
        final H5Builder file = new H5Builder();
        final long layer = file.group(
                soft("kernel", "other"),
                hard("other", file.dataset(new float[] {1, 2, 3, 4, 5, 6}, 2, 3)),
                texts("weight_names", List.of("kernel")));
        final long weights = file.group(hard("d", layer), texts("layer_names", List.of("d")));
        final byte[] sound = file.finish(
                file.group(hard("weights", weights), soft("model_weights", "/weights"), text("model_config", DENSE)));
        try (ImportedModel model = KerasModels.importFile(write(sound))) {
            assertEquals(6, model.model().parameter("d/kernel").get(5));
        }
    }

    @Test
    void softLinksInACircleEnd() {
        refused(model(DENSE, file -> soft("kernel", "kernel")), "soft link");
        refused(model(DENSE, file -> soft("kernel", "/model_weights/d/kernel")), "soft link");
    }

    @Test
    void groupThatHoldsItselfIsOnlyWalkedByNames() {
        final H5Builder file = new H5Builder();
        final long at = file.next();
        final long root = file.group(
                hard("model_weights", at),
                hard("d", at),
                texts("layer_names", List.of("d")),
                texts("weight_names", List.of("d/d/d/d")),
                text("model_config", DENSE));
        assertEquals(at, root);
        refused(file.finish(root), "d/d/d/d' is a group");
    }

    @Test
    void headersAndTreesInACircleEnd() {
        final H5Builder headers = new H5Builder();
        refused(headers.finish(headers.group(hard("model_weights", headers.endless()), text("model_config", DENSE))));
        for (int levels : new int[] {0, 1, 60}) {
            final H5Builder trees = new H5Builder();
            refused(
                    trees.finish(
                            trees.group(hard("model_weights", trees.sharedTree(levels)), text("model_config", DENSE))),
                    "a part stands twice");
        }
    }

    @Test
    void hugeShapesAreComparedBeforeAnythingIsRead() {
        refused(
                model(
                        DENSE,
                        file -> hard(
                                "kernel", file.chunked(H5Builder.UNDEFINED, new int[] {1, 1}, 1L << 40, 1L << 20))),
                "has the shape [1099511627776, 1048576], expected [2, 3]");
        refused(model(DENSE, file -> hard("kernel", file.contiguous(96, 24, -1, 3))), "model.h5");
        refused(
                model(
                        DENSE.replace("\"units\": 3", "\"units\": 2000000000"),
                        file -> hard("kernel", file.dataset(new float[6], 2, 3))),
                "expected [2, 2000000000]");
    }

    @Test
    void hugeShapesThatAgreeAreComparedWithTheFile() {
        final String huge = DENSE.replace("\"units\": 3", "\"units\": 1000000000");
        refused(
                model(huge, file -> hard("kernel", file.contiguous(96, 8_000_000_000L, 2, 1_000_000_000))),
                "needs 8000000000 bytes");
        refused(model(
                huge,
                file -> hard("kernel", file.chunked(H5Builder.UNDEFINED, new int[] {1, 1 << 20}, 2, 1_000_000_000))));
        refused(
                model(
                        huge,
                        file -> hard("kernel", file.chunked(H5Builder.UNDEFINED, new int[] {1, 1}, 2, 1_000_000_000))),
                "would have 2000000000 chunks");
    }

    @Test
    void chunkThatInflatesWithoutEndIsCut() {
        refused(
                model(DENSE, file -> hard("kernel", file.deflated(new byte[50 << 20], new int[] {2, 3}, 2, 3))),
                "inflates beyond its size");
        refused(
                model(DENSE, file -> hard("kernel", file.deflated(new byte[24], new int[] {1 << 15, 1 << 15}, 2, 3))),
                "chunks of an absurd size");
        try (ImportedModel model = KerasModels.importFile(write(model(
                DENSE,
                file -> hard("kernel", file.deflated(H5Builder.floats(1, 2, 3, 4, 5, 6), new int[] {2, 3}, 2, 3)))))) {
            assertEquals(6, model.model().parameter("d/kernel").get(5));
        }
    }

    /// Each of them a few bytes, and all of them the same ones: hours of inflating.
    @Test
    void chunksThatAreMuchLargerThanTheirDataAreRefused() {
        refused(
                model(DENSE.replace("\"units\": 3", "\"units\": 1000"), file -> {
                    file.raw(new byte[2000]);
                    return hard("kernel", file.chunked(H5Builder.UNDEFINED, new int[] {1 << 21, 1}, 2, 1000));
                }),
                "has 1000 chunks of 8388608 bytes for values of 8000 bytes");
    }

    @Test
    void weightsThatExpandFromNextToNothingAreRefused() {
        final String wide = DENSE.replace("\"units\": 3", "\"units\": 20000000");
        final int columns = 20_000_000;
        refused(
                model(wide, file -> {
                    final H5Builder builder = file;
                    return hard("kernel", builder.deflated(new byte[0], new int[] {2, columns}, 2, columns));
                }),
                "weights of 160000000 bytes");
    }

    @Test
    void truncatedFilesAreSaid() {
        final byte[] bytes = sound();
        for (int length = 0; length < bytes.length; length += 7) {
            final byte[] cut = Arrays.copyOf(bytes, length);
            final Path path = write(cut);
            assertTimeoutPreemptively(
                    SOON,
                    () -> assertThrows(
                            ModelFormatException.class,
                            () -> KerasModels.load(path).close()));
        }
    }

    @Test
    void damagedBytesAreAnErrorOrData() throws IOException {
        final byte[] bytes;
        try (InputStream in = HostileFilesTest.class.getResourceAsStream("opt_adam/final.h5")) {
            bytes = in.readAllBytes();
        }
        final Random random = new Random(7);
        for (int turn = 0; turn < 1000; turn++) {
            final byte[] changed = bytes.clone();
            for (int i = 0; i < 1 + turn % 12; i++) {
                changed[random.nextInt(changed.length)] = (byte) (random.nextBoolean() ? 0xFF : random.nextInt());
            }
            final Path path = write(changed);
            final long before = Memory.allocated();
            assertTimeoutPreemptively(SOON, () -> {
                try {
                    KerasModels.load(path).close();
                } catch (ModelFormatException e) {
                    assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
                }
            });
            assertEquals(before, Memory.allocated());
        }
    }

    @Test
    void stringsThatShareOnePlaceAreBounded() {
        final H5Builder file = new H5Builder();
        final byte[] name = new byte[100_000];
        Arrays.fill(name, (byte) 'd');
        final H5Builder.Message names = file.variableTexts("layer_names", name, 4000, false);
        final long weights = file.group(names);
        refused(
                file.finish(file.group(hard("model_weights", weights), text("model_config", DENSE))),
                "strings are longer than the file");
    }

    private byte[] config(byte[] text) {
        final H5Builder file = new H5Builder();
        final long weights = file.group(texts("layer_names", List.of()));
        final H5Builder.Message config = file.variableTexts("model_config", text, 1, true);
        return file.finish(file.group(hard("model_weights", weights), config));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void deepJsonIsRefused() {
        refused(config(bytes("[".repeat(1_000_000))), "model_config", "deep");
        refused(config(bytes("{\"a\":".repeat(100_000))), "model_config", "deep");
    }

    /// What a lenient parser takes beyond JSON hides neither depth nor values from the count.
    @Test
    void otherQuotesSeparatorsAndCommentsAreRefused() {
        refused(config(bytes("['\"'," + "[".repeat(1_000_000))), "model_config is not JSON (''' at character 1)");
        refused(config(bytes("[0" + ";0".repeat(2_000_000) + "]")), "model_config is not JSON (';' at character 2)");
        for (String comment : List.of("#\"\n", "//\"\n", "/*\"*/")) {
            refused(config(bytes("{\"a\":" + comment + "[0" + ",0".repeat(2_000_000) + "]}")), "is not JSON");
        }
        refused(config(bytes("{\"a\"=1}")), "is not JSON ('=' at character 4)");
    }

    @Test
    void namesAreNotObeyedByATerminal() {
        final String bell = DENSE.replace("\"Dense\"", "\"Wiz\\u001b[2J\\u0085\\nard\"");
        final byte[] bytes = model(bell, file -> hard("kernel", file.dataset(new float[6], 2, 3)));
        refused(bytes, "'d' (Wiz?[2J??ard)");
        final Path path = write(bytes);
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(path));
        assertTrue(e.report().text().contains("NO  d (Wiz?[2J??ard)\n"), e.report()::text);
    }

    @Test
    void manyRefusalsAreOneSentence() {
        final StringBuilder layers = new StringBuilder();
        for (int i = 0; i < 5000; i++) {
            layers.append(i == 0 ? "" : ",")
                    .append("{\"class_name\": \"Dense\", \"config\": {\"name\": \"d" + i
                            + "\", \"units\": 3, \"activation\": \"magic" + i + "\"}}");
        }
        final Path path = write(config(bytes("{\"class_name\": \"Sequential\", \"config\": [" + layers + "]}")));
        final UnsupportedLayerException e = assertThrows(UnsupportedLayerException.class, () -> KerasModels.load(path));
        assertTrue(e.getMessage().length() < 20_000, () -> e.getMessage().length() + " characters");
        assertTrue(e.getMessage().endsWith(" more"), e::getMessage);
        assertTrue(e.report().allFindings().size() >= 5000);
    }

    @Test
    void hugeJsonIsRefused() {
        refused(config(bytes("[" + "0,".repeat(2_000_000) + "0]")), "model_config", "values");
        refused(config(bytes("\"" + "x".repeat(40_000_000) + "\"")), "a string of 40000002 bytes");
    }

    @Test
    void otherJsonIsRefused() {
        refused(config(bytes("")), "model_config");
        refused(config(bytes("[]")), "model_config", "no JSON object");
        refused(config(bytes("{\"class_name\": \"Sequential\"")), "model_config", "not JSON");
        refused(config(bytes("{}")), "cannot be loaded");
        refused(config(bytes("{\"class_name\": \"Sequential\", \"config\": 3}")), "no list of layers");
        refused(config(bytes("{\"class_name\": \"Sequential\", \"config\": [3]}")), "an entry of the layers is 3");
        refused(config(bytes("{\"class_name\": \"os.system\", \"config\": {}}")), "class os.system");
    }

    @Test
    void codeIsNeverRun() {
        final String lambda = DENSE.replace("\"Dense\"", "\"Lambda\"");
        final ModelFormatException e = refused(model(lambda, file -> hard("kernel", file.dataset(new float[6], 2, 3))));
        assertTrue(e.getMessage().contains("layer 'd' (Lambda): holds Python code"), e.getMessage());
        refused(
                model(
                        DENSE.replace(
                                "\"linear\"",
                                "{\"class_name\": \"__lambda__\", \"config\": {\"value\": \"4wEAAAA=\"}}"),
                        file -> hard("kernel", file.dataset(new float[6], 2, 3))),
                "layer 'd' (Dense): activation");
    }

    @Test
    void everythingUnsupportedIsNamedAtOnce() {
        final String config = """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                  {"class_name": "Dense", "config": {"name": "a", "units": 3, "activation": "magic",
                   "batch_input_shape": [null, 2]}},
                  {"class_name": "Wizard", "config": {"name": "b"}},
                  {"class_name": "Dropout", "config": {"name": "c", "rate": 0.5, "time_major": true}},
                  {"class_name": "Dense", "config": {"name": "e", "units": 3, "dtype": "complex64"}},
                  {"class_name": "Sequential", "config": {"name": "f", "layers": []}}]}}
                """;
        final ModelFormatException e = refused(config(bytes(config)));
        final ImportReport report = assertThrows(
                        UnsupportedLayerException.class, () -> KerasModels.load(write(config(bytes(config)))))
                .report();
        for (String part : List.of(
                "'a' (Dense): activation 'magic'",
                "'b' (Wizard)",
                "'c' (Dropout): 'time_major' true",
                "'e' (Dense): dtype 'complex64'",
                "'f': the model has no list of layers")) {
            assertTrue(e.getMessage().contains(part), () -> part + " is missing in " + e.getMessage());
        }
        assertEquals(
                List.of(
                        Reason.BAD_CONFIG,
                        Reason.UNSUPPORTED_ACTIVATION,
                        Reason.UNKNOWN_LAYER,
                        Reason.UNSUPPORTED_ARGUMENT,
                        Reason.UNSUPPORTED_DTYPE),
                report.allFindings().stream()
                        .map(Finding::reason)
                        .filter(Reason::refuses)
                        .toList());
        assertFalse(report.loadable());
        assertTrue(report.text().contains("NO  b (Wizard)"), report.text());
        assertTrue(report.json().contains("\"reason\":\"UNKNOWN_LAYER\""), report.json());
    }

    private static String functional(String first, String second, String output) {
        return """
                {"class_name": "Functional", "config": {"name": "m", "layers": [
                  {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_input_shape": [null, 2]},
                   "inbound_nodes": []},
                  {"class_name": "Add", "name": "a", "config": {"name": "a"}, "inbound_nodes": [[%s]]},
                  {"class_name": "Add", "name": "b", "config": {"name": "b"}, "inbound_nodes": [[%s]]}],
                 "input_layers": [["i", 0, 0]], "output_layers": [[%s]]}}
                """.formatted(first, second, output);
    }

    @Test
    void connectionsInACircleOrToNowhereAreSaid() {
        final String input = "[\"i\", 0, 0, {}]";
        refused(
                config(bytes(functional(input + ", [\"b\", 0, 0, {}]", input + ", [\"a\", 0, 0, {}]", "\"b\", 0, 0"))),
                "circle");
        refused(config(bytes(functional(input + ", [\"x\", 0, 0, {}]", input + "," + input, "\"b\", 0, 0"))), "'x'");
        refused(config(bytes(functional(input + ", [\"i\", 7, 0, {}]", input + "," + input, "\"b\", 0, 0"))), "[7, 0]");
        refused(config(bytes(functional(input + ", [\"i\", 0, 9, {}]", input + "," + input, "\"a\", 0, 0"))), "[0, 9]");
        refused(config(bytes(functional(input + "," + input, input + "," + input, "\"z\", 0, 0"))), "'z'");
    }

    @Test
    void sizesThatAreNoneAreSaid() {
        for (String units : List.of("0", "-3", "1e99", "\"x\"", "[3]", "null", "2.5")) {
            final ModelFormatException e = refused(model(
                    DENSE.replace("\"units\": 3", "\"units\": " + units),
                    file -> hard("kernel", file.dataset(new float[6], 2, 3))));
            assertTrue(e.getMessage().contains("layer 'd' (Dense)"), e.getMessage());
        }
        for (String shape :
                List.of("[null, -2]", "[null, 0]", "[null, 1e99]", "\"x\"", "[]", "[[null]]", "[null, null]")) {
            refused(model(DENSE.replace("[null, 2]", shape), file -> hard("kernel", file.dataset(new float[6], 2, 3))));
        }
    }

    /// Settings of other layers that are zero, negative, too many or too large to count with.
    @Test
    void settingsThatAreNoSizesAreSaid() {
        final String image = "[null, 8, 8, 3]";
        final String conv = "\"filters\": 2, \"kernel_size\": [3, 3]";
        for (List<String> layer : List.of(
                List.of("Conv2D", image, "\"filters\": 2, \"kernel_size\": [0, 3]"),
                List.of("Conv2D", image, "\"filters\": 2, \"kernel_size\": [3, 3, 3]"),
                List.of("Conv2D", image, "\"filters\": 2, \"kernel_size\": [1000000, 1000000]"),
                List.of("Conv2D", image, "\"filters\": 2147483647, \"kernel_size\": [3, 3]"),
                List.of("Conv2D", image, "\"filters\": -2, \"kernel_size\": [3, 3]"),
                List.of("Conv2D", image, conv + ", \"strides\": [0, 1]"),
                List.of("Conv2D", image, conv + ", \"strides\": [-1, 1]"),
                List.of("Conv2D", image, conv + ", \"dilation_rate\": [0, 1]"),
                List.of("Conv2D", image, conv + ", \"dilation_rate\": [2147483647, 1], \"padding\": \"same\""),
                List.of("Conv2D", image, conv + ", \"groups\": 0"),
                List.of("Conv2D", image, conv + ", \"groups\": 2"),
                List.of("Conv2D", image, conv + ", \"padding\": \"everywhere\""),
                List.of("Conv2DTranspose", image, conv + ", \"strides\": [0, 2]"),
                List.of("Conv2DTranspose", image, conv + ", \"strides\": [1073741824, 2]"),
                List.of("DepthwiseConv2D", image, "\"kernel_size\": [3, 3], \"depth_multiplier\": 0"),
                List.of("DepthwiseConv2D", image, "\"kernel_size\": [3, 3], \"depth_multiplier\": 2147483647"),
                List.of("SeparableConv2D", image, conv + ", \"depth_multiplier\": -1"),
                List.of("MaxPooling2D", image, "\"pool_size\": [0, 2]"),
                List.of("AveragePooling2D", image, "\"pool_size\": [2, 2], \"strides\": [0, 0]"),
                List.of("UpSampling2D", image, "\"size\": [0, 2]"),
                List.of("UpSampling2D", image, "\"size\": [2147483647, 2]"),
                List.of("ZeroPadding2D", image, "\"padding\": [[-1, 0], [0, 0]]"),
                List.of("ZeroPadding2D", image, "\"padding\": [[2147483647, 1], [0, 0]]"),
                List.of("Cropping2D", image, "\"cropping\": [[4, 4], [0, 0]]"),
                List.of("Reshape", image, "\"target_shape\": [-5, 3]"),
                List.of("Reshape", image, "\"target_shape\": [-1, -1]"),
                List.of("Permute", image, "\"dims\": [1, 1, 2]"),
                List.of("RepeatVector", "[null, 8]", "\"n\": -1"),
                List.of("Embedding", "[null, 8]", "\"input_dim\": -1, \"output_dim\": 4"),
                List.of("Embedding", "[null, 8]", "\"input_dim\": 2147483647, \"output_dim\": 2147483647"),
                List.of("BatchNormalization", image, "\"axis\": 9"),
                List.of("Dropout", image, "\"rate\": 1.5"),
                List.of("Resizing", image, "\"height\": 0, \"width\": 5"),
                List.of("LocallyConnected2D", image, "\"filters\": 0, \"kernel_size\": [2, 2]"))) {
            final String model = "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
                    + "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"i\", \"batch_input_shape\": "
                    + layer.get(1) + "}}, {\"class_name\": \"" + layer.get(0)
                    + "\", \"config\": {\"name\": \"d\", " + layer.get(2) + "}}]}}";
            final ModelFormatException e = refused(config(bytes(model)));
            assertTrue(
                    e.getMessage().contains("'d'") || e.getMessage().contains("larger than any file"),
                    () -> layer + ": " + e.getMessage());
        }
    }

    @Test
    void valuesThatAreNotFiniteAreDataAndReported() {
        final byte[] bytes = model(
                DENSE,
                file -> hard(
                        "kernel", file.dataset(new float[] {1, Float.NaN, 3, 4, Float.POSITIVE_INFINITY, 6}, 2, 3)));
        try (ImportedModel model = KerasModels.importFile(write(bytes))) {
            assertTrue(Float.isNaN(model.model().parameter("d/kernel").get(1)));
            assertEquals(
                    List.of(Reason.NOT_FINITE),
                    model.report().allFindings().stream().map(Finding::reason).toList());
        }
    }

    @Test
    void otherFilesAreSaid() {
        refused(new byte[100], "not an HDF5 file");
        final H5Builder file = new H5Builder();
        refused(file.finish(file.group()), "no Keras model");
        final H5Builder weights = new H5Builder();
        refused(weights.finish(weights.group(texts("layer_names", List.of("d")))), "weights only");
    }
}
