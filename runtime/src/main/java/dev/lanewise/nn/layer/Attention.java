package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Attention by products: `y[batch, rows, values] = softmax(scale · query · keyᵀ) · value` over
/// `query[batch, rows,
/// size]`,
/// `value[batch, keys, values]` and perhaps `key[batch, keys, size]`, else the value is the key too. What
/// the value's
/// mask
/// leaves out has no share; rows that the query's mask leaves out are zeros in Keras, and are not supported here.
///
/// Inputs of two axes are taken as Keras takes them: the samples of a batch are the steps, and attend to
/// each other.
///
/// @param useScale whether the scores have a factor that is trained, 1 at first
/// @param dropout share of the attention that training drops
/// @param useCausalMask whether a row attends to no key after its own place
public record Attention(boolean useScale, float dropout, boolean useCausalMask) implements Layer {
    public Attention {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("Attention: dropout must be from 0 to below 1, got " + dropout);
        }
    }

    /// Without scale, dropout and causal mask.
    public Attention() {
        this(false, 0, false);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() < 2
                || inputs.size() > 3
                || inputs.stream()
                        .anyMatch(x -> x.rank() < 2
                                || x.rank() > 3
                                || x.rank() != inputs.getFirst().rank()
                                || x.last() == Shape.UNKNOWN)) {
            throw new IllegalArgumentException(
                    "Attention: takes query, value and perhaps key of [batch, steps, size], got " + inputs);
        }
        if (inputs.getFirst().last() != inputs.getLast().last()
                || inputs.get(1).dim(-2) != inputs.getLast().dim(-2)) {
            throw new IllegalArgumentException(
                    "Attention: query and key must have equal sizes, value and key as many steps, got " + inputs);
        }
        return List.of(inputs.getFirst().withoutLast().append(inputs.get(1).last()));
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        return useScale ? List.of(new ParameterSpec("scale", Shape.of(), new Initializers.Ones())) : List.of();
    }

    /// No mask of the rows.
    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        if (!masks.isEmpty() && masks.getFirst() != null) {
            throw new IllegalArgumentException("Attention: a query with a mask is not supported");
        }
        return List.of();
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
    public List<Shape> saved(List<Shape> inputs) {
        return List.of(
                shares(inputs), dropout > 0 ? shares(inputs) : Shape.of(0), useScale ? inputs.getFirst() : Shape.of(0));
    }

    /// Gradients by query, key, value and shares.
    @Override
    public long backwardScratch(List<Shape> inputs) {
        return inputs.getFirst().size()
                + inputs.get(1).size()
                + inputs.getLast().size()
                + shares(inputs).size();
    }

    /// A call with its buffers.
    private static final class Work {
        private final Attention layer;
        private final LayerBuffers b;
        private final MemorySegment query;
        private final AttentionCore core;
        private final AttentionCore.@Nullable Operands back;
        private final @Nullable MemorySegment dShares;

        Work(Attention layer, LayerBuffers b) {
            this.layer = layer;
            this.b = b;
            query = layer.useScale ? b.saved(2).segment() : b.x(0).segment();
            final Tensor key = b.x(b.inputs() - 1);
            final AttentionCore.Sizes of = new AttentionCore.Sizes(
                    batch(b.x(0).shape()),
                    b.x(0).shape().dim(-2),
                    key.shape().dim(-2),
                    1,
                    1,
                    key.shape().last(),
                    b.x(1).shape().last());
            core = new AttentionCore(
                    b,
                    of,
                    new AttentionCore.Operands(query, key.segment(), b.x(1).segment(), b.y(0).segment()),
                    b.saved(0).segment(),
                    b.saved(1).segment(),
                    layer.dropout,
                    layer.useCausalMask,
                    null,
                    b.mask(1),
                    null);
            if (!b.hasDy(0)) {
                back = null;
                dShares = null;
                return;
            }
            final long q = b.x(0).size();
            final long k = key.size();
            final long v = b.x(1).size();
            back = new AttentionCore.Operands(
                    part(0, q), part(q, k), part(q + k, v), b.dy(0).segment());
            dShares = part(q + k + v, of.shares());
        }

        private MemorySegment part(long at, long floats) {
            return b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
        }

        private float scale() {
            return b.parameter(0).segment().getAtIndex(JAVA_FLOAT, 0);
        }

        void forward() {
            if (layer.useScale) {
                final int n = b.x(0).size();
                b.compute().kernels().elementwise().scaleShift(b.x(0).segment(), 0, query, 0, n, scale(), 0);
            }
            core.forward();
        }

        void backward() {
            final AttentionCore.Operands d = back;
            final MemorySegment ds = dShares;
            if (d == null || ds == null) {
                throw new IllegalStateException("Attention '" + b.name() + "': no gradient is asked for");
            }
            core.backward(d, ds);
            if (layer.useScale) {
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
            give(b.inputs() - 1, d.k(), b.inputs() == 2 || b.accumulateDx(b.inputs() - 1));
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
    public void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        work(b).backward();
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
