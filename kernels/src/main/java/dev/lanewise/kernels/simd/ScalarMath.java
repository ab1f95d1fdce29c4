package dev.lanewise.kernels.simd;

/// Elementary functions of one float: the definition that [SimdMath] repeats for vectors, operation by operation.
///
/// The polynomials are our own least-maximum fits (iteratively reweighted least squares on Chebyshev nodes,
/// coefficients
/// rounded to float one after another and the rest fitted again). The errors stated are the largest over all 2^32
/// floats, in units in the last place, and are kept by a test. Results that are denormal are right as well.
public final class ScalarMath {
    static final float LOG2_E = 0x1.715476p0f;

    /// ln 2 as the sum of two floats.
    static final float LN2_HI = 0x1.62e43p-1f;

    static final float LN2_LO = -0x1.05c61p-29f;

    /// Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
    static final float ROUND = 0x1.8p23f;

    /// Likewise, with the integer plus 254 in the low bits: the bias of two exponents, see [#exp].
    static final float ROUND_TWO_BIASES = 0x1.8p23f + 254;

    /// Likewise with 127, the bias of one exponent.
    static final float ROUND_ONE_BIAS = 0x1.8p23f + 127;

    /// Beyond these exp is 0 and infinity.
    static final float EXP_MIN = -105;

    static final float EXP_MAX = 90;

    /// (exp(r) - 1 - r) / r² on |r| <= ln(2) / 2; relative error of exp(r) - 1 below 2^-26.
    static final float EXP_0 = 0x1.fffffep-2f;

    static final float EXP_1 = 0x1.5554b4p-3f;
    static final float EXP_2 = 0x1.5556f2p-5f;
    static final float EXP_3 = 0x1.12254ap-7f;
    static final float EXP_4 = 0x1.6b9c68p-10f;

    /// The bits of sqrt(1/2): mantissas are taken from there to sqrt(2).
    static final int SQRT_HALF_BITS = 0x3f3504f3;

    /// (log(1 + f) - f + f²/2) / f³ for 1 + f in [sqrt(1/2), sqrt(2)]; relative error of log(1 + f) below 2^-27.
    static final float LOG_0 = 0x1.555554p-2f;

    static final float LOG_1 = -0x1.000226p-2f;
    static final float LOG_2 = 0x1.99a01cp-3f;
    static final float LOG_3 = -0x1.54728ap-3f;
    static final float LOG_4 = 0x1.22d92ep-3f;
    static final float LOG_5 = -0x1.0d8242p-3f;
    static final float LOG_6 = 0x1.055ec4p-3f;
    static final float LOG_7 = -0x1.38c9d4p-4f;

    /// Beyond this tanh is 1.
    static final float TANH_MAX = 10;

    /// Where erf changes from one polynomial to the other, and beyond what it is 1.
    static final float ERF_SPLIT = 0.875f;

    static final float ERF_MAX = 4;

    /// erf(a) / a - 1 as a polynomial in a², a <= 0.875; relative error of erf(a) below 2^-25.
    static final float ERF_0 = 0x1.06eba6p-3f;

    static final float ERF_1 = -0x1.8126ecp-2f;
    static final float ERF_2 = 0x1.ce1b72p-4f;
    static final float ERF_3 = -0x1.b69910p-6f;
    static final float ERF_4 = 0x1.4785f8p-8f;
    static final float ERF_5 = -0x1.3b2ff4p-11f;

    /// log(1 - erf(a)) as a polynomial in a, 0.875 <= a <= 4; error of erf(a) below 2^-28.
    static final float ERFC_0 = -0x1.2e6f1ep-13f;

    static final float ERFC_1 = -0x1.20bd5cp+0f;
    static final float ERFC_2 = -0x1.460d5ap-1f;
    static final float ERFC_3 = -0x1.ab0250p-4f;
    static final float ERFC_4 = 0x1.6eb0f8p-6f;
    static final float ERFC_5 = -0x1.93f6d8p-9f;
    static final float ERFC_6 = 0x1.a33956p-13f;

    private static final int MANTISSA_BITS = 23;
    private static final int MANTISSA_MASK = 0x007fffff;
    private static final int SIGN_BIT = 0x80000000;

    private ScalarMath() {}

    /// e to the power of x.
    public static float exp(float x) {
        float a = x < EXP_MIN ? EXP_MIN : x;
        a = a > EXP_MAX ? EXP_MAX : a;
        float biased = Math.fma(a, LOG2_E, ROUND_TWO_BIASES);
        float p = expm1Reduced(a, biased - ROUND_TWO_BIASES) + 1;
        // 2^n in two factors, because n reaches from -151 to 130: each takes one of the two biases.
        int both = Float.floatToRawIntBits(biased);
        int half = both >>> 1;
        float scale0 = Float.intBitsToFloat(half << MANTISSA_BITS);
        float scale1 = Float.intBitsToFloat((both - half) << MANTISSA_BITS);
        return p * scale0 * scale1;
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

    /// Natural logarithm: negative infinity for both zeros, NaN below.
    public static float log(float x) {
        boolean denormal = x < Float.MIN_NORMAL;
        int bits = Float.floatToRawIntBits(denormal ? x * 0x1p23f : x) - SQRT_HALF_BITS;
        float n = (float) (bits >> MANTISSA_BITS) - (denormal ? MANTISSA_BITS : 0);
        float f = Float.intBitsToFloat((bits & MANTISSA_MASK) + SQRT_HALF_BITS) - 1;
        float q = LOG_7;
        q = Math.fma(q, f, LOG_6);
        q = Math.fma(q, f, LOG_5);
        q = Math.fma(q, f, LOG_4);
        q = Math.fma(q, f, LOG_3);
        q = Math.fma(q, f, LOG_2);
        q = Math.fma(q, f, LOG_1);
        q = Math.fma(q, f, LOG_0);
        q = Math.fma(q, f, -0.5f);
        float y = Math.fma(q, f * f, f);
        y = Math.fma(n, LN2_LO, y);
        y = Math.fma(n, LN2_HI, y);
        y = x < Float.POSITIVE_INFINITY ? y : x;
        y = x < 0 ? Float.NaN : y;
        return x == 0 ? Float.NEGATIVE_INFINITY : y;
    }

    /// Hyperbolic tangent, as e / (e + 2) with e = exp(2 |x|) - 1.
    public static float tanh(float x) {
        float a = Math.abs(x);
        a = a > TANH_MAX ? TANH_MAX : a;
        a = a + a;
        float biased = Math.fma(a, LOG2_E, ROUND_ONE_BIAS);
        float scale = Float.intBitsToFloat(Float.floatToRawIntBits(biased) << MANTISSA_BITS);
        float e = Math.fma(expm1Reduced(a, biased - ROUND_ONE_BIAS), scale, scale - 1);
        return withSignOf(x, e / (e + 2));
    }

    /// Logistic function 1 / (1 + exp(-x)).
    public static float sigmoid(float x) {
        // With the exponential of -|x|, so that small results keep their digits.
        float e = exp(-Math.abs(x));
        return (x < 0 ? e : 1) / (e + 1);
    }

    /// Error function.
    public static float erf(float x) {
        float a = Math.abs(x);
        float s = a * a;
        float p = ERF_5;
        p = Math.fma(p, s, ERF_4);
        p = Math.fma(p, s, ERF_3);
        p = Math.fma(p, s, ERF_2);
        p = Math.fma(p, s, ERF_1);
        p = Math.fma(p, s, ERF_0);
        float small = Math.fma(p, a, a);
        float b = a > ERF_MAX ? ERF_MAX : a;
        float q = ERFC_6;
        q = Math.fma(q, b, ERFC_5);
        q = Math.fma(q, b, ERFC_4);
        q = Math.fma(q, b, ERFC_3);
        q = Math.fma(q, b, ERFC_2);
        q = Math.fma(q, b, ERFC_1);
        q = Math.fma(q, b, ERFC_0);
        float large = 1 - exp(q);
        return withSignOf(x, a < ERF_SPLIT ? small : large);
    }

    private static float withSignOf(float x, float magnitude) {
        return Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | (Float.floatToRawIntBits(x) & SIGN_BIT));
    }
}
