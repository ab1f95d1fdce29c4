package dev.lanewise.kernels.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.simd.ScalarMath;
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

    @Override
    void adamWLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon,
            float decay) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float first = m.getAtIndex(JAVA_FLOAT, i);
            float second = v.getAtIndex(JAVA_FLOAT, i);
            first = flush(Math.fma(gradient - first, c1, first));
            second = flush(Math.fma(Math.fma(gradient, gradient, -second), c2, second));
            m.setAtIndex(JAVA_FLOAT, i, first);
            v.setAtIndex(JAVA_FLOAT, i, second);
            float change = first * alpha / ((float) Math.sqrt(second) + epsilon);
            float weight = w.getAtIndex(JAVA_FLOAT, i);
            w.setAtIndex(JAVA_FLOAT, i, Math.fma(-decay, weight, weight) - change);
        }
    }

    @Override
    void amsgradLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            MemorySegment top,
            long o,
            int n,
            float alpha,
            float c1,
            float c2,
            float epsilon,
            float decay) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float first = m.getAtIndex(JAVA_FLOAT, i);
            float second = v.getAtIndex(JAVA_FLOAT, i);
            first = flush(Math.fma(gradient - first, c1, first));
            second = flush(Math.fma(Math.fma(gradient, gradient, -second), c2, second));
            m.setAtIndex(JAVA_FLOAT, i, first);
            v.setAtIndex(JAVA_FLOAT, i, second);
            float largest = top.getAtIndex(JAVA_FLOAT, i);
            largest = largest < second ? second : largest;
            top.setAtIndex(JAVA_FLOAT, i, largest);
            float change = first * alpha / ((float) Math.sqrt(largest) + epsilon);
            float weight = w.getAtIndex(JAVA_FLOAT, i);
            w.setAtIndex(JAVA_FLOAT, i, Math.fma(-decay, weight, weight) - change);
        }
    }

    @Override
    void rmspropLoop(
            MemorySegment w, MemorySegment g, MemorySegment v, long o, int n, float lr, float c, float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float square = v.getAtIndex(JAVA_FLOAT, i);
            square = flush(Math.fma(Math.fma(gradient, gradient, -square), c, square));
            v.setAtIndex(JAVA_FLOAT, i, square);
            float step = gradient * lr / (float) Math.sqrt(square + epsilon);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
        }
    }

    @Override
    void rmspropMomentumLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment m,
            long o,
            int n,
            float lr,
            float c,
            float mu,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float square = v.getAtIndex(JAVA_FLOAT, i);
            square = flush(Math.fma(Math.fma(gradient, gradient, -square), c, square));
            v.setAtIndex(JAVA_FLOAT, i, square);
            float step = gradient * lr / (float) Math.sqrt(square + epsilon);
            step = flush(Math.fma(mu, m.getAtIndex(JAVA_FLOAT, i), step));
            m.setAtIndex(JAVA_FLOAT, i, step);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
        }
    }

    @Override
    void rmspropCenteredLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment a,
            long o,
            int n,
            float lr,
            float c,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float square = v.getAtIndex(JAVA_FLOAT, i);
            square = flush(Math.fma(Math.fma(gradient, gradient, -square), c, square));
            v.setAtIndex(JAVA_FLOAT, i, square);
            float mean = a.getAtIndex(JAVA_FLOAT, i);
            mean = flush(Math.fma(gradient - mean, c, mean));
            a.setAtIndex(JAVA_FLOAT, i, mean);
            float variance = Math.fma(-mean, mean, square);
            variance = variance < 0 ? 0 : variance;
            float step = gradient * lr / (float) Math.sqrt(variance + epsilon);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
        }
    }

    @Override
    void rmspropCenteredMomentumLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment v,
            MemorySegment a,
            MemorySegment m,
            long o,
            int n,
            float lr,
            float c,
            float mu,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float square = v.getAtIndex(JAVA_FLOAT, i);
            square = flush(Math.fma(Math.fma(gradient, gradient, -square), c, square));
            v.setAtIndex(JAVA_FLOAT, i, square);
            float mean = a.getAtIndex(JAVA_FLOAT, i);
            mean = flush(Math.fma(gradient - mean, c, mean));
            a.setAtIndex(JAVA_FLOAT, i, mean);
            float variance = Math.fma(-mean, mean, square);
            variance = variance < 0 ? 0 : variance;
            float step = gradient * lr / (float) Math.sqrt(variance + epsilon);
            step = flush(Math.fma(mu, m.getAtIndex(JAVA_FLOAT, i), step));
            m.setAtIndex(JAVA_FLOAT, i, step);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
        }
    }

    @Override
    void adagradLoop(MemorySegment w, MemorySegment g, MemorySegment a, long o, int n, float lr, float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float sum = flush(Math.fma(gradient, gradient, a.getAtIndex(JAVA_FLOAT, i)));
            a.setAtIndex(JAVA_FLOAT, i, sum);
            float step = gradient * lr / (float) Math.sqrt(sum + epsilon);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
        }
    }

    @Override
    void adadeltaLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment d,
            long o,
            int n,
            float lr,
            float c,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float square = a.getAtIndex(JAVA_FLOAT, i);
            square = flush(Math.fma(Math.fma(gradient, gradient, -square), c, square));
            a.setAtIndex(JAVA_FLOAT, i, square);
            float change = d.getAtIndex(JAVA_FLOAT, i);
            float step = gradient * (float) Math.sqrt(change + epsilon) / (float) Math.sqrt(square + epsilon);
            d.setAtIndex(JAVA_FLOAT, i, flush(Math.fma(Math.fma(step, step, -change), c, change)));
            w.setAtIndex(JAVA_FLOAT, i, Math.fma(-lr, step, w.getAtIndex(JAVA_FLOAT, i)));
        }
    }

    @Override
    void adamaxLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment u,
            long o,
            int n,
            float rate,
            float c1,
            float beta2,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float first = m.getAtIndex(JAVA_FLOAT, i);
            first = flush(Math.fma(gradient - first, c1, first));
            m.setAtIndex(JAVA_FLOAT, i, first);
            float largest = u.getAtIndex(JAVA_FLOAT, i) * beta2;
            float size = Math.abs(gradient);
            largest = flush(largest < size ? size : largest);
            u.setAtIndex(JAVA_FLOAT, i, largest);
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - first * rate / (largest + epsilon));
        }
    }

    @Override
    void nadamLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            long o,
            int n,
            float momentumRate,
            float gradientRate,
            float correction,
            float c1,
            float c2,
            float epsilon) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float first = m.getAtIndex(JAVA_FLOAT, i);
            float second = v.getAtIndex(JAVA_FLOAT, i);
            first = flush(Math.fma(gradient - first, c1, first));
            second = flush(Math.fma(Math.fma(gradient, gradient, -second), c2, second));
            m.setAtIndex(JAVA_FLOAT, i, first);
            v.setAtIndex(JAVA_FLOAT, i, second);
            float step = Math.fma(first, momentumRate, gradient * gradientRate);
            w.setAtIndex(
                    JAVA_FLOAT,
                    i,
                    w.getAtIndex(JAVA_FLOAT, i) - step / ((float) Math.sqrt(second * correction) + epsilon));
        }
    }

    @Override
    void ftrlRootLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment z,
            long o,
            int n,
            float lr,
            float l1,
            float l2,
            float shrinkage) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float weight = w.getAtIndex(JAVA_FLOAT, i);
            float before = a.getAtIndex(JAVA_FLOAT, i);
            float sum = flush(Math.fma(gradient, gradient, before));
            a.setAtIndex(JAVA_FLOAT, i, sum);
            float root = (float) Math.sqrt(sum);
            float sigma = (root - (float) Math.sqrt(before)) / lr;
            float linear = z.getAtIndex(JAVA_FLOAT, i) + Math.fma(2 * shrinkage, weight, gradient);
            linear = flush(Math.fma(-sigma, weight, linear));
            z.setAtIndex(JAVA_FLOAT, i, linear);
            float clamped = linear < -l1 ? -l1 : linear;
            clamped = clamped > l1 ? l1 : clamped;
            w.setAtIndex(JAVA_FLOAT, i, (clamped - linear) / Math.fma(2, l2, root / lr));
        }
    }

    @Override
    void ftrlPowerLoop(
            MemorySegment w,
            MemorySegment g,
            MemorySegment a,
            MemorySegment z,
            long o,
            int n,
            float lr,
            float exponent,
            float l1,
            float l2,
            float shrinkage) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float weight = w.getAtIndex(JAVA_FLOAT, i);
            float before = a.getAtIndex(JAVA_FLOAT, i);
            float sum = flush(Math.fma(gradient, gradient, before));
            a.setAtIndex(JAVA_FLOAT, i, sum);
            float root = ScalarMath.exp(exponent * ScalarMath.log(sum));
            float sigma = (root - ScalarMath.exp(exponent * ScalarMath.log(before))) / lr;
            float linear = z.getAtIndex(JAVA_FLOAT, i) + Math.fma(2 * shrinkage, weight, gradient);
            linear = flush(Math.fma(-sigma, weight, linear));
            z.setAtIndex(JAVA_FLOAT, i, linear);
            float clamped = linear < -l1 ? -l1 : linear;
            clamped = clamped > l1 ? l1 : clamped;
            w.setAtIndex(JAVA_FLOAT, i, (clamped - linear) / Math.fma(2, l2, root / lr));
        }
    }

    @Override
    void lionLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float c1, float c2) {
        for (long i = o; i < o + n; i++) {
            float gradient = g.getAtIndex(JAVA_FLOAT, i);
            float velocity = m.getAtIndex(JAVA_FLOAT, i);
            float direction = Math.fma(gradient - velocity, c1, velocity);
            float step = direction > 0 ? lr : direction < 0 ? -lr : direction;
            w.setAtIndex(JAVA_FLOAT, i, w.getAtIndex(JAVA_FLOAT, i) - step);
            m.setAtIndex(JAVA_FLOAT, i, flush(Math.fma(gradient - velocity, c2, velocity)));
        }
    }

    private static float flush(float a) {
        return Math.abs(a) < TINY ? 0 : a;
    }
}
