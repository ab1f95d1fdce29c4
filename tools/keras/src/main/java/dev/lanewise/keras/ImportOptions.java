package dev.lanewise.keras;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// How a Keras file is to be read. What is not said is Keras' way.
///
/// @param architecture a file that has the model's configuration: JSON, or a model's file; null where the
///     file itself
///     has it
/// @param byName layers take the weights of their own name, and those for which there are none keep what
///     they have
/// @param skipMismatch layers whose weights are missing, or of another number or shape, keep what they have
/// @param flipKernels whether kernels of convolutions are turned round, as Theano needs them; null for what
///     the file
///     says, which files of Keras 1 do not
/// @param seed what first weights are drawn from, for layers that keep what they have
public record ImportOptions(
        @Nullable Path architecture,
        boolean byName,
        boolean skipMismatch,
        @Nullable Boolean flipKernels,
        long seed) {
    /// Everything from one file, all weights in their places.
    public static final ImportOptions DEFAULT = new ImportOptions(null, false, false, null, 0);

    /// With the configuration from another file.
    public ImportOptions architecture(@Nullable Path file) {
        return new ImportOptions(file, byName, skipMismatch, flipKernels, seed);
    }

    /// With weights for layers by their names.
    public ImportOptions byName(boolean on) {
        return new ImportOptions(architecture, on, skipMismatch, flipKernels, seed);
    }

    /// With weights left out where they do not fit.
    public ImportOptions skipMismatch(boolean on) {
        return new ImportOptions(architecture, byName, on, flipKernels, seed);
    }

    /// With kernels of convolutions turned round or not, whatever the file says.
    public ImportOptions flipKernels(@Nullable Boolean on) {
        return new ImportOptions(architecture, byName, skipMismatch, on, seed);
    }

    /// With another seed for layers that get no weights.
    public ImportOptions seed(long number) {
        return new ImportOptions(architecture, byName, skipMismatch, flipKernels, number);
    }

    /// Whether layers may keep what they have.
    boolean partial() {
        return byName || skipMismatch;
    }
}
