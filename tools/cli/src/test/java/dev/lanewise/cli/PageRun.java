package dev.lanewise.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/// Runs the commands and the Java of a page in a process of its own, in whose working folder their files
/// are. All in one: HotSpot compiles the kernels once.
///
/// Each file `NN.sh` or `NN.java` of a folder becomes a file `NN.out`: what was printed, then the exit code.
final class PageRun {
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    private PageRun() {}

    /// Runs all files of a folder.
    ///
    /// @param args the folder
    public static void main(String[] args) throws Exception {
        final Path folder = Path.of(args[0]);
        final List<Path> steps;
        try (Stream<Path> files = Files.list(folder)) {
            steps = files.sorted().toList();
        }
        for (Path step : steps) {
            final String name = step.getFileName().toString();
            final String text = Files.readString(step);
            final String number = name.substring(0, name.indexOf('.'));
            final String printed = name.endsWith(".sh") ? commands(text) : java("Example" + number, text);
            Files.writeString(folder.resolve(number + ".out"), printed);
        }
    }

    private static String commands(String text) {
        final StringWriter printed = new StringWriter();
        final PrintWriter out = new PrintWriter(printed, true);
        int code = 0;
        for (String line : text.lines().toList()) {
            final List<String> words = words(line);
            if (!words.getFirst().equals("lanewise")) {
                throw new IllegalArgumentException("not a command of ours: " + line);
            }
            code = Math.max(code, Main.run(words.subList(1, words.size()).toArray(new String[0]), out, out));
        }
        return printed + "exit code " + code + "\n";
    }

    private static List<String> words(String command) {
        final List<String> words = new ArrayList<>();
        final Matcher matcher = WORD.matcher(command);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    private static String java(String name, String example) throws IOException, ReflectiveOperationException {
        final Path folder = Files.createDirectory(Path.of(name));
        final Path source = folder.resolve(name + ".java");
        Files.writeString(source, """
                import static dev.lanewise.kernels.Activations.*;

                import dev.lanewise.data.*;
                import dev.lanewise.keras.*;
                import dev.lanewise.nn.*;
                import dev.lanewise.nn.layer.*;
                import dev.lanewise.tensor.*;
                import dev.lanewise.train.*;
                import java.nio.file.Path;

                public class %s {
                    public static void main(String[] args) {
                %s
                    }
                }
                """.formatted(name, example));
        final StringWriter errors = new StringWriter();
        final boolean compiled = ToolProvider.getSystemJavaCompiler()
                .getTask(
                        errors,
                        null,
                        null,
                        List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path")),
                        null,
                        ToolProvider.getSystemJavaCompiler()
                                .getStandardFileManager(null, null, null)
                                .getJavaFileObjects(source))
                .call();
        if (!compiled) {
            return errors + "exit code 1\n";
        }
        final Path printed = folder.resolve("printed");
        final PrintStream before = System.out;
        try (PrintStream out = new PrintStream(printed.toFile(), StandardCharsets.UTF_8);
                URLClassLoader classes =
                        new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            System.setOut(out);
            classes.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(before);
        }
        return Files.readString(printed) + "exit code 0\n";
    }
}
