package dev.lanewise.cli;

import dev.lanewise.nn.Compute;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How many threads compute.
@SuppressWarnings("UnusedMethod") // picocli calls the setter
final class ThreadsOption {
    private static final int MOST = 1024;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private int threads;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description =
                    "Threads that compute (default: one for each processor). Results are the same for any number.")
    private void threads(int number) {
        if (number < 1 || number > MOST) {
            throw new ParameterException(spec.commandLine(), "--threads must be from 1 to " + MOST + ", got " + number);
        }
        threads = number;
    }

    /// The threads with the machine's best kernels; to be closed.
    Compute compute() {
        return Compute.of(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
    }
}
