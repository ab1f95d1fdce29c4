package dev.lanewise.train;

import java.util.List;

/// Adamax (Kingma and Ba 2015) in Keras' form: `m += (g - m)(1 - beta1); u = max(beta2 · u, |g|); w -= rate
/// · m / ((1 - beta1^t)(u + epsilon))`.
public record Adamax(double learningRate, double beta1, double beta2, double epsilon) implements Optimizer {
    public Adamax {
        AdamW.check("Adamax", learningRate, beta1, beta2, epsilon);
    }

    public Adamax(double learningRate) {
        this(learningRate, 0.9, 0.999, 1e-7);
    }

    /// Keras' defaults: rate 0.001, beta 0.9 and 0.999, epsilon 1e-7.
    public Adamax() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("momentum", "norm");
    }

    @Override
    public void begin(UpdateBuffers b) {
        b.scalars()[0] = (float) (b.learningRate() / (1 - AdamW.power(beta1, b.step())));
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .adamax(
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
