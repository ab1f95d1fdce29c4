package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// No optimizer's state and no moving average is left between 0 and 2^-100, in vectors as in what is left of
/// them.
class TinyStateTest {
    /// Longer than all vectors together that a loop may take in a turn, and no multiple of any.
    private static final int N = 331;

    /// @param slots numbers of the operands that the method writes beside the weights
    record Case(String name, Tested.Call call, int operands, List<Integer> slots) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Integer> slots(String name) {
        return switch (name) {
            case "SGD" -> List.of();
            case "MOMENTUM", "NESTEROV", "LION" -> List.of(2);
            case "RMSPROP", "ADAGRAD" -> List.of(3);
            case "RMSPROP_CENTERED", "ADADELTA" -> List.of(3, 4);
            case "RMSPROP_CENTERED_MOMENTUM" -> List.of(2, 3, 4);
            default -> List.of(2, 3);
        };
    }

    static Stream<Case> cases() {
        return Stream.of(
                        Arrays.stream(OptimizerTest.Method.values()).map(m -> of(m.name(), m.call(), 4)),
                        Arrays.stream(AdaptiveOptimizerTest.Method.values()).map(m -> of(m.name(), m.call(), 5)),
                        Arrays.stream(AccumulatingOptimizerTest.Method.values()).map(m -> of(m.name(), m.call(), 5)))
                .flatMap(all -> all);
    }

    private static Case of(String name, Tested.Call call, int operands) {
        return new Case(name, call, operands, slots(name));
    }

    /// From denormals to twice the limit, most of them so near that one step takes them across.
    private static float[] aroundTheLimit(boolean signed) {
        float[] values = new float[N];
        for (int i = 0; i < N; i++) {
            float value = switch (i % 10) {
                case 0 -> 0x1p-100f;
                case 1 -> Math.nextDown(0x1p-100f);
                case 2 -> Math.nextUp(0x1p-100f);
                case 3 -> Float.MIN_VALUE * (1 + i);
                case 4 -> Float.MIN_NORMAL;
                default -> 0x1p-100f * (0.9f + 0.3f * i / N);
            };
            values[i] = signed && i % 3 == 0 ? -value : value;
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isStoredAsZero(Case of) {
        for (float gradient : new float[] {0, 0x1p-140f, -0x1p-101f}) {
            float[][] operands = new float[of.operands()][];
            for (int i = 0; i < operands.length; i++) {
                // The second slot of all is a mean of squares.
                operands[i] = aroundTheLimit(i == 2);
            }
            operands[0] = new float[N]; // as a weight does, it would reach Ftrl's state
            Arrays.fill(operands[1], gradient);
            List<float[]> after = sameBits(of.name(), 1, of.call(), operands);
            for (int slot : of.slots()) {
                int zeros = 0;
                for (int i = 0; i < N; i++) {
                    float value = after.get(slot)[i];
                    assertTrue(
                            value == 0 || Math.abs(value) >= 0x1p-100f,
                            of + ", slot " + slot + ", element " + i + " from " + operands[slot][i] + ": " + value);
                    zeros += value == 0 ? 1 : 0;
                }
                assertTrue(zeros >= N / 4, of + ", slot " + slot + ": " + zeros + " of " + N + " became 0");
            }
        }
    }

    /// What is not named above is not state that decays: it is left alone, or is the largest so far.
    @ParameterizedTest
    @MethodSource("cases")
    void everySlotThatDecaysIsLookedAt(Case of) {
        float[][] operands = new float[of.operands()][];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = new float[N];
            Arrays.fill(operands[i], i == 1 ? 0 : 1);
        }
        List<float[]> after = sameBits(of.name(), 1, of.call(), operands);
        for (int i = 2; i < operands.length; i++) {
            if (!of.slots().contains(i)) {
                assertArrayEquals(operands[i], after.get(i), of + ", slot " + i);
            }
        }
    }

    @Test
    void averageIsStoredAsZero() {
        for (float target : new float[] {0, 0x1p-140f, -0x1p-101f}) {
            float[] to = new float[N];
            Arrays.fill(to, target);
            List<float[]> after = sameBits(
                    "approach",
                    1,
                    (k, o) -> k.elementwise()
                            .approach(o[0].segment(), o[0].offset(), o[1].segment(), o[1].offset(), N, 0.125f),
                    to,
                    aroundTheLimit(true));
            int zeros = 0;
            for (float value : after.get(1)) {
                assertTrue(value == 0 || Math.abs(value) >= 0x1p-100f, () -> "became " + value);
                zeros += value == 0 ? 1 : 0;
            }
            assertTrue(zeros >= N / 4 && zeros < N, zeros + " of " + N + " became 0");
        }
    }

    /// The limit itself stays, what is next to it does not.
    @Test
    void theLimitIsExact() {
        float[] velocity = new float[N];
        Arrays.fill(velocity, 0x1p-100f);
        velocity[7] = Math.nextDown(0x1p-100f);
        velocity[N - 1] = -Math.nextDown(0x1p-100f);
        List<float[]> after = sameBits(
                "momentum",
                1,
                (k, o) -> k.optimizer()
                        .momentum(
                                o[0].segment(),
                                o[1].segment().asSlice((o[1].offset() - o[0].offset()) * Float.BYTES),
                                o[2].segment().asSlice((o[2].offset() - o[0].offset()) * Float.BYTES),
                                o[0].offset(),
                                N,
                                0.1f,
                                1,
                                false),
                new float[N],
                new float[N],
                velocity);
        for (int i = 0; i < N; i++) {
            assertEquals(i == 7 || i == N - 1 ? 0 : 0x1p-100f, after.get(2)[i]);
        }
    }
}
