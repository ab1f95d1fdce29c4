package dev.lanewise.train;

/// [CosineDecay] again and again: each time `tMul` times as long, from `mMul` times the height.
///
/// @param firstDecaySteps steps of the first decay
/// @param tMul 1 or more
public record CosineDecayRestarts(
        double initialLearningRate, double firstDecaySteps, double tMul, double mMul, double alpha)
        implements LearningRateSchedule {
    public CosineDecayRestarts {
        Decays.require("CosineDecayRestarts", initialLearningRate, "first_decay_steps", firstDecaySteps);
        if (!(tMul >= 1) || !(mMul >= 0) || !(alpha >= 0)) {
            throw new IllegalArgumentException(
                    "CosineDecayRestarts: t_mul must be 1 or more, m_mul and alpha must not be negative, got " + tMul
                            + ", " + mMul + " and " + alpha);
        }
    }

    public CosineDecayRestarts(double initialLearningRate, double firstDecaySteps) {
        this(initialLearningRate, firstDecaySteps, 2, 1, 0);
    }

    @Override
    public double at(long step) {
        double part = step / firstDecaySteps;
        double restarts = 0;
        if (tMul == 1) {
            restarts = Math.floor(part);
            part -= restarts;
        } else {
            double length = 1;
            for (; part >= length; restarts++) {
                part -= length;
                length *= tMul;
            }
            part /= length;
        }
        return initialLearningRate * Decays.cosineShare(part, Decays.power(mMul, restarts), alpha);
    }
}
