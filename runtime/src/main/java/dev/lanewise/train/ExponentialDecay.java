package dev.lanewise.train;

/// `initialLearningRate · decayRate^(step / decaySteps)`.
///
/// @param staircase whether the exponent is rounded down
public record ExponentialDecay(double initialLearningRate, double decaySteps, double decayRate, boolean staircase)
        implements LearningRateSchedule {
    public ExponentialDecay {
        Decays.require("ExponentialDecay", initialLearningRate, "decay_steps", decaySteps);
        if (!(decayRate >= 0)) {
            throw new IllegalArgumentException("ExponentialDecay: decay_rate must not be negative, got " + decayRate);
        }
    }

    @Override
    public double at(long step) {
        final double part = step / decaySteps;
        return initialLearningRate * Decays.power(decayRate, staircase ? Math.floor(part) : part);
    }
}
