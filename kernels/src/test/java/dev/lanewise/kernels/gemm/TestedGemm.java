package dev.lanewise.kernels.gemm;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;

/// What the tests of products run against, and the comparison that most of them make.
final class TestedGemm {
    /// The implementation that `lanewise.simd` asks for.
    static final Kernels KERNELS = Kernels.best();

    static final Gemm GEMM = KERNELS.gemm();

    /// The definition.
    static final Gemm SCALAR = new ScalarGemm();

    /// Floats in a vector of this run; of 4 where there are none.
    static final int LANES = Math.max(128, KERNELS.vectorBits()) / Float.SIZE;

    static final float INFINITY = Float.POSITIVE_INFINITY;

    private TestedGemm() {}

    /// The result of the operands of its seed is, bit for bit, the definition's.
    static void assertSameBits(GemmCase of) {
        assertSameBits(of, of.aValues(), of.bValues(), of.cValues());
    }

    /// The same with operands given.
    static void assertSameBits(GemmCase of, float[] a, float[] b, float[] c) {
        final float[] expected = of.run(SCALAR, a, b, c);
        final float[] actual = of.run(GEMM, a, b, c);
        for (int i = 0; i < expected.length; i++) {
            // Any NaN equals any other.
            if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
                throw new AssertionError(of + ": [" + i / of.n() + ", " + i % of.n() + "] is " + actual[i]
                        + ", expected " + expected[i]);
            }
        }
    }
}
