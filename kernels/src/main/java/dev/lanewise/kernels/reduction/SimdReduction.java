package dev.lanewise.kernels.reduction;

/// Vector loops.
public final class SimdReduction extends ScalarReduction {}
