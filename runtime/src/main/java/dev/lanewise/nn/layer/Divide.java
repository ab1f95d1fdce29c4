package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first input by the second: `y = x0 / x1`. Inputs of other shapes
/// are taken where they have one element along an axis; it counts for all elements there.
///
/// Gradients: `dx0 = dy / x1`, `dx1 = -(dy · y) / x1`. Keras writes it as an operation (`Divide`,
/// `TrueDivide`).
public record Divide() implements Merge {
    @Override
    public int maxInputs() {
        return 2;
    }

    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.divide(a, at, b, at, c, at, n);
    }

    @Override
    public boolean adds(int inputs) {
        return false;
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
        final MemorySegment divisor = x.get(1);
        if (i == 0) {
            k.divide(dy, at, divisor, at, dx, at, n);
            return;
        }
        k.multiply(dy, at, y, at, dx, at, n);
        k.divide(dx, at, divisor, at, dx, at, n);
        k.scaleShift(dx, at, dx, at, n, -1, 0);
    }
}
