package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Matrix product `C[m, n] = clamp(op(A)[m, k] · op(B)[k, n] + init)`; row-major, `op` is the matrix or its
/// transpose.
///
/// **Order of operations.** Each element of C is one accumulator that starts from `init` and takes the
/// products in
/// the order of k, by fused multiply-add. So its bits depend neither on the implementation, the vector
/// width, the blocking, nor on which rows and columns are computed together. `init` is the bias of the
/// column, or 0 (`beta` = 0), or the element of C (`beta` = 1), or `beta` times that element, rounded once.
///
/// `beta` = 0 never reads C, which may hold NaN. A row of A or B that is not needed is never read.
///
/// **Clamp.** After the last product `x < lo ? lo : x`, then `x > hi ? hi : x`; NaN stays. `lo` = 0 with `hi` =
/// +infinity is relu; -infinity and +infinity leave all as it is.
///
/// Offsets, leading dimensions and sizes count floats. C overlaps neither A, B, bias nor scratch.
public interface Gemm {

    /// Computes C from two matrices in memory.
    ///
    /// @param transA A is stored as `[k, m]`
    /// @param transB B is stored as `[n, k]`
    /// @param lda floats between the starts of two stored rows of A; as `ldb`, `ldc`. At least the length of
    ///     a row
    ///     for C; A and B may overlap themselves (a convolution's rows do)
    /// @param beta factor of the old C; 0 with a bias
    /// @param bias `n` floats that every row starts from, or null
    /// @param scratch at least [#scratchSize] floats, used by this call alone
    /// @throws IllegalArgumentException if a size is negative, an operand is not native unmapped memory or does
    ///     not fit its segment, scratch is too small, or a bias comes with a `beta` that is not 0
    void multiply(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            MemorySegment b,
            long bOffset,
            long ldb,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset,
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset);

    /// Computes `count` products of the same sizes, `C_i = op(A_i) · op(B_i) + beta · C_i` (BLAS'
    /// `gemm_batch_strided`), each with the bits of [#multiply]. The matrices of a kind start a stride apart,
    /// which may be less than a matrix is long: the heads of attention lie beside each other in its rows. A
    /// stride of 0 for A or B is one matrix for all.
    ///
    /// @param count of products; with 0 nothing is done
    /// @param aStride floats from the start of one A to the next, not negative; as `bStride`, `cStride`
    /// @param cStride at least `n`; no two C share an element
    /// @param scratch at least [#scratchSize] floats of one product, used by this call alone
    /// @throws IllegalArgumentException as [#multiply], or if `count` or a stride is too small
    void multiplyBatch(
            int count,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            long aStride,
            MemorySegment b,
            long bOffset,
            long ldb,
            long bStride,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            long cStride,
            MemorySegment scratch,
            long scratchOffset);

    /// Computes C where B comes from a routine that writes its panels, as the patches of a convolution do.
    ///
    /// @param b writes parts of B, which is `[k, n]`
    /// @throws IllegalArgumentException as [#multiply]
    void multiply(
            boolean transA,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aOffset,
            long lda,
            PanelSource b,
            float beta,
            MemorySegment c,
            long cOffset,
            long ldc,
            @Nullable MemorySegment bias,
            long biasOffset,
            float lo,
            float hi,
            MemorySegment scratch,
            long scratchOffset);

    /// Floats of scratch that one call with these sizes needs, at most; grows with `k` and `n` up to a bound of
    /// some 5 MiB.
    long scratchSize(int m, int n, int k);

    /// The most that [#scratchSize] gives for any sizes.
    long maxScratchSize();

    /// The number of columns that a split of the work over threads should be a multiple of.
    int columnQuantum();

    /// The number of rows that a split of the work over threads should be a multiple of.
    int rowQuantum();

    /// A matrix B `[k, n]` that exists only as a routine that writes parts of it.
    interface PanelSource {
        /// Writes `B[k0 .. k0 + rows, j0 .. j0 + cols]` to `panel`, row r at `offset + r · ld`; columns beyond
        /// `cols` keep what they hold.
        void write(int k0, int rows, int j0, int cols, MemorySegment panel, long offset, long ld);
    }
}
