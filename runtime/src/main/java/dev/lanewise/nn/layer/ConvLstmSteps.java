package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Threefry;
import dev.lanewise.kernels.Window;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The loops of a [ConvLstmLayer]'s call. The input is turned so that steps come before samples: then the
/// convolution of all steps' inputs is one, a step's rows lie together, and so do the gradients by kernels
/// and input one convolution each after the loop. In the loop a step is the state's convolution, which adds
/// to the input's, and one pass over the places, which also makes ready what the next step's convolution
/// takes.
final class ConvLstmSteps {
    /// Nanoseconds that the pass over one place takes for a filter, roughly.
    private static final int NANOS = 8;

    private final ConvLstmLayer<?> layer;
    private final LayerBuffers b;
    private final Window inputWindow;
    private final Window stateWindow;
    private final int batch;
    private final int steps;
    private final int filters;

    /// Places of a sample's output.
    private final int places;

    private final int rows;

    /// Floats of a sample's input in one step.
    private final int in;

    /// The input after dropout, `[steps, batch, …]`.
    private final MemorySegment input;

    /// What leaves the activations, and what enters them.
    private final MemorySegment gates;

    private final MemorySegment z;

    /// What each step's convolution of the state takes, after dropout.
    private final MemorySegment before;

    private final MemorySegment h;
    private final MemorySegment c;
    private final MemorySegment y;
    private final @Nullable MemorySegment mask;
    private final LstmRows cells;
    private final Correlation inputProduct;
    private final Correlation[] stateProducts;
    private final long inputKey;
    private final long stateKey;
    private final RangeTask turn = this::turn;
    private final RangeTask start = this::start;
    private final RangeTask step = this::step;
    private @Nullable Back back;

    /// The step at work, counted as they are taken.
    private int at;

    ConvLstmSteps(ConvLstmLayer<?> layer, LayerBuffers b) {
        this.layer = layer;
        this.b = b;
        final Shape x = b.x(0).shape();
        inputWindow = layer.inputWindow(x);
        stateWindow = layer.stateWindow(x);
        batch = x.dim(0);
        steps = x.dim(1);
        filters = layer.filters();
        places = Math.toIntExact(stateWindow.positions());
        rows = Math.multiplyExact(batch, places);
        in = Math.toIntExact(inputWindow.pixels() * x.last());
        input = b.saved(0).segment();
        gates = b.saved(1).segment();
        z = layer.keepsZ() ? b.saved(2).segment() : gates;
        before = b.saved(3).segment();
        h = b.saved(7).segment();
        c = b.saved(8).segment();
        y = b.y(0).segment();
        final Tensor given = b.mask(0);
        mask = given == null ? null : given.segment();
        cells = new LstmRows(
                b.compute(),
                layer.activation(),
                layer.recurrentActivation(),
                filters,
                z,
                gates,
                b.saved(4).segment(),
                b.saved(5).segment(),
                b.saved(6).segment(),
                h,
                c);
        final int cols = ConvLstmLayer.GATES * filters;
        inputProduct = new Correlation(
                b.compute(),
                inputWindow,
                Math.multiplyExact(steps, batch),
                1,
                cols,
                input,
                b.parameter(0).segment(),
                0,
                layer.useBias() ? b.parameter(2).segment() : null,
                z,
                null,
                false,
                false);
        stateProducts = new Correlation[steps];
        for (int t = 0; t < steps; t++) {
            stateProducts[t] = new Correlation(
                    b.compute(),
                    stateWindow,
                    batch,
                    1,
                    cols,
                    part(before, t, filters),
                    b.parameter(1).segment(),
                    0,
                    null,
                    part(z, t, cols),
                    null,
                    true,
                    false);
        }
        final long key = new Noise(b).key();
        inputKey = Threefry.block(key, 1);
        stateKey = Threefry.block(key, 2);
    }

    /// The rows of the step at time `t`.
    private MemorySegment part(MemorySegment of, int t, int cols) {
        final long floats = (long) rows * cols;
        return of.asSlice(t * floats * Float.BYTES, floats * Float.BYTES);
    }

    private boolean drops(float rate) {
        return b.training() && rate > 0;
    }

    /// The time of the step that is taken as this one.
    private int time(int s) {
        return layer.goBackwards() ? steps - 1 - s : s;
    }

    private boolean counts(int sample, int t) {
        return mask == null || mask.getAtIndex(JAVA_FLOAT, (long) sample * steps + t) != 0;
    }

    private long nanos(int ofRows) {
        return (long) NANOS * ofRows * filters;
    }

    private static void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt, int floats) {
        MemorySegment.copy(from, fromAt * Float.BYTES, to, toAt * Float.BYTES, (long) floats * Float.BYTES);
    }

    void forward() {
        b.compute().run(turn, steps * batch, 1, b.x(0).size() / 4);
        inputProduct.run(b.gemmScratch());
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
        b.compute().run(start, rows, 1, nanos(rows) / NANOS);
        for (at = 0; at < steps; at++) {
            stateProducts[time(at)].run(b.gemmScratch());
            b.compute().run(step, rows, 1, nanos(rows));
        }
        for (int i = 0; layer.returnState() && i < layer.states(); i++) {
            b.y(1 + i).segment().copyFrom(state(i));
        }
        if (!b.training()) {
            keepState();
        }
    }

    private MemorySegment state(int i) {
        return i == 0 ? h : c;
    }

    /// The running state is the first of the next batch.
    void keepState() {
        for (int i = 0; layer.stateful() && i < layer.states(); i++) {
            b.state(i).segment().copyFrom(state(i));
        }
    }

    /// The input with steps before samples, after dropout by the same numbers in all steps.
    private void turn(int from, int to) {
        final MemorySegment x = b.x(0).segment();
        for (int i = from; i < to; i++) {
            final int n = i % batch;
            final long source = ((long) n * steps + i / batch) * in;
            if (drops(layer.dropout())) {
                b.compute()
                        .kernels()
                        .elementwise()
                        .dropout(
                                x,
                                source,
                                input,
                                (long) i * in,
                                in,
                                layer.dropout(),
                                inputKey,
                                b.step(),
                                (long) n * in,
                                false);
            } else {
                copy(x, source, input, (long) i * in, in);
            }
        }
    }

    private void start(int from, int to) {
        ready(from, to, time(0));
    }

    /// What the convolution of the state takes at a time.
    private void ready(int from, int to, int t) {
        final long target = ((long) t * rows + from) * filters;
        final int floats = (to - from) * filters;
        if (drops(layer.recurrentDropout())) {
            drop(h, (long) from * filters, before, target, from, floats);
        } else {
            copy(h, (long) from * filters, before, target, floats);
        }
    }

    private void drop(MemorySegment source, long sourceAt, MemorySegment to, long toAt, int row, int floats) {
        b.compute()
                .kernels()
                .elementwise()
                .dropout(
                        source,
                        sourceAt,
                        to,
                        toAt,
                        floats,
                        layer.recurrentDropout(),
                        stateKey,
                        b.step(),
                        (long) row * filters,
                        false);
    }

    private void step(int from, int to) {
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        final int t = time(at);
        for (int row = from; row < to; row++) {
            final boolean counts = counts(row / places, t);
            if (counts) {
                cells.forward(k, (long) t * rows + row, row);
            }
            output(k, row, counts);
        }
        if (at + 1 < steps) {
            ready(from, to, time(at + 1));
        }
    }

    /// Where a row's output of the step at work is.
    private long output(int row) {
        return layer.returnSequences()
                ? (((long) (row / places) * steps + at) * places + row % places) * filters
                : (long) row * filters;
    }

    private void output(ElementwiseKernel k, int row, boolean counts) {
        final long to = output(row);
        if (counts) {
            copy(h, (long) row * filters, y, to, filters);
        } else if (layer.zeroOutputForMask() || (layer.returnSequences() && at == 0)) {
            k.fill(y, to, filters, 0);
        } else if (layer.returnSequences()) {
            copy(y, to - (long) places * filters, y, to, filters);
        }
    }

    /// Floats that backward works with: gradients by the sums and the turned input, five by the state, and
    /// what the convolutions' gradients want, one after the other.
    static long backwardScratch(ConvLstmLayer<?> layer, Shape x) {
        final Window ofInput = layer.inputWindow(x);
        final Window ofState = layer.stateWindow(x);
        final int samples = Math.multiplyExact(x.dim(0), x.dim(1));
        final int cols = ConvLstmLayer.GATES * layer.filters();
        final long all = ofState.positions() * samples;
        return all * cols
                + x.size()
                + 5 * ofState.positions() * x.dim(0) * layer.filters()
                + work(layer, ofInput, ofState, samples);
    }

    private static long work(ConvLstmLayer<?> layer, Window ofInput, Window ofState, int samples) {
        final int cols = ConvLstmLayer.GATES * layer.filters();
        final long kernels = Math.max(
                KernelGradient.work(ofInput, samples, 1, cols), KernelGradient.work(ofState, samples, 1, cols));
        final long transposed =
                Math.max(TransposedCorrelation.work(ofInput, 1, cols), TransposedCorrelation.work(ofState, 1, cols));
        final long sums = ColumnSums.work(ofState.positions() * samples, cols);
        return Math.max(kernels, Math.max(transposed, sums));
    }

    /// What backward works with, in the call's scratch.
    private final class Back {
        private final int samples = steps * batch;
        private final int cols = ConvLstmLayer.GATES * filters;

        /// By `z`, `[steps · rows, 4 · filters]`.
        private final MemorySegment dz;

        /// By the turned input.
        private final MemorySegment dInput;

        /// By the running state.
        private final MemorySegment dh;

        private final MemorySegment dc;

        /// By `before` of the step at hand.
        private final MemorySegment dBefore;

        private final MemorySegment other;

        /// By the output of later steps that do not count.
        private final MemorySegment later;

        private final TransposedCorrelation[] stateBack = new TransposedCorrelation[steps];
        private final @Nullable TransposedCorrelation inputBack;
        private final @Nullable KernelGradient inputKernel;
        private final @Nullable KernelGradient stateKernel;
        private final ColumnSums bias;
        private final RangeTask task = this::step;
        private final RangeTask last = this::first;
        private final RangeTask turnBack = this::turnBack;
        private long used;

        Back() {
            dz = take((long) samples * places * cols);
            dInput = take((long) samples * in);
            dh = take((long) rows * filters);
            dc = take((long) rows * filters);
            dBefore = take((long) rows * filters);
            other = take((long) rows * filters);
            later = take((long) rows * filters);
            final MemorySegment work = take(work(layer, inputWindow, stateWindow, samples));
            for (int t = 0; t < steps; t++) {
                stateBack[t] = new TransposedCorrelation(
                        b.compute(),
                        stateWindow,
                        batch,
                        1,
                        cols,
                        part(dz, t, cols),
                        b.parameter(1).segment(),
                        null,
                        dBefore,
                        false,
                        false,
                        work,
                        0);
            }
            inputBack = b.dx(0) == null
                    ? null
                    : new TransposedCorrelation(
                            b.compute(),
                            inputWindow,
                            samples,
                            1,
                            cols,
                            dz,
                            b.parameter(0).segment(),
                            null,
                            dInput,
                            false,
                            false,
                            work,
                            0);
            inputKernel = kernel(inputWindow, input, 0, work);
            stateKernel = kernel(stateWindow, before, 1, work);
            bias = ColumnSums.of(b.compute(), dz, 0, samples * places, cols, work, 0);
        }

        private MemorySegment take(long floats) {
            final MemorySegment part = b.scratch().asSlice(used * Float.BYTES, floats * Float.BYTES);
            used += floats;
            return part;
        }

        private @Nullable KernelGradient kernel(Window window, MemorySegment x, int which, MemorySegment work) {
            final Tensor gradient = b.gradient(which);
            return gradient == null
                    ? null
                    : new KernelGradient(
                            b.compute(),
                            window,
                            samples,
                            1,
                            cols,
                            x,
                            dz,
                            gradient.segment(),
                            b.accumulateGradient(which),
                            work,
                            0);
        }

        void run() {
            for (int i = 0; i < layer.states(); i++) {
                final MemorySegment gradient = i == 0 ? dh : dc;
                if (layer.returnState() && b.hasDy(1 + i)) {
                    gradient.copyFrom(b.dy(1 + i).segment());
                } else {
                    gradient.fill((byte) 0);
                }
            }
            later.fill((byte) 0);
            for (at = steps - 1; at >= 0; at--) {
                b.compute().run(task, rows, 1, 2 * nanos(rows));
                stateBack[time(at)].run(b.gemmScratch());
            }
            b.compute().run(last, rows, 1, nanos(rows) / NANOS);
            for (int i = 0; b.inputs() > 1 && i < layer.states(); i++) {
                give(b.dx(1 + i), i == 0 ? dh : dc, b.accumulateDx(1 + i));
            }
            if (inputKernel != null) {
                inputKernel.run(b.gemmScratch());
            }
            if (stateKernel != null) {
                stateKernel.run(b.gemmScratch());
            }
            final Tensor dBias = layer.useBias() ? b.gradient(2) : null;
            if (dBias != null) {
                bias.run(dBias.segment(), 0, b.accumulateGradient(2));
            }
            if (inputBack != null) {
                inputBack.run(b.gemmScratch());
                b.compute().run(turnBack, samples, 1, (long) samples * in / 4);
            }
        }

        private void give(@Nullable Tensor target, MemorySegment gradient, boolean add) {
            if (target != null && add) {
                b.compute().kernels().elementwise().accumulate(gradient, 0, target.segment(), 0, target.size());
            } else if (target != null) {
                target.segment().copyFrom(gradient);
            }
        }

        /// From the gradients by the state after a step to those by its sums; what the step after it gave
        /// comes first.
        private void step(int from, int to) {
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            if (at + 1 < steps) {
                taken(from, to, time(at + 1));
            }
            final int t = time(at);
            for (int row = from; row < to; row++) {
                final boolean counts = counts(row / places, t);
                outputBack(k, row, counts);
                final long to0 = (long) t * rows + row;
                if (counts) {
                    cells.backward(k, dz, dh, dc, other, to0, row);
                } else {
                    k.fill(dz, to0 * cols, cols, 0);
                }
            }
        }

        private void first(int from, int to) {
            taken(from, to, time(0));
        }

        /// The gradient by what a step's convolution took becomes that by the state before the step.
        private void taken(int from, int to, int t) {
            for (int row = from; row < to; row++) {
                final long of = (long) row * filters;
                if (counts(row / places, t) && drops(layer.recurrentDropout())) {
                    drop(dBefore, of, dh, of, row, filters);
                } else if (counts(row / places, t)) {
                    copy(dBefore, of, dh, of, filters);
                }
            }
        }

        /// The gradient by the output of a step goes to the state, or, where the step does not count, to the
        /// output that it repeats.
        private void outputBack(ElementwiseKernel k, int row, boolean counts) {
            final long of = (long) row * filters;
            if (b.hasDy(0) && (layer.returnSequences() || at == steps - 1)) {
                k.accumulate(b.dy(0).segment(), output(row), counts ? dh : later, of, filters);
            }
            if (mask != null && counts) {
                k.accumulate(later, of, dh, of, filters);
            }
            if (mask != null && (counts || layer.zeroOutputForMask())) {
                k.fill(later, of, filters, 0);
            }
        }

        /// The gradient by the input, with samples before steps again.
        private void turnBack(int from, int to) {
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            final MemorySegment dx =
                    Objects.requireNonNull(b.dx(0), "no gradient is asked for").segment();
            final boolean add = b.accumulateDx(0);
            for (int i = from; i < to; i++) {
                final int n = i % batch;
                final long target = ((long) n * steps + i / batch) * in;
                final long source = (long) i * in;
                if (drops(layer.dropout())) {
                    k.dropout(dInput, source, dx, target, in, layer.dropout(), inputKey, b.step(), (long) n * in, add);
                } else if (add) {
                    k.accumulate(dInput, source, dx, target, in);
                } else {
                    copy(dInput, source, dx, target, in);
                }
            }
        }
    }

    void backward() {
        if (back == null) {
            back = new Back();
        }
        back.run();
    }
}
