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
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The page on transfer learning: its commands and its Java run as they stand there, in their order, with the
/// results that it prints. Skipped where the data sets and the Keras file are not beside the project, in
/// `../shared`.
class TransferLearningPageTest {
    /// A fence with its language and its lines.
    private static final Pattern FENCE = Pattern.compile("```(\\w*)\n(.*?)```", Pattern.DOTALL);

    private static final Pattern RESULT = Pattern.compile("println\\(.*//\\s*(.+)");

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

    /// Runs all pieces of a page in the test's folder, where the data sets are found; what each printed.
    ///
    /// @param pieces the fences; of those that are neither commands nor Java nothing is run
    private List<String> run(Path data, List<MatchResult> pieces) throws IOException, InterruptedException {
        Path steps = Files.createDirectory(folder.resolve("steps"));
        for (int i = 0; i < pieces.size(); i++) {
            String language = pieces.get(i).group(1);
            if (!language.isEmpty()) {
                Files.writeString(
                        steps.resolve("%02d.%s".formatted(i, language)),
                        pieces.get(i).group(2));
            }
        }
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        libraries(),
                        PageRun.class.getName(),
                        steps.toString())
                .directory(folder.toFile());
        builder.environment().put("LANEWISE_DATA", data.toString());
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(10, TimeUnit.MINUTES), () -> "still running: " + output);
        assertEquals(0, process.exitValue(), () -> output);
        List<String> printed = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i++) {
            Path out = steps.resolve("%02d.out".formatted(i));
            printed.add(Files.exists(out) ? Files.readString(out) : "");
        }
        return printed;
    }

    private static String libraries() {
        String modules = System.getProperty("jdk.module.path", "");
        String classes = System.getProperty("java.class.path");
        return modules.isEmpty() ? classes : modules + File.pathSeparator + classes;
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
        List<String> printed = run(data, fences);
        int commands = 0;
        int examples = 0;
        for (int i = 0; i < fences.size(); i++) {
            String text = fences.get(i).group(2);
            String output = printed.get(i);
            if (fences.get(i).group(1).equals("sh")) {
                boolean fails =
                        i + 1 < fences.size() && fences.get(i + 1).group(2).startsWith("lanewise: ");
                assertTrue(output.endsWith(fails ? "exit code 1\n" : "exit code 0\n"), () -> text + output);
                commands += (int) text.lines().count();
            } else if (fences.get(i).group(1).equals("java")) {
                List<String> results = results(text);
                assertTrue(output.endsWith("exit code 0\n"), () -> text + output);
                assertFalse(results.isEmpty() && text.contains("println"), text);
                assertEquals(
                        results,
                        output.lines().filter(results::contains).toList(),
                        () -> "other lines than expected in\n" + output);
                examples++;
            } else {
                String before = printed.get(i - 1);
                for (String line : text.lines().toList()) {
                    assertTrue(before.contains(line), () -> "'" + line + "' is not in\n" + before);
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
