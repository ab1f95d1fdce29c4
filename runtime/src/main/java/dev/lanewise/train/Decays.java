package dev.lanewise.train;

/// What learning rate schedules share. Nothing here allocates, as [StrictMath#pow] and [StrictMath#cos] may.
final class Decays {
    private static final int COSINE_TERMS = 11;

    private Decays() {}

    static void require(String schedule, double initialLearningRate, String steps, double decaySteps) {
        if (!(initialLearningRate >= 0)) {
            throw new IllegalArgumentException(
                    schedule + ": initial_learning_rate must not be negative, got " + initialLearningRate);
        }
        if (!(decaySteps > 0)) {
            throw new IllegalArgumentException(schedule + ": " + steps + " must be more than 0, got " + decaySteps);
        }
    }

    /// `base` to the power of `exponent`, both not negative.
    static double power(double base, double exponent) {
        if (base == 0 || exponent == 0) {
            return exponent == 0 ? 1 : 0;
        }
        return StrictMath.exp(exponent * StrictMath.log(base));
    }

    /// The cosine of `π · part`, for a part from 0 to 1: the series, which ends below half an ulp for half a
    /// turn.
    static double cosine(double part) {
        final boolean second = part > 0.5;
        final double x = StrictMath.PI * (second ? 1 - part : part);
        double term = 1;
        double sum = 1;
        for (int i = 1; i <= COSINE_TERMS; i++) {
            term *= -x * x / ((2 * i - 1) * (2 * i));
            sum += term;
        }
        return second ? -sum : sum;
    }

    /// From 1 to 0 along half a cosine, and above that from `alpha`:
    /// `(1 - alpha) · (1 + cos(π · part)) / 2 + alpha`.
    static double cosineShare(double part, double height, double alpha) {
        return (1 - alpha) * 0.5 * height * (1 + cosine(part)) + alpha;
    }
}
