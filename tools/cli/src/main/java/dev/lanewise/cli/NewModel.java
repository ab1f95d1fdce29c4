package dev.lanewise.cli;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.BinaryCrossentropy;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.Loss;
import dev.lanewise.train.ReducedLoss;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import java.util.List;

/// The model that training starts with when none is given: dense layers with relu between the samples and one
/// output for each class, or for each number to predict.
final class NewModel {
    private NewModel() {}

    static Model create(DataSource data, Loss loss, List<Integer> hidden, long seed) {
        Dataset train = data.sets().train();
        if (train.inputShapes().size() != 1) {
            throw new CommandException(data.sets().name() + ": has "
                    + train.inputShapes().size() + " inputs; a model for it must be given by --model");
        }
        boolean classifies = classifies(loss);
        int outputs =
                classifies ? classes(data) : Math.toIntExact(train.targetShape().size());
        Shape sample = train.inputShapes().getFirst();
        Sequential layers = Sequential.input(sample);
        if (sample.rank() > 1) {
            layers.add(new Flatten());
        }
        for (int units : hidden) {
            layers.add(new Dense(units, Activations.RELU));
        }
        layers.add(new Dense(outputs, lastActivation(loss)));
        return Model.create(layers.build(), seed);
    }

    private static Activation lastActivation(Loss loss) {
        if (loss instanceof BinaryCrossentropy) {
            return Activations.SIGMOID;
        }
        return classifies(loss) ? Activations.SOFTMAX : Activations.LINEAR;
    }

    /// Whether accuracy says something about what a loss compares.
    static boolean hasAccuracy(Loss loss) {
        return classifies(loss) || loss instanceof BinaryCrossentropy;
    }

    /// Whether a loss compares classes, and not numbers.
    static boolean classifies(Loss loss) {
        Loss rows = ReducedLoss.ofRows(loss);
        return rows instanceof SparseCategoricalCrossentropy || rows instanceof CategoricalCrossentropy;
    }

    private static int classes(DataSource data) {
        Dataset train = data.sets().train();
        if (!train.hasTargets()) {
            throw new CommandException(data.sets().name() + ": has no labels to learn");
        }
        if (!Labels.areIn(train)) {
            return train.targetShape().last();
        }
        int classes = Labels.classes(data.sets().name(), train);
        Dataset test = data.sets().test();
        if (test != null && test.hasTargets()) {
            classes = Math.max(classes, Labels.classes(data.sets().name(), test));
        }
        return Math.max(classes, Math.max(2, data.sets().classNames().size()));
    }

    /// Sizes from the input to the output, as `784-128-10`; empty for what is no chain of dense layers.
    static String sizes(Model model) {
        Graph graph = model.graph();
        StringBuilder text = new StringBuilder();
        Shape input = graph.inputShapes().getFirst().withoutFirst();
        if (graph.inputs().size() != 1 || !input.isConcrete()) {
            return "";
        }
        text.append(input.size());
        for (Graph.Call call : graph.calls()) {
            switch (graph.layer(call.layer())) {
                case Dense dense -> text.append('-').append(dense.units());
                case Flatten ignored -> {}
                default -> {
                    if (!call.inputs().isEmpty()) {
                        return "";
                    }
                }
            }
        }
        return text.toString();
    }
}
