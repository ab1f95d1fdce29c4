package dev.lanewise.kernels.elementwise;

import static dev.lanewise.kernels.Segments.requireBytes;
import static dev.lanewise.kernels.Segments.requireFloats;
import static dev.lanewise.kernels.Segments.requireWritableFloats;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Threefry;
import java.lang.foreign.MemorySegment;

/// Checks the operands; the loops are the implementation's.
abstract class CheckedElementwise implements ElementwiseKernel {
    @Override
    public final void add(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("add", "a", a, ao, n);
        requireFloats("add", "b", b, bo, n);
        requireWritableFloats("add", "c", c, co, n);
        addLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void subtract(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("subtract", "a", a, ao, n);
        requireFloats("subtract", "b", b, bo, n);
        requireWritableFloats("subtract", "c", c, co, n);
        subtractLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void multiply(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("multiply", "a", a, ao, n);
        requireFloats("multiply", "b", b, bo, n);
        requireWritableFloats("multiply", "c", c, co, n);
        multiplyLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void divide(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("divide", "a", a, ao, n);
        requireFloats("divide", "b", b, bo, n);
        requireWritableFloats("divide", "c", c, co, n);
        divideLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void maximum(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("maximum", "a", a, ao, n);
        requireFloats("maximum", "b", b, bo, n);
        requireWritableFloats("maximum", "c", c, co, n);
        maximumLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void minimum(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("minimum", "a", a, ao, n);
        requireFloats("minimum", "b", b, bo, n);
        requireWritableFloats("minimum", "c", c, co, n);
        minimumLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void multiplyAdd(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        requireFloats("multiplyAdd", "a", a, ao, n);
        requireFloats("multiplyAdd", "b", b, bo, n);
        requireWritableFloats("multiplyAdd", "c", c, co, n);
        multiplyAddLoop(a, ao, b, bo, c, co, n);
    }

    @Override
    public final void takeEqual(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment left,
            long lo,
            MemorySegment dx,
            long dxo,
            int n,
            boolean accumulate) {
        requireFloats("takeEqual", "x", x, xo, n);
        requireFloats("takeEqual", "y", y, yo, n);
        requireWritableFloats("takeEqual", "left", left, lo, n);
        requireWritableFloats("takeEqual", "dx", dx, dxo, n);
        takeEqualLoop(x, xo, y, yo, left, lo, dx, dxo, n, accumulate);
    }

    @Override
    public final void accumulate(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        requireFloats("accumulate", "x", x, xo, n);
        requireWritableFloats("accumulate", "y", y, yo, n);
        accumulateLoop(x, xo, y, yo, n);
    }

    @Override
    public final void scaleShift(MemorySegment x, long xo, MemorySegment y, long yo, int n, float scale, float shift) {
        requireFloats("scaleShift", "x", x, xo, n);
        requireWritableFloats("scaleShift", "y", y, yo, n);
        scaleShiftLoop(x, xo, y, yo, n, scale, shift);
    }

    @Override
    public final void claim(MemorySegment y, long yo, int n) {
        requireWritableFloats("claim", "y", y, yo, n);
        claimLoop(y, yo, n);
    }

    @Override
    public final void fill(MemorySegment y, long yo, int n, float v) {
        requireWritableFloats("fill", "y", y, yo, n);
        fillLoop(y, yo, n, v);
    }

    @Override
    public final void clamp(MemorySegment x, long xo, MemorySegment y, long yo, int n, float lo, float hi) {
        requireFloats("clamp", "x", x, xo, n);
        requireWritableFloats("clamp", "y", y, yo, n);
        clampLoop(x, xo, y, yo, n, lo, hi);
    }

    @Override
    public final void clampGradient(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi,
            boolean accumulate) {
        requireFloats("clampGradient", "x", x, xo, n);
        requireFloats("clampGradient", "dy", dy, dyo, n);
        requireWritableFloats("clampGradient", "dx", dx, dxo, n);
        if (accumulate) {
            clampGradientAddLoop(x, xo, dy, dyo, dx, dxo, n, lo, hi);
        } else {
            clampGradientLoop(x, xo, dy, dyo, dx, dxo, n, lo, hi);
        }
    }

    @Override
    public final void axpy(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        requireFloats("axpy", "x", x, xo, n);
        requireWritableFloats("axpy", "y", y, yo, n);
        axpyLoop(alpha, x, xo, y, yo, n);
    }

    @Override
    public final void approach(MemorySegment x, long xo, MemorySegment y, long yo, int n, float c) {
        requireFloats("approach", "x", x, xo, n);
        requireWritableFloats("approach", "y", y, yo, n);
        approachLoop(x, xo, y, yo, n, c);
    }

    @Override
    public final void bytesToFloats(MemorySegment src, long so, MemorySegment dst, long dsto, int n, float scale) {
        requireBytes("bytesToFloats", "src", src, so, n);
        requireWritableFloats("bytesToFloats", "dst", dst, dsto, n);
        bytesToFloatsLoop(src, so, dst, dsto, n, scale);
    }

    @Override
    public final void dropout(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int n,
            float rate,
            long seedKey,
            long stepKey,
            long firstIndex,
            boolean accumulate) {
        requireFloats("dropout", "x", x, xo, n);
        requireWritableFloats("dropout", "y", y, yo, n);
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException("dropout: expected a rate in [0, 1], got " + rate);
        }
        if (firstIndex < 0) {
            throw new IllegalArgumentException("dropout: expected a first index of 0 or more, got " + firstIndex);
        }
        long key = Threefry.block(seedKey, stepKey);
        float scale = 1 / (1 - rate);
        if (accumulate) {
            dropoutAddLoop(x, xo, y, yo, n, rate, scale, key, firstIndex);
        } else {
            dropoutLoop(x, xo, y, yo, n, rate, scale, key, firstIndex);
        }
    }

    abstract void addLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void subtractLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void multiplyLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void divideLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void maximumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void minimumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void multiplyAddLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n);

    abstract void takeEqualLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment left,
            long lo,
            MemorySegment dx,
            long dxo,
            int n,
            boolean accumulate);

    abstract void accumulateLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n);

    abstract void scaleShiftLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float scale, float shift);

    abstract void claimLoop(MemorySegment y, long yo, int n);

    abstract void fillLoop(MemorySegment y, long yo, int n, float v);

    abstract void clampLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float lo, float hi);

    abstract void clampGradientLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi);

    abstract void clampGradientAddLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi);

    abstract void axpyLoop(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n);

    abstract void approachLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float c);

    abstract void bytesToFloatsLoop(MemorySegment src, long so, MemorySegment dst, long dsto, int n, float scale);

    abstract void dropoutLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first);

    abstract void dropoutAddLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first);
}
