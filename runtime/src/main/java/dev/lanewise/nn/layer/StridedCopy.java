package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// Numbers from one order of axes to another: `target[Σ i_d · to_d] = Σ_s source[Σ i_d · from_d + Σ s_e ·
/// over_e]` over all places `i` of the target's axes and `s` of those that are summed, these in order and in
/// double.
final class StridedCopy {
    private final int[] dims;
    private final int[] from;
    private final int[] to;
    private final int[] sums;
    private final int[] over;
    private final int rows;
    private final int length;
    private final int summed;

    StridedCopy(int[] dims, int[] from, int[] to, int[] sums, int[] over) {
        this.dims = dims.clone();
        this.from = from.clone();
        this.to = to.clone();
        this.sums = sums.clone();
        this.over = over.clone();
        length = dims.length == 0 ? 1 : dims[dims.length - 1];
        int outer = 1;
        for (int i = 0; i + 1 < dims.length; i++) {
            outer = Math.multiplyExact(outer, dims[i]);
        }
        rows = outer;
        int each = 1;
        for (int sum : sums) {
            each = Math.multiplyExact(each, sum);
        }
        summed = each;
    }

    /// Places by the last axis.
    int rows() {
        return rows;
    }

    /// All that is read.
    long size() {
        return (long) rows * length * summed;
    }

    /// Writes rows `first .. end` of the target, or adds to them.
    void run(MemorySegment source, MemorySegment target, int first, int end, boolean accumulate) {
        final int last = dims.length - 1;
        final int readBy = last < 0 ? 0 : from[last];
        final int writeBy = last < 0 ? 0 : to[last];
        for (int row = first; row < end; row++) {
            int rest = row;
            long read = 0;
            long write = 0;
            for (int i = last - 1; i >= 0; i--) {
                final int at = rest % dims[i];
                read += (long) at * from[i];
                write += (long) at * to[i];
                rest /= dims[i];
            }
            if (readBy == 1 && writeBy == 1 && summed == 1 && !accumulate) {
                MemorySegment.copy(
                        source, read * Float.BYTES, target, write * Float.BYTES, (long) length * Float.BYTES);
                continue;
            }
            for (int c = 0; c < length; c++) {
                final float value = summed == 1 ? source.getAtIndex(JAVA_FLOAT, read) : sum(source, read);
                final float before = accumulate ? target.getAtIndex(JAVA_FLOAT, write) : 0;
                target.setAtIndex(JAVA_FLOAT, write, accumulate ? before + value : value);
                read += readBy;
                write += writeBy;
            }
        }
    }

    private float sum(MemorySegment source, long base) {
        double sum = 0;
        for (int s = 0; s < summed; s++) {
            int rest = s;
            long at = base;
            for (int i = sums.length - 1; i >= 0; i--) {
                at += (long) (rest % sums[i]) * over[i];
                rest /= sums[i];
            }
            sum += source.getAtIndex(JAVA_FLOAT, at);
        }
        return (float) sum;
    }
}
