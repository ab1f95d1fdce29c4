package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.Window;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.nn.ScratchTask;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The gradient of a [Correlation] by its kernel: `dKernel[tap, channel, filter] = Σ over all positions of
/// x[pixel of the tap, channel] · dy[position, filter]`.
///
/// The sum over positions is cut into chunks of [#CHUNK]. Each is summed in order; the results are added up in
/// order. So the bits are the same however chunks and parts of the kernel are shared among threads.
final class KernelGradient implements ScratchTask {
    /// Positions of a chunk.
    private static final int CHUNK = 2048;

    /// Columns of a block of patches, which are rows of the result, times its columns, at most: what stays
    /// in L2 while positions are added up.
    private static final int RESULT = 64 * 1024;

    private static final int MOST_PART = 576;
    private static final int LEAST_PART = 96;

    /// Units of work that are wanted at a time, for threads to share.
    private static final int UNITS = 16;

    private static final int FOLD_QUANTUM = 1024;

    private final Compute compute;
    private final Window window;
    private final int positions;
    private final int groups;
    private final int channels;
    private final int filters;
    private final MemorySegment x;
    private final MemorySegment dy;
    private final MemorySegment dKernel;
    private final boolean accumulate;
    private final @Nullable MemorySegment partial;
    private final long partialOffset;
    private final boolean direct;
    private final PatchParts parts;
    private final int chunks;
    private final int wave;
    private final long size;
    private final RangeTask fold;
    private int firstChunk;

    /// @param partial [#work] floats from `partialOffset` on
    KernelGradient(
            Compute compute,
            Window window,
            int samples,
            int groups,
            int filters,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dKernel,
            boolean accumulate,
            @Nullable MemorySegment partial,
            long partialOffset) {
        this.compute = compute;
        this.window = window;
        this.groups = groups;
        this.x = x;
        this.dy = dy;
        this.dKernel = dKernel;
        this.accumulate = accumulate;
        this.partial = partial;
        this.partialOffset = partialOffset;
        positions = Math.toIntExact(window.positions() * samples);
        channels = window.channels() / groups;
        this.filters = filters / groups;
        direct = window.isIdentity();
        parts = parts(window, groups, filters);
        chunks = Math.ceilDiv(positions, CHUNK);
        wave = wave(parts.count() * groups, chunks);
        size = (long) window.taps() * channels * filters;
        fold = this::fold;
    }

    private static PatchParts parts(Window window, int groups, int filters) {
        final int width = Math.clamp(RESULT / Math.max(1, filters / groups), LEAST_PART, MOST_PART);
        return PatchParts.of(window.taps(), window.channels() / groups, width);
    }

    /// Chunks that are worked on at a time.
    private static int wave(int units, int chunks) {
        return Math.max(1, Math.min(chunks, Math.ceilDiv(UNITS, Math.max(1, units))));
    }

    /// Floats of work that it needs.
    static long work(Window window, int samples, int groups, int filters) {
        final int chunks = Math.toIntExact(Math.ceilDiv(window.positions() * samples, CHUNK));
        final int wave = wave(parts(window, groups, filters).count() * groups, chunks);
        return chunks <= 1 ? 0 : (long) wave * window.taps() * window.channels() / groups * filters;
    }

    /// Runs it on the threads.
    void run(MemorySegment scratch) {
        if (chunks == 0 && !accumulate) {
            compute.kernels().elementwise().fill(dKernel, 0, Math.toIntExact(size), 0);
        }
        for (firstChunk = 0; firstChunk < chunks; firstChunk += wave) {
            compute.run(this, scratch);
            if (firstChunk + waveChunks() > 1) {
                compute.run(fold, Math.toIntExact(size), FOLD_QUANTUM, size * waveChunks() / 8);
            }
        }
    }

    private int waveChunks() {
        return Math.min(wave, chunks - firstChunk);
    }

    @Override
    public int units() {
        return waveChunks() * groups * parts.count();
    }

    @Override
    public long multiplications() {
        final int count = Math.min(positions - firstChunk * CHUNK, waveChunks() * CHUNK);
        return (long) count * window.taps() * channels * groups * filters;
    }

    @Override
    public void run(int from, int to, MemorySegment scratch) {
        for (int unit = from; unit < to; unit++) {
            unit(unit / parts.count() / groups, unit / parts.count() % groups, unit % parts.count(), scratch);
        }
    }

    /// One chunk's sum for one part of the kernel; the first chunk goes to the result itself.
    private void unit(int slot, int group, int part, MemorySegment scratch) {
        final Kernels kernels = compute.kernels();
        final Gemm gemm = kernels.gemm();
        final int chunk = firstChunk + slot;
        final int first = chunk * CHUNK;
        final int end = Math.min(positions, first + CHUNK);
        final int width = parts.taps(part) * parts.channels(part);
        final int allFilters = groups * filters;
        final int step = direct ? CHUNK : Math.max(1, compute.blockSize() / Math.max(1, width));
        final long patches = compute.gemmScratchSize();
        final MemorySegment target = chunk == 0 || partial == null ? dKernel : partial;
        final long targetAt = (chunk == 0 ? 0 : partialOffset + slot * size)
                + ((long) parts.tap(part) * channels + parts.channel(part)) * allFilters
                + (long) group * filters;
        for (int p = first; p < end; p += step) {
            final int rows = Math.min(step, end - p);
            if (!direct) {
                kernels.convolution()
                        .patches(
                                window,
                                x,
                                0,
                                p,
                                rows,
                                parts.tap(part),
                                parts.taps(part),
                                group * channels + parts.channel(part),
                                parts.channels(part),
                                scratch,
                                patches);
            }
            gemm.multiply(
                    true,
                    false,
                    width,
                    filters,
                    rows,
                    direct ? x : scratch,
                    direct ? (long) p * window.channels() + (long) group * channels + parts.channel(part) : patches,
                    direct ? window.channels() : width,
                    dy,
                    (long) p * allFilters + (long) group * filters,
                    allFilters,
                    p > first || (chunk == 0 && accumulate) ? 1 : 0,
                    target,
                    targetAt,
                    allFilters,
                    null,
                    0,
                    Float.NEGATIVE_INFINITY,
                    Float.POSITIVE_INFINITY,
                    scratch,
                    0);
        }
    }

    /// Adds the chunks of a wave to the result, in order.
    private void fold(int from, int to) {
        for (int slot = firstChunk == 0 ? 1 : 0; slot < waveChunks(); slot++) {
            if (partial != null) {
                compute.kernels()
                        .elementwise()
                        .accumulate(partial, partialOffset + slot * size + from, dKernel, from, to - from);
            }
        }
    }
}
