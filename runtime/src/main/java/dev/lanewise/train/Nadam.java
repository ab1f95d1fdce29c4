package dev.lanewise.train;

import java.util.List;

/// Nadam (Dozat 2015) in Keras' form, Adam with Nesterov's momentum: with `u_t = beta1 · (1 - 0.96^t / 2)`
/// and `U` the
/// product of all `u` so far, `m += (g - m)(1 - beta1); v += (g² - v)(1 - beta2)`,
/// `step = u_(t+1) · m / (1 - U · u_(t+1)) + (1 - u_t) · g / (1 - U)`,
/// `w -= rate · step / (sqrt(v / (1 - beta2^t)) +
/// epsilon)`.
///
/// `U` follows from the number of steps and is computed from it; Keras keeps it as a variable.
public record Nadam(double learningRate, double beta1, double beta2, double epsilon) implements Optimizer {
    private static final double DECAY = 0.96;

    /// From here on `0.96^t / 2` is below half an ulp of 1.
    private static final int SETTLED = 1024;

    public Nadam {
        AdamW.check("Nadam", learningRate, beta1, beta2, epsilon);
    }

    public Nadam(double learningRate) {
        this(learningRate, 0.9, 0.999, 1e-7);
    }

    /// Keras' defaults: rate 0.001, beta 0.9 and 0.999, epsilon 1e-7.
    public Nadam() {
        this(0.001);
    }

    /// The product of the momentum schedule's first `steps` values, Keras' variable `u_product`.
    public double uProduct(long steps) {
        double product = 1;
        double power = 1;
        final long first = Math.min(steps, SETTLED);
        for (long t = 0; t < first; t++) {
            power *= DECAY;
            product *= beta1 * (1 - 0.5 * power);
        }
        return steps <= SETTLED ? product : product * AdamW.power(beta1, steps - SETTLED);
    }

    @Override
    public List<String> slots() {
        return List.of("momentum", "velocity");
    }

    @Override
    public void begin(UpdateBuffers b) {
        final long t = b.step();
        final double now = beta1 * (1 - 0.5 * AdamW.power(DECAY, t));
        final double next = beta1 * (1 - 0.5 * AdamW.power(DECAY, t + 1));
        final double product = uProduct(t);
        b.scalars()[0] = (float) (b.learningRate() * next / (1 - product * next));
        b.scalars()[1] = (float) (b.learningRate() * (1 - now) / (1 - product));
        b.scalars()[2] = (float) (1 / (1 - AdamW.power(beta2, t)));
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .nadam(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        b.slot(1),
                        from,
                        n,
                        b.scalars()[0],
                        b.scalars()[1],
                        b.scalars()[2],
                        (float) beta1,
                        (float) beta2,
                        (float) epsilon);
    }
}
