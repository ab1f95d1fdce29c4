package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ScratchTask;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The loops of a recurrent layer's call. The products of all steps' inputs are one product before the loop,
/// and the
/// gradients by weights and inputs are one product each after it; in the loop a thread takes some samples
/// through all
/// steps, so threads meet once. Rows of the saved buffers are `sample · steps + step`, in the order of time.
abstract class RecurrentSteps {
    /// Buffers of `[batch, units]` that backward works with.
    static final int ROWS_OF_WORK = 5;

    /// Samples that go through the steps together at most: their products have enough rows then.
    private static final int MOST_ROWS = 64;

    /// Which places of saved buffers are whose: after the two of all steps come the parts of the state.
    private static final int STATE_AT = 2;

    final RecurrentLayer layer;
    final LayerBuffers b;
    final int batch;
    final int steps;
    final int in;
    final int units;
    final int cols;

    /// What leaves the activations, `[batch · steps, gates · units]`.
    final MemorySegment gates;

    /// What enters them; the same memory where that is enough.
    final MemorySegment z;

    /// The state that each step starts from, after dropout, `[batch · steps, units]`.
    final MemorySegment before;

    /// The running output, `[batch, units]`.
    final MemorySegment h;

    /// The recurrent kernel, for the products of the steps.
    final StepKernel recurrent;

    private final MemorySegment input;
    private final MemorySegment y;
    private final @Nullable MemorySegment mask;
    private final long inputKey;
    private final long recurrentKey;
    private final Loop forward;
    private final Loop backward;
    private @Nullable Back back;

    RecurrentSteps(RecurrentLayer layer, LayerBuffers b) {
        this.layer = layer;
        this.b = b;
        batch = b.x(0).shape().dim(0);
        steps = b.x(0).shape().dim(1);
        in = b.x(0).shape().dim(2);
        units = layer.units();
        cols = layer.gates() * units;
        gates = b.saved(0).segment();
        before = b.saved(1).segment();
        h = b.saved(STATE_AT).segment();
        z = layer.keepsZ() ? b.saved(STATE_AT + layer.states()).segment() : gates;
        input = layer.dropout() > 0 ? b.saved(STATE_AT + layer.states() + 1).segment() : b.x(0).segment();
        recurrent = StepKernel.of(
                b.parameter(1).segment(),
                steps,
                units,
                cols,
                b.saved(STATE_AT + layer.states() + 2).segment());
        y = b.y(0).segment();
        final Tensor given = b.mask(0);
        mask = given == null ? null : given.segment();
        final long key = new Noise(b).key();
        inputKey = Threefry.block(key, 1);
        recurrentKey = Threefry.block(key, 2);
        final int rows = Math.clamp(Math.ceilDiv(batch, b.compute().threads()), 1, MOST_ROWS);
        forward = new Loop(true, rows);
        backward = new Loop(false, rows);
    }

    /// Buffer `i` of [RecurrentLayer#savedOfCell].
    final MemorySegment cell(int i) {
        return b.saved(STATE_AT + layer.states() + 3 + i).segment();
    }

    /// Part `i` of the running state.
    final MemorySegment state(int i) {
        return b.saved(STATE_AT + i).segment();
    }

    /// What the input's products start from, or null.
    @Nullable
    MemorySegment inputBias() {
        return layer.useBias() ? b.parameter(2).segment() : null;
    }

    /// Takes samples `from .. to` through the step at time `t`: from `before` and `z` to the running state.
    abstract void step(Gemm gemm, ElementwiseKernel k, int from, int to, int t, MemorySegment scratch);

    /// From the gradient by the running state after a step to the row of `dz`, and to `dBefore`, the
    /// gradient by `before`; zeros in both for samples whose step does not count.
    abstract void stepBack(Gemm gemm, ElementwiseKernel k, Back back, int from, int to, int t, MemorySegment scratch);

    /// Writes the gradients by recurrent kernel and bias.
    abstract void weightGradients(Back back);

    /// Whether the step at time `t` counts for a sample.
    final boolean counts(int sample, int t) {
        return mask == null || mask.getAtIndex(JAVA_FLOAT, row(sample, t)) != 0;
    }

    final long row(int sample, int t) {
        return (long) sample * steps + t;
    }

    /// `c[n] += a[n] · w` for samples `from .. to` at time `t`, where `w` is the recurrent kernel's columns
    /// from `first` on, and `a` and `c` have a row for each step.
    final void product(
            Gemm gemm,
            int from,
            int to,
            int t,
            MemorySegment a,
            int first,
            int width,
            MemorySegment c,
            long co,
            int ldc,
            MemorySegment scratch) {
        gemm.multiply(
                false,
                false,
                to - from,
                width,
                units,
                a,
                row(from, t) * units,
                (long) steps * units,
                recurrent.segment(),
                recurrent.column(first),
                recurrent.ld(),
                1,
                c,
                row(from, t) * ldc + co,
                (long) steps * ldc,
                null,
                0,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch,
                0);
    }

    /// `c[n] += dz[n, columns] · w[:, columns]ᵀ`, the columns being those from `first` on, for samples `from
    /// .. to` at time `t`, with `c` of a row for each sample.
    ///
    /// @param ld floats of a row of `dz`
    final void productBack(
            Gemm gemm,
            Back work,
            int from,
            int to,
            int t,
            MemorySegment dz,
            long dzo,
            int ld,
            int first,
            int width,
            float beta,
            MemorySegment c,
            MemorySegment scratch) {
        gemm.multiply(
                false,
                !work.recurrent.isTransposed(),
                to - from,
                units,
                width,
                dz,
                row(from, t) * ld + dzo,
                (long) steps * ld,
                work.recurrent.segment(),
                work.recurrent.column(first),
                work.recurrent.ld(),
                beta,
                c,
                (long) from * units,
                units,
                null,
                0,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch,
                0);
    }

    /// Some blocks of a row through an activation.
    ///
    /// @param block the first
    final void activate(Activation activation, long row, int block, int blocks) {
        final long at = row * cols + (long) block * units;
        b.compute().kernel(activation).forward(z, at, gates, at, blocks, units);
    }

    /// The same backward, in place.
    final void activateBack(Activation activation, MemorySegment dz, long row, int block, int blocks) {
        final long at = row * cols + (long) block * units;
        final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
        b.compute()
                .kernel(activation)
                .backward(fromInput ? z : null, at, fromInput ? null : gates, at, dz, at, dz, at, blocks, units, false);
    }

    private boolean drops(float rate) {
        return b.training() && rate > 0;
    }

    final void forward() {
        if (layer.dropout() > 0) {
            dropInput();
        }
        b.compute()
                .gemm(
                        false,
                        false,
                        batch * steps,
                        cols,
                        in,
                        input,
                        in,
                        b.parameter(0).segment(),
                        cols,
                        0,
                        z,
                        cols,
                        inputBias(),
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
        for (int i = 0; i < layer.states(); i++) {
            if (b.inputs() > 1) {
                state(i).copyFrom(b.x(1 + i).segment());
            } else if (layer.stateful()) {
                state(i).copyFrom(b.state(i).segment());
            } else {
                state(i).fill((byte) 0);
            }
        }
        if (mask != null && !layer.returnSequences()) {
            y.fill((byte) 0);
        }
        recurrent.refresh();
        b.compute().run(forward, b.gemmScratch());
        for (int i = 0; layer.returnState() && i < layer.states(); i++) {
            b.y(1 + i).segment().copyFrom(state(i));
        }
        if (!b.training()) {
            keepState();
        }
    }

    /// The running state is the first of the next batch.
    final void keepState() {
        for (int i = 0; layer.stateful() && i < layer.states(); i++) {
            b.state(i).segment().copyFrom(state(i));
        }
    }

    private void dropInput() {
        final MemorySegment x = b.x(0).segment();
        if (!drops(layer.dropout())) {
            input.copyFrom(x);
            return;
        }
        dropFeatures(x, input, false);
    }

    /// Dropout of all steps by the same numbers.
    private void dropFeatures(MemorySegment from, MemorySegment to, boolean accumulate) {
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        for (int n = 0; n < batch; n++) {
            for (int t = 0; t < steps; t++) {
                final long at = row(n, t) * in;
                k.dropout(from, at, to, at, in, layer.dropout(), inputKey, b.step(), (long) n * in, accumulate);
            }
        }
    }

    /// Some samples through all steps.
    private final class Loop implements ScratchTask {
        private final boolean isForward;
        private final int rows;

        Loop(boolean isForward, int rows) {
            this.isForward = isForward;
            this.rows = rows;
        }

        @Override
        public int units() {
            return Math.ceilDiv(batch, rows);
        }

        @Override
        public long multiplications() {
            return (long) batch * steps * cols * (units + 32L);
        }

        @Override
        public void run(int from, int to, MemorySegment scratch) {
            final int first = from * rows;
            final int end = Math.min(batch, to * rows);
            if (isForward) {
                forward(first, end, scratch);
            } else {
                backward(Objects.requireNonNull(back, "forward comes first"), first, end, scratch);
            }
        }
    }

    private void forward(int from, int to, MemorySegment scratch) {
        final Gemm gemm = b.compute().kernels().gemm();
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        final boolean drops = drops(layer.recurrentDropout());
        for (int s = 0; s < steps; s++) {
            final int t = layer.goBackwards() ? steps - 1 - s : s;
            for (int n = from; n < to; n++) {
                final long at = (long) n * units;
                if (drops) {
                    final float rate = layer.recurrentDropout();
                    k.dropout(h, at, before, row(n, t) * units, units, rate, recurrentKey, b.step(), at, false);
                } else {
                    copy(h, at, before, row(n, t) * units);
                }
            }
            step(gemm, k, from, to, t, scratch);
            for (int n = from; n < to; n++) {
                output(k, n, s, counts(n, t));
            }
        }
    }

    private void output(ElementwiseKernel k, int n, int s, boolean counts) {
        final long at = (layer.returnSequences() ? row(n, s) : n) * units;
        if (counts) {
            copy(h, (long) n * units, y, at);
        } else if (layer.zeroOutputForMask() || (layer.returnSequences() && s == 0)) {
            k.fill(y, at, units, 0);
        } else if (layer.returnSequences()) {
            copy(y, at - units, y, at);
        }
    }

    /// Copies the floats of one sample's units.
    final void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt) {
        MemorySegment.copy(from, fromAt * Float.BYTES, to, toAt * Float.BYTES, (long) units * Float.BYTES);
    }

    /// What backward works with, in the call's scratch.
    final class Back {
        /// By `z`, `[batch · steps, gates · units]`.
        final MemorySegment dz;

        /// By the running output, `[batch, units]`.
        final MemorySegment dh;

        /// By the second part of the running state.
        final MemorySegment dc;

        /// By `before` of the step at hand.
        final MemorySegment dBefore;

        final MemorySegment other;

        /// By the output of later steps that do not count.
        private final MemorySegment later;

        final MemorySegment sums;
        final ColumnSums columnSums;
        private final MemorySegment dInput;

        /// For products with the recurrent kernel's transpose.
        final StepKernel recurrent;

        private @Nullable MemorySegment lastColumns;
        private long at;

        Back() {
            final long rows = (long) batch * steps;
            dz = take(rows * cols);
            dh = take((long) batch * units);
            dc = take((long) batch * units);
            dBefore = take((long) batch * units);
            other = take((long) batch * units);
            later = take((long) batch * units);
            sums = take(cols + (long) units);
            final MemorySegment work = take(ColumnSums.work(rows, cols));
            columnSums = ColumnSums.of(b.compute(), dz, 0, batch * steps, cols, work, 0);
            dInput = take(layer.dropout() > 0 ? rows * in : 0);
            final MemorySegment copy = take(StepKernel.sizeTransposed(steps, units, cols));
            recurrent = StepKernel.transposed(b.parameter(1).segment(), steps, units, cols, copy);
        }

        /// The columns of `dz` from this one on.
        MemorySegment dzOf(int column) {
            if (lastColumns == null) {
                lastColumns = dz.asSlice((long) column * Float.BYTES);
            }
            return lastColumns;
        }

        private MemorySegment take(long floats) {
            final MemorySegment part = b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
            at += floats;
            return part;
        }
    }

    final void backward() {
        if (back == null) {
            back = new Back();
        }
        final Back work = back;
        for (int i = 0; i < layer.states(); i++) {
            final MemorySegment gradient = i == 0 ? work.dh : work.dc;
            if (layer.returnState() && b.hasDy(1 + i)) {
                gradient.copyFrom(b.dy(1 + i).segment());
            } else {
                gradient.fill((byte) 0);
            }
        }
        work.later.fill((byte) 0);
        work.recurrent.refresh();
        b.compute().run(backward, b.gemmScratch());
        for (int i = 0; b.inputs() > 1 && i < layer.states(); i++) {
            final Tensor target = b.dx(1 + i);
            final MemorySegment gradient = i == 0 ? work.dh : work.dc;
            if (target != null && b.accumulateDx(1 + i)) {
                b.compute().kernels().elementwise().accumulate(gradient, 0, target.segment(), 0, target.size());
            } else if (target != null) {
                target.segment().copyFrom(gradient);
            }
        }
        final Tensor dKernel = b.gradient(0);
        if (dKernel != null) {
            gradient(input, in, work.dz, cols, cols, dKernel.segment(), b.accumulateGradient(0));
        }
        weightGradients(work);
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final boolean aside = drops(layer.dropout());
            inputGradient(work, aside ? work.dInput : dx.segment(), !aside && b.accumulateDx(0));
            if (aside) {
                dropFeatures(work.dInput, dx.segment(), b.accumulateDx(0));
            }
        }
    }

    /// `dw[rows, width] = aᵀ · dz` over all samples and steps.
    final void gradient(
            MemorySegment a, int rows, MemorySegment dz, int width, int ld, MemorySegment dw, boolean accumulate) {
        b.compute()
                .gemm(
                        true,
                        false,
                        rows,
                        width,
                        batch * steps,
                        a,
                        rows,
                        dz,
                        ld,
                        accumulate ? 1 : 0,
                        dw,
                        cols,
                        null,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }

    /// The gradients by a recurrent kernel whose blocks all take [#before], and by one bias.
    final void dense(Back work) {
        final Tensor dRecurrent = b.gradient(1);
        if (dRecurrent != null) {
            gradient(before, units, work.dz, cols, cols, dRecurrent.segment(), b.accumulateGradient(1));
        }
        final Tensor dBias = layer.useBias() ? b.gradient(2) : null;
        if (dBias != null) {
            work.columnSums.run(dBias.segment(), 0, b.accumulateGradient(2));
        }
    }

    private void inputGradient(Back work, MemorySegment dx, boolean accumulate) {
        b.compute()
                .gemm(
                        false,
                        true,
                        batch * steps,
                        in,
                        cols,
                        work.dz,
                        cols,
                        b.parameter(0).segment(),
                        cols,
                        accumulate ? 1 : 0,
                        dx,
                        in,
                        null,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }

    private void backward(Back work, int from, int to, MemorySegment scratch) {
        final Gemm gemm = b.compute().kernels().gemm();
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        final boolean drops = drops(layer.recurrentDropout());
        for (int s = steps - 1; s >= 0; s--) {
            final int t = layer.goBackwards() ? steps - 1 - s : s;
            for (int n = from; n < to; n++) {
                outputBack(k, work, n, s, counts(n, t));
            }
            stepBack(gemm, k, work, from, to, t, scratch);
            for (int n = from; n < to; n++) {
                final long at = (long) n * units;
                if (counts(n, t) && drops) {
                    final float rate = layer.recurrentDropout();
                    k.dropout(work.dBefore, at, work.dh, at, units, rate, recurrentKey, b.step(), at, false);
                } else if (counts(n, t)) {
                    copy(work.dBefore, at, work.dh, at);
                }
            }
        }
    }

    /// The gradient by the output of a step goes to the state, or, where the step does not count, to the
    /// output that
    /// it repeats.
    private void outputBack(ElementwiseKernel k, Back work, int n, int s, boolean counts) {
        final long at = (long) n * units;
        final MemorySegment target = counts ? work.dh : work.later;
        if (b.hasDy(0) && (layer.returnSequences() || s == steps - 1)) {
            k.accumulate(b.dy(0).segment(), (layer.returnSequences() ? row(n, s) : n) * units, target, at, units);
        }
        if (mask != null && counts) {
            k.accumulate(work.later, at, work.dh, at, units);
        }
        if (mask != null && (counts || layer.zeroOutputForMask())) {
            k.fill(work.later, at, units, 0);
        }
    }
}
