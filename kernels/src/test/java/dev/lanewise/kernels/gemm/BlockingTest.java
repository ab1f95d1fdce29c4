package dev.lanewise.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What [Blocking] decides by shapes: no bit depends on it, so no other test sees it change.
class BlockingTest {
    /// The sizes at which both ways were measured, and their neighbours.
    @ParameterizedTest
    @CsvSource({
        "192, 64, 64, true", // many rows
        "191, 64, 64, false",
        "128, 784, 1000, true", // B larger than L2
        "64, 1000, 700, true",
        "63, 1000, 700, false",
        "128, 128, 784, false", // smaller
        "128, 512, 512, false", // as large
        "24, 2500, 2500, true", // larger than caches
        "8, 2100, 2100, true",
        "7, 4000, 4000, false",
        "16, 1000, 2048, false", // not larger
        "16, 4096, 4096, true", // rows of B on the same sets of L2
        "16, 1024, 2048, true",
        "16, 1024, 1024, false"
    })
    void whatIsCopiedWithWideVectors(int m, int n, int k, boolean copied) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(copied, Blocking.packB(m, n, k, n));
    }

    @ParameterizedTest
    @CsvSource({"192, 64, 64, true", "191, 1000, 1000, false", "191, 4096, 4096, true", "16, 4096, 4096, false"})
    void whatIsCopiedWithOthers(int m, int n, int k, boolean copied) {
        Assumptions.assumeFalse(Blocking.FOUR_BY_FOUR, "vectors of less than 16 lanes only");
        assertEquals(copied, Blocking.packB(m, n, k, n));
    }

    /// Where a block of B has at least two panels, so that they are copied together.
    @ParameterizedTest
    @CsvSource({"64, 2000", "95, 2048", "8, 4608"})
    void fewRowsHaveBlocksOfTwoPanels(int m, int k) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(2 * Blocking.NR, Blocking.nc(Blocking.kcPacked(m, k)));
        assertEquals(2048, Blocking.kcPacked(96, 2048));
    }
}
