package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activation;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.nn.Workspace;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Takes batches of a data set through a model to the loss and the metrics, and back; what training and
/// evaluation
/// share.
final class Pass implements AutoCloseable {
    private static final int MAX_BATCHES = 8;

    /// Floats of a gradient that a cut of its scaling is a multiple of.
    private static final int SCALE_QUANTUM = 1024;

    /// Targets checked at a time before training.
    private static final int CHECKED_AT_ONCE = 4096;

    private final Model model;
    private final Compute compute;
    private final List<Objective> objectives;
    private final Workspace workspace;

    /// Which outputs come without their last activation, for their losses take it into themselves.
    private final boolean[] fused;

    /// The last batch's loss of each output, without its weight.
    private final double[] outputLosses;

    private final List<WeightPenalty> penalties;
    private final List<Batch> batches = new ArrayList<>();
    private final Gather gather = new Gather();

    /// Targets and losses of a batch of one size.
    private record Batch(
            Memory memory, List<Head> heads, @Nullable Tensor weight) {
        /// Whether this is the batch of a plan's output and of targets as these. The plan is known by its
        /// tensor itself, not by where that lies: another plan may have its output at the same place and its
        /// gradient elsewhere, and memory that was freed may come back.
        @SuppressWarnings("ReferenceEquality")
        boolean isFor(Tensor output, Dataset data) {
            boolean same = heads.getFirst().y() == output
                    && (weight == null
                            ? !data.hasWeights()
                            : data.hasWeights() && isOfSamples(weight, data.weightShape()));
            for (int i = 0; same && i < heads.size(); i++) {
                same = heads.get(i).isFor(data.targetShape(i));
            }
            return same;
        }
    }

    /// Target and loss of one output.
    ///
    /// @param weights of the rows, where these are not simply the samples'
    /// @param scale multiplies the gradient by the loss's weight; null where that is 1
    private record Head(
            Tensor y,
            Tensor target,
            LossBuffers forward,
            LossBuffers both,
            @Nullable RowWeights weights,
            @Nullable RangeTask scale) {
        boolean isFor(Shape sample) {
            return isOfSamples(target, sample);
        }
    }

    /// Whether a batch's tensor is of samples of this shape.
    private static boolean isOfSamples(Tensor batch, Shape sample) {
        boolean same = batch.shape().rank() == sample.rank() + 1;
        for (int d = 0; same && d < sample.rank(); d++) {
            same = batch.shape().dim(d + 1) == sample.dim(d);
        }
        return same;
    }

    Pass(Model model, Compute compute, List<Objective> objectives, boolean trains) {
        final List<Graph.Value> outputs = model.graph().outputs();
        if (outputs.size() != objectives.size()) {
            throw new IllegalArgumentException("Trainer: the model has " + outputs.size() + " outputs, got "
                    + objectives.size() + (objectives.size() == 1 ? " loss" : " losses")
                    + "; a list of Objectives has one for each output");
        }
        if (new HashSet<>(outputs).size() < outputs.size()) {
            throw new IllegalArgumentException(
                    "Trainer: two outputs of the model are the same, which cannot be trained");
        }
        this.model = model;
        this.compute = compute;
        this.objectives = List.copyOf(objectives);
        fused = new boolean[outputs.size()];
        outputLosses = new double[outputs.size()];
        Graph graph = model.graph();
        for (int i = 0; i < fused.length; i++) {
            final Graph linear =
                    withoutLastActivation(graph, i, objectives.get(i).loss());
            fused[i] = linear != null;
            graph = linear == null ? graph : linear;
        }
        workspace = new Workspace(model, graph, compute, trains);
        penalties = WeightPenalty.of(model, trains ? workspace.gradients() : null, compute);
    }

    /// The graph without the last activation before an output, where the loss takes it into itself; else null.
    private static @Nullable Graph withoutLastActivation(Graph graph, int which, Loss loss) {
        final Graph.Value output = graph.outputs().get(which);
        final String name = graph.calls().get(output.call()).layer();
        final Layer last = graph.layer(name);
        final Activation activation = last.lastActivation();
        final boolean single = graph.calls().get(output.call()).inputs().size() == 1;
        if (activation == null || !single || !loss.fuses(activation)) {
            return null;
        }
        int uses = 0;
        for (Graph.Call call : graph.calls()) {
            uses += call.layer().equals(name) ? 1 : 0;
            uses += call.inputs().contains(output) ? 2 : 0;
        }
        // The loss writes over the layer's output: no one else may read it, and a view would write over its
        // input.
        final Layer linear = last.withoutActivation();
        return uses == 1 ? graph.withLayer(name, linear.isView() ? new Identity() : linear) : null;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Trainer is closed");
        }
        model.requireOpen();
    }

    /// Checks everything about a data set that can be checked before the first step.
    void check(Dataset data) {
        requireOpen();
        if (data.size() == 0) {
            throw new IllegalArgumentException("the data set is empty");
        }
        if (!data.hasTargets()) {
            throw new IllegalArgumentException("the data set has no targets");
        }
        workspace.checkInputs(data);
        if (data.targets() != objectives.size()) {
            throw new IllegalArgumentException(
                    "the model has " + objectives.size() + " outputs, the data has " + data.targets() + " targets");
        }
        for (int i = 0; i < objectives.size(); i++) {
            final Shape y = outputShape(i);
            objectives
                    .get(i)
                    .loss()
                    .checkShapes(y.with(0, 1), data.targetShape(i).prepend(1));
            if (data.hasWeights()) {
                RowWeights.requireLeading("weights", y, data.weightShape());
            }
        }
        data.check();
        for (int i = 0; i < objectives.size(); i++) {
            checkTargets(data, i);
        }
    }

    List<Objective> objectives() {
        return objectives;
    }

    /// Keras' names of the outputs: those of the layers that they come from, with a number where one has
    /// several.
    List<String> outputNames() {
        final List<String> names = new ArrayList<>();
        for (Graph.Value output : model.graph().outputs()) {
            final String layer = model.graph().calls().get(output.call()).layer();
            String name = layer;
            for (int n = 1; names.contains(name); n++) {
                name = layer + "_" + n;
            }
            names.add(name);
        }
        return names;
    }

    /// Shape of an output, the batch unknown.
    Shape outputShape(int output) {
        return model.graph().outputShapes().get(output);
    }

    private void checkTargets(Dataset data, int output) {
        final Loss loss = objectives.get(output).loss();
        if (!loss.checksTargets()) {
            return;
        }
        final Shape y = outputShape(output);
        final int perSample = Math.toIntExact(data.targetShape(output).size());
        final int[] order = new int[Math.min(data.size(), CHECKED_AT_ONCE)];
        try (Memory once = new Memory("Trainer")) {
            final MemorySegment values = once.floats((long) order.length * perSample);
            for (int from = 0; from < data.size(); from += order.length) {
                final int count = Math.min(order.length, data.size() - from);
                for (int i = 0; i < count; i++) {
                    order[i] = from + i;
                }
                data.gatherTarget(output, order, 0, count, values, 0);
                for (int i = 0; i < count * perSample; i++) {
                    final float value = values.getAtIndex(JAVA_FLOAT, i);
                    final String fault = loss.fault(value, y);
                    if (fault != null) {
                        throw new IllegalArgumentException(
                                "target of sample " + (from + i / perSample) + " is " + value + ": " + fault);
                    }
                }
            }
        }
    }

    /// Takes the memory that batches of up to so many samples need.
    ///
    /// @throws OutOfMemoryError if it cannot be had
    void reserve(Dataset data, int batchSize) {
        workspace.prepareFor(data, Math.min(batchSize, data.size()));
    }

    /// Fills inputs, targets and weights with a part of a data set.
    void gather(Dataset data, int[] order, int from, int count) {
        requireOpen();
        workspace.prepareFor(data, count);
        final Batch batch = batch(data, count);
        gather.data = data;
        gather.order = order;
        gather.from = from;
        gather.batch = batch;
        final long values = workspace.input(0).size();
        compute.run(gather, count, 8, values / 16);
        gather.data = null;
        current = batch;
    }

    private @Nullable Batch current;
    private boolean closed;

    private Batch batch() {
        final Batch batch = current;
        if (batch == null) {
            throw new IllegalStateException("Trainer: a batch must be gathered first");
        }
        return batch;
    }

    private Batch batch(Dataset data, int count) {
        final Tensor y = workspace.output(0);
        for (int i = batches.size() - 1; i >= 0; i--) {
            final Batch known = batches.get(i);
            if (known.isFor(y, data)) {
                return known;
            }
        }
        if (batches.size() == MAX_BATCHES) {
            batches.removeFirst().memory().close();
        }
        final Memory memory = new Memory("Trainer");
        try {
            final Batch made = batch(memory, data, count);
            batches.add(made);
            return made;
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
    }

    private Batch batch(Memory memory, Dataset data, int count) {
        final Tensor weight =
                data.hasWeights() ? Tensor.zeros(memory, data.weightShape().prepend(count)) : null;
        final List<Head> heads = new ArrayList<>();
        for (int i = 0; i < objectives.size(); i++) {
            heads.add(head(memory, i, Tensor.zeros(memory, data.targetShape(i).prepend(count)), weight));
        }
        return new Batch(memory, heads, weight);
    }

    private Head head(Memory memory, int output, Tensor target, @Nullable Tensor weight) {
        final Tensor y = workspace.output(output);
        final Tensor dy = workspace.outputGradient(output);
        final int rows = y.shape().rank() < 2
                ? y.size()
                : y.size() / Math.max(1, y.shape().last());
        final Tensor rowLoss = Tensor.zeros(memory, Shape.of(rows));
        final long floats = objectives.get(output).loss().scratch(y.shape());
        final MemorySegment scratch = floats == 0 ? null : memory.floats(floats);
        final float factor = (float) objectives.get(output).lossWeight();
        final MemorySegment gradient = dy == null ? null : dy.segment();
        final RowWeights weights = RowWeights.of(
                memory,
                y,
                rows,
                weight,
                workspace.outputMask(output),
                ReducedLoss.reductionOf(objectives.get(output).loss()));
        final Tensor ofRows = weights == null ? weight : weights.weights();
        final Tensor counts = weights == null ? null : weights.counts();
        return new Head(
                y,
                target,
                new LossBuffers(y, target, ofRows, counts, rowLoss, null, fused[output], scratch, compute),
                new LossBuffers(y, target, ofRows, counts, rowLoss, dy, fused[output], scratch, compute),
                weights,
                gradient == null || factor == 1
                        ? null
                        : (from, to) -> compute.kernels()
                                .elementwise()
                                .scaleShift(gradient, from, gradient, from, to - from, factor, 0));
    }

    /// The batch's loss without gradients.
    double evaluate() {
        requireOpen();
        workspace.forward(false, 0);
        return losses(false) + penalties(false);
    }

    /// The batch's loss, and all weight gradients in [Workspace#gradients].
    double forwardBackward(long step) {
        requireOpen();
        compute.warmUpWhenDue();
        workspace.forward(true, step);
        final double value = losses(true);
        workspace.backward();
        return value + penalties(true);
    }

    /// The outputs' losses, each times its weight, and what layers add.
    private double losses(boolean withGradients) {
        final List<Head> heads = batch().heads();
        double sum = 0;
        for (int i = 0; i < heads.size(); i++) {
            final Head head = heads.get(i);
            final LossBuffers buffers = withGradients ? head.both() : head.forward();
            final Objective objective = objectives.get(i);
            if (head.weights() != null) {
                head.weights().fill();
            }
            outputLosses[i] = lossOf(objective.loss(), buffers);
            sum += objective.lossWeight() * outputLosses[i];
            final RangeTask scale = head.scale();
            if (withGradients && scale != null) {
                compute.run(scale, head.y().size(), SCALE_QUANTUM, head.y().size() / 8);
            }
        }
        return sum + workspace.auxiliaryLoss();
    }

    /// What regularized weights add to the loss.
    private double penalties(boolean withGradients) {
        double sum = 0;
        for (int i = 0; i < penalties.size(); i++) {
            sum += penalties.get(i).value(withGradients);
        }
        return sum;
    }

    private static double lossOf(Loss loss, LossBuffers buffers) {
        loss.forwardBackward(buffers);
        final MemorySegment rows = buffers.loss().segment();
        final int n = buffers.rows();
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += rows.getAtIndex(JAVA_FLOAT, i);
        }
        return sum / n;
    }

    /// An output of the batch, its last activation included.
    Tensor y(int output) {
        return batch().heads().get(output).y();
    }

    /// Which rows of an output count in the batch's metrics; null for all.
    @Nullable
    Tensor counts(int output) {
        return batch().heads().get(output).forward().mask();
    }

    Tensor target(int output) {
        return batch().heads().get(output).target();
    }

    /// The last batch's loss of an output, without its weight.
    double outputLoss(int output) {
        return outputLosses[output];
    }

    Workspace workspace() {
        return workspace;
    }

    @Override
    public void close() {
        closed = true;
        workspace.close();
        batches.forEach(batch -> batch.memory().close());
    }

    /// Fills a batch, sample by sample.
    private final class Gather implements RangeTask {
        private @Nullable Dataset data;
        private int[] order = {};
        private int from;
        private @Nullable Batch batch;

        @Override
        public void run(int first, int end) {
            final Dataset of = data;
            final Batch to = batch;
            if (of == null || to == null) {
                return;
            }
            final int count = end - first;
            for (int i = 0; i < workspace.inputs(); i++) {
                final Tensor x = workspace.input(i);
                of.gatherInput(
                        i,
                        order,
                        from + first,
                        count,
                        x.segment(),
                        (long) first * (x.size() / x.shape().dim(0)),
                        compute.kernels().elementwise());
            }
            for (int i = 0; i < to.heads().size(); i++) {
                final Tensor target = to.heads().get(i).target();
                of.gatherTarget(
                        i,
                        order,
                        from + first,
                        count,
                        target.segment(),
                        (long) first * (target.size() / target.shape().dim(0)));
            }
            final Tensor weight = to.weight();
            if (weight != null) {
                of.gatherWeights(
                        order,
                        from + first,
                        count,
                        weight.segment(),
                        (long) first * (weight.size() / weight.shape().dim(0)));
            }
        }
    }
}
