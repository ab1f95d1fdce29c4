package dev.lanewise.train;

import java.util.List;

/// Adagrad (Duchi et al. 2011) in Keras' form: `a += g²; w -= rate · g / sqrt(a + epsilon)`.
///
/// @param initialAccumulatorValue of `a`
public record Adagrad(double learningRate, double initialAccumulatorValue, double epsilon) implements Optimizer {
    public Adagrad {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("Adagrad: learning_rate must not be negative, got " + learningRate);
        }
        if (!(initialAccumulatorValue >= 0) || !(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    "Adagrad: initial_accumulator_value and epsilon must not be negative, got "
                            + initialAccumulatorValue + " and " + epsilon);
        }
    }

    public Adagrad(double learningRate) {
        this(learningRate, 0.1, 1e-7);
    }

    /// Keras' defaults: rate 0.001, first value 0.1, epsilon 1e-7.
    public Adagrad() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("accumulator");
    }

    @Override
    public float initialValue(String slot) {
        return (float) initialAccumulatorValue;
    }

    @Override
    public void begin(UpdateBuffers b) {}

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel().adagrad(b.weights(), b.gradients(), b.slot(0), from, n, (float) b.learningRate(), (float) epsilon);
    }
}
