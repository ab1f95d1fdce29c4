package dev.lanewise.data;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// Unsigned bytes, such as pixels, which become `byte * scale` when they are gathered.
final class BytesColumn implements Column {
    /// Bytes copied before they are converted, of several samples if they are small: shuffled samples come from
    /// main memory, whose delays overlap as long as nothing but copies is in between.
    private static final int BLOCK = 32 * 1024;

    private final MemorySegment bytes;
    private final Shape shape;
    private final int count;
    private final float scale;

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
    public Column withByteScale(float other) {
        return new BytesColumn("x", bytes, shape, other);
    }

    @Override
    public void gather(int first, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        final long size = shape.size();
        for (int i = 0; i < count; i++) {
            final long source = (first + order[from + i]) * size;
            final long target = dstOffset + i * size;
            for (long v = 0; v < size; v++) {
                dst.setAtIndex(JAVA_FLOAT, target + v, (bytes.get(JAVA_BYTE, source + v) & 0xff) * scale);
            }
        }
    }

    /// Copies the bytes of some samples to the end of the room for their floats, and converts them in place.
    @Override
    public void gather(
            int first, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        final long size = shape.size();
        final int together = (int) Math.max(1, BLOCK / size);
        for (int i = 0; i < count; i += together) {
            final int samples = Math.min(together, count - i);
            final long n = samples * size;
            final long target = dstOffset + i * size;
            final long end = (target + n) * Float.BYTES;
            for (int s = 0; s < samples; s++) {
                final long source = (first + order[from + i + s]) * size;
                MemorySegment.copy(bytes, source, dst, end - n + s * size, size);
            }
            kernel.bytesToFloats(dst, end - n, dst, target, Math.toIntExact(n), scale);
        }
    }
}
