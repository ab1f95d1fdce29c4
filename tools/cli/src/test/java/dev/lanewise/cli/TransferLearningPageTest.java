package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The page on transfer learning: its commands and its Java run as they stand there, in their order, with the
/// results that it prints. Skipped where the data sets and the Keras file are not beside the project, in `../shared`.
class TransferLearningPageTest {
    /// A fence with its language and its lines.
    private static final Pattern FENCE = Pattern.compile("```(\\w*)\n(.*?)```", Pattern.DOTALL);

    private static final Pattern RESULT = Pattern.compile("println\\(.*//\\s*(.+)");

    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    private Path folder;

    private static Path project() {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.exists(at.resolve("README.md"))) {
            at = at.getParent();
        }
        return at;
    }

    private static Path shared() {
        String given = System.getProperty("lanewise.shared");
        return given == null ? project().resolveSibling("shared") : Path.of(given);
    }

    private static Path data() {
        Path data = shared().resolve("data");
        for (String name : List.of("mnist", "fashion-mnist", "cifar10")) {
            assumeTrue(
                    Files.isDirectory(data.resolve(name)),
                    "skipped: data set " + name + " is neither beside the project in shared/data nor in"
                            + " -Dlanewise.shared");
        }
        return data;
    }

    private static Path kerasModel() {
        Path folder = shared().resolve("keras-fixtures").resolve("mnist_mlp");
        assumeTrue(
                Files.isRegularFile(folder.resolve("model.h5")),
                "skipped: the Keras file mnist_mlp/model.h5 is neither beside the project in shared/keras-fixtures nor"
                        + " in -Dlanewise.shared");
        return folder;
    }

    /// What a program prints that runs in the folder, where the data sets are found.
    ///
    /// @param code its exit code
    private String run(Path data, int code, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                libraries()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("LANEWISE_DATA", data.toString());
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(10, TimeUnit.MINUTES), () -> command + " is still running: " + output);
        assertEquals(code, process.exitValue(), () -> command + ":\n" + output);
        return output;
    }

    private static String libraries() {
        String modules = System.getProperty("jdk.module.path", "");
        String classes = System.getProperty("java.class.path");
        return modules.isEmpty() ? classes : modules + File.pathSeparator + classes;
    }

    private static List<String> words(String command) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(command);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    private String java(Path data, int number, String example) throws IOException, InterruptedException {
        Path file = folder.resolve("Example" + number + ".java");
        Files.writeString(file, """
                import static dev.lanewise.kernels.Activations.*;

                import dev.lanewise.data.*;
                import dev.lanewise.keras.*;
                import dev.lanewise.nn.*;
                import dev.lanewise.nn.layer.*;
                import dev.lanewise.tensor.*;
                import dev.lanewise.train.*;
                import java.nio.file.Path;

                public class Example%d {
                    public static void main(String[] args) {
                %s
                    }
                }
                """.formatted(number, example));
        return run(data, 0, List.of(file.toString()));
    }

    /// What a piece of Java is said to print, in order: the comments behind its println.
    private static List<String> results(String example) {
        return RESULT.matcher(example).results().map(result -> result.group(1)).toList();
    }

    @Test
    void commandsAndJavaRunAsTheyStandAndGiveTheirResults() throws Exception {
        Path data = data();
        Files.createSymbolicLink(folder.resolve("mnist_mlp"), kerasModel());
        Files.createSymbolicLink(folder.resolve("cifar10"), data.resolve("cifar10"));
        String page =
                Files.readString(project().resolve("docs").resolve("transfer-learning.md"), StandardCharsets.UTF_8);
        List<MatchResult> fences = FENCE.matcher(page).results().toList();
        String printed = "";
        int commands = 0;
        int examples = 0;
        for (int i = 0; i < fences.size(); i++) {
            String text = fences.get(i).group(2);
            if (fences.get(i).group(1).equals("sh")) {
                boolean fails =
                        i + 1 < fences.size() && fences.get(i + 1).group(2).startsWith("lanewise: ");
                StringBuilder all = new StringBuilder();
                for (String line : text.lines().toList()) {
                    List<String> words = words(line);
                    assertEquals("lanewise", words.getFirst());
                    words.set(0, Main.class.getName());
                    all.append(run(data, fails ? 1 : 0, words));
                    commands++;
                }
                printed = all.toString();
            } else if (fences.get(i).group(1).equals("java")) {
                String output = java(data, examples++, text);
                List<String> results = results(text);
                assertFalse(results.isEmpty() && text.contains("println"), text);
                assertEquals(
                        results,
                        output.lines().filter(results::contains).toList(),
                        () -> "other lines than expected in\n" + output);
            } else {
                for (String line : text.lines().toList()) {
                    String before = printed;
                    assertTrue(printed.contains(line), () -> "'" + line + "' is not in\n" + before);
                }
            }
        }
        assertTrue(commands >= 13 && examples >= 6, commands + " commands, " + examples + " examples");
    }

    /// Twice what guessing gets, whatever the seed.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void adaptedModelLearnsCifar(long seed) {
        Path data = data();
        Path digits = folder.resolve("digits.safetensors");
        Path objects = folder.resolve("objects.safetensors");
        CliRun.of("train", "--data", data.resolve("mnist"), "--epochs", 2, "--seed", seed, "--output", digits)
                .ok();
        CliRun.of(
                        "train",
                        "--model",
                        digits,
                        "--adapt",
                        "--new-head",
                        10,
                        "--data",
                        data.resolve("cifar10"),
                        "--epochs",
                        10,
                        "--seed",
                        seed,
                        "--output",
                        objects)
                .ok();
        double accuracy = CliRun.of("evaluate", objects, "--data", data.resolve("cifar10"), "--json")
                .json()
                .get("accuracy")
                .getAsDouble();
        assertTrue(accuracy >= 0.2, "accuracy " + accuracy);
    }
}
