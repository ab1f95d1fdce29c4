package dev.lanewise.cli;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.Objective;
import dev.lanewise.train.ReducedLoss;
import java.util.ArrayList;
import java.util.List;

/// Makes data and model meet where nothing but the form of the same numbers differs.
final class Fitting {
    private Fitting() {}

    /// The data with inputs in the model's shapes where the sizes agree, and labels as rows where the loss
    /// wants rows.
    ///
    /// @param name of the data set, for errors
    /// @param adapting what puts layers in front of a model so that data fits it
    /// @throws CommandException if samples do not fit the model
    static Dataset fit(
            String name, Dataset data, Model model, List<Objective> objectives, Common common, String adapting) {
        Dataset fitted = data;
        List<Shape> expected = model.graph().inputShapes();
        requireAll(
                name,
                "inputs",
                ArraySets.inputs(model.graph()),
                data.inputShapes().size());
        requireAll(name, "outputs", PerOutput.outputs(model), data.targets());
        for (int i = 0; i < expected.size(); i++) {
            Shape sample = expected.get(i).withoutFirst();
            Shape given = data.inputShapes().get(i);
            if (!sample.matches(given) && sample.isConcrete() && sample.size() == given.size()) {
                common.note("samples of shape " + given + " are reshaped to " + sample + ", as the model takes them");
                fitted = fitted.reshapeInput(i, sample);
            } else if (!sample.matches(given)) {
                throw new CommandException(name + ": has samples of shape " + given + ", the model takes " + sample
                        + "; " + adapting + " puts layers in front of it that make images fit");
            }
        }
        List<Shape> outputs = model.graph().outputShapes();
        List<Integer> classes = new ArrayList<>();
        for (int i = 0; i < fitted.targets(); i++) {
            boolean given = i < outputs.size() && i < objectives.size();
            boolean wantsRows = given
                    && ReducedLoss.ofRows(objectives.get(i).loss()) instanceof CategoricalCrossentropy
                    && outputs.get(i).rank() == 2
                    && outputs.get(i).last() > 1
                    && Labels.areIn(fitted, i);
            classes.add(wantsRows ? outputs.get(i).last() : 0);
            int labels = wantsRows ? Labels.classes(name, fitted, i) : 0;
            if (labels > classes.getLast()) {
                throw new CommandException(name + ": has labels up to " + (labels - 1) + ", the model has "
                        + classes.getLast() + " classes");
            }
        }
        return classes.stream().anyMatch(count -> count > 0) ? new OneHot(fitted, classes) : fitted;
    }

    private static void requireAll(String name, String what, List<String> names, int given) {
        if (given != names.size() && given > 0) {
            throw new CommandException(name + ": has arrays for " + given + " of the model's " + names.size() + " "
                    + what + " (" + String.join(", ", names) + ")");
        }
    }
}
