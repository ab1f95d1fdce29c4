package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ScratchTask;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Attention of many heads: `softmax(q · kᵀ) · v` for each sample and head, where some heads may share keys
/// and values.
/// `q[batch, rows, heads · size]`, `k[batch, keys, groups · size]`, `v[batch, keys, groups · valueSize]`,
/// the result
/// `[batch, rows, heads · valueSize]`; `shares[batch, heads, rows, keys]` is what the softmax gives. A
/// thread takes all
/// heads of a group of a sample, so the sums of gradients by keys and values are one thread's.
///
/// What does not count ([Counting]) has the score -1e9, and no gradient.
final class AttentionCore {
    private static final float MASKED = -1e9f;

    /// Shares of the heads whose products are computed as one batch: 64 KiB, which the softmax still finds in
    /// a near cache. More gained nothing.
    private static final long SHARES = 16 * 1024;

    /// How many of what.
    record Sizes(int batch, int rows, int keys, int heads, int groups, int size, int valueSize) {
        long shares() {
            return (long) batch * heads * rows * keys;
        }
    }

    /// Which scores count: each null for all, or of ones and zeros.
    ///
    /// @param query `[batch, rows]`: a row without has no key that counts
    /// @param value `[batch, keys]`
    /// @param key likewise
    /// @param scores `[batch, rows, keys]` or `[batch, heads, rows, keys]`; an axis of 1 but the batch
    ///     stands for all
    /// @param causal whether keys after a row's own place do not count
    /// @param window how many places from a row's own on, on either side, do not count any more; 0 for none
    record Counting(
            @Nullable Tensor query,
            @Nullable Tensor value,
            @Nullable Tensor key,
            @Nullable Tensor scores,
            boolean causal,
            int window) {}

    /// The gradient by the shares themselves, where they are an output.
    ///
    /// @param afterDropout whether they are so as dropout leaves them
    record ByShares(MemorySegment gradient, boolean afterDropout) {}

    /// How a sample's and head's scores are made of queries and keys, where they are no products of these.
    interface Scores {
        /// Writes the scores `[rows, keys]` of a sample.
        void forward(int n, MemorySegment scores, long at, MemorySegment scratch);

        /// From the gradient by the scores to those by queries and keys of a sample, overwritten.
        void backward(int n, MemorySegment dScores, long at, Operands gradients, MemorySegment scratch);
    }

    /// The operands, or their gradients.
    record Operands(MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment result) {}

    private final LayerBuffers b;
    private final Sizes of;
    private final Operands x;
    private final MemorySegment shares;

    /// After dropout; the shares themselves where there is none.
    private final MemorySegment dropped;

    private final float dropout;
    private final Counting counting;
    private final @Nullable Scores scores;
    private final long key;
    private final Heads forward;
    private final Heads backward;
    private @Nullable Operands dx;
    private @Nullable MemorySegment dShares;
    private @Nullable ByShares byShares;

    /// @param scores null for products of queries and keys; otherwise there is one head
    AttentionCore(
            LayerBuffers b,
            Sizes of,
            Operands x,
            MemorySegment shares,
            MemorySegment dropped,
            float dropout,
            Counting counting,
            @Nullable Scores scores) {
        this.b = b;
        this.of = of;
        this.x = x;
        this.shares = shares;
        this.dropped = dropout > 0 ? dropped : shares;
        this.dropout = dropout;
        this.counting = counting;
        this.scores = scores;
        key = Threefry.block(new Noise(b).key(), 1);
        forward = new Heads(true);
        backward = new Heads(false);
    }

    void forward() {
        b.compute().run(forward, b.gemmScratch());
    }

    /// @param gradients by the operands, overwritten, of that by the result
    /// @param work as large as the shares
    /// @param more what is added to the gradient by the shares
    void backward(Operands gradients, MemorySegment work, @Nullable ByShares more) {
        dx = gradients;
        dShares = work;
        byShares = more;
        b.compute().run(backward, b.gemmScratch());
    }

    private final class Heads implements ScratchTask {
        private final boolean isForward;

        Heads(boolean isForward) {
            this.isForward = isForward;
        }

        @Override
        public int units() {
            return of.batch() * of.groups();
        }

        @Override
        public long multiplications() {
            return of.shares() * (of.size() + of.valueSize()) * (isForward ? 1 : 2);
        }

        @Override
        public void run(int from, int to, MemorySegment scratch) {
            final int each = of.heads() / of.groups();
            for (int unit = from; unit < to; ) {
                final int n = unit / of.groups();
                final int group = unit % of.groups();
                // Heads of their own keys lie as far apart as these: so many of a sample at once as stay in a
                // cache.
                final int own = each > 1 ? 1 : Math.min(Math.min(to - unit, of.groups() - group), together());
                for (int i = 0; i < each; ) {
                    final int count = each == 1 ? own : isForward ? Math.min(each - i, together()) : 1;
                    if (isForward) {
                        heads(n, group * each + i, group, count, scratch);
                    } else {
                        headsBack(n, group * each + i, group, count, i > 0, scratch);
                    }
                    i += each == 1 ? 1 : count;
                }
                unit += own;
            }
        }
    }

    private int together() {
        return scores != null ? 1 : Math.clamp(SHARES / Math.max(1, (long) of.rows() * of.keys()), 1, of.heads());
    }

    /// Floats from a head's keys or values to those of the next head.
    private int apart(int size) {
        return of.heads() == of.groups() ? size : 0;
    }

    private long share(int n, int head) {
        return ((long) n * of.heads() + head) * of.rows() * of.keys();
    }

    private long query(int n, int head, int size) {
        return (long) n * of.rows() * of.heads() * size + (long) head * size;
    }

    private long value(int n, int group, int size) {
        return (long) n * of.keys() * of.groups() * size + (long) group * size;
    }

    private void heads(int n, int head, int group, int count, MemorySegment scratch) {
        final ActivationKernel softmax = b.compute().kernel(Activations.SOFTMAX);
        final int each = of.rows() * of.keys();
        final long at = share(n, head);
        if (scores != null) {
            scores.forward(n, shares, at, scratch);
        } else {
            products(
                    count,
                    false,
                    true,
                    of.rows(),
                    of.keys(),
                    of.size(),
                    x.q(),
                    query(n, head, of.size()),
                    of.heads() * of.size(),
                    of.size(),
                    x.k(),
                    value(n, group, of.size()),
                    of.groups() * of.size(),
                    apart(of.size()),
                    false,
                    shares,
                    at,
                    of.keys(),
                    each,
                    scratch);
        }
        for (int i = 0; i < count; i++) {
            final long share = share(n, head + i);
            mask(n, head + i, share, MASKED, shares);
            softmax.forward(shares, share, shares, share, of.rows(), of.keys());
            if (dropout > 0) {
                drop(shares, dropped, share, false);
            }
        }
        products(
                count,
                false,
                false,
                of.rows(),
                of.valueSize(),
                of.keys(),
                dropped,
                at,
                of.keys(),
                each,
                x.v(),
                value(n, group, of.valueSize()),
                of.groups() * of.valueSize(),
                apart(of.valueSize()),
                false,
                x.result(),
                query(n, head, of.valueSize()),
                of.heads() * of.valueSize(),
                of.valueSize(),
                scratch);
    }

    /// Dropout of a head's shares, or of their gradients; a copy outside training.
    private void drop(MemorySegment from, MemorySegment to, long at, boolean inPlace) {
        final int count = of.rows() * of.keys();
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        if (b.training()) {
            k.dropout(from, at, to, at, count, dropout, key, b.step(), at, false);
        } else if (!inPlace) {
            MemorySegment.copy(from, at * Float.BYTES, to, at * Float.BYTES, (long) count * Float.BYTES);
        }
    }

    /// Writes a value wherever a score does not count.
    private void mask(int n, int head, long at, float value, MemorySegment to) {
        final ElementwiseKernel k = b.compute().kernels().elementwise();
        final boolean single = counting.value() != null || counting.key() != null || counting.scores() != null;
        for (int r = 0; r < of.rows(); r++) {
            final long row = at + (long) r * of.keys();
            if (!isOn(counting.query(), (long) n * of.rows() + r)) {
                k.fill(to, row, of.keys(), value);
                continue;
            }
            if (counting.causal() && r + 1 < of.keys()) {
                k.fill(to, row + r + 1, of.keys() - r - 1, value);
            }
            if (counting.window() > 0) {
                final int before = Math.min(r - counting.window() + 1, of.keys());
                final int after = r + counting.window();
                if (before > 0) {
                    k.fill(to, row, before, value);
                }
                if (after < of.keys()) {
                    k.fill(to, row + after, of.keys() - after, value);
                }
            }
            for (int c = 0; single && c < of.keys(); c++) {
                final long key = (long) n * of.keys() + c;
                if (!isOn(counting.value(), key)
                        || !isOn(counting.key(), key)
                        || !isOn(counting.scores(), score(n, head, r, c))) {
                    k.fill(to, row + c, 1, value);
                }
            }
        }
    }

    /// Where a score's mask is.
    private long score(int n, int head, int row, int key) {
        final Tensor mask = counting.scores();
        if (mask == null) {
            return 0;
        }
        final int rows = mask.shape().dim(-2);
        final int keys = mask.shape().dim(-1);
        final int heads = mask.shape().rank() == 4 ? mask.shape().dim(1) : 1;
        return (((long) n * heads + (heads == 1 ? 0 : head)) * rows + (rows == 1 ? 0 : row)) * keys
                + (keys == 1 ? 0 : key);
    }

    private static boolean isOn(@Nullable Tensor mask, long at) {
        return mask == null || mask.segment().getAtIndex(JAVA_FLOAT, at) != 0;
    }

    /// @param add whether to gradients by keys and values; then for one head alone
    private void headsBack(int n, int head, int group, int count, boolean add, MemorySegment scratch) {
        final Operands d = dx;
        final MemorySegment ds = dShares;
        if (d == null || ds == null) {
            throw new IllegalStateException("attention: no gradient is asked for");
        }
        final int each = of.rows() * of.keys();
        final int size = of.size();
        final int valueSize = of.valueSize();
        final int ldq = of.heads() * size;
        final int ldk = of.groups() * size;
        final int ldv = of.groups() * valueSize;
        final int ldr = of.heads() * valueSize;
        final long at = share(n, head);
        final long q = query(n, head, size);
        final long k = value(n, group, size);
        final long v = value(n, group, valueSize);
        final long result = query(n, head, valueSize);
        products(
                count,
                true,
                false,
                of.keys(),
                valueSize,
                of.rows(),
                dropped,
                at,
                of.keys(),
                each,
                d.result(),
                result,
                ldr,
                valueSize,
                add,
                d.v(),
                v,
                ldv,
                valueSize,
                scratch);
        products(
                count,
                false,
                true,
                of.rows(),
                of.keys(),
                valueSize,
                d.result(),
                result,
                ldr,
                valueSize,
                x.v(),
                v,
                ldv,
                apart(valueSize),
                false,
                ds,
                at,
                of.keys(),
                each,
                scratch);
        for (int i = 0; i < count; i++) {
            scoresBack(n, head + i, share(n, head + i), ds);
        }
        if (scores != null) {
            scores.backward(n, ds, at, d, scratch);
            return;
        }
        products(
                count,
                false,
                false,
                of.rows(),
                size,
                of.keys(),
                ds,
                at,
                of.keys(),
                each,
                x.k(),
                k,
                ldk,
                apart(size),
                false,
                d.q(),
                q,
                ldq,
                size,
                scratch);
        products(
                count, true, false, of.keys(), size, of.rows(), ds, at, of.keys(), each, x.q(), q, ldq, size, add,
                d.k(), k, ldk, size, scratch);
    }

    /// From the gradient by a head's shares to that by its scores, in place.
    private void scoresBack(int n, int head, long at, MemorySegment ds) {
        addByShares(ds, at, true);
        if (dropout > 0) {
            drop(ds, ds, at, true);
        }
        addByShares(ds, at, false);
        b.compute()
                .kernel(Activations.SOFTMAX)
                .backward(null, at, shares, at, ds, at, ds, at, of.rows(), of.keys(), false);
        mask(n, head, at, 0, ds);
    }

    private void addByShares(MemorySegment ds, long at, boolean afterDropout) {
        final ByShares more = byShares;
        if (more != null && more.afterDropout() == afterDropout) {
            final int n = of.rows() * of.keys();
            b.compute().kernels().elementwise().accumulate(more.gradient(), at, ds, at, n);
        }
    }

    private void products(
            int count,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment left,
            long ao,
            int lda,
            int aStride,
            MemorySegment right,
            long bo,
            int ldb,
            int bStride,
            boolean add,
            MemorySegment c,
            long co,
            int ldc,
            int cStride,
            MemorySegment scratch) {
        b.compute()
                .kernels()
                .gemm()
                .multiplyBatch(
                        count,
                        transA,
                        transB,
                        m,
                        n,
                        k,
                        left,
                        ao,
                        lda,
                        aStride,
                        right,
                        bo,
                        ldb,
                        bStride,
                        add ? 1 : 0,
                        c,
                        co,
                        ldc,
                        cStride,
                        scratch,
                        0);
    }
}
