package dev.lanewise.kernels;

/// Random bits from a key and a counter: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel
/// random
/// numbers: as easy as 1, 2, 3; SC 2011).
///
/// A pure function, so that the numbers of an index are the same however work is split. Independent streams
/// come from independent keys; `block(key, i)` makes such keys.
public final class Threefry {
    /// Rotations of the rounds, in turn.
    public static final int R0 = 13;

    public static final int R1 = 15;
    public static final int R2 = 26;
    public static final int R3 = 6;
    public static final int R4 = 17;
    public static final int R5 = 29;
    public static final int R6 = 16;
    public static final int R7 = 24;

    /// The third word of the key is this, xor the two others.
    public static final int PARITY = 0x1bd11bda;

    private Threefry() {}

    /// 64 random bits: the two words of the output, the first in the low half. Key and counter likewise hold
    /// two words, the first in the low half.
    public static long block(long key, long counter) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        int k2 = PARITY ^ k0 ^ k1;
        int x0 = (int) counter + k0;
        int x1 = (int) (counter >>> 32) + k1;

        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R0);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R1);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R2);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R3);
        x0 += k1;
        x1 += k2 + 1;
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R4);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R5);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R6);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R7);
        x0 += k2;
        x1 += k0 + 2;
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R0);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R1);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R2);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R3);
        x0 += k0;
        x1 += k1 + 3;
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R4);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R5);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R6);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R7);
        x0 += k1;
        x1 += k2 + 4;
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R0);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R1);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R2);
        x1 = (x0 += x1) ^ Integer.rotateLeft(x1, R3);
        x0 += k2;
        x1 += k0 + 5;
        return ((long) x1 << 32) | (x0 & 0xffffffffL);
    }

    /// The words of `block(key, first)`, `block(key, first + 1)` and so on, in loops that HotSpot vectorizes.
    ///
    /// @param low becomes the first words
    /// @param high becomes the second words; as long as `low`
    public static void blocks(long key, long first, int[] low, int[] high) {
        if (low.length != high.length) {
            throw new IllegalArgumentException(
                    "Threefry: low and high must be of one length, got " + low.length + " and " + high.length);
        }
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        int k2 = PARITY ^ k0 ^ k1;
        for (int i = 0; i < low.length; i++) {
            low[i] = (int) (first + i) + k0;
            high[i] = (int) ((first + i) >>> 32) + k1;
        }
        for (int rounds = 1; rounds <= 5; rounds++) {
            final boolean odd = (rounds & 1) != 0;
            round(low, high, odd ? R0 : R4);
            round(low, high, odd ? R1 : R5);
            round(low, high, odd ? R2 : R6);
            round(low, high, odd ? R3 : R7);
            add(low, k1);
            add(high, k2 + rounds);
            final int kept = k0;
            k0 = k1;
            k1 = k2;
            k2 = kept;
        }
    }

    private static void round(int[] low, int[] high, int by) {
        for (int i = 0; i < low.length; i++) {
            low[i] += high[i];
            high[i] = low[i] ^ Integer.rotateLeft(high[i], by);
        }
    }

    private static void add(int[] words, int key) {
        for (int i = 0; i < words.length; i++) {
            words[i] += key;
        }
    }

    /// A float in [0, 1) from the upper 24 bits of a word: a multiple of 2^-24.
    public static float uniform(int word) {
        return (word >>> 8) * 0x1p-24f;
    }

    /// The float in [0, 1) of an index: [#uniform] of the low word of `block(key, index >>> 1)` if the index is
    /// even, of the high word if it is odd.
    public static float uniform(long key, long index) {
        long block = block(key, index >>> 1);
        return uniform((int) ((index & 1) == 0 ? block : block >>> 32));
    }
}
