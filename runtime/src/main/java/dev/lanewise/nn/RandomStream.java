package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;

/// Random numbers of one purpose, from a counter: the same on every machine, whatever else draws numbers.
public final class RandomStream {
    private static final long WORD = 0xffffffffL;

    /// Random words made at a time for a shuffle; they stay in the first-level cache.
    private static final int WORDS = 512;

    private final long key;
    private long counter;
    private double spare = Double.NaN;

    public RandomStream(long key) {
        this.key = key;
    }

    /// A stream for a purpose that two numbers name, as layer and weight.
    public static RandomStream of(long seed, long first, long second) {
        return new RandomStream(Threefry.block(Threefry.block(seed, first), second));
    }

    /// 64 random bits.
    public long nextLong() {
        return Threefry.block(key, counter++);
    }

    /// Uniform in [0, 1), in steps of 2^-53.
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /// Uniform in `0 .. bound - 1`, without bias: the upper half of a product of 32 random bits with `bound`,
    /// drawn again where the lower half is among those that come once too often (Lemire, Fast random integer
    /// generation in an interval, 2019).
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("RandomStream: bound must be positive, got " + bound);
        }
        long product = (nextLong() >>> 32) * bound;
        if ((product & WORD) < bound) {
            final long surplus = (1L << 32) % bound;
            while ((product & WORD) < surplus) {
                product = (nextLong() >>> 32) * bound;
            }
        }
        return (int) (product >>> 32);
    }

    /// Standard normal, by Box and Muller's polar form (Marsaglia).
    public double nextGaussian() {
        if (!Double.isNaN(spare)) {
            final double kept = spare;
            spare = Double.NaN;
            return kept;
        }
        double u;
        double v;
        double s;
        do {
            u = 2 * nextDouble() - 1;
            v = 2 * nextDouble() - 1;
            s = u * u + v * v;
        } while (s >= 1 || s == 0);
        final double factor = StrictMath.sqrt(-2 * StrictMath.log(s) / s);
        spare = v * factor;
        return u * factor;
    }

    /// Standard normal, drawn again while beyond two standard deviations.
    public double nextTruncatedGaussian() {
        double draw;
        do {
            draw = nextGaussian();
        } while (Math.abs(draw) > 2);
        return draw;
    }

    /// Puts `order` in random order (Fisher and Yates): the numbers of [#nextInt], made many at a time.
    public void shuffle(int[] order) {
        final int[] words = new int[Math.clamp(order.length, 1, WORDS)];
        final int[] others = new int[words.length];
        int at = words.length;
        for (int i = order.length - 1; i > 0; i--) {
            final int bound = i + 1;
            long product;
            do {
                if (at == words.length) {
                    Threefry.blocks(key, counter, others, words);
                    at = 0;
                }
                product = (words[at++] & WORD) * bound;
                counter++;
            } while ((product & WORD) < bound && (product & WORD) < (1L << 32) % bound);
            final int j = (int) (product >>> 32);
            final int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
    }
}
