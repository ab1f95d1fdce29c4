package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Tensor;

/// Random numbers of a call: each belongs to the call's key, the step and an index alone. Kept as a task of
/// the call,
/// so that none is made in a step.
final class Noise implements RangeTask {
    private static final double UNIT = 0x1p-32;

    private final LayerBuffers b;
    private final long key;

    Noise(LayerBuffers b) {
        this.b = b;
        final LayerBuffers.RandomKey of = b.key();
        key = Threefry.block(Threefry.block(of.seed(), of.layer()), of.call());
    }

    /// The call's key, without the step.
    long key() {
        return key;
    }

    /// The key of this step.
    long stepKey() {
        return Threefry.block(key, b.step());
    }

    /// Uniform in [0, 1).
    static float uniform(long stepKey, long index) {
        return Threefry.uniform(stepKey, index);
    }

    /// Standard normal (Box and Muller): two uniform numbers of the index, of 32 bits each, the first in (0,
    /// 1].
    static double normal(long stepKey, long index) {
        final long bits = Threefry.block(stepKey, index);
        final double first = ((bits & 0xffffffffL) + 1) * UNIT;
        final double second = (bits >>> 32) * UNIT;
        return StrictMath.sqrt(-2 * StrictMath.log(first)) * StrictMath.cos(2 * Math.PI * second);
    }

    /// There is nothing to run.
    @Override
    public void run(int from, int to) {}

    /// `y = x`.
    static void copy(LayerBuffers b) {
        final Tensor x = b.x(0);
        final Tensor y = b.y(0);
        if (x.segment().address() != y.segment().address()) {
            y.copyFrom(x);
        }
    }
}
