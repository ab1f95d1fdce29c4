package dev.lanewise.train;

/// `(initialLearningRate - endLearningRate) · (1 - step / decaySteps)^power + endLearningRate`, and the end
/// rate from
/// then on.
///
/// @param cycle whether to start again instead, with the next multiple of `decaySteps` above the step
public record PolynomialDecay(
        double initialLearningRate, double decaySteps, double endLearningRate, double power, boolean cycle)
        implements LearningRateSchedule {
    public PolynomialDecay {
        Decays.require("PolynomialDecay", initialLearningRate, "decay_steps", decaySteps);
        if (!(endLearningRate >= 0) || !(power >= 0)) {
            throw new IllegalArgumentException("PolynomialDecay: end_learning_rate and power must not be negative, got "
                    + endLearningRate + " and " + power);
        }
    }

    @Override
    public double at(long step) {
        final double length = cycle && step > 0 ? decaySteps * Math.ceil(step / decaySteps) : decaySteps;
        final double part = Math.min((double) step, length) / length;
        return (initialLearningRate - endLearningRate) * Decays.power(1 - part, power) + endLearningRate;
    }
}
