package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Product of two or more inputs, from the first to the last. Inputs of other
/// shapes are taken where they have one element along an axis: it counts for all elements there.
///
/// Gradient: `dy` times all other inputs, from the first to the last.
public record Multiply() implements Merge {
    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.multiply(a, at, b, at, c, at, n);
    }

    @Override
    public boolean adds(int inputs) {
        return inputs == 2;
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
            k.multiplyAdd(dy, at, x.get(1 - i), at, dx, at, n);
            return;
        }
        MemorySegment product = dy;
        for (int other = 0; other < x.size(); other++) {
            if (other != i) {
                k.multiply(product, at, x.get(other), at, dx, at, n);
                product = dx;
            }
        }
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
