package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.LayerBuffers;
import java.lang.foreign.MemorySegment;

/// Scores of attention by addition (Bahdanau et al. 2014): `score[r, c] = Σ_i w_i · tanh(s · (query[r, i] +
/// key[c, i]))`. Either `w` is a weight of `size` numbers or ones and `s` is 1 ([AdditiveAttention]), or `w`
/// is one number for all i, and `s` may be a weight too ([Attention] with `score_mode` concat).
///
/// A sample is one thread's; what it adds to the gradients of the weights is summed over the samples in order.
final class TanhScores implements AttentionCore.Scores {
    private final LayerBuffers b;
    private final AttentionCore.Sizes of;
    private final int scaleWeight;
    private final int sumWeight;

    /// `w` for each i, then for backward the sums by `w` and by `s` of each sample, then those of all.
    private final MemorySegment work;

    /// Where the first sample's sums are.
    private final long sums;

    /// @param scaleWeight which weight `s` is, negative for 1
    /// @param sumWeight which weight `w` is, of `size` numbers or one; negative for ones
    /// @param work [#work] floats, or `size` where there will be no backward pass
    TanhScores(LayerBuffers b, AttentionCore.Sizes of, int scaleWeight, int sumWeight, MemorySegment work) {
        this.b = b;
        this.of = of;
        this.scaleWeight = scaleWeight;
        this.sumWeight = sumWeight;
        this.work = work;
        sums = of.size();
        if (3L * of.size() > b.compute().blockSize()) {
            throw new IllegalArgumentException("layer '" + b.name() + "': queries of " + of.size()
                    + " features are more than scores by addition can take, "
                    + b.compute().blockSize() / 3);
        }
    }

    /// Floats of memory for forward and backward.
    static long work(int batch, int size) {
        return size + 2L * size * (batch + 1L);
    }

    private float scale() {
        return scaleWeight < 0 ? 1 : b.parameter(scaleWeight).segment().getAtIndex(JAVA_FLOAT, 0);
    }

    private ElementwiseKernel elements() {
        return b.compute().kernels().elementwise();
    }

    /// Lays `w` out for each i.
    void begin() {
        if (sumWeight < 0) {
            elements().fill(work, 0, of.size(), 1);
        } else if (b.parameter(sumWeight).size() == 1 && of.size() > 1) {
            elements().fill(work, 0, of.size(), b.parameter(sumWeight).get(0));
        } else {
            MemorySegment.copy(b.parameter(sumWeight).segment(), 0, work, 0, (long) of.size() * Float.BYTES);
        }
    }

    private MemorySegment queries() {
        return b.x(0).segment();
    }

    private MemorySegment keys() {
        return b.x(HeadsCall.keyInput(b.inputs())).segment();
    }

    @Override
    public void forward(int n, MemorySegment scores, long at, MemorySegment scratch) {
        final ElementwiseKernel k = elements();
        final ActivationKernel tanh = b.compute().kernel(Activations.TANH);
        final int size = of.size();
        final long rowsAt = b.compute().gemmScratchSize();
        final int step = Math.max(1, Math.min(of.keys(), b.compute().blockSize() / size));
        final float scale = scale();
        for (int r = 0; r < of.rows(); r++) {
            final long query = ((long) n * of.rows() + r) * size;
            for (int c = 0; c < of.keys(); c += step) {
                final int count = Math.min(step, of.keys() - c);
                for (int i = 0; i < count; i++) {
                    final long key = ((long) n * of.keys() + c + i) * size;
                    k.add(queries(), query, keys(), key, scratch, rowsAt + (long) i * size, size);
                }
                if (scaleWeight >= 0) {
                    k.scaleShift(scratch, rowsAt, scratch, rowsAt, count * size, scale, 0);
                }
                tanh.forward(scratch, rowsAt, scratch, rowsAt, count, size);
                b.compute()
                        .kernels()
                        .gemm()
                        .multiply(
                                false,
                                false,
                                count,
                                1,
                                size,
                                scratch,
                                rowsAt,
                                size,
                                work,
                                0,
                                1,
                                0,
                                scores,
                                at + (long) r * of.keys() + c,
                                1,
                                null,
                                0,
                                Float.NEGATIVE_INFINITY,
                                Float.POSITIVE_INFINITY,
                                scratch,
                                0);
            }
        }
    }

    /// Lays out `w`, which another layer may have written over, and zeros for the sums of all samples.
    void beginBack() {
        begin();
        elements().fill(work, sums, 2 * of.size() * of.batch(), 0);
    }

    @Override
    public void backward(
            int n, MemorySegment dScores, long at, AttentionCore.Operands gradients, MemorySegment scratch) {
        final ElementwiseKernel k = elements();
        final ActivationKernel tanh = b.compute().kernel(Activations.TANH);
        final int size = of.size();
        final long sum = b.compute().gemmScratchSize();
        final long active = sum + size;
        final long back = active + size;
        final float scale = scale();
        final long bySum = sums + 2L * n * size;
        k.fill(gradients.q(), (long) n * of.rows() * size, of.rows() * size, 0);
        k.fill(gradients.k(), (long) n * of.keys() * size, of.keys() * size, 0);
        for (int r = 0; r < of.rows(); r++) {
            final long query = ((long) n * of.rows() + r) * size;
            for (int c = 0; c < of.keys(); c++) {
                final long key = ((long) n * of.keys() + c) * size;
                final float g = dScores.getAtIndex(JAVA_FLOAT, at + (long) r * of.keys() + c);
                k.add(queries(), query, keys(), key, scratch, sum, size);
                k.scaleShift(scratch, sum, scratch, active, size, scale, 0);
                tanh.forward(scratch, active, scratch, active, 1, size);
                k.axpy(g, scratch, active, work, bySum, size);
                k.scaleShift(work, 0, scratch, back, size, g, 0);
                tanh.backward(null, 0, scratch, active, scratch, back, scratch, back, 1, size, false);
                k.multiplyAdd(scratch, back, scratch, sum, work, bySum + size, size);
                k.axpy(scale, scratch, back, gradients.q(), query, size);
                k.axpy(scale, scratch, back, gradients.k(), key, size);
            }
        }
    }

    /// The gradients by the weights, of the samples' sums.
    void endBack() {
        final long all = sums + 2L * of.size() * of.batch();
        b.compute()
                .kernels()
                .reduction()
                .columnSums(work, sums, of.batch(), 2 * of.size(), 2L * of.size(), work, all, false);
        give(sumWeight, all);
        give(scaleWeight, all + of.size());
    }

    private void give(int weight, long at) {
        final var gradient = weight < 0 ? null : b.gradient(weight);
        if (gradient == null) {
            return;
        }
        if (gradient.size() == of.size() && of.size() > 1) {
            if (b.accumulateGradient(weight)) {
                elements().accumulate(work, at, gradient.segment(), 0, of.size());
            } else {
                MemorySegment.copy(work, at * Float.BYTES, gradient.segment(), 0, (long) of.size() * Float.BYTES);
            }
            return;
        }
        final float sum = b.compute().kernels().reduction().sum(work, at, of.size());
        gradient.set(0, (b.accumulateGradient(weight) ? gradient.get(0) : 0) + sum);
    }
}
