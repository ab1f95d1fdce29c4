package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The formulas of Keras' learning rate schedules.
class LearningRateScheduleTest {
    private static void assertRates(LearningRateSchedule schedule, double... stepsAndRates) {
        for (int i = 0; i < stepsAndRates.length; i += 2) {
            final double rate = schedule.at((long) stepsAndRates[i]);
            assertEquals(stepsAndRates[i + 1], rate, 1e-14, schedule + " after " + stepsAndRates[i]);
        }
    }

    @Test
    void exponentialDecayIsAPower() {
        assertRates(new ExponentialDecay(0.1, 4, 0.5, false), 0, 0.1, 2, 0.1 * Math.sqrt(0.5), 4, 0.05, 12, 0.0125);
        assertRates(new ExponentialDecay(0.1, 4, 0.5, true), 0, 0.1, 3, 0.1, 4, 0.05, 7, 0.05, 8, 0.025);
        assertRates(new ExponentialDecay(0.1, 4, 0, true), 3, 0.1, 4, 0);
    }

    @Test
    void inverseTimeDecayIsAQuotient() {
        assertRates(new InverseTimeDecay(0.1, 4, 2, false), 0, 0.1, 2, 0.05, 4, 0.1 / 3);
        assertRates(new InverseTimeDecay(0.1, 4, 2, true), 3, 0.1, 4, 0.1 / 3);
    }

    @Test
    void piecesIncludeTheirBoundaries() {
        assertRates(
                new PiecewiseConstantDecay(List.of(3.0, 5.0), List.of(1.0, 0.5, 0.1)),
                0,
                1,
                3,
                1,
                4,
                0.5,
                5,
                0.5,
                6,
                0.1,
                1000,
                0.1);
        final String message = assertThrows(
                        IllegalArgumentException.class, () -> new PiecewiseConstantDecay(List.of(3.0), List.of(1.0)))
                .getMessage();
        assertEquals("PiecewiseConstantDecay: there must be one value more than boundaries, got 1 and 1", message);
    }

    @Test
    void polynomialDecayEndsOrStartsAgain() {
        assertRates(new PolynomialDecay(0.5, 10, 0.1, 2, false), 0, 0.5, 5, 0.2, 10, 0.1, 25, 0.1);
        assertRates(new PolynomialDecay(0.5, 10, 0.1, 1, true), 0, 0.5, 5, 0.3, 10, 0.1, 15, 0.2, 20, 0.1);
    }

    @Test
    void cosineDecayWarmsUp() {
        for (int step = 0; step <= 10; step++) {
            final double cosine = 0.5 * (1 + Math.cos(Math.PI * step / 10));
            assertRates(new CosineDecay(0.2, 10), step, 0.2 * cosine);
            assertRates(new CosineDecay(0.2, 10, 0.25, null, 0), step, 0.2 * (0.75 * cosine + 0.25));
            assertRates(new CosineDecay(0.2, 10, 0.25, 0.4, 4), step + 4, 0.4 * (0.75 * cosine + 0.25));
        }
        assertRates(new CosineDecay(0.2, 10, 0.25, 0.4, 4), 0, 0.2, 1, 0.25, 3, 0.35, 100, 0.1);
    }

    @Test
    void restartsAreLongerAndLower() {
        final LearningRateSchedule schedule = new CosineDecayRestarts(0.2, 10, 2, 0.5, 0);
        assertRates(schedule, 0, 0.2, 5, 0.1, 10, 0.1, 20, 0.05, 30, 0.05, 50, 0.025, 70, 0.025);
        assertRates(new CosineDecayRestarts(0.2, 10, 1, 1, 0), 0, 0.2, 5, 0.1, 10, 0.2, 25, 0.1);
    }

    @Test
    void everyNameIsKnown() {
        final Map<String, Object> config = Map.of(
                "initial_learning_rate",
                0.1,
                "decay_steps",
                10,
                "first_decay_steps",
                10,
                "decay_rate",
                0.5,
                "boundaries",
                List.of(1),
                "values",
                List.of(1, 0.5));
        for (String name : LearningRateSchedule.names()) {
            final String message = assertThrows(
                            IllegalArgumentException.class, () -> LearningRateSchedule.of(name, config))
                    .getMessage();
            assertEquals("schedule '" + name + "': setting '", message.substring(0, name.length() + 22));
        }
        assertEquals(
                new PolynomialDecay(0.1, 10, 1e-4, 1, false),
                LearningRateSchedule.of("PolynomialDecay", Map.of("initial_learning_rate", 0.1, "decay_steps", 10)));
    }
}
