package dev.lanewise.nn;

import dev.lanewise.data.Dataset;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All that one caller writes: activations, gradients, scratch. For one thread at a time.
///
/// Plans for a few shapes of inputs are kept; the memory grows to what the largest needs.
public final class Workspace implements AutoCloseable {
    private static final int MAX_PLANS = 8;

    private final Model model;
    private final Graph graph;
    private final Compute compute;
    private final boolean trains;
    private final Memory own = new Memory("Workspace");
    private final MemorySegment gemmScratch;
    private final @Nullable MemorySegment gradients;
    private final List<Prepared> plans = new ArrayList<>();
    private final Map<String, State> states = new HashMap<>();
    private Memory buffers = new Memory("Workspace");
    private MemorySegment memory;
    private @Nullable Prepared current;

    /// A plan with its buffers in place.
    private record Prepared(
            Plan plan,
            List<LayerBuffers> calls,
            List<Tensor> inputs,
            List<Tensor> outputs,
            List<@Nullable Tensor> outputMasks,
            List<@Nullable Tensor> outputGradients) {}

    /// What is kept for a layer from one pass to the next.
    private record State(Memory memory, List<Tensor> tensors) {
        boolean fits(List<Shape> shapes) {
            return tensors.stream().map(Tensor::shape).toList().equals(shapes);
        }
    }

    /// A workspace without plans.
    ///
    /// @param graph the model's own, or a rewrite of it with the same weights
    /// @param trains whether gradients will be asked for
    public Workspace(Model model, Graph graph, Compute compute, boolean trains) {
        model.requireOpen();
        this.model = model;
        this.graph = graph;
        this.compute = compute;
        this.trains = trains;
        try {
            gemmScratch = own.floats(compute.scratchSize());
            gradients = trains ? own.floats(model.layout().trainableSize()) : null;
            memory = buffers.floats(0);
        } catch (RuntimeException | OutOfMemoryError e) {
            own.close();
            buffers.close();
            throw e;
        }
    }

    /// Number of inputs.
    public int inputs() {
        return graph.inputs().size();
    }

    /// Drops all plans; the next call makes them anew, with the model's present seed.
    public void forgetPlans() {
        plans.clear();
        current = null;
    }

    /// Makes the buffers ready for inputs of these shapes.
    ///
    /// @throws IllegalArgumentException if the graph cannot take them; nothing has changed then
    public void prepare(List<Shape> inputShapes) {
        final Prepared now = current;
        if (now != null && now.plan().inputShapes.equals(inputShapes)) {
            return;
        }
        current = find(inputShapes);
    }

    /// Makes the buffers ready for so many samples of the shapes that the graph's definition gives.
    ///
    /// @throws IllegalArgumentException if the definition leaves another dimension open
    public void prepare(int batch) {
        final Prepared now = current;
        if (now != null && batchOf(now) == batch && fromDefinition(now)) {
            return;
        }
        for (int i = plans.size() - 1; i >= 0; i--) {
            if (batchOf(plans.get(i)) == batch && fromDefinition(plans.get(i))) {
                current = plans.get(i);
                return;
            }
        }
        current = find(model.inputShapes(batch));
    }

    private static int batchOf(Prepared prepared) {
        return prepared.inputs().getFirst().shape().dim(0);
    }

    /// Whether only the batch was open in the definition, so that a batch names the plan.
    private boolean fromDefinition(Prepared prepared) {
        for (int i = 0; i < prepared.inputs().size(); i++) {
            final Shape defined = graph.calls()
                    .get(graph.inputs().get(i))
                    .outputs()
                    .getFirst()
                    .shape();
            for (int d = 1; d < defined.rank(); d++) {
                if (defined.dim(d) == Shape.UNKNOWN) {
                    return false;
                }
            }
        }
        return true;
    }

    private Prepared find(List<Shape> inputShapes) {
        model.requireOpen();
        for (Prepared prepared : plans) {
            if (prepared.plan().inputShapes.equals(inputShapes)) {
                return prepared;
            }
        }
        for (Shape shape : inputShapes) {
            shape.requireConcrete();
        }
        final Plan plan = new Plan(graph, model.layout(), List.copyOf(inputShapes), trains);
        if (plan.size() * Float.BYTES > memory.byteSize()) {
            final Memory larger = new Memory("Workspace");
            try {
                memory = larger.floats(plan.size());
            } catch (OutOfMemoryError | RuntimeException e) {
                larger.close();
                throw e;
            }
            buffers.close();
            buffers = larger;
            plans.clear();
            current = null;
        }
        if (plans.size() == MAX_PLANS) {
            plans.removeFirst();
        }
        final Prepared prepared = place(plan);
        plans.add(prepared);
        return prepared;
    }

    private Prepared place(Plan plan) {
        final List<LayerBuffers> calls = new ArrayList<>();
        final List<String> names = List.copyOf(graph.layers().keySet());
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call call = graph.calls().get(i);
            final List<@Nullable Tensor> weightGradients = new ArrayList<>();
            for (ParameterLayout.Place place : model.layout().places(call.layer())) {
                weightGradients.add(
                        gradients != null && place.spec().trainable()
                                ? Tensor.at(
                                        gradients, place.offset(), place.spec().shape())
                                : null);
            }
            final List<Shape> stateShapes = plan.state(i);
            calls.add(plan.buffers(
                    i,
                    memory,
                    model.parameters(call.layer()),
                    weightGradients,
                    LayerBuffers.builder(call.layer(), compute, gemmScratch)
                            .state(stateShapes.isEmpty() ? List.of() : state(call.layer(), stateShapes))
                            .mode(false, graph.isTrainable(call.layer()), 0)
                            .key(new LayerBuffers.RandomKey(model.seed(), names.indexOf(call.layer()), call.index()))));
        }
        final List<Tensor> inputs = new ArrayList<>();
        for (int input : graph.inputs()) {
            inputs.add(plan.value(graph.calls().get(input).outputs().getFirst(), memory));
        }
        final List<Tensor> outputs = new ArrayList<>();
        final List<@Nullable Tensor> outputMasks = new ArrayList<>();
        final List<@Nullable Tensor> outputGradients = new ArrayList<>();
        for (Graph.Value output : graph.outputs()) {
            outputs.add(plan.value(output, memory));
            outputMasks.add(plan.mask(output, memory));
            outputGradients.add(plan.gradient(output, memory));
        }
        return new Prepared(plan, calls, inputs, outputs, outputMasks, outputGradients);
    }

    /// The state of a layer, all its calls' and plans'; zeros where it was of other shapes.
    private List<Tensor> state(String layer, List<Shape> shapes) {
        State known = states.get(layer);
        if (known == null || !known.fits(shapes)) {
            if (known != null) {
                // Plans that hold it are of another batch, and made anew when they are wanted again.
                plans.clear();
                states.remove(layer);
                known.memory().close();
            }
            final Memory memory = new Memory("Workspace");
            final List<Tensor> tensors = new ArrayList<>();
            for (Shape shape : shapes) {
                tensors.add(Tensor.zeros(memory, shape));
            }
            known = new State(memory, tensors);
            states.put(layer, known);
        }
        return known.tensors();
    }

    /// Sets the state of all stateful layers to zeros, as before the first pass.
    public void resetStates() {
        for (State state : states.values()) {
            for (Tensor tensor : state.tensors()) {
                tensor.segment().fill((byte) 0);
            }
        }
    }

    private Prepared current() {
        final Prepared now = current;
        if (now == null) {
            throw new IllegalStateException("Workspace: prepare() comes first");
        }
        return now;
    }

    /// Input `i`, to be filled by the caller.
    public Tensor input(int i) {
        return current().inputs().get(i);
    }

    /// Output `i` after [#forward].
    public Tensor output(int i) {
        return current().outputs().get(i);
    }

    /// The mask of output `i` after [#forward], or null where it has none.
    public @Nullable Tensor outputMask(int i) {
        return current().outputMasks().get(i);
    }

    /// Where the loss writes the gradient by output `i`, or null when no weight is behind it.
    public @Nullable Tensor outputGradient(int i) {
        return current().outputGradients().get(i);
    }

    /// All weight gradients after [#backward], in the layout of [Model#trainable()].
    ///
    /// @throws IllegalStateException if this is not for training
    public MemorySegment gradients() {
        if (gradients == null) {
            throw new IllegalStateException("Workspace: is not for training");
        }
        return gradients;
    }

    public Compute compute() {
        return compute;
    }

    /// Runs all layers.
    ///
    /// @param training whether dropout and batch statistics are on
    /// @param step the random counter
    public void forward(boolean training, long step) {
        model.requireOpen();
        final Prepared now = current();
        for (int i = 0; i < now.calls().size(); i++) {
            if (now.plan().forward[i]) {
                final LayerBuffers b = now.calls().get(i);
                b.begin(training, step);
                layer(i).forward(b);
            }
        }
    }

    /// Computes all weight gradients from the gradients by the outputs.
    public void backward() {
        final Prepared now = current();
        for (int i = now.calls().size() - 1; i >= 0; i--) {
            if (now.plan().backward[i]) {
                layer(i).backward(now.calls().get(i));
            }
        }
    }

    /// Commits state, after a step that went well.
    public void updateState() {
        final Prepared now = current();
        for (int i = 0; i < now.calls().size(); i++) {
            if (now.plan().forward[i]) {
                layer(i).updateState(now.calls().get(i));
            }
        }
    }

    /// What layers added to the loss in the last [#forward].
    public double auxiliaryLoss() {
        double sum = 0;
        final List<LayerBuffers> calls = current().calls();
        for (int i = 0; i < calls.size(); i++) {
            sum += calls.get(i).auxiliaryLoss();
        }
        return sum;
    }

    private Layer layer(int call) {
        return graph.layer(graph.calls().get(call).layer());
    }

    /// Predicts all samples of a data set; one array per output, the samples one after the other.
    public List<float[]> predict(Dataset data, int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("predict: batch size must be positive, got " + batchSize);
        }
        checkInputs(data);
        final int[] order = new int[data.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        final List<float[]> results = new ArrayList<>();
        for (int from = 0; from < order.length; from += batchSize) {
            final int count = Math.min(batchSize, order.length - from);
            gather(data, order, from, count);
            forward(false, 0);
            for (int i = 0; i < graph.outputs().size(); i++) {
                final Tensor y = output(i);
                final int perSample = y.size() / count;
                if (results.size() == i) {
                    results.add(new float[Math.multiplyExact(perSample, order.length)]);
                }
                MemorySegment.copy(
                        y.segment(),
                        java.lang.foreign.ValueLayout.JAVA_FLOAT,
                        0,
                        results.get(i),
                        from * perSample,
                        count * perSample);
            }
        }
        return results;
    }

    /// Prepares for a part of a data set and fills the inputs with it.
    public void gather(Dataset data, int[] order, int from, int count) {
        prepareFor(data, count);
        for (int i = 0; i < graph.inputs().size(); i++) {
            data.gatherInput(
                    i,
                    order,
                    from,
                    count,
                    input(i).segment(),
                    0,
                    compute.kernels().elementwise());
        }
    }

    /// Prepares for so many samples of a data set.
    public void prepareFor(Dataset data, int count) {
        final Prepared now = current;
        if (now != null && batchOf(now) == count && fits(now, data)) {
            return;
        }
        for (int i = plans.size() - 1; i >= 0; i--) {
            if (batchOf(plans.get(i)) == count && fits(plans.get(i), data)) {
                current = plans.get(i);
                return;
            }
        }
        checkInputs(data);
        current = find(
                data.inputShapes().stream().map(shape -> shape.prepend(count)).toList());
    }

    private static boolean fits(Prepared prepared, Dataset data) {
        final List<Shape> samples = data.inputShapes();
        for (int i = 0; i < samples.size(); i++) {
            final Shape planned = prepared.plan().inputShapes.get(i);
            final Shape sample = samples.get(i);
            if (planned.rank() != sample.rank() + 1) {
                return false;
            }
            for (int d = 0; d < sample.rank(); d++) {
                if (planned.dim(d + 1) != sample.dim(d)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// What could help, where the samples may be images.
    private static String advice(List<Shape> given) {
        return given.size() == 1 && given.getFirst().rank() > 1
                ? "; ModelEdit.adaptTo puts layers in front that make images fit"
                : "";
    }

    /// Checks that a data set's samples are what the graph takes.
    ///
    /// @throws IllegalArgumentException if not, with both shapes
    public void checkInputs(Dataset data) {
        final List<Shape> given = data.inputShapes();
        final List<Shape> expected = graph.inputShapes();
        if (given.size() != expected.size()) {
            throw new IllegalArgumentException(
                    "the model takes " + expected.size() + " inputs, the data has " + given.size());
        }
        for (int i = 0; i < given.size(); i++) {
            if (!expected.get(i).matches(given.get(i).prepend(1))) {
                throw new IllegalArgumentException("input '"
                        + graph.calls().get(graph.inputs().get(i)).layer() + "' takes samples of shape "
                        + expected.get(i).withoutFirst() + ", the data has " + given.get(i) + advice(given));
            }
        }
    }

    @Override
    public void close() {
        own.close();
        buffers.close();
        states.values().forEach(state -> state.memory().close());
    }
}
