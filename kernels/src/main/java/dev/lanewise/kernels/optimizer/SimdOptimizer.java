package dev.lanewise.kernels.optimizer;

import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.lanewise.kernels.EmptyCalls;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Vector loops; the elements that fill no vector are left to the plain ones.
public final class SimdOptimizer extends ScalarOptimizer implements EmptyCalls {
    @Override
    public void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            adamLoop(s, s, s, s, 0, 0, 0, 0, 0, 0);
        }
    }

    @Override
    void sgdLoop(MemorySegment w, MemorySegment g, long o, int n, float lr) {
        FloatVector rate = FloatVector.broadcast(SPECIES, -lr);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            gradient.fma(rate, weight).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.sgdLoop(w, g, o + bound, n - bound, lr);
    }

    @Override
    void momentumLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        FloatVector rate = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector back =
                    fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER).mul(lr).neg();
            FloatVector velocity =
                    fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(rate, back);
            velocity = velocity.blend(0f, velocity.abs().lt(TINY));
            velocity.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.add(velocity).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.momentumLoop(w, g, m, o + bound, n - bound, lr, mu);
    }

    @Override
    void nesterovLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float mu) {
        FloatVector rate = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector back =
                    fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER).mul(lr).neg();
            FloatVector velocity =
                    fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(rate, back);
            velocity = velocity.blend(0f, velocity.abs().lt(TINY));
            velocity.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.add(velocity.fma(rate, back)).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.nesterovLoop(w, g, m, o + bound, n - bound, lr, mu);
    }

    /// Bound by the square root and the division, of which there is one each; all else hides behind them.
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
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector second = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            second = gradient.fma(gradient, second.neg()).fma(c2s, second);
            second = second.blend(0f, second.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            second.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector change = first.mul(alpha).div(second.sqrt().add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(change).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adamLoop(w, g, m, v, o + bound, n - bound, alpha, c1, c2, epsilon);
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
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        FloatVector shrink = FloatVector.broadcast(SPECIES, -decay);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector second = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            second = gradient.fma(gradient, second.neg()).fma(c2s, second);
            second = second.blend(0f, second.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            second.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector change = first.mul(alpha).div(second.sqrt().add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.fma(shrink, weight).sub(change).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adamWLoop(w, g, m, v, o + bound, n - bound, alpha, c1, c2, epsilon, decay);
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
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        FloatVector shrink = FloatVector.broadcast(SPECIES, -decay);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector second = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            second = gradient.fma(gradient, second.neg()).fma(c2s, second);
            second = second.blend(0f, second.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            second.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector largest = fromMemorySegment(SPECIES, top, 4 * (o + i), ORDER);
            largest = largest.blend(second, largest.lt(second));
            largest.intoMemorySegment(top, 4 * (o + i), ORDER);
            FloatVector change = first.mul(alpha).div(largest.sqrt().add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.fma(shrink, weight).sub(change).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.amsgradLoop(w, g, m, v, top, o + bound, n - bound, alpha, c1, c2, epsilon, decay);
    }

    @Override
    void rmspropLoop(
            MemorySegment w, MemorySegment g, MemorySegment v, long o, int n, float lr, float c, float epsilon) {
        FloatVector cs = FloatVector.broadcast(SPECIES, c);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector square = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            square = gradient.fma(gradient, square.neg()).fma(cs, square);
            square = square.blend(0f, square.abs().lt(TINY));
            square.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector step = gradient.mul(lr).div(square.add(epsilon).sqrt());
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.rmspropLoop(w, g, v, o + bound, n - bound, lr, c, epsilon);
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
        FloatVector cs = FloatVector.broadcast(SPECIES, c);
        FloatVector mus = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector square = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            square = gradient.fma(gradient, square.neg()).fma(cs, square);
            square = square.blend(0f, square.abs().lt(TINY));
            square.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector step = gradient.mul(lr).div(square.add(epsilon).sqrt());
            step = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(mus, step);
            step = step.blend(0f, step.abs().lt(TINY));
            step.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.rmspropMomentumLoop(w, g, v, m, o + bound, n - bound, lr, c, mu, epsilon);
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
        FloatVector cs = FloatVector.broadcast(SPECIES, c);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector square = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            square = gradient.fma(gradient, square.neg()).fma(cs, square);
            square = square.blend(0f, square.abs().lt(TINY));
            square.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector mean = fromMemorySegment(SPECIES, a, 4 * (o + i), ORDER);
            mean = gradient.sub(mean).fma(cs, mean);
            mean = mean.blend(0f, mean.abs().lt(TINY));
            mean.intoMemorySegment(a, 4 * (o + i), ORDER);
            FloatVector variance = mean.neg().fma(mean, square);
            variance = variance.blend(0f, variance.lt(0f));
            FloatVector step = gradient.mul(lr).div(variance.add(epsilon).sqrt());
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.rmspropCenteredLoop(w, g, v, a, o + bound, n - bound, lr, c, epsilon);
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
        FloatVector cs = FloatVector.broadcast(SPECIES, c);
        FloatVector mus = FloatVector.broadcast(SPECIES, mu);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector square = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            square = gradient.fma(gradient, square.neg()).fma(cs, square);
            square = square.blend(0f, square.abs().lt(TINY));
            square.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector mean = fromMemorySegment(SPECIES, a, 4 * (o + i), ORDER);
            mean = gradient.sub(mean).fma(cs, mean);
            mean = mean.blend(0f, mean.abs().lt(TINY));
            mean.intoMemorySegment(a, 4 * (o + i), ORDER);
            FloatVector variance = mean.neg().fma(mean, square);
            variance = variance.blend(0f, variance.lt(0f));
            FloatVector step = gradient.mul(lr).div(variance.add(epsilon).sqrt());
            step = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER).fma(mus, step);
            step = step.blend(0f, step.abs().lt(TINY));
            step.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.rmspropCenteredMomentumLoop(w, g, v, a, m, o + bound, n - bound, lr, c, mu, epsilon);
    }

    @Override
    void adagradLoop(MemorySegment w, MemorySegment g, MemorySegment a, long o, int n, float lr, float epsilon) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector sum = gradient.fma(gradient, fromMemorySegment(SPECIES, a, 4 * (o + i), ORDER));
            sum = sum.blend(0f, sum.abs().lt(TINY));
            sum.intoMemorySegment(a, 4 * (o + i), ORDER);
            FloatVector step = gradient.mul(lr).div(sum.add(epsilon).sqrt());
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adagradLoop(w, g, a, o + bound, n - bound, lr, epsilon);
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
        FloatVector cs = FloatVector.broadcast(SPECIES, c);
        FloatVector rate = FloatVector.broadcast(SPECIES, -lr);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector square = fromMemorySegment(SPECIES, a, 4 * (o + i), ORDER);
            square = gradient.fma(gradient, square.neg()).fma(cs, square);
            square = square.blend(0f, square.abs().lt(TINY));
            square.intoMemorySegment(a, 4 * (o + i), ORDER);
            FloatVector change = fromMemorySegment(SPECIES, d, 4 * (o + i), ORDER);
            FloatVector step = gradient.mul(change.add(epsilon).sqrt())
                    .div(square.add(epsilon).sqrt());
            change = step.fma(step, change.neg()).fma(cs, change);
            change = change.blend(0f, change.abs().lt(TINY));
            change.intoMemorySegment(d, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            step.fma(rate, weight).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adadeltaLoop(w, g, a, d, o + bound, n - bound, lr, c, epsilon);
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
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            FloatVector largest =
                    fromMemorySegment(SPECIES, u, 4 * (o + i), ORDER).mul(beta2);
            FloatVector size = gradient.abs();
            largest = largest.blend(size, largest.lt(size));
            largest = largest.blend(0f, largest.abs().lt(TINY));
            largest.intoMemorySegment(u, 4 * (o + i), ORDER);
            FloatVector step = first.mul(rate).div(largest.add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.adamaxLoop(w, g, m, u, o + bound, n - bound, rate, c1, beta2, epsilon);
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
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        FloatVector rate = FloatVector.broadcast(SPECIES, momentumRate);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector first = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector second = fromMemorySegment(SPECIES, v, 4 * (o + i), ORDER);
            first = gradient.sub(first).fma(c1s, first);
            first = first.blend(0f, first.abs().lt(TINY));
            second = gradient.fma(gradient, second.neg()).fma(c2s, second);
            second = second.blend(0f, second.abs().lt(TINY));
            first.intoMemorySegment(m, 4 * (o + i), ORDER);
            second.intoMemorySegment(v, 4 * (o + i), ORDER);
            FloatVector step = first.fma(rate, gradient.mul(gradientRate));
            step = step.div(second.mul(correction).sqrt().add(epsilon));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.nadamLoop(w, g, m, v, o + bound, n - bound, momentumRate, gradientRate, correction, c1, c2, epsilon);
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
        FloatVector shrink = FloatVector.broadcast(SPECIES, 2 * shrinkage);
        FloatVector two = FloatVector.broadcast(SPECIES, 2f);
        FloatVector l2s = FloatVector.broadcast(SPECIES, l2);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            FloatVector before = fromMemorySegment(SPECIES, a, 4 * (o + i), ORDER);
            FloatVector sum = gradient.fma(gradient, before);
            sum = sum.blend(0f, sum.abs().lt(TINY));
            sum.intoMemorySegment(a, 4 * (o + i), ORDER);
            FloatVector root = sum.sqrt();
            FloatVector sigma = root.sub(before.sqrt()).div(lr);
            FloatVector linear =
                    fromMemorySegment(SPECIES, z, 4 * (o + i), ORDER).add(weight.fma(shrink, gradient));
            linear = sigma.neg().fma(weight, linear);
            linear = linear.blend(0f, linear.abs().lt(TINY));
            linear.intoMemorySegment(z, 4 * (o + i), ORDER);
            FloatVector clamped = linear.blend(-l1, linear.lt(-l1));
            clamped = clamped.blend(l1, clamped.compare(VectorOperators.GT, l1));
            FloatVector quadratic = two.fma(l2s, root.div(lr));
            clamped.sub(linear).div(quadratic).intoMemorySegment(w, 4 * (o + i), ORDER);
        }
        super.ftrlRootLoop(w, g, a, z, o + bound, n - bound, lr, l1, l2, shrinkage);
    }

    @Override
    void lionLoop(MemorySegment w, MemorySegment g, MemorySegment m, long o, int n, float lr, float c1, float c2) {
        FloatVector c1s = FloatVector.broadcast(SPECIES, c1);
        FloatVector c2s = FloatVector.broadcast(SPECIES, c2);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector gradient = fromMemorySegment(SPECIES, g, 4 * (o + i), ORDER);
            FloatVector velocity = fromMemorySegment(SPECIES, m, 4 * (o + i), ORDER);
            FloatVector change = gradient.sub(velocity);
            FloatVector direction = change.fma(c1s, velocity);
            FloatVector step = direction.blend(-lr, direction.lt(0f));
            step = step.blend(lr, direction.compare(VectorOperators.GT, 0f));
            FloatVector weight = fromMemorySegment(SPECIES, w, 4 * (o + i), ORDER);
            weight.sub(step).intoMemorySegment(w, 4 * (o + i), ORDER);
            velocity = change.fma(c2s, velocity);
            velocity = velocity.blend(0f, velocity.abs().lt(TINY));
            velocity.intoMemorySegment(m, 4 * (o + i), ORDER);
        }
        super.lionLoop(w, g, m, o + bound, n - bound, lr, c1, c2);
    }
}
