package dev.lanewise.train;

import java.util.List;

/// Ftrl (McMahan et al. 2013), follow the regularized leader, in Keras' form. With
/// `P(x) = x^-learningRatePower` and
/// `l2 = l2RegularizationStrength + beta / (2 rate)`:
/// ```
/// n = a + g²
/// z += g + 2 · l2ShrinkageRegularizationStrength · w - (P(n) - P(a)) / rate · w
/// w = (clip(z, -l1, l1) - z) / (P(n) / rate + 2 · l2)
/// a = n
/// ```
///
/// The rate must not be 0.
///
/// @param initialAccumulatorValue of `a`
public record Ftrl(
        double learningRate,
        double learningRatePower,
        double initialAccumulatorValue,
        double l1RegularizationStrength,
        double l2RegularizationStrength,
        double l2ShrinkageRegularizationStrength,
        double beta)
        implements Optimizer {
    public Ftrl {
        if (!(learningRate >= 0)) {
            throw new IllegalArgumentException("Ftrl: learning_rate must not be negative, got " + learningRate);
        }
        if (!(learningRatePower <= 0)) {
            throw new IllegalArgumentException(
                    "Ftrl: learning_rate_power must not be above 0, got " + learningRatePower);
        }
        if (!(initialAccumulatorValue >= 0)
                || !(l1RegularizationStrength >= 0)
                || !(l2RegularizationStrength >= 0)
                || !(l2ShrinkageRegularizationStrength >= 0)
                || !(beta >= 0)) {
            throw new IllegalArgumentException(
                    "Ftrl: initial_accumulator_value, the regularization strengths and beta must not be negative, got "
                            + initialAccumulatorValue + ", " + l1RegularizationStrength + ", "
                            + l2RegularizationStrength + ", " + l2ShrinkageRegularizationStrength + " and " + beta);
        }
    }

    public Ftrl(double learningRate) {
        this(learningRate, -0.5, 0.1, 0, 0, 0, 0);
    }

    /// Keras' defaults: rate 0.001, power -0.5, first value 0.1, no regularization.
    public Ftrl() {
        this(0.001);
    }

    @Override
    public List<String> slots() {
        return List.of("accumulator", "linear");
    }

    @Override
    public float initialValue(String slot) {
        return slot.equals("accumulator") ? (float) initialAccumulatorValue : 0;
    }

    @Override
    public void begin(UpdateBuffers b) {
        b.scalars()[0] = (float) (l2RegularizationStrength + beta / (2 * b.learningRate()));
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        b.kernel()
                .ftrl(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        b.slot(1),
                        from,
                        n,
                        (float) b.learningRate(),
                        (float) learningRatePower,
                        (float) l1RegularizationStrength,
                        b.scalars()[0],
                        (float) l2ShrinkageRegularizationStrength);
    }
}
