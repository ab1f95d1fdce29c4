package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.Window;
import dev.lanewise.kernels.Window.Axis;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A depthwise convolution and its gradients: `y[position, c · multiplier + j] = bias + Σ over taps of
/// x[pixel of the tap, c] · kernel[tap, c, j]`. Work is split over rows of results, and over channels for
/// the kernel's gradient.
///
/// With a multiplier above 1 each channel is repeated that often in scratch, and gradients are added up from
/// there.
final class Depthwise {
    /// Channels that a cut of the kernel's gradient is a multiple of.
    private static final int CHANNELS = 16;

    /// Pixels that a cut of the repetition is a multiple of.
    private static final int PIXELS = 64;

    private final Compute compute;
    private final Window window;
    private final int samples;
    private final int multiplier;
    private final int channels;
    private final MemorySegment x;
    private final MemorySegment kernel;
    private final @Nullable MemorySegment bias;
    private final MemorySegment y;
    private final @Nullable MemorySegment scratch;
    private final long wideXAt;
    private final long wideDxAt;
    private final MemorySegment wideX;
    private final RangeTask rows = this::rows;
    private final RangeTask repeat = this::repeat;

    /// The gradients; null outside backward.
    private final @Nullable Gradients gradients;

    /// What is computed backward.
    ///
    /// @param dy gradient by the result
    /// @param dx or null for none
    /// @param dKernel or null for none
    record Targets(
            MemorySegment dy,
            @Nullable MemorySegment dx,
            boolean accumulateDx,
            @Nullable MemorySegment dKernel,
            boolean accumulateKernel) {}

    /// @param window of the input's channels, of depth 1
    /// @param scratch [#work] floats from `offset` on
    Depthwise(
            Compute compute,
            Window window,
            int samples,
            int multiplier,
            MemorySegment x,
            MemorySegment kernel,
            @Nullable MemorySegment bias,
            MemorySegment y,
            @Nullable Targets targets,
            @Nullable MemorySegment scratch,
            long offset) {
        this.compute = compute;
        this.samples = samples;
        this.multiplier = multiplier;
        this.x = x;
        this.kernel = kernel;
        this.bias = bias;
        this.y = y;
        this.scratch = scratch;
        channels = Math.multiplyExact(window.channels(), multiplier);
        this.window = new Window(window.depth(), window.height(), window.width(), channels);
        final long kernelSize = (long) window.taps() * channels;
        wideXAt = multiplier == 1 ? 0 : offset + kernelSize;
        wideDxAt = wideXAt + pixels() * channels;
        wideX = multiplier == 1 ? x : require(scratch);
        gradients = targets == null ? null : new Gradients(targets, offset);
    }

    /// Floats of scratch that it needs.
    static long work(Window window, int samples, int multiplier, boolean backward) {
        final long wide = window.pixels() * samples * window.channels() * multiplier;
        final long repeated = multiplier == 1 ? 0 : backward ? 2 * wide : wide;
        final long kernelSize = (long) window.taps() * window.channels() * multiplier;
        return backward || multiplier > 1 ? kernelSize + repeated : 0;
    }

    private static MemorySegment require(@Nullable MemorySegment scratch) {
        if (scratch == null) {
            throw new IllegalArgumentException("a depthwise convolution needs scratch");
        }
        return scratch;
    }

    private long pixels() {
        return window.pixels() * samples;
    }

    private long nanos() {
        return samples * window.positions() * window.taps() * channels / 16;
    }

    void forward() {
        repeatInput();
        compute.run(rows, samples * window.height().positions(), 1, nanos());
    }

    /// Rows of positions of the result, counted through the samples.
    private void rows(int from, int to) {
        final int high = window.height().positions();
        final long row = (long) window.width().positions() * channels;
        for (int r = from; r < to; r++) {
            compute.kernels()
                    .convolution()
                    .depthwiseRow(
                            window,
                            wideX,
                            wideXAt + r / high * window.pixels() * channels,
                            r % high,
                            kernel,
                            0,
                            bias,
                            0,
                            y,
                            r * row,
                            channels,
                            false);
        }
    }

    private void repeatInput() {
        if (multiplier > 1) {
            compute.run(repeat, Math.toIntExact(pixels()), PIXELS, pixels() * channels);
        }
    }

    private void repeat(int from, int to) {
        final int narrow = channels / multiplier;
        for (long i = (long) from * narrow; i < (long) to * narrow; i++) {
            final float v = x.getAtIndex(JAVA_FLOAT, i);
            for (int j = 0; j < multiplier; j++) {
                wideX.setAtIndex(JAVA_FLOAT, wideXAt + i * multiplier + j, v);
            }
        }
    }

    /// Computes the gradients that are asked for.
    void backward() {
        if (gradients == null) {
            throw new IllegalStateException("no gradient is asked for");
        }
        gradients.run();
    }

    private final class Gradients {
        private final Targets targets;
        private final List<PhaseRows> phases = new ArrayList<>();
        private final int[] order = new int[window.taps()];
        private final long offset;
        private final RangeTask byChannels = this::byChannels;
        private final RangeTask foldInput = this::foldInput;

        Gradients(Targets targets, long offset) {
            this.targets = targets;
            this.offset = offset;
            final MemorySegment dx = targets.dx();
            if (dx == null) {
                return;
            }
            int placed = 0;
            for (int h = 0; h < window.height().step(); h++) {
                for (int w = 0; w < window.width().step(); w++) {
                    final Phase height = Phase.of(window.height(), h);
                    final Phase width = Phase.of(window.width(), w);
                    final Window phase = new Window(Axis.ONE, height.axis(), width.axis(), channels);
                    if (phase.positions() > 0) {
                        phases.add(new PhaseRows(
                                phase,
                                h,
                                w,
                                offset + (long) placed * channels,
                                multiplier == 1 ? dx : require(scratch)));
                    }
                    for (int i = 0; i < phase.taps(); i++) {
                        final int wide = phase.width().taps();
                        order[placed++] = height.tap(i / wide) * window.width().taps() + width.tap(i % wide);
                    }
                }
            }
        }

        void run() {
            final MemorySegment dKernel = targets.dKernel();
            if (dKernel != null) {
                repeatInput();
                if (!targets.accumulateKernel()) {
                    compute.kernels().elementwise().fill(dKernel, 0, window.taps() * channels, 0);
                }
                compute.run(byChannels, channels, CHANNELS, nanos());
            }
            if (targets.dx() == null) {
                return;
            }
            final long tap = (long) channels * Float.BYTES;
            for (int i = 0; i < order.length; i++) {
                MemorySegment.copy(kernel, order[i] * tap, require(scratch), offset * Float.BYTES + i * tap, tap);
            }
            for (int i = 0; i < phases.size(); i++) {
                final PhaseRows phase = phases.get(i);
                compute.run(phase, samples * phase.window.height().positions(), 1, nanos() / phases.size());
            }
            if (multiplier > 1) {
                compute.run(foldInput, Math.toIntExact(pixels()), PIXELS, pixels() * channels);
            }
        }

        /// The kernel's gradient for some of the channels: all rows of positions in order.
        private void byChannels(int from, int to) {
            final MemorySegment dKernel = targets.dKernel();
            if (dKernel == null) {
                return;
            }
            final int high = window.height().positions();
            final long row = (long) window.width().positions() * channels;
            for (int r = 0; r < samples * high; r++) {
                compute.kernels()
                        .convolution()
                        .depthwiseGradientRow(
                                window,
                                wideX,
                                wideXAt + r / high * window.pixels() * channels,
                                r % high,
                                targets.dy(),
                                r * row,
                                from,
                                to - from,
                                dKernel,
                                0);
            }
        }

        /// The sums of the repeated channels' gradients.
        private void foldInput(int from, int to) {
            final MemorySegment dx = targets.dx();
            final int narrow = channels / multiplier;
            for (long i = (long) from * narrow; dx != null && i < (long) to * narrow; i++) {
                float sum = 0;
                for (int j = 0; j < multiplier; j++) {
                    sum += require(scratch).getAtIndex(JAVA_FLOAT, wideDxAt + i * multiplier + j);
                }
                dx.setAtIndex(JAVA_FLOAT, i, targets.accumulateDx() ? dx.getAtIndex(JAVA_FLOAT, i) + sum : sum);
            }
        }

        /// Rows of the input's gradient, of the pixels of one phase.
        private final class PhaseRows implements RangeTask {
            private final Window window;
            private final int firstRow;
            private final int firstColumn;
            private final long kernelAt;
            private final MemorySegment dx;

            PhaseRows(Window window, int firstRow, int firstColumn, long kernelAt, MemorySegment dx) {
                this.window = window;
                this.firstRow = firstRow;
                this.firstColumn = firstColumn;
                this.kernelAt = kernelAt;
                this.dx = dx;
            }

            @Override
            public void run(int from, int to) {
                final Window whole = Depthwise.this.window;
                final int high = window.height().positions();
                final long first = multiplier == 1 ? 0 : wideDxAt;
                for (int r = from; r < to; r++) {
                    final long line = (long) (r / high) * whole.height().size()
                            + firstRow
                            + (long) (r % high) * whole.height().step();
                    compute.kernels()
                            .convolution()
                            .depthwiseRow(
                                    window,
                                    targets.dy(),
                                    r / high * whole.positions() * channels,
                                    r % high,
                                    require(scratch),
                                    kernelAt,
                                    null,
                                    0,
                                    dx,
                                    first + (line * whole.width().size() + firstColumn) * channels,
                                    (long) whole.width().step() * channels,
                                    multiplier == 1 && targets.accumulateDx());
                }
            }
        }
    }
}
