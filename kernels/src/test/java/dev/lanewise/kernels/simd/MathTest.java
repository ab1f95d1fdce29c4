package dev.lanewise.kernels.simd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The error of the elementary functions, and equal bits of their vector forms. `-Dlanewise.exhaustive=true`
/// takes
/// all 2^32 floats instead of some.
class MathTest {
    private static final boolean EXHAUSTIVE = Boolean.getBoolean("lanewise.exhaustive");

    /// Inputs of one call.
    private static final int BLOCK = 1 << 16;

    /// Otherwise every so manieth float: a prime, so that all bits change.
    private static final int STRIDE = 4099;

    interface Plain {
        float of(float x);
    }

    interface Loop {
        void of(MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Function {
        EXP(2, ScalarMath::exp, () -> SimdMath::exp, StrictMath::exp),
        LOG(2, ScalarMath::log, () -> SimdMath::log, StrictMath::log),
        TANH(4, ScalarMath::tanh, () -> SimdMath::tanh, StrictMath::tanh),
        SIGMOID(4, ScalarMath::sigmoid, () -> SimdMath::sigmoid, x -> {
            double e = StrictMath.exp(-Math.abs(x));
            return (x < 0 ? e : 1) / (1 + e);
        }),
        ERF(4, ScalarMath::erf, () -> SimdMath::erf, MathTest::erf);

        private final double limit;
        private final Plain plain;
        private final java.util.function.Supplier<Loop> loop;
        private final DoubleUnaryOperator exact;

        Function(double limit, Plain plain, java.util.function.Supplier<Loop> loop, DoubleUnaryOperator exact) {
            this.limit = limit;
            this.plain = plain;
            this.loop = loop;
            this.exact = exact;
        }
    }

    /// The largest error of a block, in units in the last place, and where.
    record Worst(double ulp, float x) {
        static Worst of(Worst a, Worst b) {
            return a.ulp >= b.ulp ? a : b;
        }
    }

    @ParameterizedTest
    @EnumSource
    void errorIsWithinTheLimitAndVectorsHaveTheSameBits(Function function) {
        long count = EXHAUSTIVE ? 1L << 32 : ((1L << 32) + STRIDE - 1) / STRIDE;
        int blocks = (int) ((count + BLOCK - 1) / BLOCK);
        Worst worst = IntStream.range(0, blocks)
                .parallel()
                .mapToObj(block -> block(function, (long) block * BLOCK, EXHAUSTIVE ? 1 : STRIDE))
                .reduce(new Worst(0, 0), Worst::of);
        System.out.printf(
                "%s: largest error %.3f ulp, at %s (%s) [%s]%n",
                function,
                worst.ulp,
                worst.x,
                Float.toHexString(worst.x),
                EXHAUSTIVE ? "all floats" : "every " + STRIDE + "th float");
        assertTrue(worst.ulp <= function.limit);
    }

    private static Worst block(Function function, long first, int stride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(BLOCK * Float.BYTES, 64);
            MemorySegment y = arena.allocate(BLOCK * Float.BYTES, 64);
            for (int i = 0; i < BLOCK; i++) {
                x.setAtIndex(JAVA_FLOAT, i, Float.intBitsToFloat((int) ((first + i) * stride)));
            }
            if (SimdOption.current() != SimdOption.SCALAR) {
                function.loop.get().of(x, 0, y, 0, BLOCK);
            }
            Worst worst = new Worst(0, 0);
            for (int i = 0; i < BLOCK; i++) {
                float v = x.getAtIndex(JAVA_FLOAT, i);
                float result = function.plain.of(v);
                if (SimdOption.current() != SimdOption.SCALAR) {
                    float vector = y.getAtIndex(JAVA_FLOAT, i);
                    if (Float.floatToIntBits(vector) != Float.floatToIntBits(result)) {
                        throw new AssertionError(function + "(" + v + ") is " + vector + ", expected " + result);
                    }
                }
                double error = error(result, function.exact.applyAsDouble(v));
                if (error > worst.ulp) {
                    worst = new Worst(error, v);
                }
            }
            return worst;
        }
    }

    /// In units in the last place of the exact value as a float. Infinity counts as the float after the
    /// largest.
    private static double error(float actual, double exact) {
        if (Double.isNaN(exact) || Float.isNaN(actual)) {
            return Double.isNaN(exact) && Float.isNaN(actual) ? 0 : Double.POSITIVE_INFINITY;
        }
        if (exact == 0 || Double.isInfinite(exact)) {
            return Double.compare(exact, actual) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        double beyond = 0x1p128;
        double value = Float.isInfinite(actual) ? Math.copySign(beyond, actual) : actual;
        double bounded = Math.clamp(exact, -beyond, beyond);
        double ulp = Math.ulp((float) Math.clamp(exact, -Float.MAX_VALUE, Float.MAX_VALUE));
        return Math.abs(value - bounded) / ulp;
    }

    /// erf in doubles: the series of all positive terms up to 3 (Abramowitz and Stegun 7.1.6), beyond it the
    /// continued fraction of 1 - erf (7.1.14) from its 60th denominator up.
    private static double erf(double x) {
        double a = Math.abs(x);
        if (!(a < 6)) {
            return Double.isNaN(x) ? x : Math.signum(x);
        }
        double factor = StrictMath.exp(-a * a) / Math.sqrt(Math.PI);
        if (a >= 3) {
            double denominator = a;
            for (int k = 60; k > 0; k--) {
                denominator = a + k / 2.0 / denominator;
            }
            return Math.copySign(1 - factor / denominator, x);
        }
        double term = 2 * a;
        double sum = term;
        for (int k = 1; term > 1e-17 * sum; k++) {
            term *= 2 * a * a / (2 * k + 1);
            sum += term;
        }
        return Math.copySign(factor * sum, x);
    }

    @Test
    void referenceOfErfHasItsKnownValues() {
        assertEquals(0.0112834155558496, erf(0.01), 1e-16);
        assertEquals(0.5204998778130465, erf(0.5), 1e-15);
        assertEquals(0.8427007929497149, erf(1), 1e-15);
        assertEquals(-0.9953222650189527, erf(-2), 1e-15);
        assertEquals(0.9999779095030014, erf(Math.nextDown(3.0)), 1e-15);
        assertEquals(0.9999779095030014, erf(3), 1e-15);
        assertEquals(1 - 1.541725790028002e-8, erf(4), 1e-15);
    }

    @Test
    void specialValues() {
        float infinity = Float.POSITIVE_INFINITY;
        float[][] cases = {
            {ScalarMath.exp(0), 1},
            {ScalarMath.exp(-0f), 1},
            {ScalarMath.exp(infinity), infinity},
            {ScalarMath.exp(-infinity), 0},
            {ScalarMath.exp(-104), 0},
            {ScalarMath.exp(-103.2f), Float.MIN_VALUE},
            {ScalarMath.exp(88.8f), infinity},
            {ScalarMath.exp(Float.NaN), Float.NaN},
            {ScalarMath.log(1), 0},
            {ScalarMath.log(0), -infinity},
            {ScalarMath.log(-0f), -infinity},
            {ScalarMath.log(-Float.MIN_VALUE), Float.NaN},
            {ScalarMath.log(-infinity), Float.NaN},
            {ScalarMath.log(infinity), infinity},
            {ScalarMath.log(Float.NaN), Float.NaN},
            {ScalarMath.tanh(-0f), -0f},
            {ScalarMath.tanh(Float.MIN_VALUE), Float.MIN_VALUE},
            {ScalarMath.tanh(-infinity), -1},
            {ScalarMath.tanh(Float.NaN), Float.NaN},
            {ScalarMath.sigmoid(0), 0.5f},
            {ScalarMath.sigmoid(infinity), 1},
            {ScalarMath.sigmoid(-infinity), 0},
            {ScalarMath.sigmoid(Float.NaN), Float.NaN},
            {ScalarMath.erf(-0f), -0f},
            {ScalarMath.erf(-infinity), -1},
            {ScalarMath.erf(Float.NaN), Float.NaN},
        };
        for (int i = 0; i < cases.length; i++) {
            assertEquals(Float.floatToIntBits(cases[i][1]), Float.floatToIntBits(cases[i][0]), "case " + i);
        }
    }
}
