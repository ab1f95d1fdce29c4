package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.OFFSETS;
import static dev.lanewise.kernels.Tested.SIZES;
import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [OptimizerKernel] for the implementation and width of this run.
class OptimizerTest {
    private static final float LR = 0.01f;
    private static final float MU = 0.9f;
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-7f;

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(OptimizerTest.class, Tested.KERNELS.optimizer());
    }

    /// What one step makes of w, m and v, in doubles.
    interface Formula {
        double[] of(double w, double g, double m, double v);
    }

    interface Update {
        void of(
                OptimizerKernel kernel,
                MemorySegment w,
                MemorySegment g,
                MemorySegment m,
                MemorySegment v,
                long o,
                int n);
    }

    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Method {
        SGD((k, w, g, m, v, o, n) -> k.sgd(w, g, o, n, LR), (w, g, m, v) -> new double[] {w - (double) LR * g, m, v}),
        MOMENTUM((k, w, g, m, v, o, n) -> k.momentum(w, g, m, o, n, LR, MU, false), (w, g, m, v) -> {
            double velocity = (double) MU * m - (double) LR * g;
            return new double[] {w + velocity, velocity, v};
        }),
        NESTEROV((k, w, g, m, v, o, n) -> k.momentum(w, g, m, o, n, LR, MU, true), (w, g, m, v) -> {
            double velocity = (double) MU * m - (double) LR * g;
            return new double[] {w + (double) MU * velocity - (double) LR * g, velocity, v};
        }),
        ADAM((k, w, g, m, v, o, n) -> k.adam(w, g, m, v, o, n, LR, BETA1, BETA2, EPSILON), (w, g, m, v) -> {
            double first = m + (g - m) * (1 - BETA1);
            double second = v + (g * g - v) * (1 - BETA2);
            return new double[] {w - first * LR / (Math.sqrt(second) + EPSILON), first, second};
        });

        private final Update update;
        private final Formula formula;

        Method(Update update, Formula formula) {
            this.update = update;
            this.formula = formula;
        }

        /// All operands in one layout: guards of the same number before each.
        Tested.Call call() {
            return (k, o) -> {
                MemorySegment[] s = new MemorySegment[4];
                for (int i = 0; i < 4; i++) {
                    s[i] = o[i].segment().asSlice((o[i].offset() - o[0].offset()) * Float.BYTES);
                }
                update.of(k.optimizer(), s[0], s[1], s[2], s[3], o[0].offset(), o[0].length());
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
                    sameBits(what, offset, method.call(), data.values(1, n), data.values(2, n), data.values(3, n), v);
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
        float[] v = magnitudes(Data.RANDOM.values(4, n));
        List<float[]> after = sameBits(method.name(), 1, method.call(), w, g, m, v);
        for (int i = 0; i < n; i++) {
            double[] expected = method.formula.of(w[i], g[i], m[i], v[i]);
            // A handful of roundings of numbers below 8; Adam divides by a root that may be small.
            double change = Math.abs(expected[0] - w[i]);
            assertEquals(expected[0], after.get(0)[i], Math.ulp(8f) + 8 * 0x1p-24 * change);
            assertEquals(expected[1], after.get(2)[i], 2 * Math.ulp(8f));
            assertEquals(expected[2], after.get(3)[i], 2 * Math.ulp(16f));
            assertEquals(g[i], after.get(1)[i]);
        }
    }

    /// Otherwise moments without a gradient end as denormals, which are slow.
    @Test
    void tinyMomentsBecomeZero() {
        float[] moments = {0x1p-99f, 0x1p-100f, 0x1.8p-101f, -0x1.8p-101f, 0x1p-140f, 0};
        float[] g = new float[6];
        float[] w = {1, 1, 1, 1, 1, 1};
        List<float[]> after = sameBits("adam", 1, Method.ADAM.call(), w, g, moments, magnitudes(moments));
        for (int i = 0; i < 6; i++) {
            float first = Math.fma(g[i] - moments[i], 1 - BETA1, moments[i]);
            assertEquals(Math.abs(first) < 0x1p-100f ? 0 : first, after.get(2)[i]);
            assertEquals(i == 0 ? 0x1p-99f * BETA2 : 0, after.get(3)[i], 0x1p-120f);
        }
        after = sameBits("momentum", 1, Method.MOMENTUM.call(), w, g, moments, g);
        for (int i = 0; i < 6; i++) {
            float velocity = MU * moments[i];
            assertEquals(Math.abs(velocity) < 0x1p-100f ? 0 : velocity, after.get(2)[i]);
        }
    }
}
