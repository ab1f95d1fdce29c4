package dev.lanewise.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A main class of these tests in a JVM of its own, on the class path.
final class ForkedJvm {
    private ForkedJvm() {}

    /// Ready to be started.
    static ProcessBuilder of(List<String> options, Class<?> main, String... arguments) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-cp", classPath()));
        command.addAll(options);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        final ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        return builder;
    }

    /// Whatever this JVM has its classes from: class path, module path, and the tests that are patched into the
    /// module.
    private static String classPath() {
        final Set<String> entries = new LinkedHashSet<>();
        for (String property : List.of("java.class.path", "jdk.module.path", "surefire.real.class.path")) {
            final String path = System.getProperty(property, "");
            entries.addAll(List.of(path.split(File.pathSeparator)));
        }
        for (String folder : List.of("test-classes", "classes")) {
            entries.add(Path.of(System.getProperty("basedir", ""), "target", folder)
                    .toAbsolutePath()
                    .toString());
        }
        entries.remove("");
        return String.join(File.pathSeparator, entries);
    }
}
