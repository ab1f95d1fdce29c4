package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Two recurrent layers over the same sequences, one from the first step on, one from the last: the outputs
/// of each
/// step are brought together. With `returnState` the states of `layer` and then those of `backwardLayer`
/// come after;
/// with first states their inputs do.
///
/// @param layer [SimpleRNN], [LSTM], [GRU], or one of [ConvLSTM1D], [ConvLSTM2D] and [ConvLSTM3D]
/// @param backwardLayer the one in the other direction; null for `layer` reversed, with weights of its own
/// @param mergeMode `concat`, `sum`, `ave` or `mul`; null for two outputs
public record Bidirectional(
        Layer layer,
        @Nullable Layer backwardLayer,
        @Nullable String mergeMode) implements Layer {
    private static final List<String> MODES = List.of("concat", "sum", "ave", "mul");

    public Bidirectional {
        if (mergeMode != null && !MODES.contains(mergeMode)) {
            throw new IllegalArgumentException(
                    "Bidirectional: merge_mode must be one of " + MODES + " or null, got '" + mergeMode + "'");
        }
        final SequenceLayer forward = recurrent(layer);
        final SequenceLayer backward =
                recurrent(backwardLayer == null ? SequenceLayer.reversed(forward) : backwardLayer);
        if (forward.goBackwards() == backward.goBackwards()) {
            throw new IllegalArgumentException("Bidirectional: both layers go in the same direction");
        }
        if (forward.returnSequences() != backward.returnSequences()
                || forward.returnState() != backward.returnState()
                || forward.stateful() != backward.stateful()) {
            throw new IllegalArgumentException(
                    "Bidirectional: both layers must have the same return_sequences, return_state and stateful");
        }
        if (mergeMode != null && !mergeMode.equals("concat") && forward.outputColumns() != backward.outputColumns()) {
            throw new IllegalArgumentException(
                    "Bidirectional: merge_mode '" + mergeMode + "' needs layers of equal units, got "
                            + forward.outputColumns() + " and " + backward.outputColumns());
        }
    }

    /// A layer and its reverse, their outputs one after the other.
    public Bidirectional(Layer layer) {
        this(layer, null, "concat");
    }

    /// The same with another way to merge.
    public Bidirectional mergeMode(@Nullable String mode) {
        return new Bidirectional(layer, backwardLayer, mode);
    }

    private static SequenceLayer recurrent(Layer layer) {
        if (layer instanceof SequenceLayer recurrent) {
            return recurrent;
        }
        throw new IllegalArgumentException(
                "Bidirectional: takes SimpleRNN, LSTM, GRU or ConvLSTM layers, got " + layer.typeName());
    }

    /// Both layers; where all outputs are returned, masked ones are zeros.
    private List<Layer> both() {
        final SequenceLayer forward = recurrent(layer);
        final SequenceLayer backward =
                recurrent(backwardLayer == null ? SequenceLayer.reversed(forward) : backwardLayer);
        return List.of(
                SequenceLayer.zeroOutput(forward, forward.returnSequences()),
                SequenceLayer.zeroOutput(backward, forward.returnSequences()));
    }

    private boolean sequences() {
        return recurrent(layer).returnSequences();
    }

    private List<Shape> inputsOf(int which, List<Shape> inputs) {
        if (inputs.size() <= 1) {
            return inputs;
        }
        final int states = recurrent(layer).states();
        if (inputs.size() != 1 + 2 * states) {
            throw new IllegalArgumentException("Bidirectional: takes one input, or " + (1 + 2 * states)
                    + " with the first states, got " + inputs.size());
        }
        final List<Shape> own = new ArrayList<>();
        own.add(inputs.getFirst());
        own.addAll(inputs.subList(1 + which * states, 1 + (which + 1) * states));
        return own;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final List<Shape> forward = both().get(0).outputShapes(inputsOf(0, inputs));
        final List<Shape> backward = both().get(1).outputShapes(inputsOf(1, inputs));
        final Shape first = forward.getFirst();
        final List<Shape> outputs = new ArrayList<>();
        if (mergeMode == null) {
            outputs.addAll(List.of(first, backward.getFirst()));
        } else if (mergeMode.equals("concat")) {
            outputs.add(first.withoutLast()
                    .append(Math.addExact(first.last(), backward.getFirst().last())));
        } else {
            outputs.add(first);
        }
        outputs.addAll(forward.subList(1, forward.size()));
        outputs.addAll(backward.subList(1, backward.size()));
        return outputs;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final List<ParameterSpec> specs = new ArrayList<>();
        final List<String> directions = List.of("forward/", "backward/");
        for (int i = 0; i < 2; i++) {
            for (ParameterSpec spec : both().get(i).parameters(inputsOf(i, inputs))) {
                specs.add(new ParameterSpec(
                        directions.get(i) + spec.name(), spec.shape(), spec.initializer(), spec.trainable()));
            }
        }
        return specs;
    }

    @Override
    public List<Shape> state(List<Shape> inputs) {
        final List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            shapes.addAll(both().get(i).state(inputsOf(i, inputs)));
        }
        return shapes;
    }

    /// What both save, then what both give.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        final List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            shapes.addAll(both().get(i).saved(inputsOf(i, inputs)));
        }
        for (int i = 0; i < 2; i++) {
            shapes.add(both().get(i).outputShapes(inputsOf(i, inputs)).getFirst());
        }
        return shapes;
    }

    @Override
    public long backwardScratch(List<Shape> inputs) {
        long inner = 0;
        long outputs = 0;
        for (int i = 0; i < 2; i++) {
            final List<Shape> own = inputsOf(i, inputs);
            inner = Math.max(inner, both().get(i).backwardScratch(own));
            outputs += both().get(i).outputShapes(own).getFirst().size();
        }
        return inner + outputs;
    }

    @Override
    public @Nullable String untrainable() {
        final String reason = layer.untrainable();
        return reason != null || backwardLayer == null ? reason : backwardLayer.untrainable();
    }

    @Override
    public boolean passesMask() {
        return sequences();
    }

    /// Both calls with their outputs and the gradients by these.
    private static final class Work {
        private final Bidirectional layer;
        private final LayerBuffers b;
        private final InnerCall[] calls = new InnerCall[2];
        private final Tensor[] y = new Tensor[2];
        private final @Nullable Tensor[] dy = new @Nullable Tensor[2];
        private final int steps;
        private final int batch;

        /// Rows of columns that a step's output has: the places of an image, or one.
        private final int places;

        Work(Bidirectional layer, LayerBuffers b) {
            this.layer = layer;
            this.b = b;
            batch = b.batch();
            steps = layer.sequences() ? b.x(0).shape().dim(1) : 1;
            places = Math.toIntExact(b.y(0).size()
                    / Math.max(1L, (long) batch * steps * b.y(0).shape().last()));
            final List<Shape> inputs = new ArrayList<>();
            for (int i = 0; i < b.inputs(); i++) {
                inputs.add(b.x(i).shape());
            }
            final int savedOfFirst =
                    layer.both().get(0).saved(layer.inputsOf(0, inputs)).size();
            final int savedOfBoth = savedOfFirst
                    + layer.both().get(1).saved(layer.inputsOf(1, inputs)).size();
            long at = 0;
            final boolean trains = hasGradient();
            for (int i = 0; i < 2; i++) {
                y[i] = b.saved(savedOfBoth + i);
                if (trains) {
                    dy[i] = Tensor.at(b.scratch(), at, y[i].shape());
                    at += y[i].size();
                }
            }
            for (int i = 0; i < 2; i++) {
                final Layer inner = layer.both().get(i);
                final List<Shape> own = layer.inputsOf(i, inputs);
                calls[i] = call(
                        inner,
                        i,
                        own,
                        trains ? InnerCall.part(b, at, inner.backwardScratch(own)) : null,
                        i * savedOfFirst);
            }
        }

        private boolean hasGradient() {
            for (int i = 0; i < b.outputs(); i++) {
                if (b.hasDy(i)) {
                    return true;
                }
            }
            return false;
        }

        private InnerCall call(
                Layer inner, int which, List<Shape> own, @Nullable MemorySegment scratch, int firstSaved) {
            final int states = recurrent(layer.layer).states();
            final int outputs = layer.mergeMode == null ? 2 : 1;
            final List<Tensor> x = new ArrayList<>(List.of(b.x(0)));
            final List<@Nullable Tensor> dx = new ArrayList<>();
            dx.add(b.dx(0));
            final boolean[] accumulate = new boolean[own.size()];
            // The second adds to the gradient of the first.
            accumulate[0] = which == 1 || b.accumulateDx(0);
            for (int i = 1; i < own.size(); i++) {
                final int input = which * states + i;
                x.add(b.x(input));
                dx.add(b.dx(input));
                accumulate[i] = b.accumulateDx(input);
            }
            final List<Tensor> results = new ArrayList<>(List.of(y[which]));
            final List<@Nullable Tensor> gradients = new ArrayList<>();
            gradients.add(dy[which]);
            for (int i = 0; recurrent(inner).returnState() && i < states; i++) {
                final int output = outputs + which * states + i;
                results.add(b.y(output));
                gradients.add(b.hasDy(output) ? b.dy(output) : null);
            }
            final int parameters = inner.parameters(own).size();
            return new InnerCall.Builder(inner, b, which, x, results)
                    .gradients(gradients, dx, accumulate)
                    .mask(b.mask(0), results.size())
                    .build(
                            which * parameters,
                            firstSaved,
                            which * inner.state(own).size(),
                            scratch);
        }

        void forward() {
            calls[0].forward();
            calls[1].forward();
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            for (int n = 0; n < batch; n++) {
                for (int s = 0; s < steps * places; s++) {
                    merge(k, n, s / places, s % places);
                }
            }
        }

        private int cols(int which) {
            return y[which].shape().last();
        }

        /// Where a step's output of the second layer is: it has the last step first.
        private long other(int n, int s, int place) {
            return (((long) n * steps + steps - 1 - s) * places + place) * cols(1);
        }

        private void merge(ElementwiseKernel k, int n, int s, int place) {
            final int cols = cols(0);
            final long row = ((long) n * steps + s) * places + place;
            final long other = other(n, s, place);
            final MemorySegment first = y[0].segment();
            final MemorySegment second = y[1].segment();
            final MemorySegment out = b.y(0).segment();
            switch (layer.mergeMode) {
                case null -> {
                    copy(first, row * cols, out, row * cols, cols);
                    copy(second, other, b.y(1).segment(), row * cols(1), cols(1));
                }
                case "concat" -> {
                    copy(first, row * cols, out, row * (cols + cols(1)), cols);
                    copy(second, other, out, row * (cols + cols(1)) + cols, cols(1));
                }
                case "mul" -> k.multiply(first, row * cols, second, other, out, row * cols, cols);
                default -> {
                    k.add(first, row * cols, second, other, out, row * cols, cols);
                    if (layer.mergeMode.equals("ave")) {
                        k.scaleShift(out, row * cols, out, row * cols, cols, 0.5f, 0);
                    }
                }
            }
        }

        private static void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt, int n) {
            MemorySegment.copy(from, fromAt * Float.BYTES, to, toAt * Float.BYTES, (long) n * Float.BYTES);
        }

        void backward() {
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            for (int n = 0; n < batch; n++) {
                for (int s = 0; s < steps * places; s++) {
                    split(k, n, s / places, s % places);
                }
            }
            calls[0].backward();
            calls[1].backward();
        }

        private MemorySegment gradient(int which) {
            final Tensor gradient = dy[which];
            if (gradient == null) {
                throw new IllegalStateException("Bidirectional '" + b.name() + "': no gradient is asked for");
            }
            return gradient.segment();
        }

        private void split(ElementwiseKernel k, int n, int s, int place) {
            final int cols = cols(0);
            final long row = ((long) n * steps + s) * places + place;
            final long other = other(n, s, place);
            final MemorySegment first = gradient(0);
            final MemorySegment second = gradient(1);
            final int width = layer.mergeMode != null && layer.mergeMode.equals("concat") ? cols + cols(1) : cols;
            if (layer.mergeMode == null) {
                part(k, 0, row * cols, first, row * cols, cols);
                part(k, 1, row * cols(1), second, other, cols(1));
            } else if (width > cols) {
                part(k, 0, row * width, first, row * cols, cols);
                part(k, 0, row * width + cols, second, other, cols(1));
            } else {
                part(k, 0, row * cols, first, row * cols, cols);
                part(k, 0, row * cols, second, other, cols);
                if (layer.mergeMode.equals("ave")) {
                    k.scaleShift(first, row * cols, first, row * cols, cols, 0.5f, 0);
                    k.scaleShift(second, other, second, other, cols, 0.5f, 0);
                } else if (layer.mergeMode.equals("mul")) {
                    k.multiply(first, row * cols, y[1].segment(), other, first, row * cols, cols);
                    k.multiply(second, other, y[0].segment(), row * cols, second, other, cols);
                }
            }
        }

        /// A part of the gradient by an output; zeros where it leads to no loss.
        private void part(ElementwiseKernel k, int output, long at, MemorySegment to, long toAt, int n) {
            if (b.hasDy(output)) {
                copy(b.dy(output).segment(), at, to, toAt, n);
            } else {
                k.fill(to, toAt, n, 0);
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
    public void updateState(LayerBuffers b) {
        work(b).calls[0].updateState();
        work(b).calls[1].updateState();
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
