package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.Blocking.PANEL_ROWS;
import static dev.lanewise.kernels.simd.Simd.BYTES;
import static dev.lanewise.kernels.simd.Simd.FLOAT;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Copies of parts of matrices into the order in which micro-kernels read them, and of finished edges back.
/// Offsets, widths and leading dimensions count floats here.
final class SimdPacking {
    /// Lane order of two rows zipped together: the lower halves, and the upper halves.
    static final FloatVector ZIP_LOW = FloatVector.fromArray(SPECIES, zip(0), 0);

    static final FloatVector ZIP_HIGH = FloatVector.fromArray(SPECIES, zip(LANES / 2), 0);

    private SimdPacking() {}

    private static float[] zip(int first) {
        final float[] lanes = new float[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = first + i / 2 + (i % 2) * LANES;
        }
        return lanes;
    }

    /// `to[r, 0 .. width] = from[r, 0 .. cols]`, the columns from `cols` on as zeros; `width` is a multiple of
    /// the lanes.
    static void copyRows(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            int rows,
            int cols,
            int width,
            MemorySegment to,
            long toOffset,
            long ldTo) {
        for (int v = 0; v < width; v += LANES) {
            final long f = (fromOffset + v) * Float.BYTES;
            final long t = (toOffset + v) * Float.BYTES;
            if (v + LANES <= cols) {
                copyVectors(from, f, ldFrom * Float.BYTES, rows, to, t, ldTo * Float.BYTES);
            } else if (v < cols) {
                copyFirstLanes(from, f, ldFrom * Float.BYTES, rows, cols - v, to, t, ldTo * Float.BYTES);
            } else {
                zeroVectors(rows, to, t, ldTo * Float.BYTES);
            }
        }
    }

    /// The columns `cols` of each row of `from`, whose rows are `width` apart, into `to`; nothing beyond is
    /// written.
    static void copyRowsBack(
            MemorySegment from,
            long fromOffset,
            int width,
            int rows,
            int cols,
            MemorySegment to,
            long toOffset,
            long ldTo) {
        for (int v = 0; v < cols; v += LANES) {
            final long f = (fromOffset + v) * Float.BYTES;
            final long t = (toOffset + v) * Float.BYTES;
            if (v + LANES <= cols) {
                copyVectors(from, f, (long) width * Float.BYTES, rows, to, t, ldTo * Float.BYTES);
            } else {
                copyFirstLanesBack(from, f, (long) width * Float.BYTES, rows, cols - v, to, t, ldTo * Float.BYTES);
            }
        }
    }

    /// Calls on nothing of each loop that a usual training step needs.
    static void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            copyEight(s, 0, 0, 0, 0, s, 0, 0, 0);
            copyVectors(s, 0, 0, 0, s, 0, 0);
            zeroVectors(0, s, 0, 0);
            copyFirstLanes(s, 0, 0, 0, 0, s, 0, 0);
            copyFirstLanesBack(s, 0, 0, 0, 0, s, 0, 0);
            clampVectors(s, 0, 0, 0, 0);
        }
    }

    /// Two panels that lie side by side in `from`, or one, of four vectors each, whose rows follow each other in
    /// `to`, a panel `toNext` floats behind the other.
    ///
    /// Eight vectors are read before one is written, and a row of two panels from end to end, since the CPU
    /// fetches ahead along it (measured on a Zen 5, rows 4 KiB apart, vectors of 16 lanes: 53 GB/s from L3 and
    /// 27 from memory; one panel 50 and 16; a vector of sixteen rows at a time 29 and 11).
    static void copyPanels(
            int panels,
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            int rows,
            MemorySegment to,
            long toOffset,
            long toNext) {
        final long f = fromOffset * Float.BYTES;
        final long t = toOffset * Float.BYTES;
        final long fromStep = ldFrom * Float.BYTES;
        final long row = 4L * BYTES;
        if (panels == 2) {
            copyEight(from, f, fromStep, row, rows, to, t, row, toNext * Float.BYTES);
            return;
        }
        copyEight(from, f, 2 * fromStep, fromStep, rows / 2, to, t, 2 * row, row);
        if (rows % 2 != 0) {
            final int last = rows - 1;
            copyRows(from, fromOffset + last * ldFrom, 0, 1, 4 * LANES, 4 * LANES, to, toOffset + 4L * LANES * last, 0);
        }
    }

    private static void copyEight(
            MemorySegment from,
            long f,
            long fromStep,
            long fromNext,
            int rows,
            MemorySegment to,
            long t,
            long toStep,
            long toNext) {
        for (int r = 0; r < rows; r++) {
            final long x = f + r * fromStep;
            final FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, from, x, ORDER);
            final FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, from, x + BYTES, ORDER);
            final FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, from, x + 2 * BYTES, ORDER);
            final FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, from, x + 3 * BYTES, ORDER);
            final FloatVector v4 = FloatVector.fromMemorySegment(SPECIES, from, x + fromNext, ORDER);
            final FloatVector v5 = FloatVector.fromMemorySegment(SPECIES, from, x + fromNext + BYTES, ORDER);
            final FloatVector v6 = FloatVector.fromMemorySegment(SPECIES, from, x + fromNext + 2 * BYTES, ORDER);
            final FloatVector v7 = FloatVector.fromMemorySegment(SPECIES, from, x + fromNext + 3 * BYTES, ORDER);
            final long y = t + r * toStep;
            v0.intoMemorySegment(to, y, ORDER);
            v1.intoMemorySegment(to, y + BYTES, ORDER);
            v2.intoMemorySegment(to, y + 2 * BYTES, ORDER);
            v3.intoMemorySegment(to, y + 3 * BYTES, ORDER);
            v4.intoMemorySegment(to, y + toNext, ORDER);
            v5.intoMemorySegment(to, y + toNext + BYTES, ORDER);
            v6.intoMemorySegment(to, y + toNext + 2 * BYTES, ORDER);
            v7.intoMemorySegment(to, y + toNext + 3 * BYTES, ORDER);
        }
    }

    private static void copyVectors(
            MemorySegment from, long f, long fromStep, int rows, MemorySegment to, long t, long toStep) {
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(SPECIES, from, f + r * fromStep, ORDER)
                    .intoMemorySegment(to, t + r * toStep, ORDER);
        }
    }

    private static void zeroVectors(int rows, MemorySegment to, long t, long toStep) {
        for (int r = 0; r < rows; r++) {
            FloatVector.zero(SPECIES).intoMemorySegment(to, t + r * toStep, ORDER);
        }
    }

    /// Zeros in `rows` rows of `width`, a multiple of the lanes, one after the other.
    static void zeroRows(int rows, int width, MemorySegment to, long toOffset) {
        for (int v = 0; v < width; v += LANES) {
            zeroVectors(rows, to, (toOffset + v) * Float.BYTES, (long) width * Float.BYTES);
        }
    }

    private static void copyFirstLanes(
            MemorySegment from, long f, long fromStep, int rows, int lanes, MemorySegment to, long t, long toStep) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, lanes);
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(SPECIES, from, f + r * fromStep, ORDER, mask)
                    .intoMemorySegment(to, t + r * toStep, ORDER);
        }
    }

    private static void copyFirstLanesBack(
            MemorySegment from, long f, long fromStep, int rows, int lanes, MemorySegment to, long t, long toStep) {
        final VectorMask<Float> mask = SPECIES.indexInRange(0, lanes);
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(SPECIES, from, f + r * fromStep, ORDER)
                    .intoMemorySegment(to, t + r * toStep, ORDER, mask);
        }
    }

    /// Floats of work that [#transpose] wants: a square to transpose by way of, and two for what is not a
    /// whole one, padded and transposed.
    static final int TRANSPOSE_WORK = 3 * LANES * LANES;

    /// `to[r, c] = from[c, r]` for `r < rows`, `c < cols`; columns from `cols` to `width`, a multiple of the
    /// lanes, as zeros; rows of `to` are `ldTo` apart. Squares of the vector's size go through
    /// [#transposeSquare]; those at the edges are padded before. Of 16 lanes, sixteen columns are one call, whose
    /// last square takes in some of the one before.
    static void transpose(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            int rows,
            int cols,
            MemorySegment to,
            long toOffset,
            int width,
            long ldTo,
            MemorySegment work,
            long workOffset) {
        final long staged = workOffset + (long) LANES * LANES;
        final long padded = staged + (long) LANES * LANES;
        for (int c = 0; c < width; c += LANES) {
            final int usedCols = Math.min(LANES, cols - c);
            if (usedCols <= 0) {
                zeroVectors(rows, to, (toOffset + c) * Float.BYTES, ldTo * Float.BYTES);
                continue;
            }
            if (LANES == SimdTurnedRows.ROWS && usedCols == LANES && rows >= LANES) {
                SimdTurnedRows.turn(
                        from,
                        4 * (fromOffset + c * ldFrom),
                        4 * ldFrom,
                        LANES - 1,
                        (rows + LANES - 1) / LANES * 2,
                        4L * (rows - LANES),
                        to,
                        4 * (toOffset + c),
                        4 * ldTo);
                continue;
            }
            for (int r = 0; r < rows; r += LANES) {
                final int usedRows = Math.min(LANES, rows - r);
                final long source = fromOffset + c * ldFrom + r;
                final long target = toOffset + r * ldTo + c;
                if (usedRows == LANES && usedCols == LANES) {
                    transposeSquare(from, source, ldFrom, to, target, ldTo, work, workOffset);
                } else {
                    if (usedCols == LANES && Float.BYTES * (source + (LANES - 1) * ldFrom + LANES) <= from.byteSize()) {
                        // What lies beyond the columns is read, but not copied.
                        transposeSquare(from, source, ldFrom, work, staged, LANES, work, workOffset);
                    } else {
                        copyRows(from, source, ldFrom, usedCols, usedRows, LANES, work, padded, LANES);
                        transposeSquare(work, padded, LANES, work, staged, LANES, work, workOffset);
                    }
                    copyRowsTo(work, staged, LANES, usedRows, usedCols, to, target, ldTo);
                }
            }
        }
    }

    /// [#transpose] of no more rows than a vector has lanes, of which [#roundedRows] have room in `to`: those
    /// behind the last are overwritten.
    static void transposeFew(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            int rows,
            int cols,
            MemorySegment to,
            long toOffset,
            int width,
            long ldTo,
            MemorySegment work,
            long workOffset) {
        int c = 0;
        if (LANES == SimdTurnedRows.ROWS) {
            // Whole vectors are read, what lies behind the rows too.
            final long floats = from.byteSize() / Float.BYTES - fromOffset;
            for (; c + LANES <= cols && (c + LANES - 1) * ldFrom + LANES <= floats; c += LANES) {
                SimdTurnedRows.turn(
                        from,
                        4 * (fromOffset + c * ldFrom),
                        4 * ldFrom,
                        LANES - 1,
                        roundedRows(rows) / SimdTurnedRows.COLUMNS,
                        0,
                        to,
                        4 * (toOffset + c),
                        4 * ldTo);
            }
        }
        if (c < width) {
            transpose(
                    from,
                    fromOffset + c * ldFrom,
                    ldFrom,
                    rows,
                    cols - c,
                    to,
                    toOffset + c,
                    width - c,
                    ldTo,
                    work,
                    workOffset);
        }
    }

    /// Rows that [#transposeFew] writes.
    static int roundedRows(int rows) {
        return (rows + SimdTurnedRows.COLUMNS - 1) / SimdTurnedRows.COLUMNS * SimdTurnedRows.COLUMNS;
    }

    /// `to[r, 0 .. LANES] = from[r, 0 .. cols]`, zeros beyond `cols`.
    private static void copyRowsTo(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            int rows,
            int cols,
            MemorySegment to,
            long toOffset,
            long ldTo) {
        final long f = fromOffset * Float.BYTES;
        final long t = toOffset * Float.BYTES;
        if (cols == LANES) {
            copyVectors(from, f, ldFrom * Float.BYTES, rows, to, t, ldTo * Float.BYTES);
        } else {
            copyFirstLanes(from, f, ldFrom * Float.BYTES, rows, cols, to, t, ldTo * Float.BYTES);
        }
    }

    /// `c[r, j] = ct[j, r]` for `r < rows`, `j < cols`.
    ///
    /// @param ct as many rows as `cols` rounded up to the lanes, which may hold anything beyond `cols`
    static void transposeBack(
            MemorySegment ct,
            long ctOffset,
            long ldCt,
            int rows,
            int cols,
            MemorySegment c,
            long cOffset,
            long ldc,
            MemorySegment work,
            long workOffset) {
        final long staged = workOffset + (long) LANES * LANES;
        for (int j = 0; j < cols; j += LANES) {
            for (int r = 0; r < rows; r += LANES) {
                transposeSquare(ct, ctOffset + j * ldCt + r, ldCt, work, staged, LANES, work, workOffset);
                copyRowsBack(
                        work,
                        staged,
                        LANES,
                        Math.min(LANES, rows - r),
                        Math.min(LANES, cols - j),
                        c,
                        cOffset + r * ldc + j,
                        ldc);
            }
        }
    }

    /// A square is transposed by zipping row i with row i + lanes/2, log2(lanes) times; two of these turns
    /// at a time, between which values stay in registers, or, of 16 lanes, all four. `from` and `to` are not
    /// the same memory; `work` is a square, for 8 lanes.
    static void transposeSquare(
            MemorySegment from,
            long fromOffset,
            long ldFrom,
            MemorySegment to,
            long toOffset,
            long ldTo,
            MemorySegment work,
            long workOffset) {
        final long f = fromOffset * Float.BYTES;
        final long fStep = ldFrom * Float.BYTES;
        final long t = toOffset * Float.BYTES;
        final long tStep = ldTo * Float.BYTES;
        if (LANES == SimdTurnedRows.ROWS) {
            SimdTurnedRows.turn(from, f, fStep, LANES - 1, 2, 0, to, t, tStep);
        } else if (LANES == 4) {
            zipTwice(from, f, fStep, to, t, tStep);
        } else {
            final long w = workOffset * Float.BYTES;
            zipTwice(from, f, fStep, work, w, BYTES);
            zipRows(work, w, BYTES, to, t, tStep);
        }
    }

    private static void zipTwice(MemorySegment from, long f, long fromStep, MemorySegment to, long t, long toStep) {
        for (int i = 0; i < LANES / 4; i++) {
            final long row = f + i * fromStep;
            final FloatVector a = FloatVector.fromMemorySegment(SPECIES, from, row, ORDER);
            final FloatVector b = FloatVector.fromMemorySegment(SPECIES, from, row + LANES / 4 * fromStep, ORDER);
            final FloatVector c = FloatVector.fromMemorySegment(SPECIES, from, row + LANES / 2 * fromStep, ORDER);
            final FloatVector d = FloatVector.fromMemorySegment(SPECIES, from, row + 3 * LANES / 4 * fromStep, ORDER);
            final FloatVector ac0 = ZIP_LOW.selectFrom(a, c);
            final FloatVector ac1 = ZIP_HIGH.selectFrom(a, c);
            final FloatVector bd0 = ZIP_LOW.selectFrom(b, d);
            final FloatVector bd1 = ZIP_HIGH.selectFrom(b, d);
            final long target = t + 4L * i * toStep;
            ZIP_LOW.selectFrom(ac0, bd0).intoMemorySegment(to, target, ORDER);
            ZIP_HIGH.selectFrom(ac0, bd0).intoMemorySegment(to, target + toStep, ORDER);
            ZIP_LOW.selectFrom(ac1, bd1).intoMemorySegment(to, target + 2 * toStep, ORDER);
            ZIP_HIGH.selectFrom(ac1, bd1).intoMemorySegment(to, target + 3 * toStep, ORDER);
        }
    }

    private static void zipRows(MemorySegment from, long f, long fromStep, MemorySegment to, long t, long toStep) {
        for (int i = 0; i < LANES / 2; i++) {
            final FloatVector x = FloatVector.fromMemorySegment(SPECIES, from, f + i * fromStep, ORDER);
            final FloatVector y = FloatVector.fromMemorySegment(SPECIES, from, f + (i + LANES / 2) * fromStep, ORDER);
            ZIP_LOW.selectFrom(x, y).intoMemorySegment(to, t + 2L * i * toStep, ORDER);
            ZIP_HIGH.selectFrom(x, y).intoMemorySegment(to, t + (2L * i + 1) * toStep, ORDER);
        }
    }

    /// A panel of A: `panel[p, 0 .. rows] = a[p, 0 .. rows]` for A stored as `[k, m]`; a row of the panel is
    /// PANEL_ROWS long and undefined beyond `rows`, which micro-kernels do not read.
    static void packA(
            MemorySegment a, long aOffset, long lda, int kc, int rows, MemorySegment panel, long panelOffset) {
        copyRows(a, aOffset, lda, kc, rows, PANEL_ROWS, panel, panelOffset, PANEL_ROWS);
    }

    /// `c = c < lo ? lo : c`, then `c > hi ? hi : c`, over `cols` columns of `rows` rows.
    static void clamp(MemorySegment c, long cOffset, long ldc, int rows, int cols, float lo, float hi) {
        final int whole = cols / LANES * LANES;
        for (int r = 0; r < rows; r++) {
            final long row = (cOffset + r * ldc) * Float.BYTES;
            clampVectors(c, row, whole, lo, hi);
            for (int j = whole; j < cols; j++) {
                final long at = row + (long) j * Float.BYTES;
                float x = c.get(FLOAT, at);
                x = x < lo ? lo : x;
                c.set(FLOAT, at, x > hi ? hi : x);
            }
        }
    }

    private static void clampVectors(MemorySegment c, long offset, int n, float lo, float hi) {
        final FloatVector low = FloatVector.broadcast(SPECIES, lo);
        final FloatVector high = FloatVector.broadcast(SPECIES, hi);
        for (int j = 0; j < n; j += LANES) {
            final long at = offset + (long) j * Float.BYTES;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, c, at, ORDER);
            x = x.blend(low, x.lt(low));
            x.blend(high, high.lt(x)).intoMemorySegment(c, at, ORDER);
        }
    }

    /// `c = beta · c`.
    static void scale(MemorySegment c, long cOffset, long ldc, int rows, int cols, float beta) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < cols; j++) {
                final long at = (cOffset + r * ldc + j) * Float.BYTES;
                c.set(FLOAT, at, beta * c.get(FLOAT, at));
            }
        }
    }
}
