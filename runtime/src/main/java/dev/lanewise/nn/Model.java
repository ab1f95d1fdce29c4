package dev.lanewise.nn;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.ModelFile;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// A graph with its weights and, when it was trained, the optimizer's memory; what Keras calls a compiled
/// model. It owns its memory and must be closed. It can be read by many threads at once; training and
/// loading weights need it alone.
public final class Model implements AutoCloseable {
    private final Graph graph;
    private final ParameterLayout layout;
    private final Memory memory = new Memory("Model");
    private final MemorySegment trainable;
    private final MemorySegment fixed;
    private final Map<String, MemorySegment> slots = new LinkedHashMap<>();

    /// Slots of an earlier optimizer, for the next.
    private final List<MemorySegment> retired = new ArrayList<>();

    private final Map<String, String> attributes = new LinkedHashMap<>();
    private long seed;
    private long iteration;
    private long epoch;
    private double learningRate = Double.NaN;

    private Model(Graph graph) {
        this.graph = graph;
        this.layout = new ParameterLayout(graph);
        try {
            trainable = memory.floats(layout.trainableSize());
            fixed = memory.floats(layout.fixedSize());
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
    }

    /// A model with first weights drawn from `seed`.
    public static Model create(Graph graph, long seed) {
        return create(graph, seed, place -> false);
    }

    /// As [#create(Graph, long)], without the weights that `later` says will be filled otherwise.
    static Model create(Graph graph, long seed, Predicate<ParameterLayout.Place> later) {
        final Model model = blank(graph);
        model.seed = seed;
        try {
            int number = -1;
            for (ParameterLayout.Place place : model.layout.places()) {
                number++;
                if (later.test(place)) {
                    continue;
                }
                final float[] values =
                        new float[Math.toIntExact(place.spec().shape().size())];
                place.spec().initializer().fill(values, place.spec().shape(), RandomStream.of(seed, number, 0));
                model.parameter(place).copyFrom(values);
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            model.close();
            throw e;
        }
        return model;
    }

    /// A model whose weights are all zero, to be filled.
    public static Model blank(Graph graph) {
        return new Model(graph);
    }

    /// Reads a model file.
    ///
    /// @throws dev.lanewise.io.ModelFormatException if it is not a model file or damaged
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static Model load(Path file) {
        return ModelFile.load(file);
    }

    /// Writes a model file: beside the target first, then moved into place.
    ///
    /// @throws java.io.UncheckedIOException if it cannot be written; the file is then as it was
    public void save(Path file) {
        requireOpen();
        ModelFile.save(this, file);
    }

    public Graph graph() {
        return graph;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /// A weight; the tensor is a view of the model's memory.
    public Tensor parameter(ParameterLayout.Place place) {
        requireOpen();
        return layout.tensor(place, trainable, fixed);
    }

    /// A weight by its path, as `dense/kernel`.
    ///
    /// @throws IllegalArgumentException if there is none
    public Tensor parameter(String path) {
        for (ParameterLayout.Place place : layout.places()) {
            if (place.path().equals(path)) {
                return parameter(place);
            }
        }
        throw new IllegalArgumentException("no weight '" + path + "' (there are: "
                + String.join(
                        ", ",
                        layout.places().stream()
                                .map(ParameterLayout.Place::path)
                                .toList())
                + ")");
    }

    /// Trainable weights, one after the other as [#layout()] says.
    public MemorySegment trainable() {
        requireOpen();
        return trainable;
    }

    /// The other weights.
    public MemorySegment fixed() {
        requireOpen();
        return fixed;
    }

    /// The optimizer's memory by slot name (`m`, `v`), each in the layout of [#trainable()]; empty before
    /// training.
    public Map<String, MemorySegment> slots() {
        requireOpen();
        return java.util.Collections.unmodifiableMap(slots);
    }

    /// The slot of this name, zeroed when it is new.
    public MemorySegment slot(String name) {
        requireOpen();
        MemorySegment slot = slots.get(name);
        if (slot == null) {
            slot = retired.isEmpty()
                    ? memory.floats(layout.trainableSize())
                    : retired.removeLast().fill((byte) 0);
            slots.put(name, slot);
        }
        return slot;
    }

    /// Forgets all slots and the count of steps; what an optimizer does that starts anew.
    public void resetOptimizer() {
        requireOpen();
        retired.addAll(slots.values());
        slots.clear();
        iteration = 0;
        learningRate = Double.NaN;
    }

    /// Further facts that the model file keeps, by name: the optimizer's configuration, class names.
    public Map<String, String> attributes() {
        return attributes;
    }

    /// The number that weights were drawn from, and training's random numbers by default.
    public long seed() {
        return seed;
    }

    /// Optimizer steps so far.
    public long iteration() {
        return iteration;
    }

    /// Epochs so far; the next epoch's order of samples follows from it.
    public long epoch() {
        return epoch;
    }

    /// The learning rate where training changed it, NaN where the optimizer's own holds.
    public double learningRate() {
        return learningRate;
    }

    /// Keeps a changed learning rate with the optimizer's memory.
    public void setLearningRate(double rate) {
        learningRate = rate;
    }

    /// Sets what a file or a trainer knows.
    public void setProgress(long newSeed, long newIteration, long newEpoch) {
        if (newIteration < 0 || newEpoch < 0) {
            throw new IllegalArgumentException(
                    "Model: iteration and epoch must not be negative, got " + newIteration + " and " + newEpoch);
        }
        seed = newSeed;
        iteration = newIteration;
        epoch = newEpoch;
    }

    /// Predicts all samples; one array per output of the model, the samples one after the other.
    ///
    /// @throws IllegalArgumentException if the data does not fit the model's inputs
    public List<float[]> predict(Dataset data, int batchSize) {
        requireOpen();
        try (Workspace workspace = new Workspace(this, graph, Compute.shared(), false)) {
            return workspace.predict(data, batchSize);
        }
    }

    /// A snapshot of the weights for many threads' predictions.
    ///
    /// @param maxBatch samples that one pass takes; larger requests take several
    public Predictor predictor(int maxBatch) {
        return predictor(maxBatch, Compute.shared());
    }

    /// As [#predictor(int)], on given threads.
    public Predictor predictor(int maxBatch, Compute compute) {
        requireOpen();
        return new Predictor(this, maxBatch, compute);
    }

    /// This model to be changed: a value without memory that refers to this model, which must stay open
    /// until the changed model is built.
    public ModelEdit edit() {
        return ModelEdit.of(this);
    }

    /// [ModelEdit#withoutTop()] of this model.
    public ModelEdit withoutTop() {
        return edit().withoutTop();
    }

    /// [ModelEdit#upTo(String)] of this model.
    public ModelEdit upTo(String layer) {
        return edit().upTo(layer);
    }

    /// [ModelEdit#freeze()] of this model.
    public ModelEdit freeze() {
        return edit().freeze();
    }

    /// [ModelEdit#freeze(String)] of this model.
    public ModelEdit freeze(String pattern) {
        return edit().freeze(pattern);
    }

    /// [ModelEdit#unfreeze()] of this model.
    public ModelEdit unfreeze() {
        return edit().unfreeze();
    }

    /// [ModelEdit#unfreeze(String)] of this model.
    public ModelEdit unfreeze(String pattern) {
        return edit().unfreeze(pattern);
    }

    /// Keras' table: layers, output shapes, numbers of weights; a model within the model is one row.
    public String summary() {
        return summary(false);
    }

    /// Keras' table.
    ///
    /// @param expandNested whether the layers of models within the model have rows below it
    public String summary(boolean expandNested) {
        return Summary.of(this, expandNested);
    }

    /// Number of weights, trainable and not.
    public long parameterCount() {
        return layout.trainableSize() + layout.fixedSize();
    }

    /// A copy with the same weights and no optimizer memory.
    Model copy() {
        requireOpen();
        final Model copy = blank(graph);
        MemorySegment.copy(trainable, 0, copy.trainable, 0, trainable.byteSize());
        MemorySegment.copy(fixed, 0, copy.fixed, 0, fixed.byteSize());
        return copy;
    }

    /// Weights of a layer, in its order.
    List<Tensor> parameters(String layer) {
        final List<Tensor> tensors = new ArrayList<>();
        for (ParameterLayout.Place place : layout.places(layer)) {
            tensors.add(parameter(place));
        }
        return tensors;
    }

    /// Does nothing while the model is open.
    ///
    /// @throws IllegalStateException if this is closed
    public void requireOpen() {
        if (memory.isClosed()) {
            throw new IllegalStateException("Model is closed");
        }
    }

    /// Shapes of the inputs for so many samples.
    List<Shape> inputShapes(int batch) {
        return graph.inputShapes().stream().map(shape -> shape.with(0, batch)).toList();
    }

    /// Frees the memory; use afterwards throws [IllegalStateException].
    @Override
    public void close() {
        memory.close();
    }
}
