package dev.lanewise.kernels.simd;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/// The functions of [ScalarMath] over ranges of floats, in vectors, with the same bits. The operations of each
/// line are explained there; each loop has its function written out (why: [Simd]).
///
/// An exponential finds its power of two in the lowest bits of the sum that rounds to its exponent. Arguments
/// beyond the range are not clamped before, as there, but their results replaced at the end: the chain of
/// operations that wait for each other decides how fast such a loop is. `p · s + s` is `(p + 1) · s` for a
/// power of two.
///
/// What is read back from memory right after it was written, as the bits of these floats are, comes late where
/// it crosses a cache line (measured on a Zen 4: 3.5 times as long). The functions that gates of recurrent
/// layers have, which may begin anywhere, are therefore computed from where vectors are aligned on, where `y` is not
/// `x`; the first and the last elements are vectors that overlap with these.
///
/// Where the bits of a float are needed as an integer or the other way round, they go through the memory of the
/// result: the JDK's own reinterpretation must not be used, see [Simd].
public final class SimdMath {
    private SimdMath() {}

    /// `y = exp(x)` with [ScalarMath#exp]; `y` may be `x`.
    public static void exp(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        int bound = vectorBound(length);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            VectorMask<Float> negative = v.lt(0f);
            FloatVector bias = broadcast(SPECIES, ROUND + BIAS - HALFWAY).blend(ROUND + BIAS + HALFWAY, negative);
            FloatVector rounded = v.fma(broadcast(SPECIES, LOG2_E), bias);
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector rest = broadcast(SPECIES, TWO_TO_HALFWAY).blend(TWO_TO_MINUS_HALFWAY, negative);
            FloatVector n = rounded.sub(bias);
            FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), v);
            r = n.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(rest);
            e = e.blend(0f, v.lt(EXP_MIN));
            e.blend(Float.POSITIVE_INFINITY, v.compare(GT, EXP_MAX)).intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < length; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.exp(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }

    /// `y = log(x)` with [ScalarMath#log]; `y` may be `x`.
    public static void log(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        int bound = vectorBound(length);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            VectorMask<Float> denormal = v.lt(Float.MIN_NORMAL);
            v.blend(v.mul(DENORMAL_SCALE), denormal).intoMemorySegment(y, at, ORDER);
            IntVector bits =
                    IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER).sub(SQRT_HALF_BITS);
            FloatVector n = (FloatVector) bits.lanewise(ASHR, MANTISSA_BITS).convert(I2F, 0);
            n = n.blend(n.sub(MANTISSA_BITS), denormal);
            bits.and(MANTISSA_MASK).add(SQRT_HALF_BITS).intoMemorySegment(y, at, ORDER);
            FloatVector f = fromMemorySegment(SPECIES, y, at, ORDER).sub(1f);
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
            l = v.blend(l, v.lt(Float.POSITIVE_INFINITY));
            l = l.blend(Float.NaN, v.lt(0f));
            l = l.blend(Float.NEGATIVE_INFINITY, v.eq(0f));
            l.intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < length; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.log(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }

    /// `y = tanh(x)` with [ScalarMath#tanh]; `y` may be `x`.
    public static void tanh(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        if (length <= LANES || !Simd.areApart(x, xo, y, yo, length)) {
            tanhLoop(x, xo, y, yo, length);
            return;
        }
        int head = Simd.toAligned(y, yo);
        int bound = head + vectorBound(length - head);
        if (head > 0) {
            tanhLoop(x, xo, y, yo, LANES);
        }
        tanhLoop(x, xo + head, y, yo + head, bound - head);
        if (bound < length) {
            int last = length - LANES;
            tanhLoop(x, xo + last, y, yo + last, LANES);
        }
    }

    private static void tanhLoop(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        int bound = vectorBound(length);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector m = v.abs();
            FloatVector a = m.add(m);
            FloatVector rounded = a.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .add(EXPONENT_OF_ONE)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector n = rounded.sub(ROUND);
            FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), a);
            r = n.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            FloatVector e = q.fma(r.mul(r), r).fma(scale, scale.sub(1f));
            FloatVector t = e.div(e.add(2f));
            t = t.blend(1f, m.compare(GT, TANH_MAX));
            t = t.blend(t.neg(), v.lt(0f));
            t.blend(v, m.lt(TANH_MIN)).intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < length; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.tanh(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }

    /// `y = sigmoid(x)` with [ScalarMath#sigmoid]; `y` may be `x`.
    public static void sigmoid(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        if (length <= LANES || !Simd.areApart(x, xo, y, yo, length)) {
            sigmoidLoop(x, xo, y, yo, length);
            return;
        }
        int head = Simd.toAligned(y, yo);
        int bound = head + vectorBound(length - head);
        if (head > 0) {
            sigmoidLoop(x, xo, y, yo, LANES);
        }
        sigmoidLoop(x, xo + head, y, yo + head, bound - head);
        if (bound < length) {
            int last = length - LANES;
            sigmoidLoop(x, xo + last, y, yo + last, LANES);
        }
    }

    private static void sigmoidLoop(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        int bound = vectorBound(length);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector z = v.abs().neg();
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
            r = n.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            e = e.blend(0f, z.lt(EXP_MIN));
            FloatVector top = broadcast(SPECIES, 1f).blend(e, v.lt(0f));
            top.div(e.add(1f)).intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < length; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.sigmoid(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }

    /// `y = erf(x)` with [ScalarMath#erf]; `y` may be `x`.
    public static void erf(MemorySegment x, long xo, MemorySegment y, long yo, int length) {
        int bound = vectorBound(length);
        for (int i = 0; i < bound; i += LANES) {
            long at = 4 * (yo + i);
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector s = v.mul(v);
            FloatVector p = broadcast(SPECIES, ERF_5).fma(s, broadcast(SPECIES, ERF_4));
            p = p.fma(s, broadcast(SPECIES, ERF_3));
            p = p.fma(s, broadcast(SPECIES, ERF_2));
            p = p.fma(s, broadcast(SPECIES, ERF_1));
            p = p.fma(s, broadcast(SPECIES, ERF_0));
            FloatVector small = p.fma(v, v);
            FloatVector m = v.abs();
            FloatVector b = m.blend(ERF_MAX, m.compare(GT, ERF_MAX));
            FloatVector z = broadcast(SPECIES, ERFC_6).fma(b, broadcast(SPECIES, ERFC_5));
            z = z.fma(b, broadcast(SPECIES, ERFC_4));
            z = z.fma(b, broadcast(SPECIES, ERFC_3));
            z = z.fma(b, broadcast(SPECIES, ERFC_2));
            z = z.fma(b, broadcast(SPECIES, ERFC_1));
            z = z.fma(b, broadcast(SPECIES, ERFC_0));
            FloatVector rounded = z.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUND + BIAS + HALFWAY));
            rounded.intoMemorySegment(y, at, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, y, at, ORDER)
                    .lanewise(LSHL, MANTISSA_BITS)
                    .intoMemorySegment(y, at, ORDER);
            FloatVector scale = fromMemorySegment(SPECIES, y, at, ORDER);
            FloatVector n = rounded.sub(ROUND + BIAS + HALFWAY);
            FloatVector r = n.fma(broadcast(SPECIES, -LN2_HI), z);
            r = n.fma(broadcast(SPECIES, -LN2_LO), r);
            FloatVector q = broadcast(SPECIES, EXP_4).fma(r, broadcast(SPECIES, EXP_3));
            q = q.fma(r, broadcast(SPECIES, EXP_2));
            q = q.fma(r, broadcast(SPECIES, EXP_1));
            q = q.fma(r, broadcast(SPECIES, EXP_0));
            FloatVector e = q.fma(r.mul(r), r).fma(scale, scale).mul(TWO_TO_MINUS_HALFWAY);
            FloatVector large = broadcast(SPECIES, 1f).sub(e);
            large = large.blend(large.neg(), v.lt(0f));
            large.blend(small, m.lt(ERF_SPLIT)).intoMemorySegment(y, at, ORDER);
        }
        for (int i = bound; i < length; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, ScalarMath.erf(x.getAtIndex(JAVA_FLOAT, xo + i)));
        }
    }
}
