package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.GEMM;
import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.SCALAR;
import static dev.lanewise.kernels.gemm.TestedGemm.assertSameBits;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products with a small size, which have loops of their own, have the definition's bits on both sides of each
/// size that chooses between them.
class GemmThinTest {
    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void littleDepthHasTheScalarBits(boolean transA, boolean transB) {
        final int[] columns = {
            1,
            2,
            LANES - 1,
            LANES,
            LANES + 1,
            2 * LANES - 1,
            2 * LANES,
            2 * LANES + 1,
            3 * LANES - 1,
            3 * LANES,
            63,
            64,
            67
        };
        final int[] rows = {1, 3, 4, 17, 63, 64, 65, 193, 257};
        for (int k = 1; k <= 17; k++) {
            for (int n : columns) {
                final int m = rows[(n + k) % rows.length];
                final GemmCase of = GemmCase.of(transA, transB, m, n, k);
                assertSameBits(of);
                assertSameBits(of.pads(n % 3, n % 5).from(0, true).clamp(-0.5f, 0.5f));
                assertSameBits(
                        of.pads(k % 2, 1).from(k % 2 == 0 ? 1 : 0.5f, false).clamp(0, INFINITY));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "3, 511, 4", // few rows
        "3, 512, 4",
        "4, 16389, 8" // more columns than a block of a transposed B, and not a vector beyond them
    })
    void littleDepthOfManyColumnsHasTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of.pads(1, 1).from(0, true));
            assertSameBits(of.from(1, false));
        }
    }

    /// Chains of scalars, up to eight a pass and two passes, and what is just beyond.
    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void fewElementsHaveTheScalarBits(boolean transA, boolean transB) {
        for (int m : new int[] {1, 2, 3, 7, 8, 9, 15, 16}) {
            for (int n : new int[] {1, 2, 3, 7, 8, 9, 15, 16}) {
                for (int k : new int[] {15, 16, 101}) {
                    final GemmCase of = GemmCase.of(transA, transB, m, n, k);
                    assertSameBits(of.clamp(-0.5f, 0.5f));
                    assertSameBits(of.pads(k % 2, 1).from(0, true));
                    assertSameBits(of.pads(1 - k % 2, 2).from(0.5f, false));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void fewRowsHaveTheScalarBits(boolean transA, boolean transB) {
        final int[] depths = {
            LANES - 1, LANES, LANES + 1, 2 * LANES - 1, 2 * LANES, 3 * LANES + 5, 255, 256, 257, 273, 530
        };
        final int[] columns = {1, 2, 8, 9, LANES - 1, LANES, LANES + 1, 2 * LANES - 1, 2 * LANES, 2 * LANES + 1, 70};
        int next = 0;
        for (int m : new int[] {1, 2, 3, 4, 5, 8, 9, 12, 15, 16, 17, 32, 33}) {
            for (int n : columns) {
                final GemmCase of = GemmCase.of(transA, transB, m, n, depths[(m + next++) % depths.length]);
                assertSameBits(of);
                assertSameBits(of.pads(n % 3, n % 5).from(0, true).clamp(-0.5f, 0.5f));
                assertSameBits(
                        of.pads(m % 2, 1).from(m % 2 == 0 ? 1 : 0.5f, false).clamp(0, INFINITY));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "128, 16, 40", // few columns, and as many rows as are done by few columns
        "129, 16, 40",
        "128, 17, 40",
        "33, 16, 600"
    })
    void fewColumnsHaveTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of.pads(1, 1).from(0, true));
            assertSameBits(of.from(1, false).clamp(0, INFINITY));
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void aColumnHasTheScalarBits(boolean transA, boolean transB) {
        final int[] depths = {1, 3, 4, LANES - 1, LANES, LANES + 1, 2 * LANES, 70};
        for (int m : new int[] {1, 2, LANES - 1, LANES, LANES + 1, 63, 64, 65, 79, 80, 81, 383, 384}) {
            for (int k : depths) {
                final GemmCase of = GemmCase.of(transA, transB, m, 1, k);
                assertSameBits(of);
                assertSameBits(of.from(0, true).clamp(-0.5f, 0.5f));
                assertSameBits(of.from(0.5f, false).clamp(0, INFINITY));
                assertSameBits(of.pads(2, 1).from(1, false));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2, 383, 9", // sums of two rows of B in registers, or rows of C in L1
        "2, 384, 9",
        "4, 1023, 17", // four rows
        "4, 1024, 17",
        "5, 1023, 17",
        "15, 127, 17", // columns of A
        "15, 128, 17",
        "16, 127, 17"
    })
    void fewRowsOfManyColumnsHaveTheScalarBits(int m, int n, int k) {
        for (int t = 0; t < 4; t++) {
            final GemmCase of = GemmCase.of((t & 1) != 0, (t & 2) != 0, m, n, k);
            assertSameBits(of.pads(1, 1).from(0, true));
            assertSameBits(of.from(0.5f, false).clamp(0, INFINITY));
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void operandsMayEndWithTheirMemory(boolean transA, boolean transB) {
        final int[] sizes = {1, 2, 5, LANES - 1, LANES, LANES + 1, 2 * LANES + 1};
        for (int m : sizes) {
            for (int n : sizes) {
                for (int k : new int[] {1, 3, 9, LANES + 3, 40}) {
                    endsWithItsMemory(GemmCase.of(transA, transB, m, n, k));
                }
            }
        }
    }

    private static void endsWithItsMemory(GemmCase of) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment a = arena.allocateFrom(JAVA_FLOAT, of.aValues());
            final MemorySegment b = arena.allocateFrom(JAVA_FLOAT, of.bValues());
            final MemorySegment c = arena.allocateFrom(JAVA_FLOAT, of.cValues());
            final MemorySegment scratch = arena.allocate(4 * GEMM.scratchSize(of.m(), of.n(), of.k()), 64);
            GEMM.multiply(
                    of.transA(),
                    of.transB(),
                    of.m(),
                    of.n(),
                    of.k(),
                    a,
                    0,
                    of.aCols(),
                    b,
                    0,
                    of.bCols(),
                    0,
                    c,
                    0,
                    of.n(),
                    null,
                    0,
                    -INFINITY,
                    INFINITY,
                    scratch,
                    0);
            assertArrayEquals(of.run(SCALAR), c.toArray(JAVA_FLOAT), of.toString());
        }
    }
}
