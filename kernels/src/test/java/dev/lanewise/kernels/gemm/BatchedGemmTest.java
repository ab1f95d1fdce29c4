package dev.lanewise.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The contract of [Gemm#multiplyBatch]: every product has the bits of the definition of one product, and
/// nothing beside the results is written.
class BatchedGemmTest {
    private static final Gemm GEMM = Kernels.best().gemm();
    private static final Gemm SCALAR = new ScalarGemm();
    private static final int OFFSET = 3;

    /// Products, with what lies where.
    record Batch(
            int count,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            long lda,
            long aStride,
            long ldb,
            long bStride,
            float beta,
            long ldc,
            long cStride) {
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

        /// One matrix after the other.
        static Batch dense(int count, boolean transA, boolean transB, int m, int n, int k, float beta) {
            return new Batch(
                    count,
                    transA,
                    transB,
                    m,
                    n,
                    k,
                    transA ? m : k,
                    (long) m * k,
                    transB ? k : n,
                    (long) k * n,
                    beta,
                    n,
                    (long) m * n);
        }

        /// Matrices side by side, as the heads of attention are.
        static Batch beside(int count, boolean transA, boolean transB, int m, int n, int k, float beta) {
            final int a = transA ? m : k;
            final int b = transB ? k : n;
            return new Batch(
                    count,
                    transA,
                    transB,
                    m,
                    n,
                    k,
                    (long) Math.max(1, count) * a + 1,
                    a,
                    (long) Math.max(1, count) * b,
                    b,
                    beta,
                    (long) Math.max(1, count) * n + 2,
                    n);
        }

        /// One B for all, A and C one after the other.
        static Batch shared(int count, boolean transA, boolean transB, int m, int n, int k, float beta) {
            final Batch d = dense(count, transA, transB, m, n, k, beta);
            return new Batch(count, transA, transB, m, n, k, d.lda, d.aStride, d.ldb, 0, beta, d.ldc, d.cStride);
        }

        void run(Gemm gemm, MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment scratch) {
            gemm.multiplyBatch(
                    count, transA, transB, m, n, k, a, OFFSET, lda, aStride, b, OFFSET, ldb, bStride, beta, c, OFFSET,
                    ldc, cStride, scratch, 0);
        }

        void check(long seed) {
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment a = random(arena, 3 * seed, floats(aRows(), aCols(), lda, aStride))
                        .asReadOnly();
                final MemorySegment b = random(arena, 3 * seed + 1, floats(bRows(), bCols(), ldb, bStride))
                        .asReadOnly();
                final long size = floats(m, n, ldc, cStride);
                final MemorySegment expected = random(arena, 3 * seed + 2, size);
                for (int i = 0; i < count; i++) {
                    SCALAR.multiply(
                            transA,
                            transB,
                            m,
                            n,
                            k,
                            a,
                            OFFSET + i * aStride,
                            lda,
                            b,
                            OFFSET + i * bStride,
                            ldb,
                            beta,
                            expected,
                            OFFSET + i * cStride,
                            ldc,
                            null,
                            0,
                            Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            arena.allocate(4 * SCALAR.maxScratchSize(), 64),
                            0);
                }
                for (Gemm gemm : List.of(SCALAR, GEMM)) {
                    final MemorySegment c = random(arena, 3 * seed + 2, size);
                    run(gemm, a, b, c, arena.allocate(4 * gemm.scratchSize(m, n, k) + 4, 64));
                    for (long i = 0; i < size; i++) {
                        assertEquals(
                                Float.floatToIntBits(expected.getAtIndex(JAVA_FLOAT, i)),
                                Float.floatToIntBits(c.getAtIndex(JAVA_FLOAT, i)),
                                this + " at float " + i);
                    }
                }
            }
        }

        /// To the end of the last matrix, and some that must not be written.
        private long floats(int rows, int cols, long ld, long stride) {
            return 2 * OFFSET + Math.max(0, count - 1) * stride + Math.max(0, rows - 1) * ld + cols;
        }

        private static MemorySegment random(Arena arena, long seed, long size) {
            final SplittableRandom random = new SplittableRandom(seed);
            final MemorySegment segment = arena.allocate(4 * size, 64);
            for (long i = 0; i < size; i++) {
                segment.setAtIndex(JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
            }
            return segment;
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void everyProductHasTheBitsOfOne(boolean transA, boolean transB) {
        final int[][] sizes = {{1, 1, 1}, {5, 7, 3}, {17, 16, 9}, {33, 8, 40}, {16, 33, 0}, {0, 4, 4}, {3, 0, 2}};
        for (int[] s : sizes) {
            for (int count : new int[] {0, 1, 2, 5}) {
                for (float beta : new float[] {0, 1, -0.5f}) {
                    Batch.dense(count, transA, transB, s[0], s[1], s[2], beta).check(count);
                    Batch.beside(count, transA, transB, s[0], s[1], s[2], beta).check(count);
                    Batch.shared(count, transA, transB, s[0], s[1], s[2], beta).check(count);
                }
            }
        }
    }

    /// Scores and values of heads of 32 over 100 steps.
    @Test
    void headsOfAttention() {
        Batch.beside(4, false, true, 100, 100, 32, 0).check(1);
        Batch.beside(4, false, false, 100, 32, 100, 0).check(2);
        Batch.beside(4, true, false, 100, 32, 100, 1).check(3);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        final Batch good = Batch.dense(3, false, false, 4, 5, 6, 0);
        refused(good, "number of products", new Batch(-1, false, false, 4, 5, 6, 6, 24, 5, 30, 0, 5, 20));
        refused(good, "A: stride -24", new Batch(3, false, false, 4, 5, 6, 6, -24, 5, 30, 0, 5, 20));
        refused(good, "B: stride -1", new Batch(3, false, false, 4, 5, 6, 6, 24, 5, -1, 0, 5, 20));
        refused(good, "C: stride 4", new Batch(3, false, false, 4, 5, 6, 6, 24, 5, 30, 0, 5, 4));
        refused(good, "A of the last product", new Batch(3, false, false, 4, 5, 6, 6, 28, 5, 30, 0, 5, 20));
        refused(good, "B: 3 matrices", new Batch(3, false, false, 4, 5, 6, 6, 24, 5, Long.MAX_VALUE, 0, 5, 20));
        refused(good, "C of the last product", new Batch(3, false, false, 4, 5, 6, 6, 24, 5, 30, 0, 5, 24));
    }

    private static void refused(Batch good, String message, Batch bad) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment a = Batch.random(arena, 1, good.floats(4, 6, 6, 24));
            final MemorySegment b = Batch.random(arena, 2, good.floats(6, 5, 5, 30));
            final MemorySegment c = Batch.random(arena, 3, good.floats(4, 5, 5, 20));
            final float[] before = c.toArray(JAVA_FLOAT);
            final MemorySegment scratch = arena.allocate(4 * GEMM.maxScratchSize(), 64);
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> bad.run(GEMM, a, b, c, scratch));
            assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
            assertTrue(Arrays.equals(before, c.toArray(JAVA_FLOAT)));
        }
    }
}
