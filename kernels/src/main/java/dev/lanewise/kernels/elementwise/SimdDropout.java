package dev.lanewise.kernels.elementwise;

import static dev.lanewise.kernels.Threefry.R0;
import static dev.lanewise.kernels.Threefry.R1;
import static dev.lanewise.kernels.Threefry.R2;
import static dev.lanewise.kernels.Threefry.R3;
import static dev.lanewise.kernels.Threefry.R4;
import static dev.lanewise.kernels.Threefry.R5;
import static dev.lanewise.kernels.Threefry.R6;
import static dev.lanewise.kernels.Threefry.R7;
import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ROL;
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.lanewise.kernels.Threefry;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// Dropout with the numbers of [Threefry], as many counters at a time as a vector has lanes.
final class SimdDropout {
    /// Elements of a turn: each counter serves two.
    private static final int STEP = 2 * LANES;

    /// Elements of a turn of four vectors of counters.
    private static final int WIDE = 4 * STEP;

    private static final float UNIT = 0x1p-24f;

    /// Lanes 0, 0, 1, 1, ... of two vectors in turn; and those of their upper halves.
    private static final VectorShuffle<Integer> ZIP_LOW = VectorShuffle.makeZip(INT_SPECIES, 0);

    private static final VectorShuffle<Integer> ZIP_HIGH = VectorShuffle.makeZip(INT_SPECIES, 1);

    private SimdDropout() {}

    /// Elements before the first that starts a counter.
    static int head(int n, long first) {
        return (int) Math.min(n, first & 1);
    }

    /// Where the last whole turn from `head` ends. No turn where the low word of the counter overflows on
    /// the way:
    /// that is once in 2^33 elements.
    static int bound(int n, int head, long first) {
        boolean overflows = (first + head) >>> 33 != (first + n) >>> 33;
        return overflows ? head : head + (n - head) / STEP * STEP;
    }

    /// The elements `head` to `bound`.
    static void loop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            int head,
            int bound,
            float rate,
            float scale,
            long key,
            long first,
            boolean accumulate) {
        int i = head;
        if (!accumulate) {
            int limit = (int) Math.ceil(rate * 0x1p24f);
            for (; i <= bound - WIDE; i += WIDE) {
                wide(x, xo + i, y, yo + i, limit, scale, key, (first + i) >>> 1);
            }
        }
        for (; i < bound; i += STEP) {
            turn(x, xo + i, y, yo + i, rate, scale, key, (first + i) >>> 1, accumulate);
        }
    }

    /// Four vectors of counters, which is as many chains of operations as the CPU needs to be kept busy. A
    /// loop over groups of rounds keeps them together, whatever order the compiler gives to straight code.
    ///
    /// @param limit elements whose upper 24 bits are below this are dropped
    private static void wide(
            MemorySegment x, long xo, MemorySegment y, long yo, int limit, float scale, long key, long counter) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        int k2 = Threefry.PARITY ^ k0 ^ k1;
        IntVector a0 = IntVector.broadcast(INT_SPECIES, (int) counter + k0).addIndex(1);
        IntVector b0 = a0.add(LANES);
        IntVector c0 = a0.add(2 * LANES);
        IntVector d0 = a0.add(3 * LANES);
        IntVector a1 = IntVector.broadcast(INT_SPECIES, (int) (counter >>> 32) + k1);
        IntVector b1 = a1;
        IntVector c1 = a1;
        IntVector d1 = a1;
        for (int group = 1; group <= 5; group++) {
            boolean odd = (group & 1) != 0;
            int r0 = odd ? R0 : R4;
            int r1 = odd ? R1 : R5;
            int r2 = odd ? R2 : R6;
            int r3 = odd ? R3 : R7;
            a0 = a0.add(a1);
            b0 = b0.add(b1);
            c0 = c0.add(c1);
            d0 = d0.add(d1);
            a1 = a1.lanewise(ROL, r0).lanewise(XOR, a0);
            b1 = b1.lanewise(ROL, r0).lanewise(XOR, b0);
            c1 = c1.lanewise(ROL, r0).lanewise(XOR, c0);
            d1 = d1.lanewise(ROL, r0).lanewise(XOR, d0);
            a0 = a0.add(a1);
            b0 = b0.add(b1);
            c0 = c0.add(c1);
            d0 = d0.add(d1);
            a1 = a1.lanewise(ROL, r1).lanewise(XOR, a0);
            b1 = b1.lanewise(ROL, r1).lanewise(XOR, b0);
            c1 = c1.lanewise(ROL, r1).lanewise(XOR, c0);
            d1 = d1.lanewise(ROL, r1).lanewise(XOR, d0);
            a0 = a0.add(a1);
            b0 = b0.add(b1);
            c0 = c0.add(c1);
            d0 = d0.add(d1);
            a1 = a1.lanewise(ROL, r2).lanewise(XOR, a0);
            b1 = b1.lanewise(ROL, r2).lanewise(XOR, b0);
            c1 = c1.lanewise(ROL, r2).lanewise(XOR, c0);
            d1 = d1.lanewise(ROL, r2).lanewise(XOR, d0);
            a0 = a0.add(a1);
            b0 = b0.add(b1);
            c0 = c0.add(c1);
            d0 = d0.add(d1);
            a1 = a1.lanewise(ROL, r3).lanewise(XOR, a0).add(k2 + group);
            b1 = b1.lanewise(ROL, r3).lanewise(XOR, b0).add(k2 + group);
            c1 = c1.lanewise(ROL, r3).lanewise(XOR, c0).add(k2 + group);
            d1 = d1.lanewise(ROL, r3).lanewise(XOR, d0).add(k2 + group);
            a0 = a0.add(k1);
            b0 = b0.add(k1);
            c0 = c0.add(k1);
            d0 = d0.add(k1);
            int next = k0;
            k0 = k1;
            k1 = k2;
            k2 = next;
        }
        long from = 4 * xo;
        long at = 4 * yo;
        VectorMask<Float> dropped =
                a0.rearrange(ZIP_LOW, a1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = a0.rearrange(ZIP_HIGH, a1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = b0.rearrange(ZIP_LOW, b1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = b0.rearrange(ZIP_HIGH, b1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = c0.rearrange(ZIP_LOW, c1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = c0.rearrange(ZIP_HIGH, c1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = d0.rearrange(ZIP_LOW, d1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
        from += BYTES;
        at += BYTES;
        dropped = d0.rearrange(ZIP_HIGH, d1).lanewise(LSHR, 8).lt(limit).cast(SPECIES);
        fromMemorySegment(SPECIES, x, from, ORDER).mul(scale).blend(0f, dropped).intoMemorySegment(y, at, ORDER);
    }

    /// A method of its own, too large to be inlined: with a loop around it C2 gave up on what runs first, the
    /// version that is entered in the middle of the loop, and left it slow ("too many clones required", JDK
    /// 25).
    private static void turn(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            float rate,
            float scale,
            long key,
            long counter,
            boolean accumulate) {
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        int k2 = Threefry.PARITY ^ k0 ^ k1;
        IntVector x0 = IntVector.broadcast(INT_SPECIES, (int) counter + k0).addIndex(1);
        IntVector x1 = IntVector.broadcast(INT_SPECIES, (int) (counter >>> 32) + k1);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R0).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R1).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R2).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R3).lanewise(XOR, x0);
        x0 = x0.add(k1);
        x1 = x1.add(k2 + 1);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R4).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R5).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R6).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R7).lanewise(XOR, x0);
        x0 = x0.add(k2);
        x1 = x1.add(k0 + 2);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R0).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R1).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R2).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R3).lanewise(XOR, x0);
        x0 = x0.add(k0);
        x1 = x1.add(k1 + 3);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R4).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R5).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R6).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R7).lanewise(XOR, x0);
        x0 = x0.add(k1);
        x1 = x1.add(k2 + 4);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R0).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R1).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R2).lanewise(XOR, x0);
        x0 = x0.add(x1);
        x1 = x1.lanewise(ROL, R3).lanewise(XOR, x0);
        x0 = x0.add(k2);
        x1 = x1.add(k0 + 5);
        VectorMask<Float> add = SPECIES.maskAll(accumulate);
        FloatVector u =
                (FloatVector) x0.rearrange(ZIP_LOW, x1).lanewise(LSHR, 8).convert(I2F, 0);
        FloatVector v = fromMemorySegment(SPECIES, x, 4 * xo, ORDER).mul(scale);
        v = v.blend(0f, u.mul(UNIT).lt(rate));
        FloatVector old = fromMemorySegment(SPECIES, y, 4 * yo, ORDER);
        v.blend(old.add(v), add).intoMemorySegment(y, 4 * yo, ORDER);
        u = (FloatVector) x0.rearrange(ZIP_HIGH, x1).lanewise(LSHR, 8).convert(I2F, 0);
        v = fromMemorySegment(SPECIES, x, 4 * (xo + LANES), ORDER).mul(scale);
        v = v.blend(0f, u.mul(UNIT).lt(rate));
        old = fromMemorySegment(SPECIES, y, 4 * (yo + LANES), ORDER);
        v.blend(old.add(v), add).intoMemorySegment(y, 4 * (yo + LANES), ORDER);
    }
}
