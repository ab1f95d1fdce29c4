package dev.lanewise.train;

import java.util.List;

/// Adadelta (Zeiler 2012) in Keras' form: `a = rho · a + (1 - rho) g²; step = g · sqrt(d + epsilon) / sqrt(a +
/// epsilon); d = rho · d + (1 - rho) step²; w -= rate · step`.
public record Adadelta(double learningRate, double rho, double epsilon) implements Optimizer {
    public Adadelta {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("Adadelta: learning_rate must not be negative, got " + learningRate);
        }
        if (!(rho >= 0 && rho < 1) || !(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    "Adadelta: rho must be from 0 to below 1 and epsilon not negative, got " + rho + " and " + epsilon);
        }
    }

    public Adadelta(double learningRate) {
        this(learningRate, 0.95, 1e-7);
    }

    /// Keras' defaults: rate 0.001, rho 0.95, epsilon 1e-7.
    public Adadelta() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("accumulated_grad", "accumulated_delta_var");
    }

    @Override
    public void begin(UpdateBuffers b) {}

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .adadelta(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        b.slot(1),
                        from,
                        n,
                        (float) b.learningRate(),
                        (float) rho,
                        (float) epsilon);
    }
}
