package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first input to the power of the second: `y = x0 ^ x1`, by [StrictMath] in double, rounded. Inputs of
/// other shapes are taken where they have one element along an axis; it counts for all elements there.
///
/// Gradients: `dx0 = dy · x1 · x0 ^ (x1 - 1)`, 0 where `x1` is 0; `dx1 = dy · y · log(x0)`, 0 where `x0` is not
/// positive. Keras writes it as an operation.
public record Power() implements Merge {
    @Override
    public int maxInputs() {
        return 2;
    }

    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        for (long i = at; i < at + n; i++) {
            c.setAtIndex(
                    JAVA_FLOAT, i, (float) StrictMath.pow(a.getAtIndex(JAVA_FLOAT, i), b.getAtIndex(JAVA_FLOAT, i)));
        }
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
        for (long e = at; e < at + n; e++) {
            final double base = x.get(0).getAtIndex(JAVA_FLOAT, e);
            final double exponent = x.get(1).getAtIndex(JAVA_FLOAT, e);
            final double slope;
            if (i == 0) {
                slope = exponent == 0 ? 0 : exponent * StrictMath.pow(base, exponent - 1);
            } else {
                slope = base > 0 ? y.getAtIndex(JAVA_FLOAT, e) * StrictMath.log(base) : 0;
            }
            dx.setAtIndex(JAVA_FLOAT, e, (float) (dy.getAtIndex(JAVA_FLOAT, e) * slope));
        }
    }
}
