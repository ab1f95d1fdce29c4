package dev.lanewise.train;

import java.util.List;

/// Adam (Kingma and Ba 2015) in Keras' form, epsilon beside the uncorrected root:
/// `m += (g - m)(1 - beta1); v += (g² - v)(1 - beta2); w -= m · alpha / (sqrt(v) + epsilon)` with
/// `alpha = rate · sqrt(1 - beta2^t) / (1 - beta1^t)`.
public record Adam(double learningRate, double beta1, double beta2, double epsilon) implements Optimizer {
    public Adam {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("Adam: learning_rate must not be negative, got " + learningRate);
        }
        if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    "Adam: beta_1 and beta_2 must be from 0 to below 1 and epsilon not negative," + " got " + beta1
                            + ", " + beta2 + ", " + epsilon);
        }
    }

    public Adam(double learningRate) {
        this(learningRate, 0.9, 0.999, 1e-7);
    }

    /// Keras' defaults: rate 0.001, beta 0.9 and 0.999, epsilon 1e-7.
    public Adam() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("m", "v");
    }

    @Override
    public void begin(UpdateBuffers b) {
        final double t = b.step();
        b.scalars()[0] = (float)
                (b.learningRate() * StrictMath.sqrt(1 - StrictMath.pow(beta2, t)) / (1 - StrictMath.pow(beta1, t)));
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .adam(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        b.slot(1),
                        from,
                        n,
                        b.scalars()[0],
                        (float) beta1,
                        (float) beta2,
                        (float) epsilon);
    }
}
