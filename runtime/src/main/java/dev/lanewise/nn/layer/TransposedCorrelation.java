package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Window;
import dev.lanewise.kernels.Window.Axis;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.ScratchTask;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The transpose of a [Correlation] as a linear function: from values at its positions to values at its pixels,
/// `x[pixel, channel] = init + Σ over the taps and positions that meet the pixel of y[position, filter] ·
/// kernel[tap, channel, filter]`. It is the gradient of a convolution by its input, and a transposed
/// convolution.
///
/// Pixels whose index has the same remainder by the strides meet the same taps, at neighbouring positions:
/// so each
/// of these phases is a correlation of stride 1 with some of the taps, and none multiplies by the zeros between
/// strides. Each element is one accumulator that takes the taps in order and the filters of each in order.
final class TransposedCorrelation {
    private final Compute compute;
    private final List<Correlation> phases = new ArrayList<>();
    private final @Nullable TransposedKernel transposed;
    private final MemorySegment y;
    private final MemorySegment kernel;
    private final MemorySegment x;
    private final @Nullable MemorySegment bias;
    private final boolean accumulate;
    private final boolean relu;
    private final int rows;
    private final int channels;
    private final int filters;

    /// @param window of the correlation whose transpose this is
    /// @param y values at the positions
    /// @param kernel `[taps, channels of a group, filters]`
    /// @param x result
    /// @param work as many floats as the kernel has, from `workOffset` on
    TransposedCorrelation(
            Compute compute,
            Window window,
            int samples,
            int groups,
            int filters,
            MemorySegment y,
            MemorySegment kernel,
            @Nullable MemorySegment bias,
            MemorySegment x,
            boolean accumulate,
            boolean relu,
            @Nullable MemorySegment work,
            long workOffset) {
        this.compute = compute;
        this.y = y;
        this.kernel = kernel;
        this.x = x;
        this.bias = bias;
        this.accumulate = accumulate;
        this.relu = relu;
        this.filters = filters;
        channels = window.channels();
        rows = Math.toIntExact(window.pixels() * samples);
        if (isPlain(window, groups)) {
            transposed = null;
            return;
        }
        if (work == null) {
            throw new IllegalArgumentException("a kernel to transpose needs memory");
        }
        final int[] order = new int[window.taps()];
        final int perGroup = filters / groups;
        int placed = 0;
        for (int d = 0; d < window.depth().step(); d++) {
            for (int h = 0; h < window.height().step(); h++) {
                for (int w = 0; w < window.width().step(); w++) {
                    final Phase depth = Phase.of(window.depth(), d);
                    final Phase height = Phase.of(window.height(), h);
                    final Phase width = Phase.of(window.width(), w);
                    final Window phase = new Window(depth.axis(), height.axis(), width.axis(), filters);
                    if (phase.positions() > 0) {
                        phases.add(new Correlation(
                                compute,
                                phase,
                                samples,
                                groups,
                                channels,
                                y,
                                work,
                                workOffset + (long) placed * perGroup * channels,
                                bias,
                                x,
                                placement(window, d, h, w),
                                accumulate,
                                relu));
                    }
                    for (int i = 0; i < phase.taps(); i++) {
                        final int k = depth.tap(
                                i / phase.width().taps() / phase.height().taps());
                        final int j = height.tap(
                                i / phase.width().taps() % phase.height().taps());
                        final int t = width.tap(i % phase.width().taps());
                        order[placed++] = (k * window.height().taps() + j)
                                        * window.width().taps()
                                + t;
                    }
                }
            }
        }
        transposed =
                new TransposedKernel(compute, order, groups, channels / groups, perGroup, kernel, work, workOffset);
    }

    /// Whether it is one product by a transposed matrix.
    private static boolean isPlain(Window window, int groups) {
        return window.isIdentity() && groups == 1;
    }

    /// Floats of work that it needs.
    static long work(Window window, int groups, int filters) {
        return isPlain(window, groups) ? 0 : (long) window.taps() * window.channels() / groups * filters;
    }

    private static Correlation.@Nullable Placement placement(Window window, int d, int h, int w) {
        final Axis depth = window.depth();
        final Axis height = window.height();
        final Axis width = window.width();
        if (depth.step() == 1 && height.step() == 1 && width.step() == 1) {
            return null;
        }
        final long pixel = window.channels();
        final long line = pixel * width.size();
        final long layer = line * height.size();
        return new Correlation.Placement(
                d * layer + h * line + w * pixel,
                layer * depth.size(),
                layer * depth.step(),
                line * height.step(),
                pixel * width.step());
    }

    /// Runs it on the threads.
    void run(MemorySegment scratch) {
        if (transposed == null) {
            compute.gemm(
                    false,
                    true,
                    rows,
                    channels,
                    filters,
                    y,
                    filters,
                    kernel,
                    filters,
                    accumulate ? 1 : 0,
                    x,
                    channels,
                    bias,
                    relu ? 0 : Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch);
            return;
        }
        compute.run(transposed, scratch);
        for (int i = 0; i < phases.size(); i++) {
            phases.get(i).run(scratch);
        }
    }

    /// Each tap's matrix transposed, in the order in which the phases want them.
    private static final class TransposedKernel implements ScratchTask {
        /// Rows of a unit.
        private static final int ROWS = 64;

        private final Compute compute;
        private final int[] order;
        private final int groups;
        private final int channels;
        private final int filters;
        private final MemorySegment kernel;
        private final MemorySegment work;
        private final long workOffset;

        /// @param order for each place the tap whose matrix comes there
        TransposedKernel(
                Compute compute,
                int[] order,
                int groups,
                int channels,
                int filters,
                MemorySegment kernel,
                MemorySegment work,
                long workOffset) {
            this.compute = compute;
            this.order = order;
            this.groups = groups;
            this.channels = channels;
            this.filters = filters;
            this.kernel = kernel;
            this.work = work;
            this.workOffset = workOffset;
        }

        @Override
        public int units() {
            return order.length * groups * Math.ceilDiv(channels, ROWS);
        }

        @Override
        public long multiplications() {
            return 8L * order.length * groups * channels * filters; // some 0.15 ns an element
        }

        @Override
        public void run(int from, int to, MemorySegment scratch) {
            final int blocks = Math.ceilDiv(channels, ROWS);
            for (int unit = from; unit < to; unit++) {
                final int row = unit % blocks * ROWS;
                final int group = unit / blocks % groups;
                final int place = unit / blocks / groups;
                final int allFilters = groups * filters;
                final int allChannels = groups * channels;
                compute.kernels()
                        .convolution()
                        .transpose(
                                kernel,
                                ((long) order[place] * channels + row) * allFilters + (long) group * filters,
                                Math.min(ROWS, channels - row),
                                filters,
                                allFilters,
                                work,
                                workOffset + (long) place * filters * allChannels + (long) group * channels + row,
                                allChannels,
                                scratch,
                                compute.gemmScratchSize());
            }
        }
    }
}
