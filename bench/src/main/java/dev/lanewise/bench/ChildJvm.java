package dev.lanewise.bench;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/// A JVM of its own for a class of this module, with this JVM's options, on its module path or class path.
final class ChildJvm {
    private static final String MODULE = "dev.lanewise.bench";

    private ChildJvm() {}

    /// The command that runs a class.
    ///
    /// @param options more options for the JVM
    static List<String> command(Class<?> main, List<String> options, List<String> arguments) {
        final List<String> all = new ArrayList<>(ownFlags());
        all.addAll(options);
        final List<String> command = new ArrayList<>(plain(main, all));
        command.addAll(arguments);
        return command;
    }

    /// The options of this JVM that say how it works.
    static List<String> ownFlags() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("-X") || option.startsWith("-Dlanewise."))
                .toList();
    }

    /// The command that runs a class, to which its arguments are to be added.
    ///
    /// @param options all options for the JVM beyond those that it needs to start
    static List<String> plain(Class<?> main, List<String> options) {
        final List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(options);
        final String modules = System.getProperty("jdk.module.path");
        if (modules != null && ChildJvm.class.getModule().isNamed()) {
            command.addAll(
                    List.of("--enable-native-access=" + MODULE, "-p", modules, "-m", MODULE + "/" + main.getName()));
        } else {
            command.addAll(List.of(
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    classPath(),
                    main.getName()));
        }
        return command;
    }

    /// Surefire's own class path is a jar that names the others.
    private static String classPath() {
        final String tests = System.getProperty("surefire.test.class.path");
        return tests != null ? tests : System.getProperty("java.class.path", "." + File.separator);
    }
}
