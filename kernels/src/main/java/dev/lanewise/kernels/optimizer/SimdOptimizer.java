package dev.lanewise.kernels.optimizer;

/// Vector loops.
public final class SimdOptimizer extends ScalarOptimizer {}
