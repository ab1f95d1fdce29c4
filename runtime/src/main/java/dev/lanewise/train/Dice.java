package dev.lanewise.train;

/// Dice's loss over the batch as a whole: `1 - 2 · sum of y · target / (sum of y + sum of target + 1e-7)`.
public record Dice() implements OverlapLoss {
    @Override
    public String name() {
        return "dice";
    }

    @Override
    public double alpha() {
        return 0.5;
    }

    @Override
    public double beta() {
        return 0.5;
    }

    @Override
    public double epsilonShare() {
        return 0.5;
    }
}
