package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// All that one call of a layer reads and writes. A workspace makes it once for each call in a plan and uses it
/// for every step; tests make it by hand.
public final class LayerBuffers {
    /// Random numbers of a call: the same for the same model, layer, call and step, whatever ran before.
    ///
    /// @param seed the training's
    /// @param layer position of the layer in the graph
    /// @param call which of the layer's calls
    public record RandomKey(long seed, int layer, int call) {}

    private final String name;
    private final List<Tensor> x;
    private final List<Tensor> y;
    private final List<@Nullable Tensor> dx;
    private final List<@Nullable Tensor> dy;
    private final boolean[] accumulateDx;
    private final List<Tensor> parameters;
    private final List<@Nullable Tensor> gradients;
    private final boolean[] accumulateGradients;
    private final List<@Nullable Tensor> masks;
    private final List<@Nullable Tensor> outputMasks;
    private final List<Tensor> saved;
    private final List<Tensor> state;
    private final @Nullable MemorySegment scratch;
    private final MemorySegment gemmScratch;
    private final RandomKey key;
    private final Compute compute;
    private final Map<String, Object> kept = new HashMap<>();
    private boolean training;
    private boolean trainable = true;
    private long step;
    private double auxiliaryLoss;

    /// Takes what a [Builder] holds; missing lists are empty.
    private LayerBuffers(Builder from) {
        name = from.name;
        x = from.x;
        y = from.y;
        dx = from.dx;
        dy = from.dy;
        accumulateDx = from.accumulateDx.length == x.size() ? from.accumulateDx : new boolean[x.size()];
        parameters = from.parameters;
        gradients = from.gradients;
        accumulateGradients = from.accumulateGradients.length == parameters.size()
                ? from.accumulateGradients
                : new boolean[parameters.size()];
        masks = from.masks;
        outputMasks = from.outputMasks;
        saved = from.saved;
        state = from.state;
        scratch = from.scratch;
        gemmScratch = from.gemmScratch;
        key = from.key;
        compute = from.compute;
        training = from.training;
        trainable = from.trainable;
        step = from.step;
    }

    /// The layer's name in the graph, for errors.
    public String name() {
        return name;
    }

    public int inputs() {
        return x.size();
    }

    public int outputs() {
        return y.size();
    }

    /// Input `i`; not to be written.
    public Tensor x(int i) {
        return x.get(i);
    }

    /// Output `i`.
    public Tensor y(int i) {
        return y.get(i);
    }

    /// Gradient by input `i`, or null where nobody asks for it.
    public @Nullable Tensor dx(int i) {
        return dx.isEmpty() ? null : dx.get(i);
    }

    /// Whether `dx(i)` is added to; otherwise it is overwritten and holds anything before.
    public boolean accumulateDx(int i) {
        return accumulateDx[i];
    }

    /// Gradient by output `i`.
    ///
    /// @throws IllegalStateException outside backward, or if the output leads to no loss
    public Tensor dy(int i) {
        final Tensor gradient = dy.isEmpty() ? null : dy.get(i);
        if (gradient == null) {
            throw new IllegalStateException("layer '" + name + "': output " + i + " has no gradient");
        }
        return gradient;
    }

    /// Whether output `i` has a gradient.
    public boolean hasDy(int i) {
        return !dy.isEmpty() && dy.get(i) != null;
    }

    /// Weight `i`, in the order of [Layer#parameters].
    public Tensor parameter(int i) {
        return parameters.get(i);
    }

    /// Gradient by weight `i`, or null where it is not computed (a frozen layer, a weight that is not
    /// trainable).
    public @Nullable Tensor gradient(int i) {
        return gradients.isEmpty() ? null : gradients.get(i);
    }

    /// Whether `gradient(i)` is added to (a shared layer's later calls, gradient accumulation) or overwritten.
    public boolean accumulateGradient(int i) {
        return accumulateGradients[i];
    }

    /// Mask of input `i`, 1 for what counts and 0 for what does not, or null for no mask.
    public @Nullable Tensor mask(int i) {
        return masks.isEmpty() ? null : masks.get(i);
    }

    /// Where to write the mask of output `i`, or null.
    public @Nullable Tensor outputMask(int i) {
        return outputMasks.isEmpty() ? null : outputMasks.get(i);
    }

    /// Buffer `i` of [Layer#saved]: written by forward, read by backward.
    public Tensor saved(int i) {
        return saved.get(i);
    }

    /// State that lives as long as the workspace, as that of a stateful recurrent layer.
    public Tensor state(int i) {
        return state.get(i);
    }

    /// The memory of [Layer#scratch].
    public MemorySegment scratch() {
        if (scratch == null) {
            throw new IllegalStateException("layer '" + name + "' asked for no scratch");
        }
        return scratch;
    }

    /// The caller's scratch for [Compute#gemm] and for tasks: [Compute#scratchSize] floats.
    public MemorySegment gemmScratch() {
        return gemmScratch;
    }

    /// Samples in this call.
    public int batch() {
        final Shape shape = x.isEmpty() ? y.getFirst().shape() : x.getFirst().shape();
        return shape.dim(0);
    }

    /// Whether this is training: dropout and batch statistics are on.
    public boolean training() {
        return training;
    }

    /// Whether the layer is not frozen. What Keras runs in inference mode when it is frozen looks here.
    public boolean trainable() {
        return trainable;
    }

    public RandomKey key() {
        return key;
    }

    /// Number of the training step, the counter of [#key()].
    public long step() {
        return step;
    }

    public Compute compute() {
        return compute;
    }

    /// Adds to the loss what the layer itself contributes, as activity regularization.
    public void addLoss(double loss) {
        auxiliaryLoss += loss;
    }

    /// Task `id` of this call, made on first use and kept, so that a step allocates none; `make` captures
    /// nothing.
    public <L extends Layer> RangeTask task(String id, L layer, BiFunction<L, LayerBuffers, RangeTask> make) {
        return kept(RangeTask.class, id, layer, make);
    }

    /// What this call works with and steps should not allocate, made on first use and kept; `make` captures
    /// nothing.
    public <L extends Layer, T> T kept(Class<T> type, String id, L layer, BiFunction<L, LayerBuffers, T> make) {
        Object known = kept.get(id);
        if (known == null) {
            known = make.apply(layer, this);
            kept.put(id, known);
        }
        return type.cast(known);
    }

    /// Begins a call within another's: in its mode, at its step.
    public void follow(LayerBuffers outer) {
        begin(outer.training, outer.step);
    }

    void begin(boolean isTraining, long stepNumber) {
        training = isTraining;
        step = stepNumber;
        auxiliaryLoss = 0;
    }

    /// What was added to the loss in the last call.
    public double auxiliaryLoss() {
        return auxiliaryLoss;
    }

    /// Starts a set of buffers for one call.
    public static Builder builder(String name, Compute compute, MemorySegment gemmScratch) {
        return new Builder(name, compute, gemmScratch);
    }

    /// Collects the buffers of one call.
    public static final class Builder {
        private final String name;
        private final Compute compute;
        private final MemorySegment gemmScratch;
        private List<Tensor> x = List.of();
        private List<Tensor> y = List.of();
        private List<@Nullable Tensor> dx = List.of();
        private List<@Nullable Tensor> dy = List.of();
        private boolean[] accumulateDx = {};
        private List<Tensor> parameters = List.of();
        private List<@Nullable Tensor> gradients = List.of();
        private boolean[] accumulateGradients = {};
        private List<@Nullable Tensor> masks = List.of();
        private List<@Nullable Tensor> outputMasks = List.of();
        private List<Tensor> saved = List.of();
        private List<Tensor> state = List.of();
        private @Nullable MemorySegment scratch;
        private RandomKey key = new RandomKey(0, 0, 0);
        private boolean training;
        private boolean trainable = true;
        private long step;

        private Builder(String name, Compute compute, MemorySegment gemmScratch) {
            this.name = name;
            this.compute = compute;
            this.gemmScratch = gemmScratch;
        }

        public Builder values(List<Tensor> inputs, List<Tensor> outputs) {
            x = inputs;
            y = outputs;
            return this;
        }

        /// The gradients of a backward call.
        ///
        /// @param byInput one per input, null for none
        /// @param accumulate one per input
        public Builder gradients(
                List<@Nullable Tensor> byOutput, List<@Nullable Tensor> byInput, boolean... accumulate) {
            dy = byOutput;
            dx = byInput;
            accumulateDx = accumulate;
            return this;
        }

        public Builder parameters(List<Tensor> weights, List<@Nullable Tensor> weightGradients, boolean... accumulate) {
            parameters = weights;
            gradients = weightGradients;
            accumulateGradients = accumulate;
            return this;
        }

        public Builder masks(List<@Nullable Tensor> ofInputs, List<@Nullable Tensor> ofOutputs) {
            masks = ofInputs;
            outputMasks = ofOutputs;
            return this;
        }

        public Builder saved(List<Tensor> buffers) {
            saved = buffers;
            return this;
        }

        public Builder state(List<Tensor> buffers) {
            state = buffers;
            return this;
        }

        public Builder scratch(@Nullable MemorySegment memory) {
            scratch = memory;
            return this;
        }

        public Builder key(RandomKey randomKey) {
            key = randomKey;
            return this;
        }

        public Builder mode(boolean isTraining, boolean isTrainable, long stepNumber) {
            training = isTraining;
            trainable = isTrainable;
            step = stepNumber;
            return this;
        }

        public LayerBuffers build() {
            return new LayerBuffers(this);
        }
    }
}
