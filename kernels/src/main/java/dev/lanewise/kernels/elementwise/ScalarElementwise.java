package dev.lanewise.kernels.elementwise;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.lanewise.kernels.OptimizerKernel;
import dev.lanewise.kernels.Threefry;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/// Plain loops, which define the results.
public class ScalarElementwise extends CheckedElementwise {
    private static final VarHandle INT = JAVA_INT.varHandle();

    /// Of a cache line, in floats.
    private static final int LINE = 64 / Float.BYTES;

    @Override
    void addLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(JAVA_FLOAT, co + i, a.getAtIndex(JAVA_FLOAT, ao + i) + b.getAtIndex(JAVA_FLOAT, bo + i));
        }
    }

    @Override
    void subtractLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(JAVA_FLOAT, co + i, a.getAtIndex(JAVA_FLOAT, ao + i) - b.getAtIndex(JAVA_FLOAT, bo + i));
        }
    }

    @Override
    void multiplyLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(JAVA_FLOAT, co + i, a.getAtIndex(JAVA_FLOAT, ao + i) * b.getAtIndex(JAVA_FLOAT, bo + i));
        }
    }

    @Override
    void divideLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(JAVA_FLOAT, co + i, a.getAtIndex(JAVA_FLOAT, ao + i) / b.getAtIndex(JAVA_FLOAT, bo + i));
        }
    }

    @Override
    void maximumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(
                    JAVA_FLOAT, co + i, Math.max(a.getAtIndex(JAVA_FLOAT, ao + i), b.getAtIndex(JAVA_FLOAT, bo + i)));
        }
    }

    @Override
    void minimumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            c.setAtIndex(
                    JAVA_FLOAT, co + i, Math.min(a.getAtIndex(JAVA_FLOAT, ao + i), b.getAtIndex(JAVA_FLOAT, bo + i)));
        }
    }

    @Override
    void multiplyAddLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        for (int i = 0; i < n; i++) {
            float sum = Math.fma(
                    a.getAtIndex(JAVA_FLOAT, ao + i),
                    b.getAtIndex(JAVA_FLOAT, bo + i),
                    c.getAtIndex(JAVA_FLOAT, co + i));
            c.setAtIndex(JAVA_FLOAT, co + i, sum);
        }
    }

    @Override
    void takeEqualLoop(
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
        for (int i = 0; i < n; i++) {
            boolean equal = x.getAtIndex(JAVA_FLOAT, xo + i) == y.getAtIndex(JAVA_FLOAT, yo + i);
            float rest = left.getAtIndex(JAVA_FLOAT, lo + i);
            float g = equal ? rest : 0;
            dx.setAtIndex(JAVA_FLOAT, dxo + i, accumulate ? dx.getAtIndex(JAVA_FLOAT, dxo + i) + g : g);
            left.setAtIndex(JAVA_FLOAT, lo + i, equal ? 0 : rest);
        }
    }

    @Override
    void accumulateLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, y.getAtIndex(JAVA_FLOAT, yo + i) + x.getAtIndex(JAVA_FLOAT, xo + i));
        }
    }

    @Override
    void scaleShiftLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float scale, float shift) {
        for (int i = 0; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, x.getAtIndex(JAVA_FLOAT, xo + i) * scale + shift);
        }
    }

    /// One access for each line is all it takes, whatever the width. As bits, since a NaN may not survive as a
    /// float; opaque, since the compiler would drop a plain store of what was just loaded.
    @Override
    void claimLoop(MemorySegment y, long yo, int n) {
        for (long at = yo * Float.BYTES, end = (yo + n) * Float.BYTES; at < end; at += LINE * Float.BYTES) {
            INT.setOpaque(y, at, (int) INT.getOpaque(y, at));
        }
    }

    @Override
    void fillLoop(MemorySegment y, long yo, int n, float v) {
        for (int i = 0; i < n; i++) {
            y.setAtIndex(JAVA_FLOAT, yo + i, v);
        }
    }

    @Override
    void clampLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float lo, float hi) {
        for (int i = 0; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, xo + i);
            v = v < lo ? lo : v;
            v = v > hi ? hi : v;
            y.setAtIndex(JAVA_FLOAT, yo + i, v);
        }
    }

    @Override
    void clampGradientLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi) {
        for (int i = 0; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, xo + i);
            dx.setAtIndex(JAVA_FLOAT, dxo + i, lo < v && v < hi ? dy.getAtIndex(JAVA_FLOAT, dyo + i) : 0);
        }
    }

    @Override
    void clampGradientAddLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi) {
        for (int i = 0; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, xo + i);
            float g = lo < v && v < hi ? dy.getAtIndex(JAVA_FLOAT, dyo + i) : 0;
            dx.setAtIndex(JAVA_FLOAT, dxo + i, dx.getAtIndex(JAVA_FLOAT, dxo + i) + g);
        }
    }

    @Override
    void axpyLoop(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            float v = Math.fma(alpha, x.getAtIndex(JAVA_FLOAT, xo + i), y.getAtIndex(JAVA_FLOAT, yo + i));
            y.setAtIndex(JAVA_FLOAT, yo + i, v);
        }
    }

    @Override
    void approachLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float c) {
        for (int i = 0; i < n; i++) {
            float v = y.getAtIndex(JAVA_FLOAT, yo + i);
            float moved = Math.fma(x.getAtIndex(JAVA_FLOAT, xo + i) - v, c, v);
            y.setAtIndex(JAVA_FLOAT, yo + i, Math.abs(moved) < OptimizerKernel.TINY ? 0 : moved);
        }
    }

    @Override
    void bytesToFloatsLoop(MemorySegment src, long so, MemorySegment dst, long dsto, int n, float scale) {
        for (int i = 0; i < n; i++) {
            dst.setAtIndex(JAVA_FLOAT, dsto + i, (src.get(JAVA_BYTE, so + i) & 0xff) * scale);
        }
    }

    @Override
    void dropoutLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first) {
        for (int i = 0; i < n; i++) {
            float u = Threefry.uniform(key, first + i);
            y.setAtIndex(JAVA_FLOAT, yo + i, u < rate ? 0 : x.getAtIndex(JAVA_FLOAT, xo + i) * scale);
        }
    }

    @Override
    void dropoutAddLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first) {
        for (int i = 0; i < n; i++) {
            float u = Threefry.uniform(key, first + i);
            float v = u < rate ? 0 : x.getAtIndex(JAVA_FLOAT, xo + i) * scale;
            y.setAtIndex(JAVA_FLOAT, yo + i, y.getAtIndex(JAVA_FLOAT, yo + i) + v);
        }
    }
}
