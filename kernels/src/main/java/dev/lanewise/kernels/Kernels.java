package dev.lanewise.kernels;

import dev.lanewise.kernels.channel.ScalarChannel;
import dev.lanewise.kernels.channel.SimdChannel;
import dev.lanewise.kernels.convolution.ScalarConvolution;
import dev.lanewise.kernels.convolution.SimdConvolution;
import dev.lanewise.kernels.elementwise.ScalarElementwise;
import dev.lanewise.kernels.elementwise.SimdElementwise;
import dev.lanewise.kernels.gemm.PlainGemm;
import dev.lanewise.kernels.gemm.ScalarGemm;
import dev.lanewise.kernels.gemm.SimdGemm;
import dev.lanewise.kernels.loss.ScalarLoss;
import dev.lanewise.kernels.loss.SimdLoss;
import dev.lanewise.kernels.optimizer.ScalarOptimizer;
import dev.lanewise.kernels.optimizer.SimdOptimizer;
import dev.lanewise.kernels.pooling.ScalarPooling;
import dev.lanewise.kernels.pooling.SimdPooling;
import dev.lanewise.kernels.reduction.ScalarReduction;
import dev.lanewise.kernels.reduction.SimdReduction;
import dev.lanewise.kernels.rownormalization.ScalarRowNormalization;
import dev.lanewise.kernels.rownormalization.SimdRowNormalization;
import dev.lanewise.kernels.simd.Simd;
import dev.lanewise.kernels.simd.SimdOption;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;

/// One implementation of every family of kernels.
///
/// All kernels are single-threaded, keep no state and allocate nothing. An operand is a
/// [java.lang.foreign.MemorySegment] and an offset; **offsets, lengths and strides count floats**. Segments are
/// native and not mapped from a file: others slow a kernel down for every later caller, and a mapped file that
/// shrinks ends the JVM. Operands may overlap only where a method says so. A range of length zero is fine. A
/// method that throws has written nothing.
///
/// All implementations give the same bits: [#scalar()] is the definition. Any NaN counts as equal to any other,
/// its sign and payload are not defined. On a CPU without fused multiply-add they have other bits, the same
/// among themselves: see [MultiplyAdd].
///
/// @param name `scalar` or `simd`
/// @param vectorBits the width of the vectors, 0 where there are none
public record Kernels(
        String name,
        int vectorBits,
        Gemm gemm,
        ElementwiseKernel elementwise,
        ReductionKernel reduction,
        LossKernel loss,
        OptimizerKernel optimizer,
        ConvolutionKernel convolution,
        ChannelKernel channel,
        PoolingKernel pooling,
        RowNormalizationKernel rowNormalization) {

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    /// Plain loops: slow, on any JVM, and the definition of every result.
    public static Kernels scalar() {
        return scalar(new ScalarGemm());
    }

    /// [#scalar()] with a product that is some five times faster: what runs where there are no vectors, or
    /// before they
    /// are compiled.
    public static Kernels plain() {
        return scalar(new PlainGemm());
    }

    private static Kernels scalar(Gemm gemm) {
        return new Kernels(
                "scalar",
                0,
                form(Gemm.class, gemm),
                form(ElementwiseKernel.class, new ScalarElementwise()),
                form(ReductionKernel.class, new ScalarReduction()),
                form(LossKernel.class, new ScalarLoss()),
                form(OptimizerKernel.class, new ScalarOptimizer()),
                form(ConvolutionKernel.class, new ScalarConvolution()),
                form(ChannelKernel.class, new ScalarChannel()),
                form(PoolingKernel.class, new ScalarPooling()),
                form(RowNormalizationKernel.class, new ScalarRowNormalization()));
    }

    /// Vector loops of the width that `lanewise.simd` names, by default the CPU's.
    ///
    /// @throws IllegalStateException if the module `jdk.incubator.vector` is not there or the JVM has no
    ///     vectors
    public static Kernels simd() {
        requireVectors();
        return new Kernels(
                "simd",
                Simd.LANES * Float.SIZE,
                form(Gemm.class, new SimdGemm()),
                form(ElementwiseKernel.class, new SimdElementwise()),
                form(ReductionKernel.class, new SimdReduction()),
                form(LossKernel.class, new SimdLoss()),
                form(OptimizerKernel.class, new SimdOptimizer()),
                form(ConvolutionKernel.class, new SimdConvolution()),
                form(ChannelKernel.class, new SimdChannel()),
                form(PoolingKernel.class, new SimdPooling()),
                form(RowNormalizationKernel.class, new SimdRowNormalization()));
    }

    /// What the system property `lanewise.simd` asks for: `scalar`, `128`, `256`, `512`, or `auto` (default),
    /// which is [#simd()] where that can be had, else [#plain()] and one warning in the log.
    ///
    /// A width that the CPU lacks is emulated by the JDK, very slowly: the log has a warning.
    ///
    /// @throws IllegalStateException if a width is asked for and cannot be had
    public static Kernels best() {
        return switch (SimdOption.current()) {
            case SCALAR -> plain();
            case BITS_128, BITS_256, BITS_512 -> Forced.warned(simd());
            case AUTO -> Automatic.SIMD ? simd() : plain();
        };
    }

    /// This implementation of an activation.
    public ActivationKernel activation(Activation activation) {
        final Activation formed = form(Activation.class, activation);
        return vectorBits > 0 ? formed.simd() : formed.scalar();
    }

    /// Fusing or not, as [MultiplyAdd] has found.
    static <T> T form(Class<T> contract, T fused) {
        return MultiplyAdd.isFused() ? fused : SeparateForm.of(contract, fused);
    }

    private static void requireVectors() {
        try {
            Class.forName("jdk.incubator.vector.FloatVector", false, Kernels.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "vector kernels need the module " + VECTOR_MODULE + ": pass --add-modules " + VECTOR_MODULE
                            + " to java",
                    e);
        }
        if (!Simd.ACCELERATED && SimdOption.current().bits() == 0) {
            throw new IllegalStateException("this JVM does not compile vectors for this CPU: pass -D"
                    + SimdOption.PROPERTY + "=scalar to java, or use a HotSpot JVM with its C2 compiler");
        }
    }

    /// Whether these are vectors longer than the CPU's, which the JDK emulates: right, and very slow.
    public boolean emulated() {
        return vectorBits > 0 && Simd.EMULATED;
    }

    /// Says once in a process that what an option asks for is slow.
    private static final class Forced {
        private static final AtomicBoolean WARNED = new AtomicBoolean();

        static Kernels warned(Kernels kernels) {
            if (kernels.emulated() && !WARNED.getAndSet(true)) {
                System.getLogger(Kernels.class.getName())
                        .log(
                                Level.WARNING,
                                "vectors of " + kernels.vectorBits() + " bits, as " + SimdOption.PROPERTY
                                        + " asks for, are longer than this CPU's: emulated, very slow");
            }
            return kernels;
        }
    }

    /// The automatic choice, made and logged once in a process.
    private static final class Automatic {
        static final boolean SIMD = available();

        private static boolean available() {
            try {
                requireVectors();
                return true;
            } catch (IllegalStateException e) {
                System.getLogger(Kernels.class.getName())
                        .log(Level.WARNING, "slow scalar kernels are used: " + e.getMessage());
                return false;
            }
        }
    }
}
