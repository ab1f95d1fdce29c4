package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Sums, maxima and counts.
///
/// **The order of a sum**: lane `j` of 64 virtual lanes sums the elements `j, j + 64, j + 128, ...` in order,
/// starting from 0. Then lanes are added in a tree: lane `j` and lane `j + 32`, then `j + 16`; of the 16
/// that are left, neighbours (`j + 1`), then neighbouring pairs (`j + 2`), fours (`j + 4`) and eights (`j +
/// 8`). The order depends on nothing but the length.
///
/// Every method throws [IllegalArgumentException] if an operand is not native, is mapped, or is shorter than
/// asked
/// for.
public interface ReductionKernel {
    /// The sum of `n` elements, in the order above; 0 if `n` is 0.
    float sum(MemorySegment x, long xo, int n);

    /// The sum of `n` squares, each rounded, in the order above; 0 if `n` is 0.
    float sumOfSquares(MemorySegment x, long xo, int n);

    /// The largest of `n` elements: NaN if there is a NaN, negative infinity if `n` is 0. A zero is +0,
    /// whatever it was.
    float max(MemorySegment x, long xo, int n);

    /// `y[c] = Σ_r x[r, c]`, added to `y[c]` if `accumulate`. Each column starts from 0 and goes over its rows
    /// in order; `y[c]` is added last.
    ///
    /// @param ldx floats from one row to the next, at least `cols`
    void columnSums(
            MemorySegment x, long xo, int rows, int cols, long ldx, MemorySegment y, long yo, boolean accumulate);

    /// How many of `n` elements are NaN or infinite.
    long countNonFinite(MemorySegment x, long xo, int n);

    /// `out[r]` = index of the largest element of row `r`, as a float: the first of equal ones, the first
    /// NaN if there is one, as in NumPy. Rows are dense.
    ///
    /// @throws IllegalArgumentException also if `cols` is 0 while there are rows, or above 2^24
    void argmaxRows(MemorySegment x, long xo, int rows, int cols, MemorySegment out, long oo);
}
