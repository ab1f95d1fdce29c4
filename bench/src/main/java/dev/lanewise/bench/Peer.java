package dev.lanewise.bench;

import java.util.List;
import java.util.Map;

/// A native library of linear algebra that products are compared with.
enum Peer {
    /// From its published jar.
    OPENBLAS(
            "openblas",
            "org.bytedeco:openblas:0.3.31-1.5.13:jar:linux-x86_64",
            List.of("libopenblas.so.0", "libgfortran.so.5", "libquadmath.so.0", "libgcc_s.so.1"),
            "19 MB"),

    /// From its published jar; the parts for vector mathematics stay packed.
    MKL(
            "mkl",
            "org.bytedeco:mkl:2025.3-1.5.13:jar:linux-x86_64-redist",
            List.of(
                    "libmkl_rt.so.2",
                    "libmkl_core.so.2",
                    "libmkl_intel_lp64.so.2",
                    "libmkl_intel_thread.so.2",
                    "libiomp5.so",
                    "libmkl_def.so.2",
                    "libmkl_mc3.so.2",
                    "libmkl_avx2.so.2",
                    "libmkl_avx512.so.2"),
            "152 MB"),

    /// From the system, which installs it as a package.
    ONEDNN("onednn", "", List.of("libdnnl.so.2", "libdnnl.so.3"), "");

    private final String label;
    private final String artifact;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> files;

    private final String download;

    Peer(String label, String artifact, List<String> files, String download) {
        this.label = label;
        this.artifact = artifact;
        this.files = files;
        this.download = download;
    }

    /// As the command line has it.
    String label() {
        return label;
    }

    /// Maven coordinates of the jar with the library, empty where the system has it.
    String artifact() {
        return artifact;
    }

    /// The library, then those that it loads. For a library of the system its possible names.
    List<String> files() {
        return files;
    }

    /// The jar's size.
    String download() {
        return download;
    }

    /// What the environment of a process must say before the library is loaded. MKL must not choose fewer
    /// threads by itself, and its threads are not to spin for 200 ms into the measurement that follows.
    Map<String, String> environment(int threads) {
        final String count = Integer.toString(threads);
        return switch (this) {
            case OPENBLAS -> Map.of("OPENBLAS_NUM_THREADS", count);
            case MKL ->
                Map.of(
                        "MKL_NUM_THREADS",
                        count,
                        "OMP_NUM_THREADS",
                        count,
                        "MKL_DYNAMIC",
                        "FALSE",
                        "MKL_THREADING_LAYER",
                        "INTEL",
                        "KMP_BLOCKTIME",
                        "10");
            case ONEDNN -> Map.of("OMP_NUM_THREADS", count);
        };
    }

    /// @throws IllegalArgumentException if there is no peer of this name
    static Peer of(String label) {
        for (Peer peer : values()) {
            if (peer.label.equals(label)) {
                return peer;
            }
        }
        throw new IllegalArgumentException("--against takes openblas, mkl and onednn, got '" + label + "'");
    }
}
