package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Java examples of README compile and run as they stand there.
class ReadmeTest {
    private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir
    private Path folder;

    @Test
    void examplesRunAsTheyStand() throws Exception {
        final List<String> examples = new ArrayList<>();
        final Matcher matcher = EXAMPLE.matcher(Files.readString(readme(), StandardCharsets.UTF_8));
        while (matcher.find()) {
            examples.add(matcher.group(1));
        }
        assertTrue(examples.size() >= 4, "examples found in README: " + examples.size());
        final StringBuilder source = new StringBuilder("""
                import static dev.lanewise.kernels.Activations.*;

                import dev.lanewise.data.*;
                import dev.lanewise.nn.*;
                import dev.lanewise.nn.layer.*;
                import dev.lanewise.tensor.*;
                import dev.lanewise.train.*;
                import java.nio.file.Path;

                public class Examples {
                    static final float[] pixels = new float[784];
                    static final Dataset train = images(256);
                    static final Dataset test = images(64);

                    static Dataset images(int n) {
                        byte[] bytes = new byte[n * 784];
                        int[] labels = new int[n];
                        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (i * 31 % 251);
                        for (int i = 0; i < n; i++) labels[i] = i % 10;
                        return Dataset.images(bytes, Shape.of(784), 1 / 255f, labels);
                    }

                    public static void main(String[] args) {
                """);
        for (int i = 0; i < examples.size(); i++) {
            source.append("example").append(i).append("();\n");
        }
        source.append("}\n");
        for (int i = 0; i < examples.size(); i++) {
            source.append("static void example")
                    .append(i)
                    .append("() {\n")
                    .append(examples.get(i))
                    .append("}\n");
        }
        source.append("}\n");
        final Path file = folder.resolve("Examples.java");
        Files.writeString(file, source);

        final Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        libraries(),
                        file.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "still running: " + output);
        assertEquals(0, process.exitValue(), output);
        assertTrue(output.contains("accuracy=1.0"), output);
        assertTrue(output.contains("encoder (Dense)"), output);
    }

    private static Path readme() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("README.md"))) {
            folder = folder.getParent();
        }
        return folder.resolve("README.md");
    }

    /// The library as a user has it on the class path: where this test's own modules and jars are.
    private static String libraries() {
        final String modules = System.getProperty("jdk.module.path", "");
        return modules.isEmpty()
                ? System.getProperty("java.class.path")
                : modules + File.pathSeparator + System.getProperty("java.class.path");
    }
}
