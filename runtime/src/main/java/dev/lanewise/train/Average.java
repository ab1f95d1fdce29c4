package dev.lanewise.train;

import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A sum over a count.
abstract class Average implements Metric.Accumulator {
    private double sum;
    private long count;

    @Override
    public final void update(Tensor y, Tensor target) {
        update(y, target, null);
    }

    @Override
    public abstract void update(Tensor y, Tensor target, @Nullable Tensor counts);

    @Override
    public final void reset() {
        sum = 0;
        count = 0;
    }

    final void add(double part, long of) {
        sum += part;
        count += of;
    }

    @Override
    public double result() {
        return sum / count;
    }
}
