package dev.lanewise.train;

import java.util.List;

/// Lion (Chen et al. 2023), steps of one size: `w -= rate · sign(beta1 · m + (1 - beta1) g)`, then
/// `m = beta2 · m + (1
/// -
/// beta2) g`.
public record Lion(double learningRate, double beta1, double beta2) implements Optimizer {
    public Lion {
        AdamW.check("Lion", learningRate, beta1, beta2, 0);
    }

    public Lion(double learningRate) {
        this(learningRate, 0.9, 0.99);
    }

    /// Keras' defaults: rate 0.001, beta 0.9 and 0.99.
    public Lion() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("momentum");
    }

    @Override
    public void begin(UpdateBuffers b) {}

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel().lion(b.weights(), b.gradients(), b.slot(0), from, n, (float) b.learningRate(), (float) beta1, (float)
                beta2);
    }
}
