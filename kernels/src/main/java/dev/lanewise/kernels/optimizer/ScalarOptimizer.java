package dev.lanewise.kernels.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Plain loops, which define the results.
public class ScalarOptimizer extends CheckedOptimizer {
    @Override
    void sgdLoop(MemorySegment w, MemorySegment g, long o, int n, float lr) {
        for (long i = o; i < o + n; i++) {
            w.setAtIndex(JAVA_FLOAT, i, Math.fma(-lr, g.getAtIndex(JAVA_FLOAT, i), w.getAtIndex(JAVA_FLOAT, i)));
        }
    }

    @Override
    void momentumLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        for (long i = o; i < o + n; i++) {
            float step = lr * g.getAtIndex(JAVA_FLOAT, i);
            float velocity = flush(Math.fma(mu, m.getAtIndex(JAVA_FLOAT, i), -step));
            m.setAtIndex(JAVA_FLOAT, i, velocity);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) + velocity);
        }
    }

    @Override
    void nesterovLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        for (long i = o; i < o + n; i++) {
            float step = lr * g.getAtIndex(JAVA_FLOAT, i);
            float velocity = flush(Math.fma(mu, m.getAtIndex(JAVA_FLOAT, i), -step));
            m.setAtIndex(JAVA_FLOAT, i, velocity);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) + Math.fma(mu, velocity, -step));
        }
    }

    @Override
    void adamLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float first = m.getAtIndex(JAVA_FLOAT, i);
            float second = v.getAtIndex(JAVA_FLOAT, i);
            first = flush(Math.fma(gradient - first, c1, first));
            second = flush(Math.fma(Math.fma(gradient, gradient, -second), c2, second));
            float change = first * alpha / ((float) Math.sqrt(second) + epsilon);
            m.setAtIndex(JAVA_FLOAT, i, first);
            v.setAtIndex(JAVA_FLOAT, i, second);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - change);
        }
    }

    private static float flush(float a) {
        return Math.abs(a) < TINY ? 0 : a;
    }
}
