package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The mean of a formula over all elements.
record MeanOfElements(String name, Kind kind) implements NamedMetric {
    /// What is averaged.
    enum Kind {
        /// `log(cosh(p - t))`.
        LOG_COSH,
        /// The root of the mean of `(p - t)²`.
        ROOT_MEAN_SQUARED_ERROR;

        double of(double p, double t) {
            return switch (this) {
                case LOG_COSH -> {
                    final double d = Math.abs(p - t);
                    yield d + StrictMath.log1p(StrictMath.exp(-2 * d)) - StrictMath.log(2);
                }
                case ROOT_MEAN_SQUARED_ERROR -> (p - t) * (p - t);
            };
        }
    }

    @Override
    public String kerasName() {
        return switch (kind) {
            case LOG_COSH -> "log_cosh";
            case ROOT_MEAN_SQUARED_ERROR -> "root_mean_squared_error";
        };
    }

    @Override
    public Map<String, Object> config() {
        return Map.of("name", name);
    }

    @Override
    public Accumulator accumulator(Shape y, Shape target) {
        Rows.requireElements(name, y, target);
        final int cols = y.rank() < 2 ? 1 : y.last();
        return new Average() {
            @Override
            public void update(Tensor of, Tensor truth, @Nullable Tensor given) {
                // Keras' root of a mean takes every row.
                final Tensor counts = kind == Kind.ROOT_MEAN_SQUARED_ERROR ? null : given;
                final MemorySegment a = of.segment();
                final MemorySegment b = truth.segment();
                double sum = 0;
                for (int i = 0; i < of.size(); i++) {
                    if (Rows.counts(counts, i / cols)) {
                        sum += kind.of(a.getAtIndex(JAVA_FLOAT, i), b.getAtIndex(JAVA_FLOAT, i));
                    }
                }
                add(sum, (long) Rows.counting(counts, of.size() / cols) * cols);
            }

            @Override
            public double result() {
                return kind == Kind.ROOT_MEAN_SQUARED_ERROR ? Math.sqrt(super.result()) : super.result();
            }
        };
    }
}
