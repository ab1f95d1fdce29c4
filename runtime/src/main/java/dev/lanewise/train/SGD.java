package dev.lanewise.train;

import java.util.List;

/// Gradient descent: `w -= rate · g`; with momentum `m = momentum · m - rate · g; w += m`, and with Nesterov's
/// `w += momentum · m - rate · g` (Keras: the rate is inside the velocity).
///
/// @param momentum from 0 to 1
public record SGD(double learningRate, double momentum, boolean nesterov) implements Optimizer {
    public SGD {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("SGD: learning_rate must not be negative, got " + learningRate);
        }
        if (!(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("SGD: momentum must be from 0 to 1, got " + momentum);
        }
    }

    public SGD(double learningRate) {
        this(learningRate, 0, false);
    }

    /// Keras' default: rate 0.01, no momentum.
    public SGD() {
        this(0.01);
    }

    @Override
    public List<String> slots() {
        return momentum == 0 ? List.of() : List.of("momentum");
    }

    @Override
    public void begin(UpdateBuffers b) {}

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        if (momentum == 0) {
            b.kernel().sgd(b.weights(), b.gradients(), from, n, (float) b.learningRate());
        } else {
            b.kernel()
                    .momentum(
                            b.weights(),
                            b.gradients(),
                            b.slot(0),
                            from,
                            n,
                            (float) b.learningRate(),
                            (float) momentum,
                            nesterov);
        }
    }
}
