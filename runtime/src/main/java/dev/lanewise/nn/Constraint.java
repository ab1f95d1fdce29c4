package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a weight is made to be after each update. Keras' classes, letter for letter. Norms are
/// `‖w‖ = sqrt(Σ w²)` over the dimensions in `axis`, one for each place in the other dimensions; for a dense
/// kernel
/// `[in, out]`, axis 0 is all that leads to an output.
public sealed interface Constraint {
    /// Keras' epsilon: norms are divided by that much more than they are.
    double EPSILON = 1e-7;

    /// A constraint of norms.
    sealed interface OfNorms extends Constraint {
        List<Integer> axis();

        /// What a weight whose norm is this is multiplied by.
        double factor(double norm);

        @Override
        default void check(Shape weight) {
            for (int dimension : axis()) {
                if (dimension < -weight.rank() || dimension >= weight.rank()) {
                    throw new IllegalArgumentException(
                            getClass().getSimpleName() + ": a weight of shape " + weight + " has no axis " + dimension);
                }
            }
        }
    }

    /// Norms are `max_value` at most: `w · clip(‖w‖, 0, max_value) / (epsilon + ‖w‖)`.
    record MaxNorm(double maxValue, List<Integer> axis) implements OfNorms {
        public MaxNorm {
            atLeast0("MaxNorm", "max_value", maxValue);
            axis = List.copyOf(axis);
        }

        public MaxNorm(double maxValue) {
            this(maxValue, List.of(0));
        }

        /// Keras' defaults: 2, axis 0.
        public MaxNorm() {
            this(2);
        }

        @Override
        public double factor(double norm) {
            return Math.min(norm, maxValue) / (EPSILON + norm);
        }
    }

    /// Negative weights become 0.
    record NonNeg() implements Constraint {}

    /// Norms are 1: `w / (epsilon + ‖w‖)`.
    record UnitNorm(List<Integer> axis) implements OfNorms {
        public UnitNorm {
            axis = List.copyOf(axis);
        }

        /// Keras' default: axis 0.
        public UnitNorm() {
            this(List.of(0));
        }

        @Override
        public double factor(double norm) {
            return 1 / (EPSILON + norm);
        }
    }

    /// Norms go the part `rate` of the way to between `min_value` and `max_value`:
    /// `w · (rate · clip(‖w‖, min_value, max_value) + (1 - rate) · ‖w‖) / (epsilon + ‖w‖)`.
    record MinMaxNorm(double minValue, double maxValue, double rate, List<Integer> axis) implements OfNorms {
        public MinMaxNorm {
            atLeast0("MinMaxNorm", "min_value", minValue);
            atLeast0("MinMaxNorm", "max_value", maxValue);
            atLeast0("MinMaxNorm", "rate", rate);
            if (minValue > maxValue) {
                throw new IllegalArgumentException(
                        "MinMaxNorm: min_value " + minValue + " is above max_value " + maxValue);
            }
            axis = List.copyOf(axis);
        }

        /// Keras' defaults: 0 to 1, all of the way, axis 0.
        public MinMaxNorm() {
            this(0, 1, 1, List.of(0));
        }

        @Override
        public double factor(double norm) {
            final double wanted = rate * Math.min(Math.max(norm, minValue), maxValue) + (1 - rate) * norm;
            return wanted / (EPSILON + norm);
        }
    }

    /// Whether a weight of this shape can be constrained so.
    ///
    /// @throws IllegalArgumentException if not
    default void check(Shape weight) {}

    /// All constraints by name.
    static Map<String, Class<? extends Constraint>> registry() {
        final Map<String, Class<? extends Constraint>> all = new TreeMap<>();
        all.put("MaxNorm", MaxNorm.class);
        all.put("NonNeg", NonNeg.class);
        all.put("UnitNorm", UnitNorm.class);
        all.put("MinMaxNorm", MinMaxNorm.class);
        return all;
    }

    private static void atLeast0(String type, String name, double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException(type + ": " + name + " must be 0 or more, got " + value);
        }
    }
}
