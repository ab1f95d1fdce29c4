package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Nothing in the published modules could run what a file holds, load a class that it names, open a
/// connection that it asks for, or map it into memory: the means are not there.
class NothingIsExecutedTest {
    private static final Pattern MEANS = Pattern.compile("ObjectInputStream|XMLDecoder|ScriptEngine|ProcessBuilder"
            + "|\\.exec\\(|new \\w*ClassLoader|defineClass|defineHiddenClass|Class\\.forName|System\\.load|loadLibrary|libraryLookup"
            + "|java\\.net\\.|javax\\.naming|sun\\.misc|MapMode|\\.setAccessible\\(");

    /// With names that stand in the source, and in no file.
    private static final List<String> KNOWN = List.of(
            "Boot.java ProcessBuilder", // starts the command again with a newer JDK
            "Kernels.java Class.forName", // looks whether there is a module for vectors
            "SegmentClasses.java Class.forName", // a class of the JDK, so that it is there before kernels are compiled
            "SeparateForm.java .setAccessible(", // the kernels' own classes, in the form without fused multiply-add
            "SeparateForm.java defineClass");

    @Test
    void meansAreNotThere() throws IOException {
        final Path root = Path.of(System.getProperty("basedir", ""))
                .toAbsolutePath()
                .resolve("../..")
                .normalize();
        final List<String> found = new ArrayList<>();
        int files = 0;
        for (String module : List.of("kernels", "runtime", "tools/keras", "tools/cli")) {
            try (Stream<Path> sources = Files.walk(root.resolve(module).resolve("src/main/java"))) {
                for (Path source : sources.filter(Files::isRegularFile).sorted().toList()) {
                    files++;
                    final Matcher matcher = MEANS.matcher(Files.readString(source));
                    while (matcher.find()) {
                        found.add(source.getFileName() + " " + matcher.group());
                    }
                }
            }
        }
        assertTrue(files > 300, files + " files");
        assertEquals(KNOWN, found.stream().distinct().sorted().toList());
    }
}
