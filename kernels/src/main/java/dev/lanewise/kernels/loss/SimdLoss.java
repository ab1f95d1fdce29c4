package dev.lanewise.kernels.loss;

/// Vector loops.
public final class SimdLoss extends ScalarLoss {}
