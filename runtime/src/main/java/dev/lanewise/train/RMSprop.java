package dev.lanewise.train;

import java.util.ArrayList;
import java.util.List;

/// RMSprop in Keras' form, epsilon inside the root:
/// `v += (g² - v)(1 - rho); step = rate · g / sqrt(v + epsilon)`,
/// with `centered` over `sqrt(v - a² + epsilon)` where `a += (g - a)(1 - rho)`; then `w -= step`, or with
/// momentum
/// `m = momentum · m + step; w -= m`.
public record RMSprop(double learningRate, double rho, double momentum, double epsilon, boolean centered)
        implements Optimizer {
    public RMSprop {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("RMSprop: learning_rate must not be negative, got " + learningRate);
        }
        if (!(rho >= 0 && rho < 1) || !(momentum >= 0 && momentum <= 1) || !(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    "RMSprop: rho must be from 0 to below 1, momentum from 0 to 1 and epsilon" + " not negative, got "
                            + rho + ", " + momentum + ", " + epsilon);
        }
    }

    public RMSprop(double learningRate) {
        this(learningRate, 0.9, 0, 1e-7, false);
    }

    /// Keras' defaults: rate 0.001, rho 0.9, no momentum, epsilon 1e-7, not centered.
    public RMSprop() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        final List<String> slots = new ArrayList<>(List.of("velocity"));
        if (momentum > 0) {
            slots.add("momentum");
        }
        if (centered) {
            slots.add("average_gradient");
        }
        return slots;
    }

    @Override
    public void begin(UpdateBuffers b) {}

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .rmsprop(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        centered ? b.slot(momentum > 0 ? 2 : 1) : null,
                        momentum > 0 ? b.slot(1) : null,
                        from,
                        n,
                        (float) b.learningRate(),
                        (float) rho,
                        (float) momentum,
                        (float) epsilon);
    }
}
