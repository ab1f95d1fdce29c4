package dev.lanewise.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products of samples, through [Dot]: large enough to be shared among threads, by samples or, of few, by
/// rows.
class BatchedProductTest {
    private static final class Results {
        private final float[] y;
        private final float[] da;
        private final float[] db;

        private Results(Tensor y, Tensor da, Tensor db) {
            this.y = y.toArray();
            this.da = da.toArray();
            this.db = db.toArray();
        }
    }

    private static Tensor random(Memory memory, long seed, Shape shape) {
        final SplittableRandom random = new SplittableRandom(seed);
        final Tensor tensor = Tensor.zeros(memory, shape);
        for (int i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) random.nextDouble(-1, 1));
        }
        return tensor;
    }

    /// Forward and backward of `[samples, rows, k]` and `[samples, k, cols]`, the sums over the two axes
    /// given.
    private static Results run(Kernels kernels, int threads, int samples, List<Integer> axes) {
        final int rows = 90;
        final int k = 70;
        final int cols = 50;
        try (Memory memory = new Memory("test");
                Compute compute = Compute.of(kernels, threads)) {
            final Tensor a =
                    random(memory, 1, axes.getFirst() == 1 ? Shape.of(samples, k, rows) : Shape.of(samples, rows, k));
            final Tensor b =
                    random(memory, 2, axes.getLast() == 1 ? Shape.of(samples, k, cols) : Shape.of(samples, cols, k));
            final Tensor y = Tensor.zeros(memory, Shape.of(samples, rows, cols));
            final Tensor da = Tensor.zeros(memory, a.shape());
            final Tensor db = Tensor.zeros(memory, b.shape());
            final Dot dot = new Dot(axes, false);
            final LayerBuffers buffers = LayerBuffers.builder("dot", compute, memory.floats(compute.scratchSize()))
                    .values(List.of(a, b), List.of(y))
                    .gradients(List.of(random(memory, 3, y.shape())), List.of(da, db))
                    .mode(true, true, 0)
                    .build();
            dot.forward(buffers);
            dot.backward(buffers);
            return new Results(y, da, db);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,2,1", "1,1,1", "1,2,2", "1,1,2", "2,2,1", "5,2,1", "5,1,2"})
    void anyNumberOfThreadsGivesTheSameBits(int samples, int axisOfA, int axisOfB) {
        final List<Integer> axes = List.of(axisOfA, axisOfB);
        final Results expected = run(Kernels.scalar(), 1, samples, axes);
        assertEquals(samples * 90 * 50, expected.y.length);
        for (int threads : new int[] {1, 2, 3, 7}) {
            final Results actual = run(Kernels.best(), threads, samples, axes);
            assertArrayEquals(expected.y, actual.y);
            assertArrayEquals(expected.da, actual.da);
            assertArrayEquals(expected.db, actual.db);
        }
    }
}
