package dev.lanewise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activation.GradientFrom;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Errors of the activations and their derivatives over floats of all magnitudes, against the formulas in
/// double, and the vectors' equal bits there.
///
/// The unit is one in the last place of the exact value, but of no smaller value than 2^-118 (a product with a
/// denormal exponential cannot be nearer), and where the test says so of another value: where a difference of
/// larger numbers is taken by definition.
class ActivationAccuracyTest {
    /// Of all floats every so manieth: a prime, so that all bits change.
    private static final int STRIDE = 8209;

    private static final int COUNT = (int) ((1L << 32) / STRIDE);

    private static final double SMALLEST = 0x1p-118;

    static List<Activation> elementwise() {
        return ActivationFormula.all().stream().filter(a -> !a.rowwise()).toList();
    }

    /// The number whose unit in the last place errors of the value at `x` are measured in, if it is larger.
    private static double valueReference(Activation activation, double x) {
        return switch (activation.name()) {
            // x - tanh(x), x + 3 and 0.2 x + 0.5 as floats, which is how they are defined.
            case "tanh_shrink" -> Math.abs(x);
            case "hard_sigmoid" -> 0.25;
            case "hard_silu" -> Math.abs(x) < 4 ? 0.25 * Math.abs(x) : 0;
            case "sparse_plus" -> Math.abs(x) < 2 ? 0.25 * Math.abs(x + 1) : 0;
            // The argument z of the exponential is rounded, which counts z times.
            case "gelu" -> isTail(activation, x) ? 64 * Math.abs(new ActivationFormula(activation).value(x)) : 0;
            default -> 0;
        };
    }

    private static boolean isTail(Activation activation, double x) {
        return activation.config().containsKey("approximate") && x < -2.5;
    }

    /// The same for the derivative.
    private static double derivativeReference(Activation activation, double x) {
        return switch (activation.name()) {
            // From the output: 1 - y² and y (1 - y), and y + alpha, where y is near its limit.
            case "tanh", "sigmoid" -> 1;
            case "elu", "celu", "selu" -> x < 0 ? 1 : 0;
            // It crosses 0 there.
            case "silu", "mish" -> x < 0 && x > -2.5 ? 1 : 0;
            case "gelu" -> {
                double exact = new ActivationFormula(activation).derivative(x);
                yield x < 0 && x > -2.5 ? 1 : isTail(activation, x) ? 64 * Math.abs(exact) : 0;
            }
            case "hard_silu" -> 1;
            // Its inverse is computed, which is infinite from there on.
            case "squareplus" -> 0x1p-104;
            case "sparse_plus" -> x < 1 ? 1 : 0;
            default -> 0;
        };
    }

    /// Whether the derivative jumps so near to `x` that rounding the output decides.
    private static boolean isAtJump(Activation activation, double x) {
        double kink = switch (activation.name()) {
            case "hard_sigmoid" -> Boolean.TRUE.equals(activation.config().get("legacy")) ? 2.5 : 3;
            case "relu6" -> 6;
            default -> Double.NaN;
        };
        return Math.abs(Math.abs(x) - kink) < 1e-6;
    }

    private static double limit(Activation activation) {
        return switch (activation.name()) {
            case "sigmoid", "tanh", "elu", "selu", "celu", "log_sigmoid", "softplus" -> 4;
            case "silu", "mish", "gelu", "squareplus" -> 8;
            case "tanh_shrink", "softsign" -> 5;
            default -> 2.5;
        };
    }

    private record Worst(double ulp, float x, float actual, double exact) {}

    private static Worst worse(Worst worst, float x, float actual, double exact, double reference) {
        if (Double.isNaN(exact) || Double.isInfinite(exact) || Math.abs(exact) > Float.MAX_VALUE) {
            return worst; // what is not finite is the other tests'
        }
        double unit = Math.ulp((float) Math.max(Math.abs(exact), Math.max(SMALLEST, reference)));
        double error = Math.abs(actual - exact) / unit;
        return error > worst.ulp || Double.isNaN(error) ? new Worst(error, x, actual, exact) : worst;
    }

    @ParameterizedTest
    @MethodSource("elementwise")
    void errorsAreWithinTheirLimits(Activation activation) {
        ActivationFormula formula = new ActivationFormula(activation);
        Worst value = new Worst(0, 0, 0, 0);
        Worst derivative = value;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(4L * COUNT, 64);
            MemorySegment ones = arena.allocate(4L * COUNT, 64);
            MemorySegment[] y = {arena.allocate(4L * COUNT, 64), arena.allocate(4L * COUNT, 64)};
            MemorySegment[] dx = {arena.allocate(4L * COUNT, 64), arena.allocate(4L * COUNT, 64)};
            for (int i = 0; i < COUNT; i++) {
                x.setAtIndex(JAVA_FLOAT, i, Float.intBitsToFloat((int) ((long) i * STRIDE)));
                ones.setAtIndex(JAVA_FLOAT, i, 1);
            }
            Kernels[] both = {Tested.SCALAR, Tested.KERNELS};
            for (int k = 0; k < 2; k++) {
                ActivationKernel kernel = both[k].activation(activation);
                kernel.forward(x, 0, y[k], 0, 1, COUNT);
                boolean input = activation.gradientFrom() == GradientFrom.INPUT;
                kernel.backward(input ? x : null, 0, input ? null : y[k], 0, ones, 0, dx[k], 0, 1, COUNT, false);
            }
            for (int i = 0; i < COUNT; i++) {
                float at = x.getAtIndex(JAVA_FLOAT, i);
                float actual = y[0].getAtIndex(JAVA_FLOAT, i);
                float slope = dx[0].getAtIndex(JAVA_FLOAT, i);
                assertSameBits(activation + " at " + at, actual, y[1].getAtIndex(JAVA_FLOAT, i));
                assertSameBits(activation + "' at " + at, slope, dx[1].getAtIndex(JAVA_FLOAT, i));
                if (Float.isFinite(at)) {
                    value = worse(value, at, actual, formula.value(at), valueReference(activation, at));
                    if (!isAtJump(activation, at)) {
                        derivative = worse(
                                derivative, at, slope, formula.derivative(at), derivativeReference(activation, at));
                    }
                } else if (Float.isNaN(at)) {
                    assertTrue(Float.isNaN(actual), activation + " must keep NaN");
                }
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%s: value %.2f ulp at %s, derivative %.2f ulp at %s%n",
                activation,
                value.ulp,
                value.x,
                derivative.ulp,
                derivative.x);
        assertTrue(value.ulp <= limit(activation), "value: " + value);
        assertTrue(derivative.ulp <= limit(activation), "derivative: " + derivative);
    }

    private static void assertSameBits(String what, float expected, float actual) {
        if (Float.floatToIntBits(expected) != Float.floatToIntBits(actual)) {
            throw new AssertionError(what + " is " + actual + ", expected " + expected);
        }
    }

    @Test
    void referenceOfTheNormalDistributionHasItsKnownValues() {
        assertEquals(0.5, ActivationFormula.normal(0), 1e-16);
        assertEquals(0.841344746068543, ActivationFormula.normal(1), 1e-15);
        assertEquals(0.0227501319481792, ActivationFormula.normal(-2), 1e-15);
        assertEquals(3.16712418331199e-5, ActivationFormula.normal(Math.nextUp(-4.0)), 1e-15);
        assertEquals(3.16712418331199e-5, ActivationFormula.normal(-4), 1e-18);
        assertEquals(7.61985302416053e-24, ActivationFormula.normal(-10), 1e-37);
    }
}
