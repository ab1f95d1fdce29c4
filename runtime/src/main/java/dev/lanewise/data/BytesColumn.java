package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Unsigned bytes, such as pixels, which become `byte * scale` when they are gathered.
final class BytesColumn implements Column {
    /// Values converted at a time: 8 KiB of floats stay in the first-level cache on their way to the destination.
    private static final int CHUNK = 2048;

    private final MemorySegment bytes;
    private final Shape shape;
    private final int count;
    private final float scale;

    /// Where a chunk is converted. The JIT compiler makes vector instructions of a loop from array to array, not of
    /// one that stores to native memory; so converting on the heap and copying is twice as fast. Threads
    /// that gather at the same time take one each; one that finds none left does without.
    private final AtomicReferenceArray<@Nullable Scratch> scratches = new AtomicReferenceArray<>(MAX_SCRATCHES);

    private static final int MAX_SCRATCHES = 16;

    /// A processor's cache line in bytes.
    private static final int LINE = 64;

    private static final class Scratch {
        final byte[] bytes = new byte[CHUNK];
        final float[] floats = new float[CHUNK];

        /// Keeps [#touch] from being dropped.
        @SuppressWarnings("UnusedVariable")
        int touched;
    }

    BytesColumn(String name, MemorySegment bytes, Shape shape, float scale) {
        this.shape = DatasetChecks.sampleShape(name, shape);
        DatasetChecks.wholeSamples(name, bytes.byteSize(), shape);
        if (!Float.isFinite(scale * 255)) {
            throw new IllegalArgumentException(
                    "Dataset: the scale of " + name + " is " + scale + ", expected a finite number");
        }
        long samples = bytes.byteSize() / shape.size();
        if (samples > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Dataset: " + name + " has " + samples + " samples, more than " + Integer.MAX_VALUE);
        }
        for (int i = 0; i < MAX_SCRATCHES; i++) {
            scratches.set(i, new Scratch());
        }
        this.bytes = bytes.asReadOnly();
        this.count = (int) samples;
        this.scale = scale;
    }

    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public boolean alwaysFinite() {
        return true;
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        long size = shape.size();
        int slot = 0;
        Scratch mine = scratches.getAndSet(slot, null);
        while (mine == null && ++slot < MAX_SCRATCHES) {
            mine = scratches.getAndSet(slot, null);
        }
        try {
            if (mine != null) {
                mine.touched += touch(first, order, from, count, size);
            }
            for (int i = 0; i < count; i++) {
                long source = (first + order[from + i]) * size;
                long target = dstOffset + i * size;
                if (mine == null) {
                    convertDirectly(source, dst, target, size);
                } else {
                    convert(source, mine, dst, target, size);
                }
            }
        } finally {
            if (mine != null) {
                scratches.set(slot, mine);
            }
        }
    }

    private void convert(long source, Scratch scratch, MemorySegment dst, long target, long size) {
        for (long done = 0; done < size; done += CHUNK) {
            int n = (int) Math.min(CHUNK, size - done);
            MemorySegment.copy(bytes, JAVA_BYTE, source + done, scratch.bytes, 0, n);
            toFloats(scratch.bytes, n, scale, scratch.floats);
            MemorySegment.copy(scratch.floats, 0, dst, JAVA_FLOAT, (target + done) * Float.BYTES, n);
        }
    }

    private void convertDirectly(long source, MemorySegment dst, long target, long size) {
        for (long i = 0; i < size; i++) {
            dst.setAtIndex(JAVA_FLOAT, target + i, (bytes.get(JAVA_BYTE, source + i) & 0xff) * scale);
        }
    }

    /// `floats[i] = (bytes[i] & 0xff) * scale`, by way of the signed byte that is 128 less: the JIT compiler makes
    /// vectors of a signed byte's conversion, not of one behind `& 0xff`. All steps before the product are exact.
    private static void toFloats(byte[] bytes, int n, float scale, float[] floats) {
        for (int i = 0; i < n; i++) {
            bytes[i] ^= (byte) 0x80;
        }
        for (int i = 0; i < n; i++) {
            floats[i] = (bytes[i] + 128f) * scale;
        }
    }

    /// Reads a byte of each line of the samples: samples in random order lie anywhere in memory, and these reads, none
    /// waiting for another, bring them into the cache together.
    private int touch(int first, int[] order, int from, int samples, long size) {
        int sum = 0;
        for (int i = 0; i < samples; i++) {
            long start = (first + order[from + i]) * size;
            for (long at = start; at < start + size; at += LINE) {
                sum += bytes.get(JAVA_BYTE, at);
            }
        }
        return sum;
    }
}
