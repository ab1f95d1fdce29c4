package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.OFFSETS;
import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of AdamW, AMSGrad and RMSprop of [OptimizerKernel] for the implementation and width of this
/// run.
class AdaptiveOptimizerTest {
    private static final float LR = 0.01f;
    private static final float MU = 0.9f;
    private static final float RHO = 0.9f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-3f;
    private static final float DECAY = 0.05f;

    /// The operands: w, g and three slots.
    interface Update {
        void of(OptimizerKernel kernel, MemorySegment[] s, long o, int n);
    }

    /// What one step makes of an element of each, in doubles.
    interface Formula {
        double[] of(double w, double g, double p, double q, double r);
    }

    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Method {
        ADAM_W(
                (k, s, o, n) -> k.adamW(s[0], s[1], s[2], s[3], o, n, LR, BETA1, BETA2, EPSILON, DECAY),
                (w, g, m, v, r) -> {
                    double first = m + (g - m) * (1 - BETA1);
                    double second = v + (g * g - v) * (1 - BETA2);
                    double decayed = w - w * DECAY;
                    return new double[] {decayed - first * LR / (Math.sqrt(second) + EPSILON), g, first, second, r};
                }),
        AMSGRAD(
                (k, s, o, n) -> k.amsgrad(s[0], s[1], s[2], s[3], s[4], o, n, LR, BETA1, BETA2, EPSILON, DECAY),
                (w, g, m, v, r) -> {
                    double first = m + (g - m) * (1 - BETA1);
                    double second = v + (g * g - v) * (1 - BETA2);
                    double top = Math.max(r, second);
                    double decayed = w - w * DECAY;
                    return new double[] {decayed - first * LR / (Math.sqrt(top) + EPSILON), g, first, second, top};
                }),
        RMSPROP(
                (k, s, o, n) -> k.rmsprop(s[0], s[1], s[3], null, null, o, n, LR, RHO, MU, EPSILON),
                (w, g, m, v, r) -> rmsprop(w, g, m, v, r, false, false)),
        RMSPROP_MOMENTUM(
                (k, s, o, n) -> k.rmsprop(s[0], s[1], s[3], null, s[2], o, n, LR, RHO, MU, EPSILON),
                (w, g, m, v, r) -> rmsprop(w, g, m, v, r, false, true)),
        RMSPROP_CENTERED(
                (k, s, o, n) -> k.rmsprop(s[0], s[1], s[3], s[4], null, o, n, LR, RHO, MU, EPSILON),
                (w, g, m, v, r) -> rmsprop(w, g, m, v, r, true, false)),
        RMSPROP_CENTERED_MOMENTUM(
                (k, s, o, n) -> k.rmsprop(s[0], s[1], s[3], s[4], s[2], o, n, LR, RHO, MU, EPSILON),
                (w, g, m, v, r) -> rmsprop(w, g, m, v, r, true, true));

        private static double[] rmsprop(
                double w, double g, double m, double v, double a, boolean centered, boolean momentum) {
            double square = RHO * v + (1 - RHO) * g * g;
            double mean = RHO * a + (1 - RHO) * g;
            double variance = centered ? Math.max(0, square - mean * mean) : square;
            double step = LR * g / Math.sqrt(variance + EPSILON);
            double velocity = MU * m + step;
            return new double[] {
                w - (momentum ? velocity : step), g, momentum ? velocity : m, square, centered ? mean : a
            };
        }

        private final Update update;
        private final Formula formula;

        Method(Update update, Formula formula) {
            this.update = update;
            this.formula = formula;
        }

        /// All operands in one layout: guards of the same number before each.
        Tested.Call call() {
            return (k, o) -> {
                MemorySegment[] s = new MemorySegment[5];
                for (int i = 0; i < 5; i++) {
                    s[i] = o[i].segment().asSlice((o[i].offset() - o[0].offset()) * Float.BYTES);
                }
                update.of(k.optimizer(), s, o[0].offset(), o[0].length());
            };
        }
    }

    private static float[] magnitudes(float... values) {
        float[] result = values.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] = Math.abs(result[i]);
        }
        return result;
    }

    @ParameterizedTest
    @EnumSource
    void sameBitsAsTheDefinition(Method method) {
        for (Data data : Data.values()) {
            for (int n : SIZES) {
                for (int offset : OFFSETS) {
                    String what = method + " " + data + " n=" + n + " offset=" + offset;
                    float[] v = magnitudes(data.values(4, n));
                    float[] r = magnitudes(data.values(5, n));
                    sameBits(
                            what, offset, method.call(), data.values(1, n), data.values(2, n), data.values(3, n), v, r);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void agreesWithDoubles(Method method) {
        int n = 1009;
        float[] w = Data.RANDOM.values(1, n);
        float[] g = Data.RANDOM.values(2, n);
        float[] m = Data.RANDOM.values(3, n);
        // Above the square of the mean, as they are.
        float[] v = magnitudes(Data.RANDOM.values(4, n));
        float[] r = magnitudes(Data.RANDOM.values(5, n));
        for (int i = 0; i < n; i++) {
            v[i] += r[i] * r[i] + 0.1f;
        }
        List<float[]> after = sameBits(method.name(), 1, method.call(), w, g, m, v, r);
        for (int i = 0; i < n; i++) {
            double[] expected = method.formula.of(w[i], g[i], m[i], v[i], r[i]);
            // A handful of roundings of numbers up to 20; the root may be small and has a share of a square's.
            double change = Math.abs(expected[0] - w[i]);
            assertEquals(expected[0], after.get(0)[i], Math.ulp(8f) + 1e-4 * change);
            assertEquals(g[i], after.get(1)[i]);
            assertEquals(expected[2], after.get(2)[i], 2 * Math.ulp(8f) + 1e-4 * change);
            assertEquals(expected[3], after.get(3)[i], 2 * Math.ulp(32f));
            assertEquals(expected[4], after.get(4)[i], 2 * Math.ulp(32f));
        }
    }

    /// The largest square so far stays when the gradient shrinks.
    @Test
    void amsgradRemembersTheLargest() {
        float[] one = {1};
        float[] small = {0.01f};
        List<float[]> after =
                sameBits("", 1, Method.AMSGRAD.call(), one, small, new float[1], new float[1], new float[] {9});
        assertEquals(9, after.get(4)[0]);
        assertTrue(after.get(3)[0] < 1e-6);
    }

    /// With a constant gradient the variance is 0, and rounding makes of it what has no root.
    @Test
    void centeredRmspropHasNoRootOfWhatIsBelow0() {
        for (int seed = 0; seed < 2000; seed++) {
            float g = 10 + seed / 1000f;
            float[] w = {1};
            float[] same = {g};
            float[] square = {Math.nextDown(g * g)};
            List<float[]> after = sameBits("", 1, Method.RMSPROP_CENTERED.call(), w, same, new float[1], square, same);
            assertTrue(Float.isFinite(after.get(0)[0]), "gradient " + g);
        }
    }

    @Test
    void tinyStateBecomesZero() {
        float[] tiny = {0x1p-99f, 0x1p-101f, -0x1p-101f, 0x1p-140f};
        float[] zeros = new float[4];
        float[] ones = {1, 1, 1, 1};
        for (Method method : Method.values()) {
            List<float[]> after = sameBits("", 1, method.call(), ones, zeros, tiny, magnitudes(tiny), tiny);
            for (int slot = 2; slot < 5; slot++) {
                for (float value : after.get(slot)) {
                    boolean written = value != tiny[1] && value != tiny[2] && value != tiny[3];
                    assertTrue(!written || value == 0 || Math.abs(value) >= 0x1p-100f, method + " slot " + slot);
                }
            }
            assertEquals(0, after.get(3)[1], method.name());
        }
    }
}
