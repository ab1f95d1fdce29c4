package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Predictions by many threads at once, from a snapshot of a model's weights: training the model further
/// changes nothing here. At most as many passes run at once as there are processors; further callers wait.
///
/// [#run(List, List)] allocates nothing once its batch sizes have been seen.
public final class Predictor implements AutoCloseable {
    private final Model snapshot;
    private final int maxBatch;
    private final List<Shape> inputShapes;
    private final List<Shape> outputShapes;
    private final Workspace[] free;
    private final List<Workspace> all = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    private final Compute compute;
    private final int most = Math.max(1, Runtime.getRuntime().availableProcessors());
    private int freeCount;
    private boolean closed;

    Predictor(Model model, int maxBatch, Compute compute) {
        if (maxBatch < 1) {
            throw new IllegalArgumentException("Predictor: maxBatch must be positive, got " + maxBatch);
        }
        inputShapes = model.graph().inputShapes();
        outputShapes = model.graph().outputShapes();
        for (Shape shape : inputShapes) {
            if (!shape.with(0, 1).isConcrete()) {
                throw new IllegalArgumentException("Predictor: the model's input " + shape
                        + " leaves more than the batch open, which is not supported yet");
            }
        }
        this.maxBatch = maxBatch;
        this.compute = compute;
        free = new Workspace[most];
        snapshot = model.copy();
    }

    /// Predicts `inputs`, the model's inputs in order, each `[n, …]` for the same n; writes `outputs`, each
    /// `[n, …]`.
    ///
    /// @throws IllegalArgumentException if a shape does not fit; nothing is written then
    /// @throws IllegalStateException if this is closed
    public void run(List<Tensor> inputs, List<Tensor> outputs) {
        if (inputs.size() != inputShapes.size() || outputs.size() != outputShapes.size()) {
            throw new IllegalArgumentException("Predictor: the model has " + inputShapes.size() + " inputs and "
                    + outputShapes.size() + " outputs, got " + inputs.size() + " and " + outputs.size());
        }
        final int n = inputs.getFirst().shape().dim(0);
        for (int i = 0; i < inputs.size(); i++) {
            check("input", i, inputs.get(i), inputShapes.get(i), n);
        }
        for (int i = 0; i < outputs.size(); i++) {
            check("output", i, outputs.get(i), outputShapes.get(i), n);
        }
        final Workspace workspace = take();
        try {
            for (int from = 0; from < n; from += maxBatch) {
                final int count = Math.min(maxBatch, n - from);
                workspace.prepare(count);
                for (int i = 0; i < inputs.size(); i++) {
                    final Tensor x = inputs.get(i);
                    final long row = x.segment().byteSize() / n;
                    MemorySegment.copy(
                            x.segment(), from * row, workspace.input(i).segment(), 0, count * row);
                }
                workspace.forward(false, 0);
                for (int i = 0; i < outputs.size(); i++) {
                    final Tensor y = outputs.get(i);
                    final long row = y.segment().byteSize() / n;
                    MemorySegment.copy(workspace.output(i).segment(), 0, y.segment(), from * row, count * row);
                }
            }
        } finally {
            giveBack(workspace);
        }
    }

    /// As [#run(List, List)] for a model of one input and one output, from and to arrays: one or more
    /// samples one after the other. Convenient; it allocates the result.
    public float[] run(float[] input) {
        if (inputShapes.size() != 1 || outputShapes.size() != 1) {
            throw new IllegalArgumentException("Predictor: the model has " + inputShapes.size() + " inputs and "
                    + outputShapes.size() + " outputs; use run(inputs, outputs)");
        }
        final long sample = inputShapes.getFirst().with(0, 1).size();
        if (sample == 0 || input.length == 0 || input.length % sample != 0) {
            throw new IllegalArgumentException("Predictor: input has " + input.length + " values, a sample "
                    + inputShapes.getFirst().withoutFirst() + " has " + sample);
        }
        final int n = (int) (input.length / sample);
        float[] result = {};
        final Workspace workspace = take();
        try {
            for (int from = 0; from < n; from += maxBatch) {
                final int count = Math.min(maxBatch, n - from);
                workspace.prepare(count);
                MemorySegment.copy(
                        input, (int) (from * sample), workspace.input(0).segment(), ValueLayout.JAVA_FLOAT, 0, (int)
                                (count * sample));
                workspace.forward(false, 0);
                final Tensor y = workspace.output(0);
                final int row = y.size() / count;
                if (from == 0) {
                    result = new float[Math.multiplyExact(n, row)];
                }
                MemorySegment.copy(y.segment(), ValueLayout.JAVA_FLOAT, 0, result, from * row, count * row);
            }
        } finally {
            giveBack(workspace);
        }
        return result;
    }

    private static void check(String what, int i, Tensor tensor, Shape expected, int n) {
        if (n < 1 || !expected.matches(tensor.shape()) || tensor.shape().dim(0) != n) {
            throw new IllegalArgumentException("Predictor: " + what + " " + i + " must be " + expected
                    + " for one number of samples of at least 1, got " + tensor.shape());
        }
    }

    private Workspace take() {
        lock.lock();
        try {
            while (true) {
                if (closed) {
                    throw new IllegalStateException("Predictor is closed");
                }
                if (freeCount > 0) {
                    return free[--freeCount];
                }
                if (all.size() < most) {
                    final Workspace made = new Workspace(snapshot, snapshot.graph(), compute, false);
                    all.add(made);
                    return made;
                }
                returned.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(Workspace workspace) {
        lock.lock();
        try {
            free[freeCount++] = workspace;
            returned.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for running predictions, then frees the memory; use afterwards throws [IllegalStateException].
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            returned.signalAll();
            while (freeCount < all.size()) {
                returned.awaitUninterruptibly();
            }
            all.forEach(Workspace::close);
            snapshot.close();
        } finally {
            lock.unlock();
        }
    }
}
