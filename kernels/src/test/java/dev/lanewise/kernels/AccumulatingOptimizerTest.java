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

/// The contract of Adagrad, Adadelta, Adamax, Nadam, Ftrl and Lion of [OptimizerKernel] for the
/// implementation and
/// width of this run.
class AccumulatingOptimizerTest {
    private static final float LR = 0.01f;
    private static final float RHO = 0.9f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.99f;
    private static final float EPSILON = 1e-3f;
    private static final float L1 = 0.2f;
    private static final float L2 = 0.3f;
    private static final float SHRINKAGE = 0.1f;

    /// The operands: w, g, and slots of which the first may be below 0.
    interface Update {
        void of(OptimizerKernel kernel, MemorySegment[] s, long o, int n);
    }

    /// What one step makes of an element of each, in doubles.
    interface Formula {
        double[] of(double w, double g, double p, double q, double r);
    }

    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Method {
        ADAGRAD((k, s, o, n) -> k.adagrad(s[0], s[1], s[3], o, n, LR, EPSILON), (w, g, p, q, r) -> {
            double sum = q + g * g;
            return new double[] {w - LR * g / Math.sqrt(sum + EPSILON), g, p, sum, r};
        }),
        ADADELTA((k, s, o, n) -> k.adadelta(s[0], s[1], s[3], s[4], o, n, LR, RHO, EPSILON), (w, g, p, q, r) -> {
            double square = RHO * q + (1 - RHO) * g * g;
            double step = g * Math.sqrt(r + EPSILON) / Math.sqrt(square + EPSILON);
            return new double[] {w - LR * step, g, p, square, RHO * r + (1 - RHO) * step * step};
        }),
        ADAMAX((k, s, o, n) -> k.adamax(s[0], s[1], s[2], s[3], o, n, LR, BETA1, BETA2, EPSILON), (w, g, m, u, r) -> {
            double first = BETA1 * m + (1 - BETA1) * g;
            double largest = Math.max(BETA2 * u, Math.abs(g));
            return new double[] {w - LR * first / (largest + EPSILON), g, first, largest, r};
        }),
        NADAM(
                (k, s, o, n) -> k.nadam(s[0], s[1], s[2], s[3], o, n, LR, LR / 3, 2, BETA1, BETA2, EPSILON),
                (w, g, m, v, r) -> {
                    double first = BETA1 * m + (1 - BETA1) * g;
                    double second = BETA2 * v + (1 - BETA2) * g * g;
                    double step = (LR * first + LR / 3 * g) / (Math.sqrt(2 * second) + EPSILON);
                    return new double[] {w - step, g, first, second, r};
                }),
        FTRL(
                (k, s, o, n) -> k.ftrl(s[0], s[1], s[3], s[2], o, n, LR, -0.5f, L1, L2, SHRINKAGE),
                (w, g, z, a, r) -> ftrl(w, g, z, a, r, 0.5)),
        FTRL_POWER(
                (k, s, o, n) -> k.ftrl(s[0], s[1], s[3], s[2], o, n, LR, -0.75f, L1, L2, SHRINKAGE),
                (w, g, z, a, r) -> ftrl(w, g, z, a, r, 0.75)),
        LION((k, s, o, n) -> k.lion(s[0], s[1], s[2], o, n, LR, BETA1, BETA2), (w, g, m, q, r) -> {
            double step = LR * Math.signum(BETA1 * m + (1 - BETA1) * g);
            return new double[] {w - step, g, BETA2 * m + (1 - BETA2) * g, q, r};
        });

        private static double[] ftrl(double w, double g, double z, double a, double r, double power) {
            double sum = a + g * g;
            double sigma = (Math.pow(sum, power) - Math.pow(a, power)) / LR;
            double linear = z + g + 2 * SHRINKAGE * w - sigma * w;
            double clamped = Math.max(-L1, Math.min(L1, linear));
            return new double[] {(clamped - linear) / (Math.pow(sum, power) / LR + 2 * L2), g, linear, sum, r};
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
                    float[] q = magnitudes(data.values(4, n));
                    float[] r = magnitudes(data.values(5, n));
                    sameBits(
                            what, offset, method.call(), data.values(1, n), data.values(2, n), data.values(3, n), q, r);
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
        float[] p = Data.RANDOM.values(3, n);
        float[] q = magnitudes(Data.RANDOM.values(4, n));
        float[] r = magnitudes(Data.RANDOM.values(5, n));
        List<float[]> after = sameBits(method.name(), 1, method.call(), w, g, p, q, r);
        for (int i = 0; i < n; i++) {
            double[] expected = method.formula.of(w[i], g[i], p[i], q[i], r[i]);
            // A handful of roundings of numbers up to 20; Ftrl divides differences of roots by a small rate, by
            // which it multiplies again.
            double change = Math.abs(expected[0] - w[i]);
            double linear = Math.abs(expected[2]);
            assertEquals(expected[0], after.get(0)[i], Math.ulp(32f) + 1e-4 * change);
            assertEquals(g[i], after.get(1)[i]);
            assertEquals(expected[2], after.get(2)[i], 2 * Math.ulp(8f) + 4e-6 * Math.max(linear, 1 / LR));
            assertEquals(expected[3], after.get(3)[i], 2 * Math.ulp(32f));
            assertEquals(expected[4], after.get(4)[i], 2 * Math.ulp(32f));
        }
    }

    @ParameterizedTest
    @EnumSource
    void tinyStateBecomesZero(Method method) {
        float[] tiny = {0x1p-99f, 0x1p-101f, -0x1p-101f, 0x1p-140f};
        float[] zeros = new float[4];
        List<float[]> after = sameBits("", 1, method.call(), zeros, zeros, tiny, magnitudes(tiny), tiny);
        for (int slot = 2; slot < 5; slot++) {
            float[] before = slot == 3 ? magnitudes(tiny) : tiny;
            for (int i = 1; i < 4; i++) {
                float value = after.get(slot)[i];
                assertTrue(value == before[i] || value == 0, method + " slot " + slot + ": " + value);
            }
        }
        int first = method == Method.LION || method == Method.ADAMAX || method == Method.NADAM ? 2 : 3;
        assertEquals(0, after.get(first)[1]);
        assertEquals(0, after.get(first)[3]);
    }

    /// A weight whose gradient and momentum are 0 stays where it is.
    @Test
    void lionHasNoStepWithoutDirection() {
        float[] zeros = new float[20];
        float[] w = Data.RANDOM.values(1, 20);
        List<float[]> after = sameBits("", 1, Method.LION.call(), w, zeros, zeros, zeros, zeros);
        for (int i = 0; i < 20; i++) {
            assertEquals(w[i], after.get(0)[i]);
        }
    }
}
