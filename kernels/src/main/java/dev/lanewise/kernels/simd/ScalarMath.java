package dev.lanewise.kernels.simd;

import dev.lanewise.kernels.MultiplyAdd;

/// Elementary functions of one float: the definition that [SimdMath] repeats for vectors, operation by
/// operation.
///
/// The polynomials are our own least-maximum fits (iteratively reweighted least squares on Chebyshev nodes,
/// coefficients
/// rounded to float one after another and the rest fitted again). The errors stated are the largest over all
/// 2^32 floats, in units in the last place, and are kept by a test; they hold with fused multiply-add.
/// Results that are denormal are right as well.
public final class ScalarMath {
    public static final float LOG2_E = 0x1.715476p0f;

    /// ln 2 as the sum of two floats. Without fused multiply-add the first is so short that its products with
    /// exponents are exact.
    public static final float LN2_HI = MultiplyAdd.isFused() ? 0x1.62e43p-1f : 0x1.62e4p-1f;

    public static final float LN2_LO = MultiplyAdd.isFused() ? -0x1.05c61p-29f : 0x1.7f7d1cp-20f;

    /// Adding 1.5 * 2^23 and taking it away again rounds to an integer.
    public static final float ROUND = 0x1.8p23f;

    /// A float with the exponent e has e + 127 times this as its bits.
    public static final float ONE_EXPONENT = 0x1p23f;

    public static final float BIAS = 127;

    /// The bits of 1.
    public static final int EXPONENT_OF_ONE = 127 << 23;

    /// Powers of two beyond the range of a float are taken in two factors, one of them this power or its
    /// inverse. It is odd, as the bias is, so that `ROUND` and both together round ties as `ROUND` alone.
    public static final float HALFWAY = 65;

    public static final float TWO_TO_HALFWAY = 0x1p65f;
    public static final float TWO_TO_MINUS_HALFWAY = 0x1p-65f;

    /// Beyond these exp is 0 and infinity.
    public static final float EXP_MIN = -105;

    public static final float EXP_MAX = 90;

    /// (exp(r) - 1 - r) / r² on |r| <= ln(2) / 2; relative error of exp(r) - 1 below 2^-26.
    public static final float EXP_0 = 0x1.fffffep-2f;

    public static final float EXP_1 = 0x1.5554b4p-3f;
    public static final float EXP_2 = 0x1.5556f2p-5f;
    public static final float EXP_3 = 0x1.12254ap-7f;
    public static final float EXP_4 = 0x1.6b9c68p-10f;

    /// The bits of sqrt(1/2): mantissas are taken from there to sqrt(2).
    public static final int SQRT_HALF_BITS = 0x3f3504f3;

    /// (log(1 + f) - f + f²/2) / f³ for 1 + f in [sqrt(1/2), sqrt(2)]; relative error of log(1 + f) below
    /// 2^-27.
    public static final float LOG_0 = 0x1.555554p-2f;

    public static final float LOG_1 = -0x1.000226p-2f;
    public static final float LOG_2 = 0x1.99a01cp-3f;
    public static final float LOG_3 = -0x1.54728ap-3f;
    public static final float LOG_4 = 0x1.22d92ep-3f;
    public static final float LOG_5 = -0x1.0d8242p-3f;
    public static final float LOG_6 = 0x1.055ec4p-3f;
    public static final float LOG_7 = -0x1.38c9d4p-4f;

    /// Below this exp(x) - 1 is -1.
    public static final float EXPM1_MIN = -18;

    /// (log(1 + x) - x) / x² for 0 <= x <= 1; relative error of log(1 + x) below 2^-27.
    public static final float LOG1P_0 = -0x1.ffffd2p-2f;

    public static final float LOG1P_1 = 0x1.554dd8p-2f;
    public static final float LOG1P_2 = -0x1.ff2518p-3f;
    public static final float LOG1P_3 = 0x1.9353f2p-3f;
    public static final float LOG1P_4 = -0x1.3a62aap-3f;
    public static final float LOG1P_5 = 0x1.b52c4ap-4f;
    public static final float LOG1P_6 = -0x1.d7cf8ep-5f;
    public static final float LOG1P_7 = 0x1.4a6fd6p-6f;
    public static final float LOG1P_8 = -0x1.b1ee3ep-9f;

    /// Below this tanh(x) is x, beyond the other it is 1.
    public static final float TANH_MIN = 0x1p-12f;

    public static final float TANH_MAX = 10;

    /// Where erf changes from one polynomial to the other, and beyond what it is 1.
    public static final float ERF_SPLIT = 0.875f;

    public static final float ERF_MAX = 4;

    /// erf(a) / a - 1 as a polynomial in a², a <= 0.875; relative error of erf(a) below 2^-25.
    public static final float ERF_0 = 0x1.06eba6p-3f;

    public static final float ERF_1 = -0x1.8126ecp-2f;
    public static final float ERF_2 = 0x1.ce1b72p-4f;
    public static final float ERF_3 = -0x1.b69910p-6f;
    public static final float ERF_4 = 0x1.4785f8p-8f;
    public static final float ERF_5 = -0x1.3b2ff4p-11f;

    /// log(1 - erf(a)) as a polynomial in a, 0.875 <= a <= 4; error of erf(a) below 2^-28.
    public static final float ERFC_0 = -0x1.2e6f1ep-13f;

    public static final float ERFC_1 = -0x1.20bd5cp+0f;
    public static final float ERFC_2 = -0x1.460d5ap-1f;
    public static final float ERFC_3 = -0x1.ab0250p-4f;
    public static final float ERFC_4 = 0x1.6eb0f8p-6f;
    public static final float ERFC_5 = -0x1.93f6d8p-9f;
    public static final float ERFC_6 = 0x1.a33956p-13f;

    public static final int MANTISSA_BITS = 23;
    public static final int MANTISSA_MASK = 0x007fffff;
    /// Makes denormals normal.
    public static final float DENORMAL_SCALE = 0x1p23f;

    private ScalarMath() {}

    /// e to the power of x.
    public static float exp(float x) {
        float a = x < EXP_MIN ? EXP_MIN : x;
        a = a > EXP_MAX ? EXP_MAX : a;
        float n = Math.fma(a, LOG2_E, ROUND) - ROUND;
        float p = expm1Reduced(a, n) + 1;
        // 2^n in two factors, because n reaches from -151 to 130.
        float scale = withExponentBits(n + (a < 0 ? BIAS + HALFWAY : BIAS - HALFWAY));
        return p * scale * (a < 0 ? TWO_TO_MINUS_HALFWAY : TWO_TO_HALFWAY);
    }

    /// The power of two whose exponent has these bits.
    private static float withExponentBits(float bits) {
        return Float.intBitsToFloat((int) (bits * ONE_EXPONENT));
    }

    /// exp(r) - 1 for r = x - n ln 2.
    private static float expm1Reduced(float x, float n) {
        float r = Math.fma(n, -LN2_HI, x);
        r = Math.fma(n, -LN2_LO, r);
        float q = EXP_4;
        q = Math.fma(q, r, EXP_3);
        q = Math.fma(q, r, EXP_2);
        q = Math.fma(q, r, EXP_1);
        q = Math.fma(q, r, EXP_0);
        return Math.fma(q, r * r, r);
    }

    /// exp(x) - 1 for x <= 0, without loss near 0.
    public static float expm1(float x) {
        float a = x < EXPM1_MIN ? EXPM1_MIN : x;
        float n = Math.fma(a, LOG2_E, ROUND) - ROUND;
        float scale = withExponentBits(n + BIAS);
        return Math.fma(expm1Reduced(a, n), scale, scale - 1);
    }

    /// log(1 + x) for 0 <= x <= 1, without loss near 0. The polynomial's even and odd powers are summed apart,
    /// which makes two short chains of operations of a long one.
    public static float log1p(float x) {
        float s = x * x;
        float even = LOG1P_8;
        even = Math.fma(even, s, LOG1P_6);
        even = Math.fma(even, s, LOG1P_4);
        even = Math.fma(even, s, LOG1P_2);
        even = Math.fma(even, s, LOG1P_0);
        float odd = LOG1P_7;
        odd = Math.fma(odd, s, LOG1P_5);
        odd = Math.fma(odd, s, LOG1P_3);
        odd = Math.fma(odd, s, LOG1P_1);
        return Math.fma(Math.fma(odd, x, even), s, x);
    }

    /// log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)].
    private static float log1pReduced(float f) {
        float q = LOG_7;
        q = Math.fma(q, f, LOG_6);
        q = Math.fma(q, f, LOG_5);
        q = Math.fma(q, f, LOG_4);
        q = Math.fma(q, f, LOG_3);
        q = Math.fma(q, f, LOG_2);
        q = Math.fma(q, f, LOG_1);
        q = Math.fma(q, f, LOG_0);
        q = Math.fma(q, f, -0.5f);
        return Math.fma(q, f * f, f);
    }

    /// Natural logarithm: negative infinity for both zeros, NaN below.
    public static float log(float x) {
        boolean denormal = x < Float.MIN_NORMAL;
        int bits = Float.floatToRawIntBits(denormal ? x * DENORMAL_SCALE : x) - SQRT_HALF_BITS;
        float n = (float) (bits >> MANTISSA_BITS) - (denormal ? MANTISSA_BITS : 0);
        float f = Float.intBitsToFloat((bits & MANTISSA_MASK) + SQRT_HALF_BITS) - 1;
        float y = Math.fma(n, LN2_LO, log1pReduced(f));
        y = Math.fma(n, LN2_HI, y);
        y = x < Float.POSITIVE_INFINITY ? y : x;
        y = x < 0 ? Float.NaN : y;
        return x == 0 ? Float.NEGATIVE_INFINITY : y;
    }

    /// Hyperbolic tangent, as e / (e + 2) with e = exp(2 |x|) - 1.
    public static float tanh(float x) {
        float magnitude = Math.abs(x);
        float a = magnitude > TANH_MAX ? TANH_MAX : magnitude;
        a = a + a;
        float n = Math.fma(a, LOG2_E, ROUND) - ROUND;
        float scale = withExponentBits(n + BIAS);
        float e = Math.fma(expm1Reduced(a, n), scale, scale - 1);
        float t = e / (e + 2);
        t = x < 0 ? -t : t;
        return magnitude < TANH_MIN ? x : t;
    }

    /// Logistic function 1 / (1 + exp(-x)).
    public static float sigmoid(float x) {
        // With the exponential of -|x|, so that small results keep their digits.
        float e = exp(-Math.abs(x));
        return (x < 0 ? e : 1) / (e + 1);
    }

    /// Error function.
    public static float erf(float x) {
        float s = x * x;
        float p = ERF_5;
        p = Math.fma(p, s, ERF_4);
        p = Math.fma(p, s, ERF_3);
        p = Math.fma(p, s, ERF_2);
        p = Math.fma(p, s, ERF_1);
        p = Math.fma(p, s, ERF_0);
        float small = Math.fma(p, x, x);
        float magnitude = Math.abs(x);
        float b = magnitude > ERF_MAX ? ERF_MAX : magnitude;
        float q = ERFC_6;
        q = Math.fma(q, b, ERFC_5);
        q = Math.fma(q, b, ERFC_4);
        q = Math.fma(q, b, ERFC_3);
        q = Math.fma(q, b, ERFC_2);
        q = Math.fma(q, b, ERFC_1);
        q = Math.fma(q, b, ERFC_0);
        float large = 1 - exp(q);
        large = x < 0 ? -large : large;
        return magnitude < ERF_SPLIT ? small : large;
    }
}
