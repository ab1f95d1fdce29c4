package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.kernels.Activations;
import dev.lanewise.train.LearningRateSchedule;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Optimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The table of what is supported in docs/keras.md is what the registries say. With `-Dlanewise.write=true`
/// it is written anew first.
class SupportedTableTest {
    private static final String BEGIN = "<!-- begin of the table -->\n";
    private static final String END = "<!-- end of the table -->";

    private static Path page() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("docs").resolve("keras.md"))) {
                return at.resolve("docs").resolve("keras.md");
            }
        }
        throw new AssertionError("docs/keras.md is not above " + Path.of("").toAbsolutePath());
    }

    private static String row(String what, Collection<String> names) {
        return "| " + what + " | "
                + new TreeSet<>(names).stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "))
                + " |\n";
    }

    private static String table() {
        return "| | |\n|---|---|\n"
                + row("layers", KerasLayers.supported())
                + row("operations on tensors", OperationLayers.supported())
                + row("activations", Activations.names())
                + row("losses", Loss.names())
                + row("metrics", Metric.names())
                + row(
                        "optimizers",
                        Optimizer.names().stream()
                                .map(name -> Objects.requireNonNull(
                                        Optimizer.of(name).name()))
                                .toList())
                + row("learning rate schedules", LearningRateSchedule.names());
    }

    @Test
    void tableIsWhatTheRegistriesSay() throws IOException {
        final Path page = page();
        String text = Files.readString(page);
        final int begin = text.indexOf(BEGIN) + BEGIN.length();
        if (Boolean.getBoolean("lanewise.write")) {
            text = text.substring(0, begin) + table() + text.substring(text.indexOf(END));
            Files.writeString(page, text);
        }
        assertEquals(table(), text.substring(begin, text.indexOf(END)));
    }
}
