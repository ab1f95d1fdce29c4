package dev.lanewise.train;

/// `initialLearningRate / (1 + decayRate · step / decaySteps)`.
///
/// @param staircase whether `step / decaySteps` is rounded down
public record InverseTimeDecay(double initialLearningRate, double decaySteps, double decayRate, boolean staircase)
        implements LearningRateSchedule {
    public InverseTimeDecay {
        Decays.require("InverseTimeDecay", initialLearningRate, "decay_steps", decaySteps);
        if (!(decayRate >= 0)) {
            throw new IllegalArgumentException("InverseTimeDecay: decay_rate must not be negative, got " + decayRate);
        }
    }

    @Override
    public double at(long step) {
        final double part = step / decaySteps;
        return initialLearningRate / (1 + decayRate * (staircase ? Math.floor(part) : part));
    }
}
