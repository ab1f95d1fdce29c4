package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Gemm;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Kernels and threads. It alone splits work; kernels are single-threaded.
///
/// Work is split over rows and columns of results, never over a sum, so the bits are the same for any number of
/// threads. Small work runs on the caller, and so does all work of a caller that finds the threads busy with
/// another's.
///
/// Safe for use by many threads. [#shared()] is one for all; a program that wants another number of threads
/// makes and closes its own.
public final class Compute implements AutoCloseable {
    /// Estimated nanoseconds from which work is split: publishing a task and meeting again costs about half a
    /// microsecond.
    private static final long SPLIT_NANOS = 2_000;

    /// Estimated nanoseconds below which a chunk is not cut further.
    private static final long CHUNK_NANOS = 1_000;

    /// Multiply-adds that one thread does in a nanosecond, on the low side.
    private static final long FMA_PER_NANO = 50;

    /// Multiplications done by the plain kernels before the others are compiled and waited for: a step of a
    /// small network. The compiler, which has one thread on a small machine, is ready twice as soon when nobody
    /// takes the processors from it.
    private static final long WORK_BEFORE_COMPILING = 20_000_000;

    /// Floats of a thread's scratch behind what gemm needs: a block of a matrix that fits in L2 beside gemm's.
    private static final int BLOCK = 96 * 1024;

    /// Elements that a thread handles in a nanosecond in an activation, on the low side.
    private static final long ELEMENTS_PER_NANO = 4;

    /// A usual L2, which one core has alone.
    private static final long CLAIMED_BYTES = 1024 * 1024;

    private final Kernels best;

    /// What runs while the best kernels are not compiled yet.
    private final Kernels first;

    private final boolean startsPlain;
    private final AtomicLong plainWork = new AtomicLong();

    private final ThreadPool pool;
    private final Memory memory = new Memory("Compute");
    private final MemorySegment[] workerScratch;
    private final GemmTask gemmTask = new GemmTask();
    private final ActivationTask activationTask = new ActivationTask();
    private final Ranges ranges = new Ranges();
    private final Units units = new Units();
    private final ConcurrentHashMap<Activation, ActivationPair> activations = new ConcurrentHashMap<>();

    private Compute(Kernels best, Kernels first, int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("Compute: threads must be 1 to 1024, got " + threads);
        }
        this.best = best;
        this.first = first;
        startsPlain = first.vectorBits() != best.vectorBits();
        workerScratch = new MemorySegment[threads];
        try {
            for (int i = 1; i < threads; i++) {
                workerScratch[i] = memory.floats(scratchSize());
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
        pool = new ThreadPool(threads);
    }

    /// The best kernels of this machine on `threads` threads, the caller's among them.
    ///
    /// @throws IllegalArgumentException if `threads` is not 1 to 1024
    public static Compute of(int threads) {
        final Kernels best = Kernels.best();
        if (best.vectorBits() == 0) {
            return new Compute(best, best, threads);
        }
        return new Compute(best, Kernels.plain(), threads);
    }

    /// Given kernels from the first call on, for comparisons.
    public static Compute of(Kernels kernels, int threads) {
        return new Compute(kernels, kernels, threads);
    }

    /// Returns when the kernels are compiled, which begins with the first [#of] in a process and takes about a
    /// second on a thread of its own; until then the plain kernels run, with the same bits. A server calls this
    /// before it takes requests.
    public void warmUp() {
        if (startsPlain) {
            WarmUp.await(best);
        }
    }

    /// Waits as [#warmUp] does once the plain kernels have done some work: from then on, to go on with them
    /// would take longer.
    public void warmUpWhenDue() {
        if (startsPlain && !WarmUp.isUsable() && plainWork.get() > WORK_BEFORE_COMPILING) {
            WarmUp.await(best);
        }
    }

    /// One for the whole process, with a thread for each available processor. It cannot be closed.
    public static Compute shared() {
        return Shared.INSTANCE;
    }

    private static final class Shared {
        static final Compute INSTANCE = of(Runtime.getRuntime().availableProcessors());
    }

    public int threads() {
        return pool.threads();
    }

    /// The kernels to use now. Ask anew for each call.
    public Kernels kernels() {
        return !startsPlain || WarmUp.isUsable() ? best : first;
    }

    /// The kernels of [#kernels()] once they are compiled.
    public Kernels bestKernels() {
        return best;
    }

    /// Floats of scratch that [#gemm] wants from its caller.
    public long gemmScratchSize() {
        return Math.max(best.gemm().maxScratchSize(), first.gemm().maxScratchSize());
    }

    /// Floats that a thread has for blocks of a [ScratchTask], behind the first [#gemmScratchSize].
    public int blockSize() {
        return BLOCK;
    }

    /// Floats of scratch that [#run(ScratchTask, MemorySegment)] wants from its caller.
    public long scratchSize() {
        return gemmScratchSize() + BLOCK;
    }

    /// The kernel of an activation.
    public ActivationKernel kernel(Activation activation) {
        ActivationPair known = activations.get(activation);
        if (known == null) {
            known = new ActivationPair(first.activation(activation), best.activation(activation));
            activations.put(activation, known);
        }
        return !startsPlain || WarmUp.isUsable() ? known.best() : known.first();
    }

    private record ActivationPair(ActivationKernel first, ActivationKernel best) {}

    /// [dev.lanewise.kernels.Gemm#multiply] over the threads.
    ///
    /// @param scratch at least [#gemmScratchSize] floats of the caller's own
    public void gemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            long lda,
            MemorySegment b,
            long ldb,
            float beta,
            MemorySegment c,
            long ldc,
            @Nullable MemorySegment bias,
            float lo,
            float hi,
            MemorySegment scratch) {
        final long nanos = (long) m * n * k / FMA_PER_NANO;
        if (startsPlain && !WarmUp.isUsable()) {
            countPlainWork((long) m * n * k);
        }
        if (nanos < SPLIT_NANOS || !pool.tryAcquire()) {
            kernels()
                    .gemm()
                    .multiply(
                            transA, transB, m, n, k, a, 0, lda, b, 0, ldb, beta, c, 0, ldc, bias, 0, lo, hi, scratch,
                            0);
            return;
        }
        final GemmTask t = gemmTask;
        final Gemm gemm = kernels().gemm();
        t.gemm = gemm;
        t.transA = transA;
        t.transB = transB;
        t.m = m;
        t.n = n;
        t.k = k;
        t.a = a;
        t.lda = lda;
        t.b = b;
        t.ldb = ldb;
        t.beta = beta;
        t.c = c;
        t.ldc = ldc;
        t.bias = bias;
        t.lo = lo;
        t.hi = hi;
        t.scratch = scratch;
        final int columnQuantum = gemm.columnQuantum();
        t.byRows = transA || m >= n || n < columnQuantum * threads();
        // Each chunk of rows copies B, or its last columns, anew where they are copied at all: then as few
        // chunks as threads.
        final boolean copies = transA || transB || m >= 192 || n % columnQuantum != 0;
        final int most = copies || !t.byRows ? threads() : 2 * threads();
        final int wanted = (int) Math.min(most, Math.max(1, nanos / CHUNK_NANOS));
        t.step = step(t.byRows ? m : n, wanted, t.byRows ? gemm.rowQuantum() : columnQuantum);
        try {
            pool.run(t, ((t.byRows ? m : n) + t.step - 1) / t.step);
        } finally {
            t.clear();
            pool.release();
        }
    }

    /// Has the kernels compiled once there was some work: the first step of a program is faster without that
    /// beside it, and a small program does not need it.
    private void countPlainWork(long multiplications) {
        if (plainWork.addAndGet(multiplications) > WORK_BEFORE_COMPILING) {
            WarmUp.start(best);
        }
    }

    /// `y = activation(x)`; `y` may be `x` if [Activation#worksInPlace].
    ///
    /// @param cols of the input; the output has [Activation#outputCols] of them
    public void forward(Activation activation, MemorySegment x, MemorySegment y, int rows, int cols) {
        activate(activation, false, x, y, null, null, rows, cols, false);
    }

    /// `dx = dy · activation'` (added to `dx` with `accumulate`), from `x` or `y` as the activation says;
    /// `dx` may
    /// be `dy`.
    public void backward(
            Activation activation,
            @Nullable MemorySegment x,
            @Nullable MemorySegment y,
            MemorySegment dy,
            MemorySegment dx,
            int rows,
            int cols,
            boolean accumulate) {
        activate(activation, true, x, y, dy, dx, rows, cols, accumulate);
    }

    private void activate(
            Activation activation,
            boolean backward,
            @Nullable MemorySegment x,
            @Nullable MemorySegment y,
            @Nullable MemorySegment dy,
            @Nullable MemorySegment dx,
            int rows,
            int cols,
            boolean accumulate) {
        final ActivationKernel kernel = kernel(activation);
        final boolean rowwise = activation.rowwise();
        final long nanos = (long) rows * cols / ELEMENTS_PER_NANO;
        if (nanos < SPLIT_NANOS || !pool.tryAcquire()) {
            apply(kernel, backward, x, y, dy, dx, 0, 0, rows, cols, accumulate);
            return;
        }
        final ActivationTask t = activationTask;
        t.kernel = kernel;
        t.backward = backward;
        t.x = x;
        t.y = y;
        t.dy = dy;
        t.dx = dx;
        t.rows = rowwise ? rows : (int) Math.min(Integer.MAX_VALUE, (long) rows * cols);
        t.cols = rowwise ? cols : 1;
        t.outputCols = rowwise ? activation.outputCols(cols) : 1;
        t.accumulate = accumulate;
        t.step = step(t.rows, (int) Math.min(2L * threads(), nanos / CHUNK_NANOS), rowwise ? 16 : 1024);
        try {
            pool.run(t, (t.rows + t.step - 1) / t.step);
        } finally {
            t.clear();
            pool.release();
        }
    }

    private static void apply(
            ActivationKernel kernel,
            boolean backward,
            @Nullable MemorySegment x,
            @Nullable MemorySegment y,
            @Nullable MemorySegment dy,
            @Nullable MemorySegment dx,
            long offset,
            long outputOffset,
            int rows,
            int cols,
            boolean accumulate) {
        if (backward) {
            kernel.backward(
                    x, offset, y, outputOffset, require(dy), outputOffset, require(dx), offset, rows, cols, accumulate);
        } else {
            kernel.forward(require(x), offset, require(y), outputOffset, rows, cols);
        }
    }

    /// Runs a task over `0 .. n` on the threads.
    ///
    /// @param quantum cuts are at multiples of it
    /// @param nanos rough time of the whole on one thread: short work is not split
    public void run(RangeTask task, int n, int quantum, long nanos) {
        if (nanos < SPLIT_NANOS || n <= quantum || !pool.tryAcquire()) {
            task.run(0, n);
            return;
        }
        ranges.task = task;
        ranges.n = n;
        ranges.step = step(n, (int) Math.min(2L * threads(), nanos / CHUNK_NANOS), quantum);
        try {
            pool.run(ranges, (n + ranges.step - 1) / ranges.step);
        } finally {
            ranges.task = null;
            pool.release();
        }
    }

    /// [dev.lanewise.kernels.ElementwiseKernel#claim] where it pays: for a thread that is about to write its
    /// part of what all threads have read, as each step's update does to the weights (measured on a Zen 4: 26
    /// against 47 µs for Adam on the 102,000 of 784-128-10 on two threads, 66 against 218 on cores that are 300
    /// ns apart; one thread has 30). Nothing with one thread, or for a `y` that is larger than the caches that
    /// it would be in.
    public void claim(MemorySegment y, long offset, int n) {
        if (threads() > 1 && y.byteSize() <= CLAIMED_BYTES) {
            kernels().elementwise().claim(y, offset, n);
        }
    }

    /// Runs a task that needs scratch on the threads.
    ///
    /// @param scratch at least [#scratchSize] floats of the caller's own
    public void run(ScratchTask task, MemorySegment scratch) {
        final int n = task.units();
        final long multiplications = task.multiplications();
        final long nanos = multiplications / FMA_PER_NANO;
        if (startsPlain && !WarmUp.isUsable()) {
            countPlainWork(multiplications);
        }
        if (nanos < SPLIT_NANOS || n < 2 || !pool.tryAcquire()) {
            task.run(0, n, scratch);
            return;
        }
        units.task = task;
        units.n = n;
        units.scratch = scratch;
        units.step = step(n, (int) Math.clamp(nanos / CHUNK_NANOS, 1, 8L * threads()), 1);
        try {
            pool.run(units, (n + units.step - 1) / units.step);
        } finally {
            units.task = null;
            units.scratch = null;
            pool.release();
        }
    }

    /// Items of a chunk when `n` are cut into `chunks` of nearly equal multiples of `quantum`.
    private static int step(int n, int chunks, int quantum) {
        final int quanta = (n + quantum - 1) / quantum;
        return Math.max(1, (quanta + chunks - 1) / chunks) * quantum;
    }

    private static MemorySegment require(@Nullable MemorySegment segment) {
        if (segment == null) {
            throw new IllegalArgumentException("activation: an operand that it needs is missing");
        }
        return segment;
    }

    /// Ends the threads and frees the scratch.
    ///
    /// @throws IllegalStateException for [#shared()]
    @Override
    public void close() {
        if (this == Shared.INSTANCE) {
            throw new IllegalStateException("Compute.shared() cannot be closed");
        }
        pool.close();
        memory.close();
    }

    /// The one product that the threads are at, kept so that none is allocated.
    private final class GemmTask implements ThreadPool.Task {
        private @Nullable Gemm gemm;
        private boolean transA;
        private boolean transB;
        private int m;
        private int n;
        private int k;
        private @Nullable MemorySegment a;
        private long lda;
        private @Nullable MemorySegment b;
        private long ldb;
        private float beta;
        private @Nullable MemorySegment c;
        private long ldc;
        private @Nullable MemorySegment bias;
        private float lo;
        private float hi;
        private @Nullable MemorySegment scratch;
        private boolean byRows;
        private int step;

        @Override
        public void run(int chunk, int thread) {
            final int from = chunk * step;
            final int rows = byRows ? Math.min(step, m - from) : m;
            final int cols = byRows ? n : Math.min(step, n - from);
            final long i = byRows ? from : 0;
            final long j = byRows ? 0 : from;
            final Gemm product = gemm;
            if (product == null) {
                return;
            }
            product.multiply(
                    transA,
                    transB,
                    rows,
                    cols,
                    k,
                    require(a),
                    transA ? i : i * lda,
                    lda,
                    require(b),
                    transB ? j * ldb : j,
                    ldb,
                    beta,
                    require(c),
                    i * ldc + j,
                    ldc,
                    bias,
                    j,
                    lo,
                    hi,
                    thread == 0 ? require(scratch) : workerScratch[thread],
                    0);
        }

        private void clear() {
            a = null;
            b = null;
            c = null;
            bias = null;
            scratch = null;
        }
    }

    /// The one activation that the threads are at.
    private static final class ActivationTask implements ThreadPool.Task {
        private @Nullable ActivationKernel kernel;
        private boolean backward;
        private @Nullable MemorySegment x;
        private @Nullable MemorySegment y;
        private @Nullable MemorySegment dy;
        private @Nullable MemorySegment dx;
        private int rows;
        private int cols;
        private int outputCols;
        private boolean accumulate;
        private int step;

        @Override
        public void run(int chunk, int thread) {
            final int from = chunk * step;
            final ActivationKernel k = kernel;
            if (k != null) {
                final long offset = (long) from * cols;
                final long outputOffset = (long) from * outputCols;
                final int count = Math.min(step, rows - from);
                apply(k, backward, x, y, dy, dx, offset, outputOffset, count, cols, accumulate);
            }
        }

        private void clear() {
            x = null;
            y = null;
            dy = null;
            dx = null;
        }
    }

    /// The one other task that the threads are at.
    private static final class Ranges implements ThreadPool.Task {
        private @Nullable RangeTask task;
        private int n;
        private int step;

        @Override
        public void run(int chunk, int thread) {
            final RangeTask t = task;
            if (t != null) {
                t.run(chunk * step, Math.min(n, (chunk + 1) * step));
            }
        }
    }

    /// The one task with scratch that the threads are at.
    private final class Units implements ThreadPool.Task {
        private @Nullable ScratchTask task;
        private @Nullable MemorySegment scratch;
        private int n;
        private int step;

        @Override
        public void run(int chunk, int thread) {
            final ScratchTask t = task;
            if (t != null) {
                t.run(
                        chunk * step,
                        Math.min(n, (chunk + 1) * step),
                        thread == 0 ? require(scratch) : workerScratch[thread]);
            }
        }
    }
}
