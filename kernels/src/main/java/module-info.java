import org.jspecify.annotations.NullMarked;

/// Vectorized kernels on off-heap segments.
@NullMarked
module dev.lanewise.kernels {
    requires jdk.incubator.vector;
    requires static transitive org.jspecify;

    exports dev.lanewise.kernels;
}
