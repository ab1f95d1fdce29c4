package dev.lanewise.train;

import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// How many of all.
abstract class Share implements Metric.Accumulator {
    private long right;
    private long count;

    @Override
    public final void update(Tensor y, Tensor target) {
        update(y, target, null);
    }

    @Override
    public abstract void update(Tensor y, Tensor target, @Nullable Tensor counts);

    @Override
    public final void reset() {
        right = 0;
        count = 0;
    }

    final void add(long hits, long of) {
        right += hits;
        count += of;
    }

    @Override
    public final double result() {
        return (double) right / count;
    }
}
