package dev.lanewise.kernels.elementwise;

/// Vector loops.
public final class SimdElementwise extends ScalarElementwise {}
