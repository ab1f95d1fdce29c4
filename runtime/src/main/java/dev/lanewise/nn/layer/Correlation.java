package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.Window;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.ScratchTask;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// `y[position, filter] = init + Σ over taps and channels of x[pixel of the tap, channel] · kernel[tap,
/// channel, filter]`: a convolution, as products of matrices. Blocks of positions become rows of patches,
/// zeros where a tap meets no pixel, and are multiplied by the kernel, part by part of a patch where it is
/// long. Each element is one accumulator that takes taps and channels in order, so blocks, threads and the
/// place in a batch change no bit.
///
/// With groups, group g reads its share of the channels and computes its share of the filters.
final class Correlation implements ScratchTask {
    /// Columns of a part of the patches: few enough that a block has many rows, many enough that C is seldom
    /// read again.
    private static final int PART = 576;

    /// Rows of a block at most; with fewer there are more blocks to share among threads.
    private static final int MOST_ROWS = 512;

    /// Blocks of rows are multiples of this, which suits all micro-kernels.
    private static final int ROW_QUANTUM = 16;

    /// Where the position of a result that is not dense lies: `base + sample · …`, all in floats.
    record Placement(long base, long sample, long depth, long height, long width) {}

    private final Compute compute;
    private final Window window;
    private final int positions;
    private final int groups;
    private final int channels;
    private final int filters;
    private final MemorySegment x;
    private final MemorySegment kernel;
    private final long kernelOffset;
    private final @Nullable MemorySegment bias;
    private final MemorySegment y;
    private final @Nullable Placement placement;
    private final boolean accumulate;
    private final boolean relu;
    private final boolean direct;
    private final PatchParts parts;
    private final int rowStep;
    private final int rowBlocks;
    private final int columnStep;
    private final int columnBlocks;

    /// @param samples of the batch
    /// @param filters of all groups together
    /// @param kernel `[taps, channels of a group, filters]` from `kernelOffset` on
    /// @param bias what each filter starts from, or null for zeros
    /// @param placement of the result, or null for a dense one
    /// @param accumulate whether to add to the result, with neither bias nor relu then
    Correlation(
            Compute compute,
            Window window,
            int samples,
            int groups,
            int filters,
            MemorySegment x,
            MemorySegment kernel,
            long kernelOffset,
            @Nullable MemorySegment bias,
            MemorySegment y,
            @Nullable Placement placement,
            boolean accumulate,
            boolean relu) {
        this.compute = compute;
        this.window = window;
        this.groups = groups;
        this.x = x;
        this.kernel = kernel;
        this.kernelOffset = kernelOffset;
        this.bias = bias;
        this.y = y;
        this.placement = placement;
        this.accumulate = accumulate;
        this.relu = relu;
        positions = Math.toIntExact(window.positions() * samples);
        channels = window.channels() / groups;
        this.filters = filters / groups;
        direct = window.isIdentity();
        parts = direct ? PatchParts.whole(channels) : PatchParts.of(window.taps(), channels, PART);
        final int stage = placement == null ? 0 : Math.min(this.filters, PART);
        final int widest = direct ? stage : parts.widest() + stage;
        final int most = Math.min(MOST_ROWS, compute.blockSize() / Math.max(1, widest));
        final int blocks = Math.max(1, Math.ceilDiv(positions, most));
        final int evenRows = Math.ceilDiv(Math.ceilDiv(positions, blocks), ROW_QUANTUM) * ROW_QUANTUM;
        rowStep = Math.clamp(evenRows, 1, most);
        rowBlocks = Math.ceilDiv(positions, rowStep);
        // Columns are cut where there are too few blocks of rows for the threads, or where a block would not
        // fit.
        final int quantum = compute.bestKernels().gemm().columnQuantum();
        final int wanted = compute.threads() == 1 ? 1 : 2 * compute.threads();
        final int cuts = Math.max(
                Math.min(Math.ceilDiv(wanted, Math.max(1, rowBlocks * groups)), Math.ceilDiv(this.filters, quantum)),
                placement == null ? 1 : Math.ceilDiv(this.filters, Math.max(1, stage)));
        final int even = Math.max(1, Math.ceilDiv(Math.ceilDiv(this.filters, cuts), quantum) * quantum);
        columnStep = placement == null ? even : Math.min(even, Math.max(1, stage));
        columnBlocks = Math.ceilDiv(this.filters, columnStep);
    }

    /// Runs it on the threads.
    void run(MemorySegment scratch) {
        if (direct && groups == 1 && placement == null && kernelOffset == 0) {
            compute.gemm(
                    false,
                    false,
                    positions,
                    filters,
                    channels,
                    x,
                    channels,
                    kernel,
                    filters,
                    accumulate ? 1 : 0,
                    y,
                    filters,
                    bias,
                    relu ? 0 : Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch);
        } else {
            compute.run(this, scratch);
        }
    }

    @Override
    public int units() {
        return groups * rowBlocks * columnBlocks;
    }

    @Override
    public long multiplications() {
        return (long) positions * groups * filters * Math.max(1, window.taps()) * channels;
    }

    @Override
    public void run(int from, int to, MemorySegment scratch) {
        for (int unit = from; unit < to; unit++) {
            final int column = unit % columnBlocks * columnStep;
            final int row = unit / columnBlocks % rowBlocks * rowStep;
            final int group = unit / columnBlocks / rowBlocks;
            block(
                    group,
                    row,
                    Math.min(rowStep, positions - row),
                    column,
                    Math.min(columnStep, filters - column),
                    scratch);
        }
    }

    private void block(int group, int row, int rows, int column, int columns, MemorySegment scratch) {
        final Kernels kernels = compute.kernels();
        final Gemm gemm = kernels.gemm();
        final long patches = compute.gemmScratchSize();
        final long stage = patches + (direct ? 0 : (long) rows * parts.widest());
        final int allFilters = groups * filters;
        final int firstFilter = group * filters + column;
        final MemorySegment c = placement == null ? y : scratch;
        final long cOffset = placement == null ? (long) row * allFilters + firstFilter : stage;
        final int ldc = placement == null ? allFilters : columns;
        for (int i = 0; i < parts.count(); i++) {
            final int depth = parts.taps(i) * parts.channels(i);
            if (!direct) {
                kernels.convolution()
                        .patches(
                                window,
                                x,
                                0,
                                row,
                                rows,
                                parts.tap(i),
                                parts.taps(i),
                                group * channels + parts.channel(i),
                                parts.channels(i),
                                scratch,
                                patches);
            }
            final boolean first = i == 0;
            final boolean last = i == parts.count() - 1;
            gemm.multiply(
                    false,
                    false,
                    rows,
                    columns,
                    depth,
                    direct ? x : scratch,
                    direct ? (long) row * window.channels() + (long) group * channels : patches,
                    direct ? window.channels() : depth,
                    kernel,
                    kernelOffset + ((long) parts.tap(i) * channels + parts.channel(i)) * allFilters + firstFilter,
                    allFilters,
                    first && !(accumulate && placement == null) ? 0 : 1,
                    c,
                    cOffset,
                    ldc,
                    first ? bias : null,
                    firstFilter,
                    relu && last ? 0 : Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch,
                    0);
        }
        if (placement != null) {
            place(placement, row, rows, firstFilter, columns, scratch, stage);
        }
    }

    /// Rows of a finished block to their places.
    private void place(
            Placement to, int row, int rows, int firstFilter, int columns, MemorySegment scratch, long stage) {
        final int wide = window.width().positions();
        final int high = window.height().positions();
        final int deep = window.depth().positions();
        for (int r = 0; r < rows; r++) {
            final int p = row + r;
            final int line = p / wide;
            final int layer = line / high;
            final long at = to.base
                    + layer / deep * to.sample
                    + layer % deep * to.depth
                    + line % high * to.height
                    + p % wide * to.width
                    + firstFilter;
            if (accumulate) {
                compute.kernels().elementwise().accumulate(scratch, stage + (long) r * columns, y, at, columns);
            } else {
                MemorySegment.copy(
                        scratch,
                        (stage + (long) r * columns) * Float.BYTES,
                        y,
                        at * Float.BYTES,
                        (long) columns * Float.BYTES);
            }
        }
    }
}
