package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.keras.Fixtures.Row;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files of real Keras 3, read and written in the same form, are the same to h5py but for what
/// `compare_files.py` lists.
class ExportComparedTest {
    /// Files with content that is not Keras', and one whose learning rate has 16 bits.
    private static final Set<String> NOT_COMPARED = Set.of(
            "valid_variants/extra_content.h5",
            "valid_variants/with_dirs_and_comment.keras",
            "valid_variants/float16.h5");

    @TempDir
    private Path folder;

    @Test
    void exportsSayWhatTheFilesOfKerasSay() throws IOException {
        final StringBuilder pairs = new StringBuilder();
        int count = 0;
        for (Row row : Fixtures.rows()) {
            final boolean whole =
                    row.format().equals("h5-whole") || row.format().equals("keras-zip");
            if (whole
                    && !NOT_COMPARED.contains(row.file())
                    && row.kerasVersion().startsWith("3")
                    && Files.exists(row.path())) {
                final String ending = row.format().equals("h5-whole") ? ".h5" : ".keras";
                final Path export = folder.resolve(count + ending);
                if (write(row.path(), export)) {
                    pairs.append(row.path()).append('\t').append(export).append('\n');
                    count++;
                }
            }
        }
        for (Row row : Fixtures.rows()) {
            final Path architecture = row.format().equals("h5-weights-v3") ? architecture(row) : null;
            if (architecture != null && Files.exists(row.path())) {
                final Path export = folder.resolve(count + ".weights.h5");
                try (Model model = KerasModels.load(row.path(), architecture)) {
                    KerasModels.save(model, export);
                }
                pairs.append(row.path()).append('\t').append(export).append('\n');
                count++;
            }
        }
        for (Path run : OptimizerFixturesTest.folders()) {
            final Path export = folder.resolve(count++ + ".h5");
            assertTrue(write(run.resolve("final.h5"), export));
            pairs.append(run.resolve("final.h5")).append('\t').append(export).append('\n');
        }
        assertTrue(count > 100, "only " + count + " files to compare");
        final List<String> printed = H5py.run(folder, H5py.resource("compare_files.py"), pairs.toString());
        assertEquals("compared", printed.getLast());
        assertEquals(List.of(), printed.subList(0, printed.size() - 1));
    }

    /// The file beside the weights that says whose they are; null where there is none.
    private static @Nullable Path architecture(Row row) {
        final String name = row.path().getFileName().toString().replace(".weights.h5", "");
        for (String ending : List.of(".keras", ".h5")) {
            final Path file = row.path().resolveSibling(name + ending);
            if (Files.exists(file)) {
                return file;
            }
        }
        return null;
    }

    /// Not what is not supported, nor, in `.h5`, models with arithmetic on tensors, which becomes layers.
    private static boolean write(Path file, Path export) {
        try (Model model = KerasModels.load(file)) {
            final ExportReport report = KerasModels.save(model, export);
            return report.notes().stream().noneMatch(note -> note.kind() == ExportReport.Kind.OTHER_LAYER);
        } catch (UnsupportedLayerException e) {
            return false;
        }
    }
}
