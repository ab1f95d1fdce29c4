package dev.lanewise.data;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The data set behind all factories and views of [Dataset]: columns of equal length.
final class ColumnDataset implements Dataset {
    private final int size;
    private final List<Column> inputs;
    private final List<Shape> inputShapes;
    private final List<Column> targets;
    private final @Nullable Column weights;

    /// What [#check()] found: null before it ran, empty for nothing.
    private volatile @Nullable String problem;

    ColumnDataset(List<Column> inputs, @Nullable Column target, @Nullable Column weights) {
        this(inputs, target == null ? List.of() : List.of(target), weights);
    }

    private ColumnDataset(List<Column> inputs, List<Column> targets, @Nullable Column weights) {
        this.inputs = List.copyOf(inputs);
        this.targets = List.copyOf(targets);
        this.weights = weights;
        this.size = inputs.getFirst().count();
        this.inputShapes = inputs.stream().map(Column::shape).toList();
        for (int i = 1; i < inputs.size(); i++) {
            DatasetChecks.sameCount("input " + i, inputs.get(i).count(), "input 0", size);
        }
        for (Column target : targets) {
            DatasetChecks.sameCount("y", target.count(), "x", size);
        }
        if (weights != null) {
            DatasetChecks.sameCount("weights", weights.count(), "x", size);
        }
    }

    /// `dataset` as columns, whoever implements it.
    static ColumnDataset of(Dataset dataset) {
        if (dataset instanceof ColumnDataset columns) {
            return columns;
        }
        DatasetChecks.notEmpty(dataset.toString(), dataset.size());
        var inputs = new ArrayList<Column>();
        for (int i = 0; i < dataset.inputShapes().size(); i++) {
            int input = i;
            inputs.add(new DatasetColumn(
                    "input " + i,
                    dataset,
                    dataset.inputShapes().get(i),
                    (order, from, count, dst, dstOffset) ->
                            dataset.gatherInput(input, order, from, count, dst, dstOffset)));
        }
        var targets = new ArrayList<Column>();
        for (int i = 0; i < dataset.targets(); i++) {
            int target = i;
            targets.add(new DatasetColumn(
                    "y",
                    dataset,
                    dataset.targetShape(i),
                    (order, from, count, dst, dstOffset) ->
                            dataset.gatherTarget(target, order, from, count, dst, dstOffset)));
        }
        Column weights = dataset.hasWeights()
                ? new DatasetColumn("weights", dataset, dataset.weightShape(), dataset::gatherWeights)
                : null;
        return new ColumnDataset(inputs, targets, weights);
    }

    /// The inputs of all parts, with the targets and weights of those that have them.
    static ColumnDataset join(List<Dataset> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("Dataset: no parts to join");
        }
        var inputs = new ArrayList<Column>();
        List<Column> targets = List.of();
        Column weights = null;
        for (Dataset part : parts) {
            ColumnDataset columns = of(part);
            inputs.addAll(columns.inputs);
            if (!targets.isEmpty() && !columns.targets.isEmpty()) {
                throw new IllegalArgumentException("Dataset: two of the parts to join have targets, expected one");
            }
            targets = targets.isEmpty() ? columns.targets : targets;
            if (weights != null && columns.weights != null) {
                throw new IllegalArgumentException("Dataset: two of the parts to join have weights, expected one");
            }
            weights = weights == null ? columns.weights : weights;
        }
        return new ColumnDataset(inputs, targets, weights);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public List<Shape> inputShapes() {
        return inputShapes;
    }

    @Override
    public boolean hasTargets() {
        return !targets.isEmpty();
    }

    @Override
    public Shape targetShape() {
        return target(0).shape();
    }

    @Override
    public int targets() {
        return targets.size();
    }

    @Override
    public Shape targetShape(int target) {
        return target(target).shape();
    }

    @Override
    public boolean hasWeights() {
        return weights != null;
    }

    @Override
    public Shape weightShape() {
        return weights == null ? Shape.of() : weights.shape();
    }

    @Override
    public void gatherInput(int input, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        gather(input(input), order, from, count, dst, dstOffset);
    }

    @Override
    public void gatherInput(
            int input, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        final Column column = input(input);
        check(column, order, from, count, dst, dstOffset);
        column.gather(0, order, from, count, dst, dstOffset, kernel);
    }

    @Override
    public void gatherTargets(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        gather(target(0), order, from, count, dst, dstOffset);
    }

    @Override
    public void gatherTarget(int target, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        gather(target(target), order, from, count, dst, dstOffset);
    }

    @Override
    public void gatherWeights(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        gather(weights(), order, from, count, dst, dstOffset);
    }

    private Column input(int input) {
        if (input < 0 || input >= inputs.size()) {
            throw new IllegalArgumentException(
                    "Dataset has " + inputs.size() + " inputs, input " + input + " was asked for");
        }
        return inputs.get(input);
    }

    private Column target(int target) {
        if (targets.isEmpty()) {
            throw new IllegalStateException("Dataset has no targets");
        }
        if (target < 0 || target >= targets.size()) {
            throw new IllegalStateException(
                    "Dataset has " + targets.size() + " targets, target " + target + " was asked for");
        }
        return targets.get(target);
    }

    private Column weights() {
        if (weights == null) {
            throw new IllegalStateException("Dataset has no weights");
        }
        return weights;
    }

    private void gather(Column column, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        check(column, order, from, count, dst, dstOffset);
        column.gather(0, order, from, count, dst, dstOffset);
    }

    private void check(Column column, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        Objects.checkFromIndexSize(from, count, order.length);
        for (int i = from; i < from + count; i++) {
            if (order[i] < 0 || order[i] >= size) {
                throw new IllegalArgumentException(
                        "Dataset has " + size + " samples, sample " + order[i] + " was asked for");
            }
        }
        long floats = column.shape().size() * count;
        if (dstOffset < 0 || dstOffset > dst.byteSize() / Float.BYTES - floats) {
            throw new IllegalArgumentException("Dataset: " + count + " samples of shape " + column.shape()
                    + " at float " + dstOffset + " do not fit into " + dst.byteSize() / Float.BYTES + " floats");
        }
    }

    @Override
    public Dataset slice(int from, int to) {
        if (from < 0 || from >= to || to > size) {
            throw new IllegalArgumentException("Dataset: samples " + from + " to " + to + " of " + size
                    + " are not a slice with at least one sample");
        }
        return new ColumnDataset(
                inputs.stream().map(column -> cut(column, from, to)).toList(),
                targets.stream().map(column -> cut(column, from, to)).toList(),
                weights == null ? null : cut(weights, from, to));
    }

    private static Column cut(Column column, int from, int to) {
        return SliceColumn.of(column, from, to - from, column.shape());
    }

    @Override
    public Dataset reshapeInput(int input, Shape shape) {
        Column column = input(input);
        if (DatasetChecks.sampleShape("input " + input, shape).size()
                != column.shape().size()) {
            throw new IllegalArgumentException("Dataset: input " + input + " has shape " + column.shape() + " ("
                    + column.shape().size() + " values), which cannot become " + shape + " (" + shape.size() + ")");
        }
        var changed = new ArrayList<>(inputs);
        changed.set(input, SliceColumn.of(column, 0, size, shape));
        return new ColumnDataset(changed, targets, weights);
    }

    @Override
    public Dataset withByteScale(float scale) {
        return new ColumnDataset(
                inputs.stream().map(column -> column.withByteScale(scale)).toList(), targets, weights);
    }

    @Override
    public Dataset withWeights(float[] weights, Shape sample) {
        return new ColumnDataset(inputs, targets, new FloatsColumn("weights", weights, sample));
    }

    @Override
    public Dataset withTargets(Dataset... targets) {
        var columns = new ArrayList<Column>();
        for (Dataset target : targets) {
            columns.addAll(of(target).inputs);
        }
        return new ColumnDataset(inputs, columns, weights);
    }

    @Override
    public void check() {
        String found = problem;
        if (found == null) {
            found = new NonFiniteScan(size).over(inputs, targets, weights);
            problem = found;
        }
        if (!found.isEmpty()) {
            throw new IllegalArgumentException(found);
        }
    }

    @Override
    public String toString() {
        return "Dataset of " + size + " samples, inputs " + inputShapes
                + (targets.isEmpty() ? "" : ", targets " + targetShapes()) + (weights == null ? "" : ", weights");
    }

    private String targetShapes() {
        return targets.size() == 1
                ? targetShape().toString()
                : targets.stream().map(Column::shape).toList().toString();
    }
}
