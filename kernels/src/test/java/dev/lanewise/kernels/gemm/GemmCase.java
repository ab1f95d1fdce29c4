package dev.lanewise.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Gemm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/// One product with all its options, its operands random and surrounded by a guard value.
///
/// @param pad floats between the rows of A, B and C beyond their length
/// @param offset floats before each operand
/// @param seed of the values
record GemmCase(
        boolean transA,
        boolean transB,
        int m,
        int n,
        int k,
        int pad,
        int offset,
        float beta,
        boolean bias,
        float lo,
        float hi,
        long seed) {
    static final float GUARD = -7.0625e29f;
    private static final int TAIL = 67;

    /// No clamp, no bias, `beta` 0.
    static GemmCase of(boolean transA, boolean transB, int m, int n, int k) {
        final float none = Float.POSITIVE_INFINITY;
        return new GemmCase(transA, transB, m, n, k, 0, 0, 0, false, -none, none, 1);
    }

    GemmCase pads(int newPad, int newOffset) {
        return new GemmCase(transA, transB, m, n, k, newPad, newOffset, beta, bias, lo, hi, seed);
    }

    GemmCase from(float newBeta, boolean withBias) {
        return new GemmCase(transA, transB, m, n, k, pad, offset, newBeta, withBias, lo, hi, seed);
    }

    GemmCase clamp(float newLo, float newHi) {
        return new GemmCase(transA, transB, m, n, k, pad, offset, beta, bias, newLo, newHi, seed);
    }

    GemmCase seed(long newSeed) {
        return new GemmCase(transA, transB, m, n, k, pad, offset, beta, bias, lo, hi, newSeed);
    }

    int aRows() {
        return transA ? k : m;
    }

    int aCols() {
        return transA ? m : k;
    }

    int bRows() {
        return transB ? n : k;
    }

    int bCols() {
        return transB ? k : n;
    }

    float[] aValues() {
        return values(seed * 4, aRows() * aCols());
    }

    float[] bValues() {
        return values(seed * 4 + 1, bRows() * bCols());
    }

    float[] cValues() {
        return values(seed * 4 + 2, m * n);
    }

    float[] biasValues() {
        return values(seed * 4 + 3, n);
    }

    static float[] values(long seed, int count) {
        final SplittableRandom random = new SplittableRandom(seed);
        final float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    /// Floats before the first row, rows `ld` apart, floats behind; all that is not the matrix holds the guard.
    static MemorySegment matrix(Arena arena, float[] values, int rows, int cols, long ld, int offset) {
        final long size = offset + Math.max(0, rows - 1) * ld + cols + TAIL;
        final MemorySegment segment = arena.allocate(size * Float.BYTES, 64);
        for (long i = 0; i < size; i++) {
            segment.setAtIndex(JAVA_FLOAT, i, GUARD);
        }
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(values, r * cols, segment, JAVA_FLOAT, (offset + r * ld) * Float.BYTES, cols);
        }
        return segment;
    }

    /// C as `gemm` computes it.
    float[] run(Gemm gemm) {
        return run(gemm, aValues(), bValues(), cValues());
    }

    /// C of given operands.
    ///
    /// @throws AssertionError if a float outside C or scratch, or one of A, B or bias, was written
    float[] run(Gemm gemm, float[] a, float[] b, float[] c) {
        try (Arena arena = Arena.ofConfined()) {
            final long lda = (long) aCols() + pad;
            final long ldb = (long) bCols() + pad;
            final long ldc = (long) n + pad;
            final MemorySegment as = matrix(arena, a, aRows(), aCols(), lda, offset);
            final MemorySegment bs = matrix(arena, b, bRows(), bCols(), ldb, offset);
            final MemorySegment cs = matrix(arena, c, m, n, ldc, offset);
            final MemorySegment biases = matrix(arena, biasValues(), 1, n, n, offset);
            final int need = (int) gemm.scratchSize(m, n, k);
            final float[] left = new float[need];
            Arrays.fill(left, Float.NaN); // what a call before may have left there
            final MemorySegment scratch = matrix(arena, left, 1, need, need, offset);
            final MemorySegment[] read = {
                as.asReadOnly(), bs.asReadOnly(), bias ? biases.asReadOnly() : biases,
            };
            final float[][] before = {as.toArray(JAVA_FLOAT), bs.toArray(JAVA_FLOAT), biases.toArray(JAVA_FLOAT)};
            gemm.multiply(
                    transA,
                    transB,
                    m,
                    n,
                    k,
                    read[0],
                    offset,
                    lda,
                    read[1],
                    offset,
                    ldb,
                    beta,
                    cs,
                    offset,
                    ldc,
                    bias ? read[2] : null,
                    offset,
                    lo,
                    hi,
                    scratch,
                    offset);
            for (int i = 0; i < before.length; i++) {
                requireSame("operand " + i + " was written", before[i], read[i].toArray(JAVA_FLOAT));
            }
            requireGuards("scratch", scratch, 1, need, need, offset);
            requireGuards("C", cs, m, n, ldc, offset);
            final float[] result = new float[m * n];
            for (int r = 0; r < m; r++) {
                MemorySegment.copy(cs, JAVA_FLOAT, (offset + r * ldc) * Float.BYTES, result, r * n, n);
            }
            return result;
        }
    }

    private static void requireSame(String what, float[] expected, float[] actual) {
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToRawIntBits(expected[i]) != Float.floatToRawIntBits(actual[i])) {
                throw new AssertionError(what + " at float " + i);
            }
        }
    }

    private void requireGuards(String what, MemorySegment segment, int rows, int cols, long ld, int start) {
        final long size = segment.byteSize() / Float.BYTES;
        for (long i = 0; i < size; i++) {
            final long at = i - start;
            final boolean inside = at >= 0 && ld > 0 && at / ld < rows && at % ld < cols;
            if (!inside && segment.getAtIndex(JAVA_FLOAT, i) != GUARD) {
                throw new AssertionError(this + ": a float outside " + what + " was written, at " + at);
            }
        }
    }

    /// The element `[i, j]` in double, and in the second place the sum of the absolute values that it is
    /// made of.
    double[] reference(int i, int j, float[] a, float[] b, float[] c) {
        double sum = bias ? biasValues()[j] : beta == 0 ? 0 : (double) beta * c[i * n + j];
        double absolute = Math.abs(sum);
        for (int p = 0; p < k; p++) {
            final double product = (double) a[transA ? p * m + i : i * k + p] * b[transB ? j * k + p : p * n + j];
            sum += product;
            absolute += Math.abs(product);
        }
        return new double[] {sum, absolute};
    }
}
