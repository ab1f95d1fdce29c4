package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A reader of HDF5 that is not ours: scripts that use h5py, run by the Python that has it. Tests that need
/// it are skipped, and say so, where there is none.
final class H5py {
    private static final List<String> COMMANDS = List.of("/usr/bin/python3", "python3");

    private H5py() {}

    /// What a script prints.
    ///
    /// @param folder for the files that stand for its input and output
    /// @param input of the script
    static List<String> run(Path folder, String script, String input, String... arguments) throws IOException {
        final Path in = folder.resolve("input.txt");
        final Path out = folder.resolve("output.txt");
        Files.writeString(in, input);
        final List<String> command = new ArrayList<>(List.of(python(), "-c", script));
        command.addAll(List.of(arguments));
        final Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .start();
        try {
            final int code = process.waitFor();
            final String printed = Files.readString(out);
            assertEquals(0, code, printed);
            return printed.lines().toList();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// A script among the tests' resources.
    static String resource(String name) throws IOException {
        try (InputStream in = H5py.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String python() {
        for (String command : COMMANDS) {
            try {
                final Process process = new ProcessBuilder(command, "-c", "import h5py")
                        .redirectErrorStream(true)
                        .start();
                process.getInputStream().readAllBytes();
                if (process.waitFor() == 0) {
                    return command;
                }
            } catch (IOException e) {
                // The next one.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        System.out.println("skipped: there is no python3 with h5py");
        return abort("skipped: there is no python3 with h5py");
    }
}
