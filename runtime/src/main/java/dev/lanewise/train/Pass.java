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
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Takes batches of a data set through a model to the loss and the metrics, and back; what training and evaluation
/// share.
final class Pass implements AutoCloseable {
    private static final int MAX_BATCHES = 8;

    /// Targets checked at a time before training.
    private static final int CHECKED_AT_ONCE = 4096;

    private final Model model;
    private final Compute compute;
    private final Loss loss;
    private final Workspace workspace;
    private final boolean fused;
    private final List<WeightPenalty> penalties;
    private final List<Batch> batches = new ArrayList<>();
    private final Gather gather = new Gather();

    /// Targets and losses of a batch of one size.
    private record Batch(
            Memory memory,
            Tensor y,
            Tensor target,
            @Nullable Tensor weight,
            Tensor loss,
            LossBuffers forward,
            LossBuffers both) {
        /// Whether this is the batch of a plan's output and of targets as these. The plan is known by its tensor
        /// itself, not by where that lies: another plan may have its output at the same place and its gradient
        /// elsewhere, and memory that was freed may come back.
        @SuppressWarnings("ReferenceEquality")
        boolean isFor(Tensor output, Dataset data) {
            final Shape sample = data.targetShape();
            boolean same = y == output
                    && (weight != null) == data.hasWeights()
                    && target.shape().rank() == sample.rank() + 1;
            for (int d = 0; same && d < sample.rank(); d++) {
                same = target.shape().dim(d + 1) == sample.dim(d);
            }
            return same;
        }
    }

    Pass(Model model, Compute compute, Loss loss, boolean trains) {
        if (model.graph().outputs().size() != 1) {
            throw new IllegalArgumentException("Trainer: the model has "
                    + model.graph().outputs().size() + " outputs; training more than one is not supported yet");
        }
        this.model = model;
        this.compute = compute;
        this.loss = loss;
        final Graph linear = withoutLastActivation(model.graph(), loss);
        fused = linear != null;
        workspace = new Workspace(model, linear == null ? model.graph() : linear, compute, trains);
        penalties = WeightPenalty.of(model, trains ? workspace.gradients() : null, compute);
    }

    /// The graph without its last activation, where the loss takes it into itself; else null.
    private static @Nullable Graph withoutLastActivation(Graph graph, Loss loss) {
        final Graph.Value output = graph.outputs().getFirst();
        final String name = graph.calls().get(output.call()).layer();
        final Layer last = graph.layer(name);
        final Activation activation = last.lastActivation();
        if (activation == null || !loss.fuses(activation)) {
            return null;
        }
        int uses = 0;
        for (Graph.Call call : graph.calls()) {
            uses += call.layer().equals(name) ? 1 : 0;
            uses += call.inputs().contains(output) ? 2 : 0;
        }
        // The loss writes over the layer's output: no one else may read it, and a view would write over its input.
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
        final Shape y = outputShape(data);
        loss.checkShapes(y.with(0, 1), data.targetShape().prepend(1));
        if (data.hasWeights() && y.rank() > 2) {
            throw new IllegalArgumentException("sample weights for an output of shape " + y + " are not supported yet");
        }
        data.check();
        checkTargets(data, y);
    }

    /// Shape of the model's output for this data, the batch unknown.
    Shape outputShape(Dataset data) {
        return model.graph().outputShapes().getFirst();
    }

    private void checkTargets(Dataset data, Shape y) {
        if (!loss.checksTargets()) {
            return;
        }
        final int perSample = Math.toIntExact(data.targetShape().size());
        final int[] order = new int[Math.min(data.size(), CHECKED_AT_ONCE)];
        try (Memory once = new Memory("Trainer")) {
            final MemorySegment values = once.floats((long) order.length * perSample);
            for (int from = 0; from < data.size(); from += order.length) {
                final int count = Math.min(order.length, data.size() - from);
                for (int i = 0; i < count; i++) {
                    order[i] = from + i;
                }
                data.gatherTargets(order, 0, count, values, 0);
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
            final Batch made = batch(memory, data, count, y);
            batches.add(made);
            return made;
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
    }

    private Batch batch(Memory memory, Dataset data, int count, Tensor y) {
        final Tensor target = Tensor.zeros(memory, data.targetShape().prepend(count));
        final Tensor weight = data.hasWeights() ? Tensor.zeros(memory, Shape.of(count)) : null;
        final int rows = y.shape().rank() < 2
                ? y.size()
                : y.size() / Math.max(1, y.shape().last());
        final Tensor rowLoss = Tensor.zeros(memory, Shape.of(rows));
        final long floats = loss.scratch(y.shape());
        final MemorySegment scratch = floats == 0 ? null : memory.floats(floats);
        return new Batch(
                memory,
                y,
                target,
                weight,
                rowLoss,
                new LossBuffers(y, target, weight, null, rowLoss, null, fused, scratch, compute),
                new LossBuffers(
                        y, target, weight, null, rowLoss, workspace.outputGradient(0), fused, scratch, compute));
    }

    /// The batch's loss without gradients.
    double evaluate() {
        requireOpen();
        workspace.forward(false, 0);
        return lossOf(batch().forward()) + penalties(false);
    }

    /// The batch's loss, and all weight gradients in [Workspace#gradients].
    double forwardBackward(long step) {
        requireOpen();
        workspace.forward(true, step);
        final double value = lossOf(batch().both());
        workspace.backward();
        return value + penalties(true);
    }

    /// What regularized weights add to the loss.
    private double penalties(boolean withGradients) {
        double sum = 0;
        for (int i = 0; i < penalties.size(); i++) {
            sum += penalties.get(i).value(withGradients);
        }
        return sum;
    }

    private double lossOf(LossBuffers buffers) {
        loss.forwardBackward(buffers);
        final MemorySegment rows = buffers.loss().segment();
        final int n = buffers.rows();
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += rows.getAtIndex(JAVA_FLOAT, i);
        }
        return sum / n + workspace.auxiliaryLoss();
    }

    /// The output of the batch, its last activation included.
    Tensor y() {
        return batch().y();
    }

    Tensor target() {
        return batch().target();
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
            final Tensor target = to.target();
            of.gatherTargets(
                    order,
                    from + first,
                    count,
                    target.segment(),
                    (long) first * (target.size() / target.shape().dim(0)));
            final Tensor weight = to.weight();
            if (weight != null) {
                of.gatherWeights(order, from + first, count, weight.segment(), first);
            }
        }
    }
}
