package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Sum of two or more inputs, from the first to the last. Inputs of other
/// shapes are taken where they have one element along an axis: it counts for all elements there.
public record Add() implements Merge {
    @Override
    public void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n) {
        k.add(a, at, b, at, c, at, n);
    }

    @Override
    public void gradient(
            ElementwiseKernel k,
            int i,
            List<MemorySegment> x,
            MemorySegment y,
            MemorySegment dy,
            @Nullable MemorySegment left,
            MemorySegment dx,
            long at,
            int n,
            boolean accumulate) {
        if (accumulate) {
            k.accumulate(dy, at, dx, at, n);
        } else {
            MemorySegment.copy(dy, at * Float.BYTES, dx, at * Float.BYTES, (long) n * Float.BYTES);
        }
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
