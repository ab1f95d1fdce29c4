package dev.lanewise.kernels.loss;

import static dev.lanewise.kernels.loss.CheckedLoss.CLIP_MAX;
import static dev.lanewise.kernels.loss.CheckedLoss.CLIP_MIN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.simd.ScalarMath;
import java.lang.foreign.MemorySegment;

/// Losses that have plain loops alone, which all implementations use.
final class PlainLosses {
    private PlainLosses() {}

    /// Binary cross-entropy of a probability: with `q = clip(p)`, `loss = -(t * log(q) + (1 - t) * log(1 -
    /// q))`; gradient `(q - t) / (q * (1 - q))`, 0 where `p` was clipped.
    static final class Binary extends ElementLoss {
        static final ElementLoss INSTANCE = new Binary();

        @Override
        void values(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment soft,
                long so,
                MemorySegment losses,
                long lo,
                int n,
                float parameter) {
            for (int i = 0; i < n; i++) {
                float q = clip(y.getAtIndex(JAVA_FLOAT, yo + i));
                float target = t.getAtIndex(JAVA_FLOAT, to + i);
                float sum = target * ScalarMath.log(q) + (1 - target) * ScalarMath.log(1 - q);
                losses.setAtIndex(JAVA_FLOAT, lo + i, -sum);
            }
        }

        private static float clip(float p) {
            float q = p < CLIP_MIN ? CLIP_MIN : p;
            return q > CLIP_MAX ? CLIP_MAX : q;
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment dy,
                long dyo,
                int n,
                float factor,
                float parameter) {
            for (int i = 0; i < n; i++) {
                float p = y.getAtIndex(JAVA_FLOAT, yo + i);
                float slope = (p - t.getAtIndex(JAVA_FLOAT, to + i)) / (p * (1 - p));
                dy.setAtIndex(JAVA_FLOAT, dyo + i, (p < CLIP_MIN || p > CLIP_MAX ? 0 : slope) * factor);
            }
        }
    }

    /// `log(cosh(d))` for `d = y - t`, as `|d| + log(1 + exp(-2 |d|)) - log(2)`; gradient `tanh(d)`.
    static final class LogCosh extends ElementLoss {
        static final ElementLoss INSTANCE = new LogCosh();

        private static final float LOG_2 = (float) 0.6931471805599453;

        @Override
        void values(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment soft,
                long so,
                MemorySegment losses,
                long lo,
                int n,
                float parameter) {
            for (int i = 0; i < n; i++) {
                float a = Math.abs(y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i));
                float log = ScalarMath.log1p(ScalarMath.exp(-2 * a));
                losses.setAtIndex(JAVA_FLOAT, lo + i, a + (log - LOG_2));
            }
        }

        @Override
        void gradients(
                MemorySegment y,
                long yo,
                MemorySegment t,
                long to,
                MemorySegment dy,
                long dyo,
                int n,
                float factor,
                float parameter) {
            for (int i = 0; i < n; i++) {
                float d = y.getAtIndex(JAVA_FLOAT, yo + i) - t.getAtIndex(JAVA_FLOAT, to + i);
                dy.setAtIndex(JAVA_FLOAT, dyo + i, ScalarMath.tanh(d) * factor);
            }
        }
    }
}
