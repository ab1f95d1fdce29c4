package dev.lanewise.kernels;

import java.util.SplittableRandom;

/// What the operands of a contract test hold.
enum Data {
    RANDOM,
    ZEROS,
    HUGE,
    TINY,
    DENORMAL,
    NAN,
    INFINITE;

    private static final int SPREAD = 120;

    float[] values(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed * 31 + name().hashCode());
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = value(random);
        }
        return values;
    }

    private float value(SplittableRandom random) {
        float unit = (float) random.nextDouble(-1, 1);
        return switch (this) {
            case RANDOM -> 4 * unit;
            case ZEROS -> unit < 0 ? -0f : 0f;
            case HUGE -> unit * Float.MAX_VALUE;
            case TINY -> Math.scalb(unit, -random.nextInt(SPREAD));
            case DENORMAL -> unit * Float.MIN_NORMAL;
            case NAN -> random.nextInt(20) == 0 ? Float.NaN : 4 * unit;
            case INFINITE -> random.nextInt(20) == 0 ? Float.POSITIVE_INFINITY * unit : 4 * unit;
        };
    }
}
