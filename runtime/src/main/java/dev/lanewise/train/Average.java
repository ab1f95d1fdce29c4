package dev.lanewise.train;

/// A sum over a count.
abstract class Average implements Metric.Accumulator {
    private double sum;
    private long count;

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
