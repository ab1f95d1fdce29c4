package dev.lanewise.cli;

import dev.lanewise.keras.ImportOptions;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How a Keras file is read: which other file has the model's configuration, and what becomes of weights
/// that do not
/// fit.
@SuppressWarnings("UnusedVariable") // picocli sets the fields
final class KerasOptions {
    @Option(
            names = "--architecture",
            paramLabel = "FILE",
            description = "For Keras weights alone: the model's configuration, JSON or a Keras model's file.")
    private @Nullable Path architecture;

    @Option(
            names = "--by-name",
            description = "Keras weights go to layers of the same name; the other layers get first weights.")
    private boolean byName;

    @Option(
            names = "--skip-mismatch",
            description = "Layers that Keras weights do not fit get first weights, where that is an error otherwise.")
    private boolean skipMismatch;

    @Option(
            names = "--flip-kernels",
            description = "Turns kernels of convolutions round, as files of Keras 1 on Theano need it: they do not say"
                    + " what they were written on. Files of Keras 2 do.")
    private boolean flipKernels;

    ImportOptions options() {
        return ImportOptions.DEFAULT
                .architecture(architecture)
                .byName(byName)
                .skipMismatch(skipMismatch)
                .flipKernels(flipKernels ? true : null);
    }

    /// Whether any was given: they say nothing about other files than Keras'.
    boolean given() {
        return architecture != null || byName || skipMismatch || flipKernels;
    }
}
