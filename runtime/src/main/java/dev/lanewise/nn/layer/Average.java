package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Mean of two or more inputs: their sum, from the first to the last, times `1 / inputs`. Inputs of other
/// shapes are taken where they have one element along an axis; it counts for all elements there.
public record Average() implements Merge {
    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.add(a, at, b, at, c, at, n);
    }

    @Override
    public void finish(ElementwiseKernel k, int inputs, MemorySegment y, long at, int n) {
        k.scaleShift(y, at, y, at, n, 1f / inputs, 0);
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
        final float share = 1f / x.size();
        if (accumulate) {
            k.axpy(share, dy, at, dx, at, n);
        } else {
            k.scaleShift(dy, at, dx, at, n, share, 0);
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
