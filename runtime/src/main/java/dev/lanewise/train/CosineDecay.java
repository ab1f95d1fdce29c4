package dev.lanewise.train;

import org.jspecify.annotations.Nullable;

/// Half a cosine from the initial rate to `alpha` times it (Loshchilov and Hutter 2017):
/// `initialLearningRate · ((1 - alpha) · (1 + cos(π · step / decaySteps)) / 2 + alpha)`. With a warm-up the
/// rate first goes in a line from the initial one to `warmupTarget`, and the cosine starts from there.
///
/// @param warmupTarget the rate after `warmupSteps`, or null for no warm-up
public record CosineDecay(
        double initialLearningRate,
        double decaySteps,
        double alpha,
        @Nullable Double warmupTarget,
        double warmupSteps) implements LearningRateSchedule {
    public CosineDecay {
        Decays.require("CosineDecay", initialLearningRate, "decay_steps", decaySteps);
        if (!(alpha >= 0) || !(warmupSteps >= 0) || (warmupTarget != null && !(warmupTarget >= 0))) {
            throw new IllegalArgumentException(
                    "CosineDecay: alpha, warmup_target and warmup_steps must not be negative, got " + alpha + ", "
                            + warmupTarget + " and " + warmupSteps);
        }
    }

    public CosineDecay(double initialLearningRate, double decaySteps) {
        this(initialLearningRate, decaySteps, 0, null, 0);
    }

    @Override
    public double at(long step) {
        if (warmupTarget == null) {
            return initialLearningRate * Decays.cosineShare(Math.min((double) step, decaySteps) / decaySteps, 1, alpha);
        }
        if (step < warmupSteps) {
            return (warmupTarget - initialLearningRate) * (step / warmupSteps) + initialLearningRate;
        }
        final double since = Math.min(step - warmupSteps, decaySteps);
        return warmupTarget * Decays.cosineShare(since / decaySteps, 1, alpha);
    }
}
