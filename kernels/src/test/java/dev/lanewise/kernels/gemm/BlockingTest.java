package dev.lanewise.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What [Blocking] decides by shapes: no bit depends on it, so no other test sees it change.
class BlockingTest {
    @ParameterizedTest
    @CsvSource({
        "false, 191, 64, 64, 64, false", // few rows
        "false, 191, 4096, 4096, 4096, false",
        "false, 7, 4000, 4000, 4000, false",
        "false, 192, 384, 512, 384, false", // L2 holds B beside others
        "false, 192, 400, 512, 400, true",
        "false, 1535, 256, 192, 256, false",
        "false, 1536, 256, 192, 256, true", // C is fetched ahead
        "false, 1536, 256, 191, 256, false",
        "true, 191, 512, 512, 512, false",
        "true, 192, 512, 512, 512, true",
        "false, 192, 128, 97, 128, false",
        "false, 192, 128, 96, 128, true", // little depth
        "false, 192, 200, 300, 200, true", // lines are split
        "false, 192, 256, 256, 1024, true", // rows on few sets
        "true, 16, 128, 20, 128, false",
        "true, 1000, 128, 20, 128, false",
        "true, 191, 200, 300, 200, false",
        "true, 192, 200, 300, 200, true",
        "true, 16, 1024, 1024, 1024, true",
        "true, 16, 256, 256, 1024, true"
    })
    void whatIsCopiedWithWideVectors(boolean transA, int m, int n, int k, long ldb, boolean copied) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(copied, Blocking.packB(transA, m, n, k, ldb));
    }

    @ParameterizedTest
    @CsvSource({
        "false, 192, 64, 64, true",
        "false, 191, 1000, 1000, false",
        "false, 191, 4096, 4096, true",
        "false, 16, 4096, 4096, false",
        "true, 16, 64, 64, true"
    })
    void whatIsCopiedWithOthers(boolean transA, int m, int n, int k, boolean copied) {
        Assumptions.assumeFalse(Blocking.FOUR_BY_FOUR, "vectors of less than 16 lanes only");
        assertEquals(copied, Blocking.packB(transA, m, n, k, n));
    }

    @Test
    void rowsOfAGroup() {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(16, Blocking.group(true, 64, 64));
        assertEquals(64, Blocking.group(false, 512, 512));
        assertEquals(192, Blocking.group(false, 528, 512));
    }

    @ParameterizedTest
    @CsvSource({
        "24, 64, 2000, 64, 2000", // L2 may hold B
        "24, 64, 2000, 512, 1000", // rows on few sets of it
        "23, 64, 2000, 512, 2000", // a panel is hardly read again
        "128, 384, 768, 384, 768", // larger than L2
        "24, 384, 2000, 384, 1000",
        "8, 384, 2100, 384, 700",
        "128, 2000, 2048, 2000, 1024",
        "128, 2100, 2048, 2100, 512", // no cache may hold it
        "128, 2048, 1024, 2048, 512", // rows on very few sets of L2
        "8, 4096, 512, 4096, 512"
    })
    void passesOverABInPlace(int m, int n, int k, long ldb, int products) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(products, Blocking.kcInPlace(m, n, k, ldb));
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, 191, 256, 1024, 1024, true", // L2 may hold B
        "false, false, 192, 256, 1024, 1024, false",
        "false, false, 191, 257, 1024, 1024, false",
        "false, false, 191, 128, 96, 96, false", // little depth
        "false, true, 191, 128, 512, 512, false", // panels
        "true, true, 512, 512, 128, 128, true", // columns of A
        "true, true, 512, 512, 129, 129, false"
    })
    void whichPanelsAreHalved(boolean transA, boolean packed, int m, int n, int k, int kc, boolean halved) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(halved, Blocking.halves(transA, packed, m, n, k, kc));
    }

    @Test
    void rowsByFiveAndByHalves() {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        final int[] byFive = {0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 10, 0, 0, 5, 10, 15};
        for (int rows = 1; rows < byFive.length; rows++) {
            assertEquals(byFive[rows], Blocking.rowsByFive(rows, 97), rows + " rows");
            assertEquals(0, Blocking.rowsByFive(rows, 96), rows + " rows of little depth");
        }
        assertEquals(
                List.of(8, 16, 24, 32, 33, 34),
                IntStream.range(1, 35)
                        .filter(rows -> Blocking.byHalves(false, rows))
                        .boxed()
                        .toList());
        assertTrue(Blocking.byHalves(true, 9));
    }

    @ParameterizedTest
    @CsvSource({
        "147, 64, 12544, 147, true", // more than caches hold
        "84, 64, 12544, 147, true", // of which a thread has a part
        "16, 64, 12544, 147, false", // a single group of rows
        "147, 63, 12544, 147, false", // no whole panel
        "400, 64, 2000, 400, false", // which caches may hold, near rows
        "512, 64, 2000, 512, true", // far rows
        "512, 64, 1000, 512, false",
        "300, 70, 3500, 300, true", // those of GemmShapesTest
        "200, 64, 5300, 200, true",
        "530, 130, 1000, 533, true"
    })
    void whichTransposedAIsFetchedAhead(int m, int n, int k, long lda, boolean fetched) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(fetched, Blocking.fetchA(m, n, k, lda));
    }

    @ParameterizedTest
    @CsvSource({
        "1024, 1024, 1024, 1024, true", // many blocks of B
        "1024, 511, 2000, 1024, false", // fetched ahead in place
        "512, 300, 512, 512, true", // not fetched
        "512, 128, 512, 512, false", // one block of B
        "384, 128, 1025, 384, true",
        "16, 128, 64, 16, true",
        "16, 127, 64, 16, false"
    })
    void whichTransposedAIsLaidOutAsRows(int m, int n, int k, long lda, boolean turned) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(turned, Blocking.turnA(m, n, k, lda));
    }

    @ParameterizedTest
    @CsvSource({
        "5, 64, 97, true",
        "5, 64, 96, false", // little depth
        "5, 63, 97, false",
        "15, 64, 2000, true",
        "16, 64, 97, false",
        "4, 192, 256, true",
        "4, 191, 256, false",
        "4, 192, 255, false",
        "3, 192, 1024, true",
        "3, 192, 1025, false",
        "2, 192, 256, false"
    })
    void whichTransposedAOfFewRowsIsLaidOut(int m, int n, int k, boolean turned) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(turned, Blocking.turnFew(m, n, k));
    }

    @ParameterizedTest
    @CsvSource({
        "1024, 384, 192, true",
        "1023, 384, 192, false",
        "1024, 384, 191, false",
        "620, 650, 200, true",
        "700, 600, 193, true"
    })
    void whichCIsFetchedAhead(int m, int n, int kc, boolean fetched) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(fetched, Blocking.fetchC(m, n, kc));
    }

    /// Half of L2 at a time, and rows that are read for more than a line or two.
    @ParameterizedTest
    @CsvSource({"512, 512, 256", "513, 257, 496", "12544, 502, 256", "100, 100, 1296"})
    void whatIsFetchedOfATransposedAAtATime(int k, int products, int rows) {
        Assumptions.assumeTrue(Blocking.FOUR_BY_FOUR, "vectors of 16 lanes only");
        assertEquals(products, Blocking.kcFetched(k));
        assertEquals(rows, Blocking.rowsFetched(products));
    }

    /// Scratch is sized for [Blocking#kc].
    @Test
    void passesFitScratch() {
        for (int k = 1; k <= 20_000; k++) {
            assertFits(Blocking.kcFetched(k), k);
            for (int n : new int[] {1, 100, 512, 4096}) {
                for (int m : new int[] {1, 23, 24, 191}) {
                    assertFits(Blocking.kcInPlace(m, n, k, n), k);
                }
            }
        }
    }

    private static void assertFits(int pass, int k) {
        final int kc = Blocking.kc(k);
        assertTrue(pass > 0 && pass <= kc && Blocking.nc(pass) * pass <= Blocking.maxBlock(kc), pass + " for k = " + k);
    }
}
