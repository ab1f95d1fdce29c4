package dev.lanewise.kernels.optimizer;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Vector loops; the elements that fill no vector are left to the plain ones.
public final class SimdOptimizer extends ScalarOptimizer {
    @Override
    void sgdLoop(MemorySegment w, MemorySegment g, long o, int n, float lr) {
        FloatVector rate = FloatVector.broadcast(SPECIES, -lr);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            gradient.fma(rate, weight).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.sgdLoop(w, g, o + bound, n - bound, lr);
    }

    @Override
    void momentumLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        FloatVector rate = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector back =
                    fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER).mul(lr).neg();
            FloatVector velocity =
                    fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(rate, back);
            velocity = velocity.blend(0f, velocity.abs().lt(TINY));
            velocity.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.add(velocity).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.momentumLoop(w, g, m, o + bound, n - bound, lr, mu);
    }

    @Override
    void nesterovLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        FloatVector rate = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector back =
                    fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER).mul(lr).neg();
            FloatVector velocity =
                    fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(rate, back);
            velocity = velocity.blend(0f, velocity.abs().lt(TINY));
            velocity.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.add(velocity.fma(rate, back)).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.nesterovLoop(w, g, m, o + bound, n - bound, lr, mu);
    }

    /// Bound by the square root and the division, of which there is one each; all else hides behind them.
    @Override
    void adamLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon) {
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector second = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            second = gradient.fma(gradient, second.neg()).fma(c2s, second);
            second = second.blend(0f, second.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            second.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector change = first.mul(alpha).div(second.sqrt().add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(change).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adamLoop(w, g, m, v, o + bound, n - bound, alpha, c1, c2, epsilon);
    }
}
