package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A [RoofCase] with its operands: what JMH's classes on single kernels time.
final class KernelOnSegments implements AutoCloseable {
    private final Memory memory = new Memory("benchmark");
    private @Nullable RoofCase kernel;
    private List<MemorySegment> segments = List.of();
    private int rows;

    /// Draws operands between 1/2 and 3/2.
    ///
    /// @param kernels `scalar` or `simd`
    /// @param name of the kernel
    /// @param elements about so many: whole rows
    void setUp(String kernels, String name, int elements) {
        final Kernels implementation = kernels.equals("scalar") ? Kernels.scalar() : Kernels.simd();
        final RoofCase found = Stream.of(
                        RoofCase.all(implementation),
                        RoofCase.everyActivation(implementation),
                        RoofCase.everyRowwise(implementation))
                .flatMap(List::stream)
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no kernel '" + name + "'"));
        kernel = found;
        rows = Math.max(1, elements / found.cols());
        // Vectors over columns take up to four rows of the segment, whatever the rows.
        final long size = Math.max(rows, 4L) * found.cols();
        final Random random = new Random(1);
        final List<MemorySegment> made = new ArrayList<>();
        for (int s = 0; s < RoofCase.SEGMENTS; s++) {
            final MemorySegment segment = memory.floats(size);
            for (long i = 0; i < size; i++) {
                segment.setAtIndex(JAVA_FLOAT, i, random.nextFloat() + 0.5f);
            }
            made.add(segment);
        }
        made.add(memory.floats(rows));
        segments = List.copyOf(made);
    }

    /// One call on all rows.
    ///
    /// @return all operands
    List<MemorySegment> run() {
        final RoofCase found = kernel;
        if (found == null) {
            throw new IllegalStateException("setUp comes first");
        }
        found.body().run(segments, 0, rows, found.cols());
        return segments;
    }

    @Override
    public void close() {
        memory.close();
    }
}
