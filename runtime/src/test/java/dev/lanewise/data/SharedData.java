package dev.lanewise.data;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;

/// The folder with whole data sets that may lie beside the project; tests that need it are skipped where it
/// does not.
final class SharedData {
    private SharedData() {}

    static Path folder(String name) {
        String given = System.getProperty("lanewise.shared");
        if (given != null) {
            return present(Path.of(given, "data", name), name);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path found = at.resolve("shared").resolve("data").resolve(name);
            if (Files.isDirectory(found)) {
                return found;
            }
        }
        return present(Path.of("shared", "data", name), name);
    }

    private static Path present(Path folder, String name) {
        if (!Files.isDirectory(folder)) {
            abort("skipped: data set " + name
                    + " is neither beside the project in shared/data nor in -Dlanewise.shared");
        }
        return folder;
    }
}
