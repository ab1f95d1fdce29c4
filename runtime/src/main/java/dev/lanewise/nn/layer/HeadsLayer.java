package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What layers share that project queries, keys and values to heads, attend, and project the heads' results
/// to the
/// output: `y = concat_h(softmax(q_h · k_hᵀ / √size) · v_h) · W_o + b_o`, with `q = query · W_q + b_q` and so on.
///
/// Inputs are `query[batch, rows, …]`, `value[batch, keys, …]` and perhaps `key[batch, keys, …]`, else the value is the
/// key too; a fourth is Keras' `attention_mask`, `[batch, rows, keys]` or `[batch, heads, rows, keys]` with 0 where a
/// row
/// does not see a key, or 1 instead of rows, keys or heads where it is the same for all. Masks of query, value and key
/// and `useCausalMask` leave out more. A row that sees no key sees all alike, as in Keras. The output is `[batch, rows,
/// out]`, `out` that of the query unless it is said.
interface HeadsLayer extends Layer {
    int heads();

    /// Heads of keys and values.
    int groups();

    /// Of a head's query and key.
    int size();

    /// Of a head's value.
    int valueSize();

    float dropout();

    boolean useBias();

    /// Whether a row attends to no key after its own place.
    boolean useCausalMask();

    Initializer kernelInitializer();

    Initializer biasInitializer();

    /// Features of the output, where it is not the query's.
    default @Nullable Integer out() {
        return null;
    }

    private static Shape input(String type, List<Shape> inputs, int i) {
        final Shape x = inputs.get(i);
        if (x.rank() != 3 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    type + ": inputs must be [batch, steps, features] with known features, got " + inputs);
        }
        return x;
    }

    private void check(List<Shape> inputs) {
        if (inputs.size() < 2 || inputs.size() > 4) {
            throw new IllegalArgumentException(
                    typeName() + ": takes query and value, and perhaps key and then a mask of" + " the scores, got "
                            + inputs.size() + " inputs");
        }
        for (int i = 0; i < Math.min(3, inputs.size()); i++) {
            input(typeName(), inputs, i);
        }
        final int keys = key(inputs).dim(1);
        if (keys != Shape.UNKNOWN
                && inputs.get(1).dim(1) != Shape.UNKNOWN
                && keys != inputs.get(1).dim(1)) {
            throw new IllegalArgumentException(typeName() + ": value and key must have as many steps, got " + inputs);
        }
        if (inputs.size() == 4) {
            checkMask(inputs.get(3), inputs.getFirst().dim(1), keys, inputs);
        }
    }

    private void checkMask(Shape mask, int rows, int keys, List<Shape> inputs) {
        final boolean fits = (mask.rank() == 3 || (mask.rank() == 4 && fits(mask.dim(1), heads())))
                && fits(mask.dim(-2), rows)
                && fits(mask.dim(-1), keys);
        if (!fits) {
            throw new IllegalArgumentException(typeName() + ": the mask of the scores must be [batch, rows, keys] or"
                    + " [batch, heads, rows, keys], or 1 where it is the same for all, got " + inputs);
        }
    }

    private static boolean fits(int dim, int wanted) {
        return dim == 1 || dim == wanted || dim == Shape.UNKNOWN || wanted == Shape.UNKNOWN;
    }

    /// What the keys are made of.
    private static Shape key(List<Shape> inputs) {
        return inputs.get(keyInput(inputs.size()));
    }

    /// Which input the keys are made of: the value where there is none for them.
    private static int keyInput(int inputs) {
        return Math.min(2, inputs - 1);
    }

    private int outSize(List<Shape> inputs) {
        final Integer said = out();
        return said == null ? inputs.getFirst().last() : said;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        check(inputs);
        return List.of(inputs.getFirst().withoutLast().append(outSize(inputs)));
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        check(inputs);
        final List<ParameterSpec> specs = new ArrayList<>();
        projection(specs, "query", inputs.get(0).last(), heads(), size());
        projection(specs, "key", key(inputs).last(), groups(), size());
        projection(specs, "value", inputs.get(1).last(), groups(), valueSize());
        specs.add(new ParameterSpec(
                "attention_output/kernel", Shape.of(heads(), valueSize(), outSize(inputs)), kernelInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("attention_output/bias", Shape.of(outSize(inputs)), biasInitializer()));
        }
        return specs;
    }

    private void projection(List<ParameterSpec> specs, String name, int in, int heads, int each) {
        specs.add(new ParameterSpec(name + "/kernel", Shape.of(in, heads, each), kernelInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec(name + "/bias", Shape.of(heads, each), biasInitializer()));
        }
    }

    private AttentionCore.Sizes sizes(List<Shape> inputs) {
        return new AttentionCore.Sizes(
                inputs.getFirst().dim(0),
                inputs.getFirst().dim(1),
                inputs.get(1).dim(1),
                heads(),
                groups(),
                size(),
                valueSize());
    }

    /// Queries, keys, values, shares, what dropout leaves of these, and the heads' results.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape query = inputs.getFirst();
        final Shape value = inputs.get(1);
        final Shape shares = Shape.of(query.dim(0), heads(), query.dim(1), value.dim(1));
        return List.of(
                query.withoutLast().append(heads() * size()),
                value.withoutLast().append(groups() * size()),
                value.withoutLast().append(groups() * valueSize()),
                shares,
                dropout() > 0 ? shares : Shape.of(0),
                query.withoutLast().append(heads() * valueSize()));
    }

    @Override
    default long backwardScratch(List<Shape> inputs) {
        final AttentionCore.Sizes of = sizes(inputs);
        long floats = of.shares();
        for (int i : new int[] {0, 1, 2, 5}) {
            floats += saved(inputs).get(i).size();
        }
        final long rows = (long) of.batch() * Math.max(of.rows(), of.keys());
        final int widest = Math.max(outSize(inputs), heads() * Math.max(size(), valueSize()));
        return floats + ColumnSums.work(rows, widest);
    }

    @Override
    default boolean passesMask() {
        return true;
    }

    /// A product of rows with a projection, and its gradients.
    final class Projection {
        private final LayerBuffers b;
        private final int input;
        private final MemorySegment x;
        private final int in;
        private final int out;
        private final int rows;
        private final int kernel;
        private final boolean useBias;

        /// @param input which of the layer's, or negative for other memory
        /// @param kernel place of its kernel among the weights
        Projection(LayerBuffers b, int input, MemorySegment x, int rows, int in, int out, int kernel, boolean useBias) {
            this.b = b;
            this.input = input;
            this.x = x;
            this.rows = rows;
            this.in = in;
            this.out = out;
            this.kernel = kernel;
            this.useBias = useBias;
        }

        void forward(MemorySegment y) {
            gemm(
                    false,
                    false,
                    rows,
                    out,
                    in,
                    x,
                    in,
                    b.parameter(kernel).segment(),
                    out,
                    false,
                    y,
                    out,
                    useBias ? b.parameter(kernel + 1).segment() : null);
        }

        /// @param add whether something was added to the input's gradient in this call before
        void backward(MemorySegment dy, @Nullable ColumnSums sums, @Nullable MemorySegment dx, boolean add) {
            final Tensor dKernel = b.gradient(kernel);
            if (dKernel != null) {
                gemm(
                        true,
                        false,
                        in,
                        out,
                        rows,
                        x,
                        in,
                        dy,
                        out,
                        b.accumulateGradient(kernel),
                        dKernel.segment(),
                        out,
                        null);
            }
            final Tensor dBias = useBias ? b.gradient(kernel + 1) : null;
            if (dBias != null && sums != null) {
                sums.run(dBias.segment(), 0, b.accumulateGradient(kernel + 1));
            }
            if (dx != null) {
                gemm(false, true, rows, in, out, dy, out, b.parameter(kernel).segment(), out, add, dx, in, null);
            }
        }

        private void gemm(
                boolean transA,
                boolean transB,
                int m,
                int n,
                int k,
                MemorySegment left,
                int lda,
                MemorySegment right,
                int ldb,
                boolean add,
                MemorySegment c,
                int ldc,
                @Nullable MemorySegment bias) {
            b.compute()
                    .gemm(
                            transA,
                            transB,
                            m,
                            n,
                            k,
                            left,
                            lda,
                            right,
                            ldb,
                            add ? 1 : 0,
                            c,
                            ldc,
                            bias,
                            Float.NEGATIVE_INFINITY,
                            Float.POSITIVE_INFINITY,
                            b.gemmScratch());
        }
    }

    /// A call: its projections and its heads.
    final class Work {
        private final LayerBuffers b;
        private final float scale;
        private final Projection[] projections = new Projection[4];
        private final AttentionCore core;
        private final MemorySegment[] projected = new MemorySegment[4];
        private final @Nullable ColumnSums[] sums = new @Nullable ColumnSums[4];
        private final AttentionCore.@Nullable Operands back;
        private final @Nullable MemorySegment dShares;

        Work(HeadsLayer layer, LayerBuffers b) {
            this.b = b;
            scale = (float) (1 / StrictMath.sqrt(layer.size()));
            final List<Shape> inputs = new ArrayList<>();
            for (int i = 0; i < b.inputs(); i++) {
                inputs.add(b.x(i).shape());
            }
            final AttentionCore.Sizes of = layer.sizes(inputs);
            final int[] input = {0, keyInput(b.inputs()), 1, -1};
            final int[] saved = {0, 1, 2, 5};
            final int step = layer.useBias() ? 2 : 1;
            for (int i = 0; i < 4; i++) {
                projected[i] = b.saved(saved[i]).segment();
            }
            for (int i = 0; i < 4; i++) {
                final MemorySegment x = i < 3 ? b.x(input[i]).segment() : projected[3];
                final int in = i < 3 ? b.x(input[i]).shape().last() : of.heads() * of.valueSize();
                final int out = i < 3
                        ? b.saved(saved[i]).shape().last()
                        : b.y(0).shape().last();
                final int rows = of.batch() * (i == 0 || i == 3 ? of.rows() : of.keys());
                projections[i] = new Projection(b, input[i], x, rows, in, out, i * step, layer.useBias());
            }
            core = new AttentionCore(
                    b,
                    of,
                    new AttentionCore.Operands(projected[0], projected[1], projected[2], projected[3]),
                    b.saved(3).segment(),
                    b.saved(4).segment(),
                    layer.dropout(),
                    new AttentionCore.Counting(
                            b.mask(0),
                            b.mask(1),
                            b.inputs() > 2 ? b.mask(2) : null,
                            b.inputs() > 3 ? b.x(3) : null,
                            layer.useCausalMask()),
                    null);
            if (!b.hasDy(0)) {
                back = null;
                dShares = null;
                return;
            }
            long at = 0;
            final MemorySegment[] own = new MemorySegment[4];
            for (int i = 0; i < 4; i++) {
                own[i] = part(b, at, b.saved(saved[i]).size());
                at += b.saved(saved[i]).size();
            }
            dShares = part(b, at, of.shares());
            at += of.shares();
            for (int i = 0; i < 4; i++) {
                final MemorySegment dy = i < 3 ? own[i] : b.dy(0).segment();
                sums[i] = ColumnSums.of(b.compute(), dy, 0, projections[i].rows, projections[i].out, b.scratch(), at);
            }
            back = new AttentionCore.Operands(own[0], own[1], own[2], own[3]);
        }

        private static MemorySegment part(LayerBuffers b, long at, long floats) {
            return b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
        }

        void forward() {
            for (int i = 0; i < 3; i++) {
                projections[i].forward(projected[i]);
            }
            scale(projected[0]);
            core.forward();
            projections[3].forward(b.y(0).segment());
        }

        private void scale(MemorySegment q) {
            final int n = (int) (q.byteSize() / Float.BYTES);
            b.compute().kernels().elementwise().scaleShift(q, 0, q, 0, n, scale, 0);
        }

        void backward() {
            final AttentionCore.Operands d = back;
            final MemorySegment ds = dShares;
            if (d == null || ds == null) {
                throw new IllegalStateException("attention '" + b.name() + "': no gradient is asked for");
            }
            projections[3].backward(b.dy(0).segment(), sums[3], d.result(), false);
            core.backward(d, ds);
            scale(d.q());
            backward(0, d.q(), false);
            backward(2, d.v(), false);
            // Where the value is the key too, its gradient is there already.
            backward(1, d.k(), b.inputs() == 2);
            noGradient(b, 3);
        }

        /// A mask has no gradient.
        private static void noGradient(LayerBuffers b, int input) {
            final Tensor dx = input < b.inputs() ? b.dx(input) : null;
            if (dx != null && !b.accumulateDx(input)) {
                dx.segment().fill((byte) 0);
            }
        }

        private void backward(int which, MemorySegment dy, boolean after) {
            final int input = projections[which].input;
            final Tensor dx = b.dx(input);
            projections[which].backward(
                    dy, sums[which], dx == null ? null : dx.segment(), after || b.accumulateDx(input));
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
