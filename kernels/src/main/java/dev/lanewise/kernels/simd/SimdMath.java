package dev.lanewise.kernels.simd;

import static dev.lanewise.kernels.simd.ScalarMath.*;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The functions of [ScalarMath] for vectors, with the same bits in every lane. Each is meant to stand alone in a
/// loop: a second one in the same method is likely not to be inlined, and then every turn allocates.
public final class SimdMath {
    private SimdMath() {}

    /// As [ScalarMath#exp].
    public static FloatVector exp(FloatVector x) {
        FloatVector a = x.blend(EXP_MIN, x.lt(EXP_MIN));
        a = a.blend(EXP_MAX, a.compare(VectorOperators.GT, EXP_MAX));
        FloatVector biased = a.fma(broadcast(LOG2_E), broadcast(ROUND_TWO_BIASES));
        FloatVector p = expm1Reduced(a, biased.sub(ROUND_TWO_BIASES)).add(1f);
        IntVector both = biased.viewAsIntegralLanes().reinterpretAsInts();
        IntVector half = both.lanewise(VectorOperators.LSHR, 1);
        FloatVector scale0 = half.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector scale1 = both.sub(half).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        return p.mul(scale0).mul(scale1);
    }

    private static FloatVector expm1Reduced(FloatVector x, FloatVector n) {
        FloatVector r = n.fma(broadcast(-LN2_HI), x);
        r = n.fma(broadcast(-LN2_LO), r);
        FloatVector q = broadcast(EXP_4).fma(r, broadcast(EXP_3));
        q = q.fma(r, broadcast(EXP_2));
        q = q.fma(r, broadcast(EXP_1));
        q = q.fma(r, broadcast(EXP_0));
        return q.fma(r.mul(r), r);
    }

    /// As [ScalarMath#log].
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> denormal = x.lt(Float.MIN_NORMAL);
        IntVector bits = x.blend(x.mul(0x1p23f), denormal).reinterpretAsInts().sub(SQRT_HALF_BITS);
        FloatVector n = (FloatVector) bits.lanewise(VectorOperators.ASHR, 23).convert(VectorOperators.I2F, 0);
        n = n.blend(n.sub(23f), denormal);
        FloatVector f =
                bits.and(0x007fffff).add(SQRT_HALF_BITS).reinterpretAsFloats().sub(1f);
        FloatVector q = broadcast(LOG_7).fma(f, broadcast(LOG_6));
        q = q.fma(f, broadcast(LOG_5));
        q = q.fma(f, broadcast(LOG_4));
        q = q.fma(f, broadcast(LOG_3));
        q = q.fma(f, broadcast(LOG_2));
        q = q.fma(f, broadcast(LOG_1));
        q = q.fma(f, broadcast(LOG_0));
        q = q.fma(f, broadcast(-0.5f));
        FloatVector y = q.fma(f.mul(f), f);
        y = n.fma(broadcast(LN2_LO), y);
        y = n.fma(broadcast(LN2_HI), y);
        y = x.blend(y, x.lt(Float.POSITIVE_INFINITY));
        y = y.blend(Float.NaN, x.lt(0f));
        return y.blend(Float.NEGATIVE_INFINITY, x.eq(0f));
    }

    /// As [ScalarMath#tanh].
    public static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        a = a.blend(TANH_MAX, a.compare(VectorOperators.GT, TANH_MAX));
        a = a.add(a);
        FloatVector biased = a.fma(broadcast(LOG2_E), broadcast(ROUND_ONE_BIAS));
        FloatVector scale =
                biased.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector e = expm1Reduced(a, biased.sub(ROUND_ONE_BIAS)).fma(scale, scale.sub(1f));
        return withSignOf(x, e.div(e.add(2f)));
    }

    /// As [ScalarMath#sigmoid].
    public static FloatVector sigmoid(FloatVector x) {
        FloatVector e = exp(x.abs().neg());
        return broadcast(1f).blend(e, x.lt(0f)).div(e.add(1f));
    }

    /// As [ScalarMath#erf].
    public static FloatVector erf(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector s = a.mul(a);
        FloatVector p = broadcast(ERF_5).fma(s, broadcast(ERF_4));
        p = p.fma(s, broadcast(ERF_3));
        p = p.fma(s, broadcast(ERF_2));
        p = p.fma(s, broadcast(ERF_1));
        p = p.fma(s, broadcast(ERF_0));
        FloatVector small = p.fma(a, a);
        FloatVector b = a.blend(ERF_MAX, a.compare(VectorOperators.GT, ERF_MAX));
        FloatVector q = broadcast(ERFC_6).fma(b, broadcast(ERFC_5));
        q = q.fma(b, broadcast(ERFC_4));
        q = q.fma(b, broadcast(ERFC_3));
        q = q.fma(b, broadcast(ERFC_2));
        q = q.fma(b, broadcast(ERFC_1));
        q = q.fma(b, broadcast(ERFC_0));
        FloatVector large = broadcast(1f).sub(exp(q));
        return withSignOf(x, large.blend(small, a.lt(ERF_SPLIT)));
    }

    private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
        IntVector sign = x.reinterpretAsInts().and(0x80000000);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
