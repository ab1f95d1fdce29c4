package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.Map;
import java.util.TreeMap;

/// What a weight adds to the loss by its size, and by that to its gradient. Keras' classes, letter for letter.
/// The sum is added as it is: neither the batch nor the number of weights divides it.
public sealed interface Regularizer {
    /// `l1 · Σ |w|`; the gradient is `l1 · sign(w)`, 0 at 0.
    record L1(double l1) implements Regularizer {
        public L1 {
            requireFactor("L1", "l1", l1);
        }

        /// Keras' default, 0.01.
        public L1() {
            this(0.01);
        }
    }

    /// `l2 · Σ w²`; the gradient is `2 · l2 · w`.
    record L2(double l2) implements Regularizer {
        public L2 {
            requireFactor("L2", "l2", l2);
        }

        /// Keras' default, 0.01.
        public L2() {
            this(0.01);
        }
    }

    /// `l1 · Σ |w| + l2 · Σ w²`.
    record L1L2(double l1, double l2) implements Regularizer {
        public L1L2 {
            requireFactor("L1L2", "l1", l1);
            requireFactor("L1L2", "l2", l2);
        }

        /// Keras' defaults: nothing is added.
        public L1L2() {
            this(0, 0);
        }
    }

    /// The mean of `|v_i · v_j|` over all pairs of different rows of a matrix, times `factor`, where `v_i`
    /// is row `i`
    /// over its length.
    ///
    /// @param mode `rows`, or `columns` for those instead
    record OrthogonalRegularizer(double factor, String mode) implements Regularizer {
        public OrthogonalRegularizer {
            requireFactor("OrthogonalRegularizer", "factor", factor);
            if (!mode.equals("rows") && !mode.equals("columns")) {
                throw new IllegalArgumentException("OrthogonalRegularizer: mode must be rows or columns, got " + mode);
            }
        }

        /// Keras' defaults: 0.01, rows.
        public OrthogonalRegularizer() {
            this(0.01, "rows");
        }

        /// How many vectors a matrix has.
        int vectors(Shape weight) {
            return weight.dim(mode.equals("rows") ? 0 : 1);
        }

        @Override
        public void check(Shape weight) {
            if (weight.rank() != 2 || vectors(weight) < 2) {
                throw new IllegalArgumentException("OrthogonalRegularizer: needs a matrix of two " + mode
                        + " or more, got a weight of shape " + weight);
            }
        }
    }

    /// Whether a weight of this shape can be regularized so.
    ///
    /// @throws IllegalArgumentException if not
    default void check(Shape weight) {}

    /// All regularizers by name.
    static Map<String, Class<? extends Regularizer>> registry() {
        final Map<String, Class<? extends Regularizer>> all = new TreeMap<>();
        all.put("L1", L1.class);
        all.put("L2", L2.class);
        all.put("L1L2", L1L2.class);
        all.put("OrthogonalRegularizer", OrthogonalRegularizer.class);
        return all;
    }

    private static void requireFactor(String type, String name, double value) {
        if (!(value >= 0) || value == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException(type + ": " + name + " must be 0 or more, got " + value);
        }
    }
}
