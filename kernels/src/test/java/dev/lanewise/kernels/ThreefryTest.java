package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ThreefryTest {
    /// The known answers that come with the authors' Random123 library, of 20 rounds.
    @Test
    void knownAnswers() {
        assertEquals(pair(0x6b200159, 0x99ba4efe), Threefry.block(0, 0));
        assertEquals(pair(0x1cb996fc, 0xbb002be7), Threefry.block(-1L, -1L));
        assertEquals(
                pair(0xc4923a9c, 0x483df7a0),
                Threefry.block(pair(0x13198a2e, 0x03707344), pair(0x243f6a88, 0x85a308d3)));
    }

    @Test
    void blocksAreThoseOfEachCounter() {
        final long key = pair(0x13198a2e, 0x03707344);
        for (long first : new long[] {0, pair(-3, 0), pair(-3, -1)}) {
            final int[] low = new int[37];
            final int[] high = new int[37];
            Threefry.blocks(key, first, low, high);
            for (int i = 0; i < low.length; i++) {
                assertEquals(Threefry.block(key, first + i), pair(low[i], high[i]), first + " + " + i);
            }
        }
        assertThrows(IllegalArgumentException.class, () -> Threefry.blocks(key, 0, new int[2], new int[3]));
    }

    private static long pair(int first, int second) {
        return ((long) second << 32) | (first & 0xffffffffL);
    }

    @Test
    void uniformIsAMultipleOfTwoToTheMinus24BelowOne() {
        assertEquals(0f, Threefry.uniform(0xff));
        assertEquals(0x1p-24f, Threefry.uniform(0x100));
        assertEquals(1 - 0x1p-24f, Threefry.uniform(-1));
    }

    @Test
    void uniformIsEven() {
        int[] counts = new int[16];
        int n = 160_000;
        for (int i = 0; i < n; i++) {
            counts[(int) (Threefry.uniform(7, i) * counts.length)]++;
        }
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += Math.pow(count - n / 16.0, 2) / (n / 16.0);
        }
        // 15 degrees of freedom: beyond 45 in one case of 10,000.
        assertTrue(chiSquare < 45, "chi square " + chiSquare);
    }
}
