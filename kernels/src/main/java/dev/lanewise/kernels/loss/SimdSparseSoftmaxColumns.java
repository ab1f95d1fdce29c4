package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.activation.SimdSoftmaxColumns.TOGETHER;
import static dev.lanewise.kernels.activation.SimdSoftmaxColumns.beyond;
import static dev.lanewise.kernels.activation.SimdSoftmaxColumns.slot;
import static dev.lanewise.kernels.loss.SimdLoss.multiplyByWeights;
import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.SWAP_8;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;

import dev.lanewise.kernels.activation.SimdSoftmax;
import dev.lanewise.kernels.activation.SimdSoftmaxColumns;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import org.jspecify.annotations.Nullable;

/// Softmax with cross-entropy where the target is a label and rows are turned into columns, as
/// [SimdSoftmaxColumns] does it: each step on eight rows at once, their logarithms as well.
final class SimdSparseSoftmaxColumns {
    private static final int HALF = LANES / 2;

    /// The lower half twice.
    private static final VectorShuffle<Float> TWICE = VectorShuffle.fromOp(SPECIES, lane -> lane % HALF);

    private SimdSparseSoftmaxColumns() {}

    /// Whole groups of rows. `z` is neither `soft` nor `dz`.
    static void rows(
            MemorySegment z,
            long zo,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment soft,
            long so,
            MemorySegment loss,
            long lso,
            MemorySegment dz,
            long dzo,
            int groups,
            int cols,
            float scale) {
        boolean keep = soft.address() + 4 * so != dz.address() + 4 * dzo;
        int strip = SimdSoftmaxColumns.groupsOfStrip(cols);
        for (int g = 0; g < groups; g += strip) {
            int count = Math.min(strip, groups - g);
            long row = (long) g * TOGETHER;
            long at = row * cols;
            SimdSoftmaxColumns.subtractMaxima(z, zo + at, soft, so + at, count, cols);
            distances(soft, so + at, labels, lo + row, loss, lso + row, count, cols);
            SimdSoftmax.exponentials(soft, so + at, 0, soft, so + at, count * TOGETHER * cols, false);
            gradients(
                    soft, so + at, labels, lo + row, weights, wo + row, loss, lso + row, dz, dzo + at, count, cols,
                    scale);
            SimdSoftmaxColumns.turnBack(dz, dzo + at, count, cols);
            if (keep) {
                SimdSoftmaxColumns.divideBySums(soft, so + at, count, cols);
            }
        }
        multiplyByWeights(weights, wo, loss, lso, groups * TOGETHER);
    }

    /// Calls on nothing of its loops.
    static void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            distances(s, 0, s, 0, s, 0, 0, TOGETHER);
            gradients(s, 0, s, 0, null, 0, s, 0, s, 0, 0, TOGETHER, 1);
        }
    }

    /// `loss = -y[label]`.
    private static void distances(
            MemorySegment y,
            long yo,
            MemorySegment labels,
            long lo,
            MemorySegment loss,
            long lso,
            int groups,
            int cols) {
        if (groups == 0) {
            return;
        }
        VectorMask<Float> low = VectorMask.fromLong(SPECIES, 0xff);
        FloatVector half = FloatVector.zero(SPECIES).blend(1f, low.not());
        long slot1 = slot(1, cols);
        long slot2 = slot(2, cols);
        long slot3 = slot(3, cols);
        long slot4 = slot(4, cols);
        for (int g = 0; g < groups; g++) {
            long at = 4 * (yo + (long) g * TOGETHER * cols);
            long row = 4 * (long) g * TOGETHER;
            FloatVector label = fromMemorySegment(SPECIES, labels, 4 * lo + row, ORDER)
                    .rearrange(TWICE)
                    .sub(half);
            FloatVector d = FloatVector.zero(SPECIES);
            d = d.blend(fromMemorySegment(SPECIES, y, at, ORDER), label.eq(0f));
            d = d.blend(fromMemorySegment(SPECIES, y, at + slot1, ORDER), label.eq(2f));
            d = d.blend(fromMemorySegment(SPECIES, y, at + slot2, ORDER), label.eq(4f));
            d = d.blend(fromMemorySegment(SPECIES, y, at + slot3, ORDER), label.eq(6f));
            d = d.blend(fromMemorySegment(SPECIES, y, at + slot4, ORDER), label.eq(8f));
            d.add(d.rearrange(SWAP_8)).neg().intoMemorySegment(loss, 4 * lso + row, ORDER);
        }
    }

    /// `loss = log(sum) + loss` and `dz = (e / sum - (c == label ? 1 : 0)) * (w * scale)`, `sum` that of the
    /// row's exponentials.
    private static void gradients(
            MemorySegment e,
            long eo,
            MemorySegment labels,
            long lo,
            @Nullable MemorySegment weights,
            long wo,
            MemorySegment loss,
            long lso,
            MemorySegment dz,
            long dzo,
            int groups,
            int cols,
            float scale) {
        if (groups == 0) {
            return;
        }
        VectorMask<Float> low = VectorMask.fromLong(SPECIES, 0xff);
        VectorMask<Float> beyond1 = VectorMask.fromLong(SPECIES, beyond(1, cols));
        VectorMask<Float> beyond2 = VectorMask.fromLong(SPECIES, beyond(2, cols));
        VectorMask<Float> beyond3 = VectorMask.fromLong(SPECIES, beyond(3, cols));
        VectorMask<Float> beyond4 = VectorMask.fromLong(SPECIES, beyond(4, cols));
        // Where there are no weights, labels are loaded and not used.
        VectorMask<Float> weighted = SPECIES.maskAll(weights != null);
        MemorySegment w = weights != null ? weights : labels;
        long from = 4 * (weights != null ? wo : lo);
        FloatVector half = FloatVector.zero(SPECIES).blend(1f, low.not());
        long slot1 = slot(1, cols);
        long slot2 = slot(2, cols);
        long slot3 = slot(3, cols);
        long slot4 = slot(4, cols);
        long step = 4L * TOGETHER * cols;
        FloatVector next = fromMemorySegment(SPECIES, e, 4 * eo, ORDER);
        for (int g = 0; g < groups; g++) {
            long at = 4 * eo + g * step;
            long to = 4 * dzo + g * step;
            long row = 4 * (long) g * TOGETHER;
            FloatVector v0 = next;
            FloatVector v1 = fromMemorySegment(SPECIES, e, at + slot1, ORDER);
            FloatVector v2 = fromMemorySegment(SPECIES, e, at + slot2, ORDER);
            FloatVector v3 = fromMemorySegment(SPECIES, e, at + slot3, ORDER);
            FloatVector v4 = fromMemorySegment(SPECIES, e, at + slot4, ORDER);
            // The last vector that is stored may reach into it.
            next = fromMemorySegment(SPECIES, e, at + step, ORDER);
            FloatVector s1 = v1.blend(0f, beyond1);
            FloatVector s2 = v2.blend(0f, beyond2);
            FloatVector s3 = v3.blend(0f, beyond3);
            FloatVector s4 = v4.blend(0f, beyond4);
            FloatVector sum = v0.add(v0.rearrange(SWAP_8)).add(s1.add(s1.rearrange(SWAP_8)));
            sum = sum.add(s2.add(s2.rearrange(SWAP_8)).add(s3.add(s3.rearrange(SWAP_8))));
            sum = sum.add(s4.add(s4.rearrange(SWAP_8)));
            // As SimdMath.log, for what is neither denormal nor negative.
            sum.intoMemorySegment(dz, to, ORDER);
            IntVector bits =
                    IntVector.fromMemorySegment(INT_SPECIES, dz, to, ORDER).sub(SQRT_HALF_BITS);
            FloatVector n = (FloatVector) bits.lanewise(ASHR, MANTISSA_BITS).convert(I2F, 0);
            bits.and(MANTISSA_MASK).add(SQRT_HALF_BITS).intoMemorySegment(dz, to, ORDER);
            FloatVector f = fromMemorySegment(SPECIES, dz, to, ORDER).sub(1f);
            FloatVector q = broadcast(SPECIES, LOG_7).fma(f, broadcast(SPECIES, LOG_6));
            q = q.fma(f, broadcast(SPECIES, LOG_5));
            q = q.fma(f, broadcast(SPECIES, LOG_4));
            q = q.fma(f, broadcast(SPECIES, LOG_3));
            q = q.fma(f, broadcast(SPECIES, LOG_2));
            q = q.fma(f, broadcast(SPECIES, LOG_1));
            q = q.fma(f, broadcast(SPECIES, LOG_0));
            q = q.fma(f, broadcast(SPECIES, -0.5f));
            FloatVector l = q.fma(f.mul(f), f);
            l = n.fma(broadcast(SPECIES, LN2_LO), l);
            l = n.fma(broadcast(SPECIES, LN2_HI), l);
            l = sum.blend(l, sum.lt(Float.POSITIVE_INFINITY));
            FloatVector distance = fromMemorySegment(SPECIES, loss, 4 * lso + row, ORDER);
            distance.blend(distance.add(l), low).intoMemorySegment(loss, 4 * lso + row, ORDER);
            FloatVector label = fromMemorySegment(SPECIES, labels, 4 * lo + row, ORDER)
                    .rearrange(TWICE)
                    .sub(half);
            FloatVector weight =
                    fromMemorySegment(SPECIES, w, from + row, ORDER).rearrange(TWICE);
            FloatVector factor = broadcast(SPECIES, 1f).blend(weight, weighted).mul(scale);
            v4 = v4.div(sum);
            v3 = v3.div(sum);
            v2 = v2.div(sum);
            v1 = v1.div(sum);
            v0 = v0.div(sum);
            v4.blend(v4.sub(1f), label.eq(8f)).mul(factor).intoMemorySegment(dz, to + slot4, ORDER);
            v3.blend(v3.sub(1f), label.eq(6f)).mul(factor).intoMemorySegment(dz, to + slot3, ORDER);
            v2.blend(v2.sub(1f), label.eq(4f)).mul(factor).intoMemorySegment(dz, to + slot2, ORDER);
            v1.blend(v1.sub(1f), label.eq(2f)).mul(factor).intoMemorySegment(dz, to + slot1, ORDER);
            v0.blend(v0.sub(1f), label.eq(0f)).mul(factor).intoMemorySegment(dz, to, ORDER);
        }
    }
}
