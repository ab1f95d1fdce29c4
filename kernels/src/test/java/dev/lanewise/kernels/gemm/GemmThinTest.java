package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.assertSameBits;

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
        final int[] rows = {1, 3, 4, 63, 64, 65};
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
}
