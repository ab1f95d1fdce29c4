package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// What layers share that go over the steps of `x[batch, steps, in]` with a state of `units` floats for each
/// sample.
///
/// Inputs are `x`, and after it, if the state does not start from zeros, one `[batch, units]` for each part
/// of the
/// state. Outputs are `[batch, steps, units]` with `returnSequences`, else the last step's `[batch, units]`,
/// and after
/// it with `returnState` the parts of the last state.
///
/// With a mask `[batch, steps]` a step that does not count leaves the state as it is; its output is that of
/// the step
/// before, zeros at first, or always zeros with `zeroOutputForMask`.
///
/// Dropout draws one number for each feature (`dropout`) and unit (`recurrentDropout`) of a sample, the same
/// in all
/// steps and gates.
sealed interface RecurrentLayer extends SequenceLayer permits SimpleRNN, LSTM, GRU {
    int units();

    @Override
    default int outputColumns() {
        return units();
    }

    Activation activation();

    /// Of the gates; the activation where there are none.
    default Activation gateActivation() {
        return activation();
    }

    boolean useBias();

    Initializer kernelInitializer();

    Initializer recurrentInitializer();

    Initializer biasInitializer();

    /// What the bias is filled with at first.
    default Initializer firstBias() {
        return biasInitializer();
    }

    float dropout();

    float recurrentDropout();

    /// Blocks of `units` columns in the kernels.
    int gates();

    /// Shapes of what the cell saves beside [RecurrentSteps]' own.
    default List<Shape> savedOfCell(int batch, int steps) {
        return List.of();
    }

    /// The loops of a call.
    private static RecurrentSteps steps(RecurrentLayer layer, LayerBuffers b) {
        return switch (layer) {
            case SimpleRNN simple -> new SimpleRnnSteps(simple, b);
            case LSTM lstm -> new LstmSteps(lstm, b);
            case GRU gru -> new GruSteps(gru, b);
        };
    }

    /// The same layer with these outputs, in this direction, with the state kept or not.
    static Layer with(RecurrentLayer layer, boolean sequences, boolean state, boolean backwards, boolean keeps) {
        return switch (layer) {
            case SimpleRNN simple ->
                simple.returnSequences(sequences)
                        .returnState(state)
                        .goBackwards(backwards)
                        .stateful(keeps);
            case LSTM lstm ->
                lstm.returnSequences(sequences)
                        .returnState(state)
                        .goBackwards(backwards)
                        .stateful(keeps);
            case GRU gru ->
                gru.returnSequences(sequences)
                        .returnState(state)
                        .goBackwards(backwards)
                        .stateful(keeps);
        };
    }

    /// Checks what all these layers have.
    static void check(String type, int units, float dropout, float recurrentDropout, Activation... activations) {
        if (units <= 0) {
            throw new IllegalArgumentException(type + ": units must be positive, got " + units);
        }
        for (float rate : new float[] {dropout, recurrentDropout}) {
            if (!(rate >= 0 && rate < 1)) {
                throw new IllegalArgumentException(type + ": dropout must be from 0 to below 1, got " + rate);
            }
        }
        for (Activation activation : activations) {
            if (activation.outputCols(units) != units) {
                throw new IllegalArgumentException(
                        type + ": the activation " + activation.name() + " changes the number of columns");
            }
        }
    }

    /// Whether what enters the activations is kept beside what leaves them.
    default boolean keepsZ() {
        return needsZ(activation()) || needsZ(gateActivation());
    }

    private static boolean needsZ(Activation activation) {
        return activation.gradientFrom() == GradientFrom.INPUT || !activation.worksInPlace();
    }

    private Shape sequence(List<Shape> inputs) {
        final Shape x = inputs.isEmpty() ? Shape.of() : inputs.getFirst();
        if (x.rank() != 3 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(typeName()
                    + ": input must be [batch, steps, features] with a known number of features, got " + inputs);
        }
        if (inputs.size() != 1 && inputs.size() != 1 + states()) {
            throw new IllegalArgumentException(typeName() + ": takes one input, or " + (1 + states())
                    + " with the first state, got " + inputs.size());
        }
        for (Shape state : inputs.subList(1, inputs.size())) {
            if (state.rank() != 2 || state.last() != units()) {
                throw new IllegalArgumentException(
                        typeName() + ": the first state must be [batch, " + units() + "], got " + state);
            }
        }
        return x;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = sequence(inputs);
        if (x.dim(1) == 0) {
            throw new IllegalArgumentException(typeName() + ": needs a step at least, got " + x);
        }
        final Shape last = Shape.of(x.dim(0), units());
        final List<Shape> outputs = new ArrayList<>();
        outputs.add(returnSequences() ? x.withoutLast().append(units()) : last);
        for (int i = 0; returnState() && i < states(); i++) {
            outputs.add(last);
        }
        return outputs;
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final int cols = gates() * units();
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", Shape.of(sequence(inputs).last(), cols), kernelInitializer()));
        specs.add(new ParameterSpec("recurrent_kernel", Shape.of(units(), cols), recurrentInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("bias", biasShape(), firstBias()));
        }
        return specs;
    }

    default Shape biasShape() {
        return Shape.of(gates() * units());
    }

    @Override
    default List<Shape> state(List<Shape> inputs) {
        final List<Shape> shapes = new ArrayList<>();
        for (int i = 0; stateful() && i < states(); i++) {
            shapes.add(Shape.of(inputs.getFirst().dim(0), units()));
        }
        return shapes;
    }

    /// After the activations; what the recurrent kernel took; the running state; `z`; what dropout left of
    /// the input;
    /// a copy of the recurrent kernel; then the cell's own.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final List<Shape> shapes = new ArrayList<>();
        shapes.add(x.withoutLast().append(gates() * units()));
        shapes.add(x.withoutLast().append(units()));
        for (int i = 0; i < states(); i++) {
            shapes.add(Shape.of(x.dim(0), units()));
        }
        shapes.add(keepsZ() ? x.withoutLast().append(gates() * units()) : Shape.of(0));
        shapes.add(dropout() > 0 ? x : Shape.of(0));
        shapes.add(StepKernel.shape(x.dim(1), units(), gates() * units()));
        shapes.addAll(savedOfCell(x.dim(0), x.dim(1)));
        return shapes;
    }

    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final long rows = (long) x.dim(0) * x.dim(1);
        return rows * gates() * units()
                + (long) RecurrentSteps.ROWS_OF_WORK * x.dim(0) * units()
                + (gates() + 1L) * units()
                + ColumnSums.work(rows, gates() * units())
                + (dropout() > 0 ? x.size() : 0)
                + StepKernel.sizeTransposed(x.dim(1), units(), gates() * units());
    }

    @Override
    default boolean passesMask() {
        return returnSequences();
    }

    private RecurrentSteps work(LayerBuffers b) {
        return b.kept(RecurrentSteps.class, "steps", this, RecurrentLayer::steps);
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
    default void updateState(LayerBuffers b) {
        work(b).keepState();
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
