package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Targets of hinge losses are -1 and 1; where all targets of a batch are 0 or 1, 0 stands for -1, as with
/// Keras.
final class Hinges {
    private Hinges() {}

    /// 1 where all targets are 0 or 1, else 0.
    static double areBits(MemorySegment target, long n) {
        for (long i = 0; i < n; i++) {
            final float t = target.getAtIndex(JAVA_FLOAT, i);
            if (t != 0 && t != 1) {
                return 0;
            }
        }
        return 1;
    }

    static double sign(double target, double areBits) {
        return areBits == 1 ? 2 * target - 1 : target;
    }
}
