package dev.lanewise.train;

/// Tversky's loss over the batch as a whole (Salehi et al. 2017), with `overlap = sum of y · target`:
/// `1 - overlap / (overlap + alpha · sum of y · (1 - target) + beta · sum of (1 - y) · target + 1e-7)`.
///
/// @param alpha weight of false positives
/// @param beta weight of false negatives
public record Tversky(double alpha, double beta) implements OverlapLoss {
    public Tversky {
        if (!(alpha >= 0) || !(beta >= 0)) {
            throw new IllegalArgumentException(
                    "Tversky: alpha and beta must not be negative, got " + alpha + " and " + beta);
        }
    }

    /// Keras' defaults: 0.5 both.
    public Tversky() {
        this(0.5, 0.5);
    }

    @Override
    public String name() {
        return "tversky";
    }
}
