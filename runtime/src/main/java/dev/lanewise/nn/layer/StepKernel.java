package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// The kernel `[units, cols]` that every step of a sequence is multiplied with. A product that runs once may
/// read it as it is, or copies it first if its rows fall on the same few cache sets; over many steps one
/// copy beforehand, whose rows do not, saves a copy in each.
final class StepKernel {
    /// From so many steps on the copy is worth it.
    private static final int STEPS = 8;

    /// Floats between the rows of a copy beyond their length: a cache line.
    private static final int GAP = 16;

    /// Rows and columns of a square that is transposed at a time.
    private static final int SQUARE = 16;

    private final MemorySegment kernel;
    private final int units;
    private final int cols;
    private final MemorySegment segment;
    private final int ld;
    private final boolean copies;
    private final boolean transposes;

    private StepKernel(
            MemorySegment kernel, int units, int cols, MemorySegment segment, boolean copies, boolean transposes) {
        this.kernel = kernel;
        this.units = units;
        this.cols = cols;
        this.segment = segment;
        this.copies = copies;
        this.transposes = transposes;
        ld = copies ? (transposes ? units : cols) + GAP : cols;
    }

    /// Of the memory that [#of] needs, perhaps none.
    static Shape shape(int steps, int units, int cols) {
        return steps < STEPS ? Shape.of(0) : Shape.of(units, cols + GAP);
    }

    /// Floats that [#transposed] needs, perhaps none.
    static long sizeTransposed(int steps, int units, int cols) {
        return steps < STEPS ? 0 : (long) cols * (units + GAP);
    }

    /// @param memory of [#shape]
    static StepKernel of(MemorySegment kernel, int steps, int units, int cols, MemorySegment memory) {
        final boolean copies = steps >= STEPS;
        return new StepKernel(kernel, units, cols, copies ? memory : kernel, copies, false);
    }

    /// The same for products with the transpose.
    ///
    /// @param memory of [#sizeTransposed] floats
    static StepKernel transposed(MemorySegment kernel, int steps, int units, int cols, MemorySegment memory) {
        final boolean copies = steps >= STEPS;
        return new StepKernel(kernel, units, cols, copies ? memory : kernel, copies, copies);
    }

    /// Brings the copy up to date; before the first step.
    void refresh() {
        if (transposes) {
            transpose();
        } else if (copies) {
            for (int i = 0; i < units; i++) {
                MemorySegment.copy(
                        kernel,
                        (long) i * cols * Float.BYTES,
                        segment,
                        (long) i * ld * Float.BYTES,
                        (long) cols * Float.BYTES);
            }
        }
    }

    private void transpose() {
        for (int i0 = 0; i0 < units; i0 += SQUARE) {
            final int iEnd = Math.min(units, i0 + SQUARE);
            for (int j0 = 0; j0 < cols; j0 += SQUARE) {
                final int jEnd = Math.min(cols, j0 + SQUARE);
                for (int j = j0; j < jEnd; j++) {
                    for (int i = i0; i < iEnd; i++) {
                        segment.setAtIndex(
                                JAVA_FLOAT, (long) j * ld + i, kernel.getAtIndex(JAVA_FLOAT, (long) i * cols + j));
                    }
                }
            }
        }
    }

    MemorySegment segment() {
        return segment;
    }

    /// Floats between the starts of two rows.
    int ld() {
        return ld;
    }

    /// Whether the rows are the kernel's columns.
    boolean isTransposed() {
        return transposes;
    }

    /// Where the kernel's column `j` starts.
    long column(int j) {
        return transposes ? (long) j * ld : j;
    }
}
