package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `l1 · Σ |w| + l2 · Σ w²`, summed in double: chunks of a fixed size each in order, then the chunks in order.
final class ElementPenalty implements WeightPenalty {
    /// Weights of a chunk: enough for a thread to be worth while.
    private static final int CHUNK = 4096;

    private final Compute compute;
    private final int size;
    private final double[] partial;
    private final RangeTask sum;
    private final RangeTask sumAndGradient;

    ElementPenalty(double l1, double l2, Tensor weight, @Nullable Tensor gradient, Compute compute) {
        this.compute = compute;
        size = weight.size();
        partial = new double[(size + CHUNK - 1) / CHUNK];
        final MemorySegment w = weight.segment();
        sum = (from, to) -> {
            for (int chunk = from; chunk < to; chunk++) {
                partial[chunk] = sum(l1, l2, w, chunk);
            }
        };
        final MemorySegment g = gradient == null ? null : gradient.segment();
        sumAndGradient = (from, to) -> {
            sum.run(from, to);
            if (g != null) {
                addGradient((float) l1, (float) (2 * l2), w, g, from * CHUNK, Math.min(size, to * CHUNK));
            }
        };
    }

    private double sum(double l1, double l2, MemorySegment w, int chunk) {
        double absolutes = 0;
        double squares = 0;
        final int end = Math.min(size, (chunk + 1) * CHUNK);
        for (int i = chunk * CHUNK; i < end; i++) {
            final double v = w.getAtIndex(JAVA_FLOAT, i);
            absolutes += Math.abs(v);
            squares += v * v;
        }
        return l1 * absolutes + l2 * squares;
    }

    private static void addGradient(float l1, float twiceL2, MemorySegment w, MemorySegment g, int from, int to) {
        for (int i = from; i < to; i++) {
            final float v = w.getAtIndex(JAVA_FLOAT, i);
            g.setAtIndex(JAVA_FLOAT, i, g.getAtIndex(JAVA_FLOAT, i) + (l1 * Math.signum(v) + twiceL2 * v));
        }
    }

    @Override
    public double value(boolean withGradient) {
        compute.run(withGradient ? sumAndGradient : sum, partial.length, 1, size);
        double total = 0;
        for (double part : partial) {
            total += part;
        }
        return total;
    }
}
