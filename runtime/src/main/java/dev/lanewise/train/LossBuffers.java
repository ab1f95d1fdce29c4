package dev.lanewise.train;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// What a loss reads and writes for one batch.
public final class LossBuffers {
    private final Tensor y;
    private final Tensor target;
    private final @Nullable Tensor weight;
    private final @Nullable Tensor mask;
    private final Tensor loss;
    private final @Nullable Tensor dy;
    private final boolean fused;
    private final @Nullable MemorySegment scratch;
    private final Compute compute;
    private @Nullable RangeTask task;

    /// The buffers of a batch for a loss that needs no scratch.
    public LossBuffers(
            Tensor y,
            Tensor target,
            @Nullable Tensor weight,
            @Nullable Tensor mask,
            Tensor loss,
            @Nullable Tensor dy,
            boolean fused,
            Compute compute) {
        this(y, target, weight, mask, loss, dy, fused, null, compute);
    }

    /// The buffers of a batch.
    ///
    /// @param weight one per row, the mask's part in it, or null for 1
    /// @param mask one per row, 0 for rows that do not count, or null: for a loss that knows more to do with
    ///     them
    /// @param loss one per row
    /// @param dy null when no gradient is wanted
    /// @param fused whether `y` comes without its last activation ([Loss#fuses])
    /// @param scratch memory of [Loss#scratch] floats, or null for a loss that needs none
    public LossBuffers(
            Tensor y,
            Tensor target,
            @Nullable Tensor weight,
            @Nullable Tensor mask,
            Tensor loss,
            @Nullable Tensor dy,
            boolean fused,
            @Nullable MemorySegment scratch,
            Compute compute) {
        this.y = y;
        this.target = target;
        this.weight = weight;
        this.mask = mask;
        this.loss = loss;
        this.dy = dy;
        this.fused = fused;
        this.scratch = scratch;
        this.compute = compute;
    }

    public Tensor y() {
        return y;
    }

    public Tensor target() {
        return target;
    }

    public @Nullable Tensor weight() {
        return weight;
    }

    public @Nullable Tensor mask() {
        return mask;
    }

    /// The losses of the rows.
    public Tensor loss() {
        return loss;
    }

    public @Nullable Tensor dy() {
        return dy;
    }

    public boolean fused() {
        return fused;
    }

    /// Rows: all dimensions of `y` but the last.
    public int rows() {
        return loss.size();
    }

    /// The last dimension of `y`, or 1 where it has the batch alone.
    public int cols() {
        return y.shape().rank() < 2 ? 1 : y.shape().last();
    }

    /// The memory of [Loss#scratch].
    ///
    /// @throws IllegalStateException if there is none
    public MemorySegment scratch() {
        if (scratch == null) {
            throw new IllegalStateException("the loss asked for no scratch");
        }
        return scratch;
    }

    /// What a gradient is multiplied with: 1 / rows.
    public float scale() {
        return 1f / rows();
    }

    @Nullable
    MemorySegment scratchIfAny() {
        return scratch;
    }

    public Compute compute() {
        return compute;
    }

    /// The task of this batch over its rows, made once; `make` captures nothing.
    public <L extends Loss> RangeTask task(L ofLoss, BiFunction<L, LossBuffers, RangeTask> make) {
        RangeTask known = task;
        if (known == null) {
            known = make.apply(ofLoss, this);
            task = known;
        }
        return known;
    }
}
