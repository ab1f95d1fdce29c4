package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Sigmoid and binary cross-entropy from logits: with `e = exp(-|z|)`,
/// `loss = max(z, 0) - z * t + log(1 + e)` and
/// gradient `sigmoid(z) - t`.
final class SigmoidLoss {
    private SigmoidLoss() {}

    static class ScalarLoops extends ElementLoss {
        static final ElementLoss INSTANCE = new ScalarLoops();

        @Override
        final boolean hasActivation() {
            return true;
        }

        @Override
        void values(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment soft,
                long so,
                MemorySegment losses,
                long lo,
                int length,
                float parameter) {
            for (int i = 0; i < length; i++) {
                float z = y.getAtIndex(JAVA_FLOAT, yo + i);
                float e = ScalarMath.exp(-Math.abs(z));
                soft.setAtIndex(JAVA_FLOAT, so + i, (z < 0 ? e : 1) / (e + 1));
                float distance = Math.fma(-z, t.getAtIndex(JAVA_FLOAT, to + i), z > 0 ? z : 0);
                losses.setAtIndex(JAVA_FLOAT, lo + i, distance + ScalarMath.log1p(e));
            }
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment dy,
                long dyo,
                int n,
                float factor,
                float parameter) {
            for (int i = 0; i < n; i++) {
                float d = y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i);
                dy.setAtIndex(JAVA_FLOAT, dyo + i, d * factor);
            }
        }
    }

    static final class SimdLoops extends ScalarLoops {
        static final ElementLoss INSTANCE = new SimdLoops();

        @Override
        void values(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment soft,
                long so,
                MemorySegment losses,
                long lo,
                int length,
                float parameter) {
            int bound = vectorBound(length);
            for (int i = 0; i < bound; i += LANES) {
                long at = 4 * (lo + i);
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector z = v.abs().neg();
                FloatVector a = z.blend(EXP_MIN, z.lt(EXP_MIN));
                FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
                rounded.intoMemorySegment(losses, at, ORDER);
                IntVector.fromMemorySegment(INT_SPECIES, losses, at, ORDER)
                        .lanewise(LSHL, MANTISSA_BITS)
                        .intoMemorySegment(losses, at, ORDER);
                FloatVector scale = fromMemorySegment(SPECIES, losses, at, ORDER);
                FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
                FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
                r = n.fma(broadcast(SPECIES, -LN2_LO), r);
                FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
                q = q.fma(r, broadcast(SPECIES, EXP_2));
                q = q.fma(r, broadcast(SPECIES, EXP_1));
                q = q.fma(r, broadcast(SPECIES, EXP_0));
                FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
                FloatVector top = broadcast(SPECIES, 1f).blend(e, v.lt(0f));
                top.div(e.add(1f)).intoMemorySegment(soft, 4 * (so + i), ORDER);
                FloatVector s = e.mul(e);
                FloatVector even = broadcast(SPECIES, LOG1P_8).fma(s, broadcast(SPECIES, LOG1P_6));
                even = even.fma(s, broadcast(SPECIES, LOG1P_4));
                even = even.fma(s, broadcast(SPECIES, LOG1P_2));
                even = even.fma(s, broadcast(SPECIES, LOG1P_0));
                FloatVector odd = broadcast(SPECIES, LOG1P_7).fma(s, broadcast(SPECIES, LOG1P_5));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_3));
                odd = odd.fma(s, broadcast(SPECIES, LOG1P_1));
                FloatVector l = odd.fma(e, even).fma(s, e);
                FloatVector positive = broadcast(SPECIES, 0f).blend(v, v.compare(GT, 0f));
                FloatVector target = fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER);
                v.neg().fma(target, positive).add(l).intoMemorySegment(losses, at, ORDER);
            }
            super.values(y, yo + bound, t, to + bound, soft, so + bound, losses, lo + bound, length - bound, parameter);
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment dy,
                long dyo,
                int n,
                float factor,
                float parameter) {
            int bound = vectorBound(n);
            for (int i = 0; i < bound; i += LANES) {
                FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
                FloatVector u = fromMemorySegment(SPECIES, t, 4 * (to + i), ORDER);
                v.sub(u).mul(factor).intoMemorySegment(dy, 4 * (dyo + i), ORDER);
            }
            super.gradients(y, yo + bound, t, to + bound, dy, dyo + bound, n - bound, factor, parameter);
        }
    }
}
