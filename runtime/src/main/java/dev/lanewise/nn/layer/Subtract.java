package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first input without the second: `y = x0 - x1`. Inputs of other shapes
/// are taken where they have one element along an axis; it counts for all elements there.
public record Subtract() implements Merge {
    @Override
    public int maxInputs() {
        return 2;
    }

    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.subtract(a, at, b, at, c, at, n);
    }

    @Override
    public void gradient(
            ElementwiseKernel k,
            int i,
            List<MemorySegment> x,
            MemorySegment y,
            MemorySegment dy,
            @Nullable MemorySegment left,
            MemorySegment dx,
            long at,
            int n,
            boolean accumulate) {
        if (accumulate) {
            k.axpy(i == 0 ? 1 : -1, dy, at, dx, at, n);
        } else {
            k.scaleShift(dy, at, dx, at, n, i == 0 ? 1 : -1, 0);
        }
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
