package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/// `sgemm` of a native library, called on the caller's own memory; the library stays loaded until the
/// process ends.
@SuppressWarnings("restricted") // calls into native code are what this is for
final class PeerGemm {
    private static final Linker LINKER = Linker.nativeLinker();

    /// CBLAS' names for row-major order and for a matrix and its transpose.
    private static final int ROW_MAJOR = 101;

    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;

    /// What oneDNN calls the instruction sets that it has kernels for.
    private static final Map<Integer, String> INSTRUCTION_SETS =
            Map.of(0x1, "SSE4.1", 0x3, "AVX", 0x7, "AVX2", 0x27, "AVX-512", 0x67, "AVX-512 VNNI", 0xe7, "AVX-512 bf16");

    private final Peer peer;
    private final SymbolLookup symbols;
    private final MethodHandle sgemm;

    private PeerGemm(Peer peer, SymbolLookup symbols) {
        this.peer = peer;
        this.symbols = symbols;
        sgemm = peer == Peer.ONEDNN
                ? function(
                        "dnnl_sgemm",
                        FunctionDescriptor.of(
                                JAVA_INT,
                                JAVA_BYTE,
                                JAVA_BYTE,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_LONG,
                                JAVA_FLOAT,
                                ADDRESS,
                                JAVA_LONG,
                                ADDRESS,
                                JAVA_LONG,
                                JAVA_FLOAT,
                                ADDRESS,
                                JAVA_LONG))
                : function(
                        "cblas_sgemm",
                        FunctionDescriptor.ofVoid(
                                JAVA_INT,
                                JAVA_INT,
                                JAVA_INT,
                                JAVA_INT,
                                JAVA_INT,
                                JAVA_INT,
                                JAVA_FLOAT,
                                ADDRESS,
                                JAVA_INT,
                                ADDRESS,
                                JAVA_INT,
                                JAVA_FLOAT,
                                ADDRESS,
                                JAVA_INT));
    }

    /// Loads a peer. The process was started with [Peer#environment].
    ///
    /// @param library a file, or for oneDNN a name that the system knows
    /// @throws IllegalStateException if it cannot be loaded
    static PeerGemm load(Peer peer, String library, int threads) {
        final PeerGemm gemm = new PeerGemm(peer, lookup(peer, library));
        switch (peer) {
            case OPENBLAS -> gemm.setThreads("openblas_set_num_threads", threads);
            case MKL -> gemm.setThreads("MKL_Set_Num_Threads", threads);
            case ONEDNN -> {} // OpenMP reads the environment
        }
        return gemm;
    }

    private static SymbolLookup lookup(Peer peer, String library) {
        if (peer != Peer.ONEDNN) {
            try {
                return SymbolLookup.libraryLookup(java.nio.file.Path.of(library), Arena.global());
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(peer.label() + " cannot be loaded from " + library, e);
            }
        }
        for (String name : peer.files()) {
            try {
                return SymbolLookup.libraryLookup(name, Arena.global());
            } catch (IllegalArgumentException e) {
                // The next name.
            }
        }
        throw new IllegalStateException("oneDNN is not installed: the system finds no "
                + String.join(" and no ", peer.files()) + "; on Debian, apt-get install libdnnl2 brings it");
    }

    private MethodHandle function(String name, FunctionDescriptor descriptor) {
        final MemorySegment address = symbols.find(name)
                .orElseThrow(() -> new IllegalStateException(peer.label() + " has no function " + name));
        return LINKER.downcallHandle(address, descriptor);
    }

    private void setThreads(String name, int threads) {
        try {
            function(name, FunctionDescriptor.ofVoid(JAVA_INT)).invokeExact(threads);
        } catch (Throwable e) {
            throw failed(name, e);
        }
    }

    /// `C = op(A) · op(B)`, row-major, without gaps between rows.
    void multiply(Product p, MemorySegment a, MemorySegment b, MemorySegment c) {
        try {
            if (peer == Peer.ONEDNN) {
                final int status = (int) sgemm.invokeExact(
                        (byte) p.trans().charAt(0),
                        (byte) p.trans().charAt(1),
                        (long) p.m(),
                        (long) p.n(),
                        (long) p.k(),
                        1f,
                        a,
                        (long) p.lda(),
                        b,
                        (long) p.ldb(),
                        0f,
                        c,
                        (long) p.n());
                if (status != 0) {
                    throw new IllegalStateException("oneDNN refuses " + p.title() + ": status " + status);
                }
            } else {
                sgemm.invokeExact(
                        ROW_MAJOR,
                        p.transA() ? TRANSPOSED : PLAIN,
                        p.transB() ? TRANSPOSED : PLAIN,
                        p.m(),
                        p.n(),
                        p.k(),
                        1f,
                        a,
                        p.lda(),
                        b,
                        p.ldb(),
                        0f,
                        c,
                        p.n());
            }
        } catch (Throwable e) {
            throw failed("sgemm", e);
        }
    }

    /// Version and the kind of core whose kernels run.
    String version() {
        try (Arena arena = Arena.ofConfined()) {
            return switch (peer) {
                case OPENBLAS -> text("openblas_get_config").strip() + ", core " + text("openblas_get_corename");
                case MKL -> mklVersion(arena);
                case ONEDNN -> oneDnnVersion();
            };
        } catch (Throwable e) {
            throw failed("version", e);
        }
    }

    private String text(String name) throws Throwable {
        return string(
                (MemorySegment) function(name, FunctionDescriptor.of(ADDRESS)).invokeExact());
    }

    private static String string(MemorySegment address) {
        return address.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private String mklVersion(Arena arena) throws Throwable {
        final MemoryLayout layout = MemoryLayout.structLayout(
                JAVA_INT.withName("major"),
                JAVA_INT.withName("minor"),
                JAVA_INT.withName("update"),
                MemoryLayout.paddingLayout(4),
                ADDRESS.withName("status"),
                ADDRESS.withName("build"),
                ADDRESS.withName("processor"),
                ADDRESS.withName("platform"));
        final MemorySegment version = arena.allocate(layout);
        function("MKL_Get_Version", FunctionDescriptor.ofVoid(ADDRESS)).invokeExact(version);
        return "MKL " + version.get(JAVA_INT, 0) + "." + version.get(JAVA_INT, 4) + "." + version.get(JAVA_INT, 8)
                + " build " + string(version.get(ADDRESS, 24)) + ", for "
                + string(version.get(ADDRESS, 32)).strip();
    }

    private String oneDnnVersion() throws Throwable {
        final MemorySegment version = ((MemorySegment)
                        function("dnnl_version", FunctionDescriptor.of(ADDRESS)).invokeExact())
                .reinterpret(12);
        final int set = (int) function("dnnl_get_effective_cpu_isa", FunctionDescriptor.of(JAVA_INT))
                .invokeExact();
        return "oneDNN " + version.get(JAVA_INT, 0) + "." + version.get(JAVA_INT, 4) + "." + version.get(JAVA_INT, 8)
                + ", instruction set " + INSTRUCTION_SETS.getOrDefault(set, "0x" + Integer.toHexString(set));
    }

    private IllegalStateException failed(String what, Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof IllegalStateException known
                ? known
                : new IllegalStateException(peer.label() + ": " + what + " failed: " + e.getMessage(), e);
    }
}
