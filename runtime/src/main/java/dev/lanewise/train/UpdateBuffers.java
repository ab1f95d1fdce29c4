package dev.lanewise.train;

import dev.lanewise.kernels.OptimizerKernel;
import dev.lanewise.nn.Compute;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What an optimizer reads and writes in a step; all segments have one layout. Weights whose settings differ
/// have buffers of their own.
public final class UpdateBuffers {
    private final MemorySegment weights;
    private final MemorySegment gradients;
    private final List<MemorySegment> slots;
    private final Compute compute;
    private final float[] scalars = new float[8];
    private final boolean decays;
    private final double learningRateFactor;
    private double learningRate;
    private long step;

    public UpdateBuffers(MemorySegment weights, MemorySegment gradients, List<MemorySegment> slots, Compute compute) {
        this(weights, gradients, slots, compute, true, 1);
    }

    UpdateBuffers(
            MemorySegment weights,
            MemorySegment gradients,
            List<MemorySegment> slots,
            Compute compute,
            boolean decays,
            double learningRateFactor) {
        this.decays = decays;
        this.learningRateFactor = learningRateFactor;
        this.weights = weights;
        this.gradients = gradients;
        this.slots = List.copyOf(slots);
        this.compute = compute;
    }

    void at(double rate, long number) {
        learningRate = rate * learningRateFactor;
        step = number;
    }

    public MemorySegment weights() {
        return weights;
    }

    public MemorySegment gradients() {
        return gradients;
    }

    /// Slot `i` of [Optimizer#slots].
    public MemorySegment slot(int i) {
        return slots.get(i);
    }

    public OptimizerKernel kernel() {
        return compute.kernels().optimizer();
    }

    /// Room for what [Optimizer#begin] computes.
    public float[] scalars() {
        return scalars;
    }

    /// Whether these weights decay, where the optimizer has weights decay.
    public boolean decays() {
        return decays;
    }

    double learningRateFactor() {
        return learningRateFactor;
    }

    public double learningRate() {
        return learningRate;
    }

    /// Number of this step, from 1: the t of bias corrections.
    public long step() {
        return step;
    }
}
