package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Adam;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models of mixed precision are trained by an optimizer around another, of which the inner one is taken over
/// with its memory. The memory is that of Adam after nine steps: numbers 1 to 4 are the moments of kernel and
/// bias.
class LossScalingTest {
    private static final String ADAM = "{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.25}}";
    private static final String DENSE =
            "{\"class_name\": \"Dense\", \"config\": {\"name\": \"m\", \"units\": 1, \"batch_input_shape\": [null, 1]}}";

    @TempDir
    private Path folder;

    private static String wrapped(String type, String key) {
        return "{\"class_name\": \"" + type + "\", \"config\": {\"" + key + "\": " + ADAM
                + ", \"initial_scale\": 32768.0, \"dynamic_growth_steps\": 2000}}";
    }

    private static void array(H5Group group, String name, float value) {
        final boolean kernel = value == 1 || value == 3;
        group.dataset(
                name, H5Group.Type.FLOAT32, kernel ? List.of(1L, 1L) : List.of(1L), MemorySegment.ofArray(new float[] {
                    value
                }));
    }

    /// A whole model's `.h5` file; names of the memory with their values, whole ones as numbers of steps.
    private Path legacy(String version, String optimizer, String... variables) {
        final LegacyTestFile file = LegacyTestFile.list(version, DENSE)
                .weight("m", "m/kernel:0", new float[] {2}, 1, 1)
                .weight("m", "m/bias:0", new float[] {3}, 1);
        file.root()
                .attribute(
                        "training_config",
                        "{\"loss\": \"mse\", \"metrics\": null, \"optimizer_config\": " + optimizer + "}");
        final H5Group memory = file.root().group("optimizer_weights");
        final List<String> names = new ArrayList<>();
        for (String variable : variables) {
            final String[] parts = variable.split("=", -1);
            names.add(parts[0]);
            if (parts[0].matches(".*(iter|iteration|counter)(:0)?")) {
                memory.scalar(parts[0], Integer.parseInt(parts[1]));
            } else if (parts[0].matches(".*(rate|scale)(:0)?")) {
                memory.scalar(parts[0], Float.parseFloat(parts[1]));
            } else {
                array(memory, parts[0], Float.parseFloat(parts[1]));
            }
        }
        memory.attribute("weight_names", names);
        return file.write(folder.resolve("wrapped.h5"));
    }

    /// An archive of Keras 3.
    ///
    /// @param inner whether the inner optimizer's variables are also at its own place
    private Path archive(boolean inner) throws IOException {
        final H5Group tree = new H5Group();
        tree.group("vars");
        array(tree, "layers/dense/vars/0", 1);
        array(tree, "layers/dense/vars/1", 2);
        tree.scalar("optimizer/vars/0", 0);
        tree.scalar("optimizer/vars/1", 0f);
        tree.scalar("optimizer/vars/2", 7);
        tree.scalar("optimizer/vars/3", 65536f);
        adam(tree, "optimizer/vars/", 4);
        if (inner) {
            adam(tree, "optimizer/inner_optimizer/vars/", 0);
        }
        final ByteArrayOutputStream weights = new ByteArrayOutputStream();
        H5Writer.write(weights, tree);
        final String config = "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"config\": {\"name\": \"s\","
                + " \"layers\": [" + DENSE + "]}, \"compile_config\": {\"loss\": \"mse\", \"metrics\": null,"
                + " \"optimizer\": " + wrapped("LossScaleOptimizer", "inner_optimizer") + "}}";
        final Path file = folder.resolve("wrapped.keras");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(KerasArchive.CONFIG));
            zip.write(config.getBytes(StandardCharsets.UTF_8));
            zip.putNextEntry(new ZipEntry(KerasArchive.WEIGHTS));
            zip.write(weights.toByteArray());
        }
        return file;
    }

    private static void adam(H5Group tree, String at, int first) {
        tree.scalar(at + first, 9);
        tree.scalar(at + (first + 1), 0.125f);
        final float[] values = {1, 3, 2, 4};
        for (int i = 0; i < values.length; i++) {
            array(tree, at + (first + 2 + i), values[i]);
        }
    }

    private static void check(ImportedModel imported, String what) {
        final Model model = imported.model();
        assertEquals(
                List.of(Reason.CONVERTED_DTYPE),
                imported.report().allFindings().stream().map(Finding::reason).toList(),
                what);
        assertTrue(imported.report().training().resumable(), what);
        assertEquals(new Adam(0.25), TrainingConfig.of(model).optimizer(), what);
        assertEquals(9, model.iteration(), what);
        assertArrayEquals(new float[] {1, 2}, model.slots().get("m").toArray(ValueLayout.JAVA_FLOAT), what);
        assertArrayEquals(new float[] {3, 4}, model.slots().get("v").toArray(ValueLayout.JAVA_FLOAT), what);
    }

    @Test
    void theInnerOptimizerGoesOn() throws IOException {
        final String[] keras3 = {
            "loss_scale_optimizer/iteration=0",
            "loss_scale_optimizer/learning_rate=0",
            "loss_scale_optimizer/step_counter=7",
            "loss_scale_optimizer/dynamic_scale=65536",
            "adam/iteration=9",
            "adam/learning_rate=0.125",
            "loss_scale_optimizer/adam/m_kernel_momentum=1",
            "loss_scale_optimizer/adam/m_kernel_velocity=3",
            "loss_scale_optimizer/adam/m_bias_momentum=2",
            "loss_scale_optimizer/adam/m_bias_velocity=4"
        };
        final String[] tensorflow = {
            "Adam/iter:0=9", "Adam/m/kernel/m:0=1", "Adam/m/bias/m:0=2", "Adam/m/kernel/v:0=3", "Adam/m/bias/v:0=4"
        };
        for (String key : List.of("inner_optimizer", "optimizer")) {
            try (ImportedModel imported =
                    KerasModels.importFile(legacy("2.8.0", wrapped("LossScaleOptimizer", key), tensorflow))) {
                check(imported, "tf.keras, " + key);
            }
        }
        try (ImportedModel imported = KerasModels.importFile(
                legacy("2.12.0", wrapped("Custom>LossScaleOptimizerV3", "inner_optimizer"), tensorflow))) {
            check(imported, "tf.keras, V3");
        }
        try (ImportedModel imported =
                KerasModels.importFile(legacy("3.12.0", wrapped("LossScaleOptimizer", "inner_optimizer"), keras3))) {
            check(imported, ".h5");
            assertEquals((double) 0.125f, imported.model().learningRate());
        }
        for (boolean inner : new boolean[] {true, false}) {
            try (ImportedModel imported = KerasModels.importFile(archive(inner))) {
                check(imported, ".keras, inner_optimizer " + inner);
                assertEquals((double) 0.125f, imported.model().learningRate());
            }
        }
    }

    /// A model that was compiled and not trained has numbers alone.
    @Test
    void theMemoryOfAnOptimizerThatDidNothingStartsAnew() {
        final Path file = legacy(
                "3.12.0",
                wrapped("LossScaleOptimizer", "inner_optimizer"),
                "loss_scale_optimizer/iteration=0",
                "loss_scale_optimizer/learning_rate=0",
                "adam/iteration=0",
                "adam/learning_rate=0.25");
        try (ImportedModel imported = KerasModels.importFile(file)) {
            assertEquals(new Adam(0.25), TrainingConfig.of(imported.model()).optimizer());
            assertFalse(imported.report().training().resumable());
            assertEquals(
                    List.of(Reason.CONVERTED_DTYPE, Reason.OPTIMIZER_STATE),
                    imported.report().training().findings().stream()
                            .map(Finding::reason)
                            .toList());
        }
    }

    /// A model of float32 is written with the inner optimizer and its memory alone, which the report says.
    @Test
    void filesHaveTheInnerOptimizer() throws IOException {
        for (String ending : List.of("keras", "h5")) {
            final Path out = folder.resolve("out." + ending);
            try (ImportedModel imported = KerasModels.importFile(archive(true))) {
                final ExportReport report = KerasModels.save(imported.model(), out);
                assertTrue(
                        report.notes().stream()
                                .anyMatch(note -> note.kind() == ExportReport.Kind.LEFT_OUT
                                        && note.toString().contains("LossScaleOptimizer")),
                        report::text);
            }
            try (ImportedModel back = KerasModels.importFile(out)) {
                assertEquals(List.of(), back.report().training().findings());
                assertEquals(
                        new Adam(0.25).plain().slots(),
                        List.copyOf(back.model().slots().keySet()));
                assertEquals(9, back.model().iteration());
                assertArrayEquals(
                        new float[] {3, 4}, back.model().slots().get("v").toArray(ValueLayout.JAVA_FLOAT));
                assertFalse(
                        String.valueOf(back.model().attributes().get("keras")).contains("LossScaleOptimizer"), ending);
            }
        }
    }

    /// Several optimizers for one model are refused with what there is instead.
    @Test
    void severalOptimizersAreRefusedByName() {
        for (String name : List.of("MultiOptimizer", "Addons>MultiOptimizer")) {
            final Path file = legacy("2.8.0", "{\"class_name\": \"" + name + "\", \"config\": {}}");
            try (ImportedModel imported = KerasModels.importFile(file)) {
                final Finding finding = imported.report().training().findings().getFirst();
                assertEquals(Reason.UNSUPPORTED_OPTIMIZER, finding.reason());
                assertTrue(finding.toString().contains(name), finding::toString);
                assertTrue(finding.toString().contains("learningRateFactors"), finding::toString);
            }
        }
    }
}
