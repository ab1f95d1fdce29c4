package dev.lanewise.train;

import java.util.List;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) in Keras' form: `w -= w · weightDecay · rate`,
/// then [Adam]'s step. Every trained weight decays, biases too.
///
/// @param amsgrad whether the largest `v` so far takes the place of `v` in the root
public record AdamW(
        double learningRate, double weightDecay, double beta1, double beta2, double epsilon, boolean amsgrad)
        implements Optimizer {
    public AdamW {
        check("AdamW", learningRate, beta1, beta2, epsilon);
        if (!(weightDecay >= 0)) {
            throw new IllegalArgumentException("AdamW: weight_decay must not be negative, got " + weightDecay);
        }
    }

    public AdamW(double learningRate, double weightDecay) {
        this(learningRate, weightDecay, 0.9, 0.999, 1e-7, false);
    }

    public AdamW(double learningRate) {
        this(learningRate, 0.004);
    }

    /// Keras' defaults: rate 0.001, weight decay 0.004, beta 0.9 and 0.999, epsilon 1e-7.
    public AdamW() {
        this(0.001);
    }

    static void check(String optimizer, double rate, double beta1, double beta2, double epsilon) {
        if (!(rate >= 0)) {
            throw new IllegalArgumentException(optimizer + ": learning_rate must not be negative, got " + rate);
        }
        if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    optimizer + ": beta_1 and beta_2 must be from 0 to below 1 and epsilon not negative, got " + beta1
                            + ", " + beta2 + ", " + epsilon);
        }
    }

    static List<String> slots(boolean amsgrad) {
        return amsgrad ? List.of("m", "v", "velocity_hat") : List.of("m", "v");
    }

    /// The rate with the bias corrections in it.
    static float alpha(UpdateBuffers b, double beta1, double beta2) {
        final long t = b.step();
        // In float as Keras: 1 - beta2 of the first step is off by 5e-5 of itself there, and so is each step
        // after.
        final float unbiased1 = 1 - (float) power((float) beta1, t);
        final float unbiased2 = 1 - (float) power((float) beta2, t);
        return (float) b.learningRate() * (float) StrictMath.sqrt(unbiased2) / unbiased1;
    }

    /// `base` to the power of `t`, by squares. Not by [StrictMath#pow], which allocates where it has met
    /// several bases.
    static double power(double base, long t) {
        double result = 1;
        double square = base;
        for (long rest = t; rest > 0; rest >>= 1) {
            result *= (rest & 1) == 0 ? 1 : square;
            square *= square;
        }
        return result;
    }

    @Override
    public List<String> slots() {
        return slots(amsgrad);
    }

    /// A weight decay among the options takes the place of this one.
    @Override
    public Optimizer with(OptimizerOptions options) {
        return options.weightDecay() == 0
                ? Optimizer.super.with(options)
                : new AdamW(learningRate, options.weightDecay(), beta1, beta2, epsilon, amsgrad)
                        .with(options.weightDecay(0));
    }

    @Override
    public void begin(UpdateBuffers b) {
        b.scalars()[0] = alpha(b, beta1, beta2);
        b.scalars()[1] = b.decays() ? (float) (weightDecay * b.learningRate()) : 0;
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        final float alpha = b.scalars()[0];
        final float decay = b.scalars()[1];
        if (amsgrad) {
            b.kernel()
                    .amsgrad(
                            b.weights(),
                            b.gradients(),
                            b.slot(0),
                            b.slot(1),
                            b.slot(2),
                            from,
                            n,
                            alpha,
                            (float) beta1,
                            (float) beta2,
                            (float) epsilon,
                            decay);
            return;
        }
        b.kernel()
                .adamW(
                        b.weights(),
                        b.gradients(),
                        b.slot(0),
                        b.slot(1),
                        from,
                        n,
                        alpha,
                        (float) beta1,
                        (float) beta2,
                        (float) epsilon,
                        decay);
    }
}
