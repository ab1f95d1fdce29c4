package dev.lanewise.cli;

import dev.lanewise.data.Dataset;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.Samples;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Workspace;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Samples for a model's file.
final class ModelSamples {
    /// Of samples that a user gives, as many are kept as have no more values than this, at least one.
    private static final int MOST_VALUES = 1 << 18;

    private static final int BATCH = 2;

    /// For a dimension that the model leaves open.
    private static final int OPEN = 8;

    private ModelSamples() {}

    /// Random inputs from -1 to 1 with the outputs that the model gives now.
    static Samples ofItself(Compute compute, Model model) {
        List<NumberArray> inputs = new ArrayList<>();
        List<Dataset> parts = new ArrayList<>();
        for (Shape defined : model.graph().inputShapes()) {
            Shape shape = defined.with(0, BATCH);
            for (int i = 1; i < shape.rank(); i++) {
                shape = shape.dim(i) == Shape.UNKNOWN ? shape.with(i, OPEN) : shape;
            }
            float[] values = new float[Math.toIntExact(shape.size())];
            RandomStream random = RandomStream.of(0, inputs.size(), 0);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (2 * random.nextDouble() - 1);
            }
            inputs.add(NumberArray.of(shape, values));
            parts.add(Dataset.of(values, shape.withoutFirst()));
        }
        Dataset data = parts.size() == 1 ? parts.getFirst() : Dataset.of(parts);
        List<NumberArray> outputs = outputs(compute, model, data);
        return Samples.of(compute, model, Samples.Origin.SELF, inputs, outputs);
    }

    /// The first of the samples that a user gave, with the right outputs.
    static Samples ofKeras(Compute compute, Model model, List<NumberArray> inputs, List<NumberArray> expected) {
        long perSample = 0;
        for (NumberArray input : inputs) {
            perSample += input.shape().withoutFirst().size();
        }
        int count = (int) Math.max(1, Math.min(inputs.getFirst().shape().dim(0), MOST_VALUES / Math.max(1, perSample)));
        return Samples.of(
                compute,
                model,
                Samples.Origin.KERAS,
                inputs.stream().map(array -> first(array, count)).toList(),
                expected.stream().map(array -> first(array, count)).toList());
    }

    private static NumberArray first(NumberArray array, int count) {
        Shape shape = array.shape().with(0, count);
        float[] values = new float[Math.toIntExact(shape.size())];
        System.arraycopy(array.data(), 0, values, 0, values.length);
        return NumberArray.of(shape, values);
    }

    /// What the model gives for all samples of a data set.
    static List<NumberArray> outputs(Compute compute, Model model, Dataset data) {
        try (Workspace workspace = new Workspace(model, model.graph(), compute, false)) {
            return Prediction.of(model, workspace, data.size(), workspace.predict(data, 32)).stream()
                    .map(Prediction::array)
                    .toList();
        }
    }

    /// A data set's inputs as arrays.
    static List<NumberArray> inputs(Dataset data) {
        List<NumberArray> inputs = new ArrayList<>();
        int[] order = new int[data.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        for (int i = 0; i < data.inputShapes().size(); i++) {
            Shape shape = data.inputShapes().get(i).prepend(data.size());
            try (Memory memory = new Memory("samples")) {
                var segment = memory.floats(shape.size());
                data.gatherInput(i, order, 0, order.length, segment, 0);
                inputs.add(NumberArray.of(shape, segment.toArray(ValueLayout.JAVA_FLOAT)));
            }
        }
        return inputs;
    }

    /// Compares outputs with right ones.
    ///
    /// @return the largest difference
    /// @throws CommandException if their shapes differ
    static double difference(List<NumberArray> got, List<NumberArray> expected) {
        if (got.size() != expected.size()) {
            throw new CommandException(
                    "the model has " + got.size() + " outputs, expected ones are given for " + expected.size());
        }
        double worst = 0;
        for (int i = 0; i < got.size(); i++) {
            if (!got.get(i).shape().equals(expected.get(i).shape())) {
                throw new CommandException(
                        "output " + i + " has the shape " + got.get(i).shape() + ", the expected one "
                                + expected.get(i).shape());
            }
            worst = Math.max(
                    worst,
                    ExpectedOutputs.difference(
                            got.get(i).data(), expected.get(i).data()));
        }
        return worst;
    }
}
