package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What layers share that project queries, keys and values to heads, attend, and project the heads' results
/// to the
/// output: `y = concat_h(softmax(q_h · k_hᵀ / √size) · v_h) · W_o + b_o`, with `q = query · W_q + b_q` and
/// so on.
///
/// Inputs are `query[batch, rows, …]`, `value[batch, keys, …]` and perhaps `key[batch, keys, …]`, else the
/// value is the key too; a fourth is Keras' `attention_mask`, `[batch, rows, keys]` or `[batch, heads, rows,
/// keys]` with 0 where a row does not see a key, or 1 instead of rows, keys or heads where it is the same
/// for all. Masks of query, value and key, `useCausalMask` and `slidingWindow` leave out more. A row that
/// sees no key sees all alike, as in Keras. Without masks, steps may have several axes, which are attended over
/// as one where [#takesPlaces]. The output is `[batch, rows, out]`, `out` that of the query
/// unless it is said; a second one may be what the softmax gives, `[batch, heads, rows, keys]`, before
/// dropout. With `useGate` the heads' results are multiplied by `sigmoid(query · W_g + b_g)` before they are
/// projected.
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

    /// How many places from its own on, on either side, a row does not see any more; null for none.
    @Nullable
    Integer slidingWindow();

    /// Whether the heads' results have a gate, which is made of the query.
    boolean useGate();

    /// Whether what the softmax gives is a second output.
    boolean returnAttentionScores();

    Initializer kernelInitializer();

    Initializer biasInitializer();

    /// Features of the output, where it is not the query's.
    default @Nullable Integer out() {
        return null;
    }

    static void check(String type, @Nullable Integer slidingWindow) {
        if (slidingWindow != null && slidingWindow <= 0) {
            throw new IllegalArgumentException(type + ": sliding_window must be positive, got " + slidingWindow);
        }
    }

    private static Shape input(String type, List<Shape> inputs, int i) {
        final Shape x = inputs.get(i);
        if (x.rank() < 3 || x.rank() != inputs.getFirst().rank() || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(type
                    + ": inputs must be [batch, steps, features], all with as many axes and known features, got "
                    + inputs);
        }
        return x;
    }

    /// Whether the steps have several axes.
    private static boolean hasPlaces(List<Shape> inputs) {
        return inputs.getFirst().rank() > 3;
    }

    /// Steps over several axes have no masks: Keras' own are of one.
    private void checkPlaces(List<Shape> inputs) {
        if (!takesPlaces()) {
            throw new IllegalArgumentException(typeName() + ": inputs must be [batch, steps, features], got " + inputs);
        }
        if (inputs.size() > 3 || useCausalMask() || slidingWindow() != null) {
            throw new IllegalArgumentException(typeName() + ": steps over several axes with a mask of the scores, a"
                    + " causal mask or a sliding window are not supported, got " + inputs);
        }
    }

    /// Whether steps may have several axes.
    default boolean takesPlaces() {
        return false;
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
        if (hasPlaces(inputs)) {
            checkPlaces(inputs);
        }
        final Shape value = inputs.get(1);
        for (int i = 2; i + 1 < value.rank(); i++) {
            if (!same(key(inputs).dim(i), value.dim(i))) {
                throw new IllegalArgumentException(
                        typeName() + ": value and key must have as many steps, got " + inputs);
            }
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

    private static boolean same(int left, int right) {
        return left == right || left == Shape.UNKNOWN || right == Shape.UNKNOWN;
    }

    private static boolean fits(int dim, int wanted) {
        return dim == 1 || dim == wanted || dim == Shape.UNKNOWN || wanted == Shape.UNKNOWN;
    }

    /// What the keys are made of.
    private static Shape key(List<Shape> inputs) {
        return inputs.get(HeadsCall.keyInput(inputs.size()));
    }

    private int outSize(List<Shape> inputs) {
        final Integer said = out();
        return said == null ? inputs.getFirst().last() : said;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        check(inputs);
        final Shape y = inputs.getFirst().withoutLast().append(outSize(inputs));
        return returnAttentionScores() ? List.of(y, shares(inputs)) : List.of(y);
    }

    private Shape shares(List<Shape> inputs) {
        Shape shares = Shape.of(inputs.getFirst().dim(0), heads());
        for (Shape steps : inputs.subList(0, 2)) {
            for (int i = 1; i + 1 < steps.rank(); i++) {
                shares = shares.append(steps.dim(i));
            }
        }
        return shares;
    }

    /// @throws IllegalArgumentException for masks of steps over several axes
    @Override
    default List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        if (hasPlaces(inputs) && masks.stream().anyMatch(mask -> mask != null)) {
            throw new IllegalArgumentException(
                    typeName() + ": steps over several axes with masks are not supported, got " + inputs);
        }
        return List.of();
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        check(inputs);
        final List<ParameterSpec> specs = new ArrayList<>();
        projection(specs, "query", inputs.get(0).last(), heads(), size());
        projection(specs, "key", key(inputs).last(), groups(), size());
        if (useGate()) {
            projection(specs, "gate", inputs.get(0).last(), heads(), valueSize());
        }
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

    /// Queries, keys, values, shares, what dropout leaves of these, the heads' results, gates, and results
    /// behind them.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape query = inputs.getFirst();
        final Shape value = inputs.get(1);
        final Shape results = query.withoutLast().append(heads() * valueSize());
        final Shape none = Shape.of(0);
        return List.of(
                query.withoutLast().append(heads() * size()),
                value.withoutLast().append(groups() * size()),
                value.withoutLast().append(groups() * valueSize()),
                shares(inputs),
                dropout() > 0 ? shares(inputs) : none,
                results,
                useGate() ? results : none,
                useGate() ? results : none);
    }

    /// Gradients by queries, keys, values, shares, results and gates, sums of columns, and zeros for an
    /// output that leads to no loss.
    @Override
    default long backwardScratch(List<Shape> inputs) {
        final AttentionCore.Sizes of = HeadsCall.sizes(this, inputs);
        long floats = of.shares();
        for (int i : new int[] {0, 1, 2, 5, 6}) {
            floats += saved(inputs).get(i).size();
        }
        final long rows = (long) of.batch() * Math.max(of.rows(), of.keys());
        final int widest = Math.max(outSize(inputs), heads() * Math.max(size(), valueSize()));
        final long noGradient =
                returnAttentionScores() ? outputShapes(inputs).getFirst().size() : 0;
        return floats + ColumnSums.work(rows, widest) + noGradient;
    }

    @Override
    default boolean passesMask() {
        return true;
    }

    private HeadsCall call(LayerBuffers b) {
        return b.kept(HeadsCall.class, "call", this, HeadsCall::new);
    }

    @Override
    default void forward(LayerBuffers b) {
        call(b).forward();
    }

    @Override
    default void backward(LayerBuffers b) {
        call(b).backward();
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
