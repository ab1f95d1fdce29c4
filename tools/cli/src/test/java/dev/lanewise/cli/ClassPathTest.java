package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Model;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The library on the class path, where nothing asks for the vector module but the user.
class ClassPathTest {
    private static final String FLAG = "--add-modules jdk.incubator.vector";

    @TempDir
    private Path folder;

    private record Child(int code, List<String> out, List<String> err) {}

    @Test
    void resultIsTheSameWithAndWithoutTheVectorModule() throws Exception {
        Child with = xor("--add-modules", "jdk.incubator.vector");
        Child without = xor();
        assertEquals(0, with.code(), with::toString);
        assertEquals(0, without.code(), without::toString);
        assertTrue(with.out().getFirst().startsWith("simd "), with::toString);
        assertTrue(without.out().getFirst().startsWith("scalar "), without::toString);
        assertEquals(
                with.out().getFirst().substring("simd ".length()),
                without.out().getFirst().substring("scalar ".length()));
        assertTrue(with.err().stream().noneMatch(line -> line.contains("scalar")), with::toString);
    }

    @Test
    void missingModuleIsSaidOnceWithWhatToPass() throws Exception {
        Child without = xor();
        List<String> telling =
                without.err().stream().filter(line -> line.contains(FLAG)).toList();
        assertEquals(1, telling.size(), without::toString);
        assertTrue(telling.getFirst().contains("WARNING"), without::toString);
        // The JDK's logging puts the time and the class on a line of their own before it.
        assertTrue(without.err().size() <= 2, without::toString);
    }

    @Test
    void widthThatWasAskedForAndCannotBeHadIsAnError() throws Exception {
        Child asked = xor("-Dlanewise.simd=256");
        assertEquals(1, asked.code(), asked::toString);
        assertTrue(
                asked.err().stream().anyMatch(line -> line.contains("IllegalStateException") && line.contains(FLAG)),
                asked::toString);
        assertTrue(asked.out().isEmpty(), asked::toString);
    }

    private Child xor(String... options) throws IOException, InterruptedException, URISyntaxException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath(), Xor.class.getName()));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        Process process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        int code = process.waitFor();
        return new Child(code, lines(out), lines(err));
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /// The library's classes or jars, and this module's tests.
    private static String classPath() throws URISyntaxException {
        List<String> entries = new ArrayList<>();
        for (Class<?> type : List.of(Kernels.class, Model.class, Gson.class)) {
            entries.add(Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString());
        }
        entries.add(Path.of(System.getProperty("basedir", ""), "target", "test-classes")
                .toAbsolutePath()
                .toString());
        return Stream.of(entries).flatMap(List::stream).collect(Collectors.joining(File.pathSeparator));
    }
}
