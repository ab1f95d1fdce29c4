package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/// `y += A · x`, where the sums run along the rows of A, for one vector x or a few.
///
/// Each sum is one chain in the order of k, so the lanes are rows: squares of as many rows as a vector has
/// lanes are transposed in registers, by zipping row i with row i + lanes/2 as [SimdPacking#transposeSquare]
/// does, and the last turn feeds the sums. Each row is read once, from end to end, whole vectors at a time:
/// nothing is stored in between, and rows whose distance is a power of two need no more than the line that
/// is being read of each.
///
/// A chain of 16 lanes takes four cycles for each k, which bounds it (at 35 GFLOP/s on a Zen 5; measured 32
/// in L2, 27 in L3). Two chains at a time would be 32 rows, more streams than prefetchers follow. The
/// factors come out of one vector of x, since each access to memory costs C1 some 200 of its 10,000 virtual
/// registers: with a load for each factor the loop does not fit.
final class SimdRowDots {
    /// Products that are added in one pass over the rows, so that x stays in L1.
    private static final int BLOCK = 4096;

    private static final FloatVector ZIP_LOW = SimdPacking.ZIP_LOW;
    private static final FloatVector ZIP_HIGH = SimdPacking.ZIP_HIGH;

    private static final VectorShuffle<Float> LANE_0 = lane(0);
    private static final VectorShuffle<Float> LANE_1 = lane(1);
    private static final VectorShuffle<Float> LANE_2 = lane(2);
    private static final VectorShuffle<Float> LANE_3 = lane(3);
    private static final VectorShuffle<Float> LANE_4 = lane(4);
    private static final VectorShuffle<Float> LANE_5 = lane(5);
    private static final VectorShuffle<Float> LANE_6 = lane(6);
    private static final VectorShuffle<Float> LANE_7 = lane(7);
    private static final VectorShuffle<Float> LANE_8 = lane(8);
    private static final VectorShuffle<Float> LANE_9 = lane(9);
    private static final VectorShuffle<Float> LANE_10 = lane(10);
    private static final VectorShuffle<Float> LANE_11 = lane(11);
    private static final VectorShuffle<Float> LANE_12 = lane(12);
    private static final VectorShuffle<Float> LANE_13 = lane(13);
    private static final VectorShuffle<Float> LANE_14 = lane(14);
    private static final VectorShuffle<Float> LANE_15 = lane(15);

    private SimdRowDots() {}

    private static VectorShuffle<Float> lane(int index) {
        return VectorShuffle.fromOp(SPECIES, lane -> index & (LANES - 1));
    }

    /// `y[v, r] = fma(x[v, p], a[r, p], y[v, r])` for all p in order, for at least as many rows as a vector has
    /// lanes; offsets and steps in floats.
    ///
    /// @param vectors rows of x and of y
    /// @param xRow floats between rows of x
    /// @param xStep floats between elements of a row of x; 1 if there are several rows
    /// @param yRow floats between rows of y
    /// @param work a vector, and as many floats as a row of x has, 4096 at most
    static void add(
            int vectors,
            int rows,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            MemorySegment x,
            long xOffset,
            long xRow,
            long xStep,
            MemorySegment y,
            long yOffset,
            long yRow,
            MemorySegment work,
            long workOffset) {
        final int whole = rows / LANES * LANES;
        for (int p = 0; p < k; p += BLOCK) {
            final int depth = Math.min(BLOCK, k - p);
            MemorySegment xs = x;
            long xAt = xOffset + p;
            if (xStep != 1) {
                xs = work;
                xAt = workOffset + LANES;
                pack(x, xOffset + p * xStep, xStep, depth, work, xAt);
            }
            // Rows are still in a cache for the next vector.
            for (int r = 0; r < whole; r += LANES) {
                final long at = aOffset + r * lda + p;
                for (int v = 0; v < vectors; v++) {
                    rows(depth, a, at, lda, xs, xAt + v * xRow, y, yOffset + v * yRow + r);
                }
            }
            if (whole < rows) {
                // The last rows are done with some of those before, whose sums are done already: these go
                // nowhere.
                final int rest = rows - whole;
                final long first = (long) rows - LANES;
                for (int v = 0; v < vectors; v++) {
                    final long sums = yOffset + v * yRow;
                    MemorySegment.copy(y, FLOAT, 4 * (sums + first), work, FLOAT, 4 * workOffset, LANES);
                    rows(depth, a, aOffset + first * lda + p, lda, xs, xAt + v * xRow, work, workOffset);
                    MemorySegment.copy(
                            work, FLOAT, 4 * (workOffset + LANES - rest), y, FLOAT, 4 * (sums + whole), rest);
                }
            }
        }
    }

    private static void pack(MemorySegment x, long xOffset, long xStep, int k, MemorySegment to, long toOffset) {
        for (int p = 0; p < k; p++) {
            to.set(FLOAT, 4 * (toOffset + p), x.get(FLOAT, 4 * (xOffset + p * xStep)));
        }
    }

    /// The sums of as many rows as a vector has lanes.
    private static void rows(
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset) {
        final int whole = k / LANES * LANES;
        squares(a, 4 * aOffset, 4 * lda, x, 4 * xOffset, y, 4 * yOffset, whole / LANES);
        if (whole < k) {
            lastProducts(k - whole, a, 4 * (aOffset + whole), 4 * lda, x, 4 * (xOffset + whole), y, 4 * yOffset);
        }
    }

    /// What is left of k beyond whole squares, four rows' chains at a time.
    private static void lastProducts(
            int k, MemorySegment a, long a0, long step, MemorySegment x, long x0, MemorySegment y, long y0) {
        for (int r = 0; r < LANES; r += 4) {
            final long r0 = a0 + r * step;
            final long r1 = r0 + step;
            final long r2 = r1 + step;
            final long r3 = r2 + step;
            final long at = y0 + 4L * r;
            float s0 = y.get(FLOAT, at);
            float s1 = y.get(FLOAT, at + 4);
            float s2 = y.get(FLOAT, at + 8);
            float s3 = y.get(FLOAT, at + 12);
            for (int p = 0; p < k; p++) {
                final float factor = x.get(FLOAT, x0 + 4L * p);
                s0 = Math.fma(factor, a.get(FLOAT, r0 + 4L * p), s0);
                s1 = Math.fma(factor, a.get(FLOAT, r1 + 4L * p), s1);
                s2 = Math.fma(factor, a.get(FLOAT, r2 + 4L * p), s2);
                s3 = Math.fma(factor, a.get(FLOAT, r3 + 4L * p), s3);
            }
            y.set(FLOAT, at, s0);
            y.set(FLOAT, at + 4, s1);
            y.set(FLOAT, at + 8, s2);
            y.set(FLOAT, at + 12, s3);
        }
    }

    /// `n` squares side by side; offsets and steps in bytes.
    private static void squares(
            MemorySegment a, long a0, long step, MemorySegment x, long x0, MemorySegment y, long y0, int n) {
        if (LANES == 16) {
            sixteen(a, a0, step, x, x0, y, y0, n);
        } else if (LANES == 8) {
            eight(a, a0, step, x, x0, y, y0, n);
        } else {
            four(a, a0, step, x, x0, y, y0, n);
        }
    }

    private static void sixteen(
            MemorySegment a, long a0, long step, MemorySegment x, long x0, MemorySegment y, long y0, int n) {
        final long a1 = a0 + step;
        final long a2 = a1 + step;
        final long a3 = a2 + step;
        final long a4 = a3 + step;
        final long a5 = a4 + step;
        final long a6 = a5 + step;
        final long a7 = a6 + step;
        final long a8 = a7 + step;
        final long a9 = a8 + step;
        final long a10 = a9 + step;
        final long a11 = a10 + step;
        final long a12 = a11 + step;
        final long a13 = a12 + step;
        final long a14 = a13 + step;
        final long a15 = a14 + step;
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, y, y0, ORDER);
        for (int i = 0; i < n; i++) {
            final long p = i * BYTES;
            final FloatVector xs = FloatVector.fromMemorySegment(SPECIES, x, x0 + p, ORDER);
            final FloatVector r0 = FloatVector.fromMemorySegment(SPECIES, a, a0 + p, ORDER);
            final FloatVector r1 = FloatVector.fromMemorySegment(SPECIES, a, a1 + p, ORDER);
            final FloatVector r2 = FloatVector.fromMemorySegment(SPECIES, a, a2 + p, ORDER);
            final FloatVector r3 = FloatVector.fromMemorySegment(SPECIES, a, a3 + p, ORDER);
            final FloatVector r4 = FloatVector.fromMemorySegment(SPECIES, a, a4 + p, ORDER);
            final FloatVector r5 = FloatVector.fromMemorySegment(SPECIES, a, a5 + p, ORDER);
            final FloatVector r6 = FloatVector.fromMemorySegment(SPECIES, a, a6 + p, ORDER);
            final FloatVector r7 = FloatVector.fromMemorySegment(SPECIES, a, a7 + p, ORDER);
            final FloatVector r8 = FloatVector.fromMemorySegment(SPECIES, a, a8 + p, ORDER);
            final FloatVector r9 = FloatVector.fromMemorySegment(SPECIES, a, a9 + p, ORDER);
            final FloatVector r10 = FloatVector.fromMemorySegment(SPECIES, a, a10 + p, ORDER);
            final FloatVector r11 = FloatVector.fromMemorySegment(SPECIES, a, a11 + p, ORDER);
            final FloatVector r12 = FloatVector.fromMemorySegment(SPECIES, a, a12 + p, ORDER);
            final FloatVector r13 = FloatVector.fromMemorySegment(SPECIES, a, a13 + p, ORDER);
            final FloatVector r14 = FloatVector.fromMemorySegment(SPECIES, a, a14 + p, ORDER);
            final FloatVector r15 = FloatVector.fromMemorySegment(SPECIES, a, a15 + p, ORDER);
            final FloatVector s0 = ZIP_LOW.selectFrom(r0, r8);
            final FloatVector s1 = ZIP_HIGH.selectFrom(r0, r8);
            final FloatVector s2 = ZIP_LOW.selectFrom(r1, r9);
            final FloatVector s3 = ZIP_HIGH.selectFrom(r1, r9);
            final FloatVector s4 = ZIP_LOW.selectFrom(r2, r10);
            final FloatVector s5 = ZIP_HIGH.selectFrom(r2, r10);
            final FloatVector s6 = ZIP_LOW.selectFrom(r3, r11);
            final FloatVector s7 = ZIP_HIGH.selectFrom(r3, r11);
            final FloatVector s8 = ZIP_LOW.selectFrom(r4, r12);
            final FloatVector s9 = ZIP_HIGH.selectFrom(r4, r12);
            final FloatVector s10 = ZIP_LOW.selectFrom(r5, r13);
            final FloatVector s11 = ZIP_HIGH.selectFrom(r5, r13);
            final FloatVector s12 = ZIP_LOW.selectFrom(r6, r14);
            final FloatVector s13 = ZIP_HIGH.selectFrom(r6, r14);
            final FloatVector s14 = ZIP_LOW.selectFrom(r7, r15);
            final FloatVector s15 = ZIP_HIGH.selectFrom(r7, r15);
            final FloatVector t0 = ZIP_LOW.selectFrom(s0, s8);
            final FloatVector t1 = ZIP_HIGH.selectFrom(s0, s8);
            final FloatVector t2 = ZIP_LOW.selectFrom(s1, s9);
            final FloatVector t3 = ZIP_HIGH.selectFrom(s1, s9);
            final FloatVector t4 = ZIP_LOW.selectFrom(s2, s10);
            final FloatVector t5 = ZIP_HIGH.selectFrom(s2, s10);
            final FloatVector t6 = ZIP_LOW.selectFrom(s3, s11);
            final FloatVector t7 = ZIP_HIGH.selectFrom(s3, s11);
            final FloatVector t8 = ZIP_LOW.selectFrom(s4, s12);
            final FloatVector t9 = ZIP_HIGH.selectFrom(s4, s12);
            final FloatVector t10 = ZIP_LOW.selectFrom(s5, s13);
            final FloatVector t11 = ZIP_HIGH.selectFrom(s5, s13);
            final FloatVector t12 = ZIP_LOW.selectFrom(s6, s14);
            final FloatVector t13 = ZIP_HIGH.selectFrom(s6, s14);
            final FloatVector t14 = ZIP_LOW.selectFrom(s7, s15);
            final FloatVector t15 = ZIP_HIGH.selectFrom(s7, s15);
            final FloatVector u0 = ZIP_LOW.selectFrom(t0, t8);
            final FloatVector u1 = ZIP_HIGH.selectFrom(t0, t8);
            final FloatVector u2 = ZIP_LOW.selectFrom(t1, t9);
            final FloatVector u3 = ZIP_HIGH.selectFrom(t1, t9);
            final FloatVector u4 = ZIP_LOW.selectFrom(t2, t10);
            final FloatVector u5 = ZIP_HIGH.selectFrom(t2, t10);
            final FloatVector u6 = ZIP_LOW.selectFrom(t3, t11);
            final FloatVector u7 = ZIP_HIGH.selectFrom(t3, t11);
            final FloatVector u8 = ZIP_LOW.selectFrom(t4, t12);
            final FloatVector u9 = ZIP_HIGH.selectFrom(t4, t12);
            final FloatVector u10 = ZIP_LOW.selectFrom(t5, t13);
            final FloatVector u11 = ZIP_HIGH.selectFrom(t5, t13);
            final FloatVector u12 = ZIP_LOW.selectFrom(t6, t14);
            final FloatVector u13 = ZIP_HIGH.selectFrom(t6, t14);
            final FloatVector u14 = ZIP_LOW.selectFrom(t7, t15);
            final FloatVector u15 = ZIP_HIGH.selectFrom(t7, t15);
            sum = xs.rearrange(LANE_0).fma(ZIP_LOW.selectFrom(u0, u8), sum);
            sum = xs.rearrange(LANE_1).fma(ZIP_HIGH.selectFrom(u0, u8), sum);
            sum = xs.rearrange(LANE_2).fma(ZIP_LOW.selectFrom(u1, u9), sum);
            sum = xs.rearrange(LANE_3).fma(ZIP_HIGH.selectFrom(u1, u9), sum);
            sum = xs.rearrange(LANE_4).fma(ZIP_LOW.selectFrom(u2, u10), sum);
            sum = xs.rearrange(LANE_5).fma(ZIP_HIGH.selectFrom(u2, u10), sum);
            sum = xs.rearrange(LANE_6).fma(ZIP_LOW.selectFrom(u3, u11), sum);
            sum = xs.rearrange(LANE_7).fma(ZIP_HIGH.selectFrom(u3, u11), sum);
            sum = xs.rearrange(LANE_8).fma(ZIP_LOW.selectFrom(u4, u12), sum);
            sum = xs.rearrange(LANE_9).fma(ZIP_HIGH.selectFrom(u4, u12), sum);
            sum = xs.rearrange(LANE_10).fma(ZIP_LOW.selectFrom(u5, u13), sum);
            sum = xs.rearrange(LANE_11).fma(ZIP_HIGH.selectFrom(u5, u13), sum);
            sum = xs.rearrange(LANE_12).fma(ZIP_LOW.selectFrom(u6, u14), sum);
            sum = xs.rearrange(LANE_13).fma(ZIP_HIGH.selectFrom(u6, u14), sum);
            sum = xs.rearrange(LANE_14).fma(ZIP_LOW.selectFrom(u7, u15), sum);
            sum = xs.rearrange(LANE_15).fma(ZIP_HIGH.selectFrom(u7, u15), sum);
        }
        sum.intoMemorySegment(y, y0, ORDER);
    }

    private static void eight(
            MemorySegment a, long a0, long step, MemorySegment x, long x0, MemorySegment y, long y0, int n) {
        final long a1 = a0 + step;
        final long a2 = a1 + step;
        final long a3 = a2 + step;
        final long a4 = a3 + step;
        final long a5 = a4 + step;
        final long a6 = a5 + step;
        final long a7 = a6 + step;
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, y, y0, ORDER);
        for (int i = 0; i < n; i++) {
            final long p = i * BYTES;
            final FloatVector xs = FloatVector.fromMemorySegment(SPECIES, x, x0 + p, ORDER);
            final FloatVector r0 = FloatVector.fromMemorySegment(SPECIES, a, a0 + p, ORDER);
            final FloatVector r1 = FloatVector.fromMemorySegment(SPECIES, a, a1 + p, ORDER);
            final FloatVector r2 = FloatVector.fromMemorySegment(SPECIES, a, a2 + p, ORDER);
            final FloatVector r3 = FloatVector.fromMemorySegment(SPECIES, a, a3 + p, ORDER);
            final FloatVector r4 = FloatVector.fromMemorySegment(SPECIES, a, a4 + p, ORDER);
            final FloatVector r5 = FloatVector.fromMemorySegment(SPECIES, a, a5 + p, ORDER);
            final FloatVector r6 = FloatVector.fromMemorySegment(SPECIES, a, a6 + p, ORDER);
            final FloatVector r7 = FloatVector.fromMemorySegment(SPECIES, a, a7 + p, ORDER);
            final FloatVector s0 = ZIP_LOW.selectFrom(r0, r4);
            final FloatVector s1 = ZIP_HIGH.selectFrom(r0, r4);
            final FloatVector s2 = ZIP_LOW.selectFrom(r1, r5);
            final FloatVector s3 = ZIP_HIGH.selectFrom(r1, r5);
            final FloatVector s4 = ZIP_LOW.selectFrom(r2, r6);
            final FloatVector s5 = ZIP_HIGH.selectFrom(r2, r6);
            final FloatVector s6 = ZIP_LOW.selectFrom(r3, r7);
            final FloatVector s7 = ZIP_HIGH.selectFrom(r3, r7);
            final FloatVector t0 = ZIP_LOW.selectFrom(s0, s4);
            final FloatVector t1 = ZIP_HIGH.selectFrom(s0, s4);
            final FloatVector t2 = ZIP_LOW.selectFrom(s1, s5);
            final FloatVector t3 = ZIP_HIGH.selectFrom(s1, s5);
            final FloatVector t4 = ZIP_LOW.selectFrom(s2, s6);
            final FloatVector t5 = ZIP_HIGH.selectFrom(s2, s6);
            final FloatVector t6 = ZIP_LOW.selectFrom(s3, s7);
            final FloatVector t7 = ZIP_HIGH.selectFrom(s3, s7);
            sum = xs.rearrange(LANE_0).fma(ZIP_LOW.selectFrom(t0, t4), sum);
            sum = xs.rearrange(LANE_1).fma(ZIP_HIGH.selectFrom(t0, t4), sum);
            sum = xs.rearrange(LANE_2).fma(ZIP_LOW.selectFrom(t1, t5), sum);
            sum = xs.rearrange(LANE_3).fma(ZIP_HIGH.selectFrom(t1, t5), sum);
            sum = xs.rearrange(LANE_4).fma(ZIP_LOW.selectFrom(t2, t6), sum);
            sum = xs.rearrange(LANE_5).fma(ZIP_HIGH.selectFrom(t2, t6), sum);
            sum = xs.rearrange(LANE_6).fma(ZIP_LOW.selectFrom(t3, t7), sum);
            sum = xs.rearrange(LANE_7).fma(ZIP_HIGH.selectFrom(t3, t7), sum);
        }
        sum.intoMemorySegment(y, y0, ORDER);
    }

    private static void four(
            MemorySegment a, long a0, long step, MemorySegment x, long x0, MemorySegment y, long y0, int n) {
        final long a1 = a0 + step;
        final long a2 = a1 + step;
        final long a3 = a2 + step;
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, y, y0, ORDER);
        for (int i = 0; i < n; i++) {
            final long p = i * BYTES;
            final FloatVector xs = FloatVector.fromMemorySegment(SPECIES, x, x0 + p, ORDER);
            final FloatVector r0 = FloatVector.fromMemorySegment(SPECIES, a, a0 + p, ORDER);
            final FloatVector r1 = FloatVector.fromMemorySegment(SPECIES, a, a1 + p, ORDER);
            final FloatVector r2 = FloatVector.fromMemorySegment(SPECIES, a, a2 + p, ORDER);
            final FloatVector r3 = FloatVector.fromMemorySegment(SPECIES, a, a3 + p, ORDER);
            final FloatVector s0 = ZIP_LOW.selectFrom(r0, r2);
            final FloatVector s1 = ZIP_HIGH.selectFrom(r0, r2);
            final FloatVector s2 = ZIP_LOW.selectFrom(r1, r3);
            final FloatVector s3 = ZIP_HIGH.selectFrom(r1, r3);
            sum = xs.rearrange(LANE_0).fma(ZIP_LOW.selectFrom(s0, s2), sum);
            sum = xs.rearrange(LANE_1).fma(ZIP_HIGH.selectFrom(s0, s2), sum);
            sum = xs.rearrange(LANE_2).fma(ZIP_LOW.selectFrom(s1, s3), sum);
            sum = xs.rearrange(LANE_3).fma(ZIP_HIGH.selectFrom(s1, s3), sum);
        }
        sum.intoMemorySegment(y, y0, ORDER);
    }
}
