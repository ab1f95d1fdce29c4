package dev.lanewise.kernels.elementwise;

import static dev.lanewise.kernels.Threefry.R0;
import static dev.lanewise.kernels.Threefry.R1;
import static dev.lanewise.kernels.Threefry.R2;
import static dev.lanewise.kernels.Threefry.R3;
import static dev.lanewise.kernels.Threefry.R4;
import static dev.lanewise.kernels.Threefry.R5;
import static dev.lanewise.kernels.Threefry.R6;
import static dev.lanewise.kernels.Threefry.R7;
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
        for (int i = head; i < bound; i += STEP) {
            turn(x, xo + i, y, yo + i, rate, scale, key, (first + i) >>> 1, accumulate);
        }
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
