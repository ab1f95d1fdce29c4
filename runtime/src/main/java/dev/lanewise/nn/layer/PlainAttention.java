package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What [Attention] and [AdditiveAttention] share: one head without projections, `y[batch, rows, values] =
/// softmax(scores(query, key)) · value` over `query[batch, rows, size]`, `value[batch, keys, values]` and
/// perhaps `key[batch, keys, size]`, else the value is the key too. What the value's mask leaves out has no
/// share; rows that the query's mask leaves out are zeros, and the output has that mask. A fourth input is a
/// mask of the scores, `[batch, rows, keys]` with 0 where a row does not see a key ([CausalMask]).
///
/// Inputs of two axes are taken as Keras takes them: the samples of a batch are the steps, and attend to
/// each other.
sealed interface PlainAttention extends Layer permits Attention, AdditiveAttention {
    float dropout();

    /// Whether a row attends to no key after its own place.
    boolean useCausalMask();

    /// Whether the shares are a second output, `[batch, rows, keys]`, in training as dropout leaves them.
    boolean returnAttentionScores();

    /// Whether the scores are products of queries and keys.
    boolean isProduct();

    /// Whether query and key are multiplied by a weight of one number, the first.
    boolean isScaled();

    /// How scores that are no products come about in a call.
    private static TanhScores scores(PlainAttention layer, LayerBuffers b, AttentionCore.Sizes of, MemorySegment work) {
        return switch (layer) {
            case Attention concat -> new TanhScores(b, of, concat.useScale() ? 0 : -1, concat.useScale() ? 1 : 0, work);
            case AdditiveAttention additive -> new TanhScores(b, of, -1, additive.useScale() ? 0 : -1, work);
        };
    }

    static void checkDropout(String type, float dropout) {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException(type + ": dropout must be from 0 to below 1, got " + dropout);
        }
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() < 2
                || inputs.size() > 4
                || inputs.stream()
                        .limit(3)
                        .anyMatch(x -> x.rank() < 2
                                || x.rank() > 3
                                || x.rank() != inputs.getFirst().rank()
                                || x.last() == Shape.UNKNOWN)) {
            throw new IllegalArgumentException(typeName()
                    + ": takes query, value and perhaps key of [batch, steps, size], and then a mask of the scores, got "
                    + inputs);
        }
        if (inputs.getFirst().last() != key(inputs).last()
                || inputs.get(1).dim(-2) != key(inputs).dim(-2)) {
            throw new IllegalArgumentException(
                    typeName() + ": query and key must have equal sizes, value and key as many steps, got " + inputs);
        }
        if (inputs.size() == 4) {
            final Shape mask = inputs.getLast();
            if (inputs.getFirst().rank() != 3
                    || mask.rank() != 3
                    || !fits(mask.dim(1), inputs.getFirst().dim(1))
                    || !fits(mask.dim(2), inputs.get(1).dim(1))) {
                throw new IllegalArgumentException(typeName()
                        + ": the mask of the scores must be [batch, rows, keys], or 1 where it is the same for all, got "
                        + inputs);
            }
        }
        final Shape y = inputs.getFirst().withoutLast().append(inputs.get(1).last());
        if (returnAttentionScores() && inputs.getFirst().rank() == 2) {
            throw new IllegalArgumentException(
                    typeName() + ": return_attention_scores needs inputs [batch, steps, size], got " + inputs);
        }
        return returnAttentionScores() ? List.of(y, shares(inputs)) : List.of(y);
    }

    private static Shape key(List<Shape> inputs) {
        return inputs.get(HeadsCall.keyInput(inputs.size()));
    }

    private static boolean fits(int dim, int wanted) {
        return dim == 1 || dim == wanted || dim == Shape.UNKNOWN || wanted == Shape.UNKNOWN;
    }

    @Override
    default boolean passesMask() {
        return true;
    }

    private static Shape shares(List<Shape> inputs) {
        return Shape.of(
                batch(inputs.getFirst()),
                inputs.getFirst().dim(-2),
                inputs.get(1).dim(-2));
    }

    /// Without steps the batch is one sample's.
    private static int batch(Shape x) {
        return x.rank() == 2 ? 1 : x.dim(0);
    }

    /// Shares, what dropout leaves of them, and the query by the scale.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        return List.of(
                shares(inputs),
                dropout() > 0 ? shares(inputs) : Shape.of(0),
                isProduct() && isScaled() ? inputs.getFirst() : Shape.of(0));
    }

    @Override
    default long scratch(List<Shape> inputs) {
        return isProduct() ? 0 : inputs.getFirst().last();
    }

    /// Gradients by query, key, value and shares, what the scores need, and zeros for an output that leads
    /// to no loss.
    @Override
    default long backwardScratch(List<Shape> inputs) {
        final int size = inputs.getFirst().last();
        return inputs.getFirst().size()
                + inputs.get(1).size()
                + key(inputs).size()
                + shares(inputs).size()
                + (isProduct() ? 0 : TanhScores.work(batch(inputs.getFirst()), size))
                + (returnAttentionScores() ? outputShapes(inputs).getFirst().size() : 0);
    }

    /// A call with its buffers.
    final class Work {
        private final PlainAttention layer;
        private final LayerBuffers b;
        private final MemorySegment query;
        private final AttentionCore core;
        private final AttentionCore.@Nullable Operands back;
        private final @Nullable MemorySegment dShares;
        private final @Nullable TanhScores scores;
        private final AttentionCore.@Nullable ByShares byShares;

        Work(PlainAttention layer, LayerBuffers b) {
            this.layer = layer;
            this.b = b;
            query = scalesQuery() ? b.saved(2).segment() : b.x(0).segment();
            final Tensor key = b.x(HeadsCall.keyInput(b.inputs()));
            final AttentionCore.Sizes of = new AttentionCore.Sizes(
                    batch(b.x(0).shape()),
                    b.x(0).shape().dim(-2),
                    key.shape().dim(-2),
                    1,
                    1,
                    key.shape().last(),
                    b.x(1).shape().last());
            final long q = b.x(0).size();
            final long k = key.size();
            final long v = b.x(1).size();
            final boolean returns = layer.returnAttentionScores();
            final boolean trains = b.hasDy(0) || (returns && b.hasDy(1));
            scores = layer.isProduct()
                    ? null
                    : scores(
                            layer,
                            b,
                            of,
                            part(
                                    trains ? q + k + v + of.shares() : 0,
                                    trains ? TanhScores.work(of.batch(), of.size()) : of.size()));
            core = new AttentionCore(
                    b,
                    of,
                    new AttentionCore.Operands(query, key.segment(), b.x(1).segment(), b.y(0).segment()),
                    b.saved(0).segment(),
                    b.saved(1).segment(),
                    layer.dropout(),
                    new AttentionCore.Counting(
                            null, b.mask(1), null, b.inputs() > 3 ? b.x(3) : null, layer.useCausalMask(), 0),
                    scores);
            if (!trains) {
                back = null;
                dShares = null;
                byShares = null;
                return;
            }
            final long scoresWork = layer.isProduct() ? 0 : TanhScores.work(of.batch(), of.size());
            final MemorySegment dy =
                    b.hasDy(0) ? b.dy(0).segment() : part(q + k + v + of.shares() + scoresWork, b.y(0).size());
            back = new AttentionCore.Operands(part(0, q), part(q, k), part(q + k, v), dy);
            dShares = part(q + k + v, of.shares());
            byShares =
                    returns && b.hasDy(1) ? new AttentionCore.ByShares(b.dy(1).segment(), true) : null;
        }

        private boolean scalesQuery() {
            return layer.isProduct() && layer.isScaled();
        }

        private MemorySegment part(long at, long floats) {
            return b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
        }

        private float scale() {
            return b.parameter(0).segment().getAtIndex(JAVA_FLOAT, 0);
        }

        void forward() {
            if (scalesQuery()) {
                final int n = b.x(0).size();
                b.compute().kernels().elementwise().scaleShift(b.x(0).segment(), 0, query, 0, n, scale(), 0);
            }
            if (scores != null) {
                scores.begin();
            }
            core.forward();
            leaveOut(b.y(0).segment());
            if (layer.returnAttentionScores()) {
                b.y(1).segment().copyFrom(b.saved(layer.dropout() > 0 ? 1 : 0).segment());
            }
        }

        /// Zeros for rows that the query's mask leaves out.
        private void leaveOut(MemorySegment rows) {
            final Tensor mask = b.mask(0);
            final int cols = b.y(0).shape().last();
            for (int row = 0; mask != null && row < mask.size(); row++) {
                if (mask.get(row) == 0) {
                    b.compute().kernels().elementwise().fill(rows, (long) row * cols, cols, 0);
                }
            }
        }

        void backward() {
            final AttentionCore.Operands d = back;
            final MemorySegment ds = dShares;
            if (d == null || ds == null) {
                throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
            }
            if (!b.hasDy(0)) {
                d.result().fill((byte) 0);
            }
            leaveOut(d.result());
            if (scores != null) {
                scores.beginBack();
            }
            core.backward(d, ds, byShares);
            if (scores != null) {
                scores.endBack();
            }
            if (scalesQuery()) {
                final int n = b.x(0).size();
                final Tensor dScale = b.gradient(0);
                if (dScale != null) {
                    // The scaled query is not needed again.
                    b.compute().kernels().elementwise().multiply(b.x(0).segment(), 0, d.q(), 0, query, 0, n);
                    final float sum = b.compute().kernels().reduction().sum(query, 0, n);
                    final float before =
                            b.accumulateGradient(0) ? dScale.segment().getAtIndex(JAVA_FLOAT, 0) : 0;
                    dScale.segment().setAtIndex(JAVA_FLOAT, 0, before + sum);
                }
                b.compute().kernels().elementwise().scaleShift(d.q(), 0, d.q(), 0, n, scale(), 0);
            }
            give(0, d.q(), b.accumulateDx(0));
            give(1, d.v(), b.accumulateDx(1));
            final int key = HeadsCall.keyInput(b.inputs());
            give(key, d.k(), b.inputs() == 2 || b.accumulateDx(key));
            if (b.inputs() > 3) {
                SameValues.noGradient(b, 3);
            }
        }

        private void give(int input, MemorySegment gradient, boolean add) {
            final Tensor dx = b.dx(input);
            if (dx != null && add) {
                b.compute().kernels().elementwise().accumulate(gradient, 0, dx.segment(), 0, dx.size());
            } else if (dx != null) {
                dx.segment().copyFrom(gradient);
            }
        }
    }

    private Work work(LayerBuffers b) {
        return b.kept(Work.class, "work", this, Work::new);
    }

    @Override
    default void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    default void backward(LayerBuffers b) {
        work(b).backward();
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
