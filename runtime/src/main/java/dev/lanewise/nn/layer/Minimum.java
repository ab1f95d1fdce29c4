package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Smallest of two or more inputs; NaN where one is NaN. Inputs of other shapes
/// are taken where they have one element along an axis; it counts for all elements there.
///
/// The gradient goes to the first input that is it.
public record Minimum() implements Merge {
    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.minimum(a, at, b, at, c, at, n);
    }

    @Override
    public boolean takes() {
        return true;
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
        if (left == null) {
            throw new IllegalStateException("Minimum: no scratch for the gradient");
        }
        k.takeEqual(x.get(i), at, y, at, left, at, dx, at, n, accumulate);
    }
}
