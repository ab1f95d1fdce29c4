package dev.lanewise.cli;

import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.CategoricalCrossentropy;
import dev.lanewise.train.Evaluator;
import dev.lanewise.train.FitListener;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Objective;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lanewise evaluate`.
@Command(
        name = "evaluate",
        sortOptions = false,
        description = {
            "Prints a model's loss and metrics on data: the test part where there is one, otherwise all.",
            "Loss and metrics are those that the model was trained with.",
            ""
        })
final class EvaluateCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path modelFile;

    @Option(names = "--data", paramLabel = "NAME|PATH", required = true, description = "Data: " + DataSource.HELP)
    @SuppressWarnings("NullAway.Init")
    private String data;

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples computed at a time (default: 128).")
    private int batchSize = 128;

    @Option(names = "--label", paramLabel = "COLUMN", description = DataSource.LABEL_HELP)
    private @Nullable String label;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Override
    public Integer call() {
        if (batchSize < 1) {
            throw common.usage("--batch-size must be 1 or more, got " + batchSize);
        }
        try (Model model = ModelSource.load(modelFile, keras);
                Compute compute = threads.compute()) {
            DataSource source = DataSource.load(data, label, ModelFacts.classNames(model), model)
                    .scaledFor(model);
            String name = source.sets().name();
            Dataset raw = source.testOrAll();
            if (!raw.hasTargets()) {
                throw new CommandException(name + ": has no targets to compare with");
            }
            List<Objective> objectives;
            if (TrainingConfig.isIn(model)) {
                objectives = TrainingConfig.of(model).objectives();
            } else {
                objectives = usual(model, raw);
                common.note("the model was not trained here and has no loss; "
                        + String.join(
                                ", ",
                                objectives.stream().map(of -> of.loss().name()).toList())
                        + " is computed");
            }
            Dataset fitted = Fitting.fit(name, raw, model, objectives, common, "`lanewise train --model --adapt`");
            FitListener progress = common.json()
                    ? FitListener.NONE
                    : EpochProgress.ofEvaluation(common.out(), EpochProgress::isTerminal);
            long start = System.nanoTime();
            Map<String, Double> figures = Evaluator.evaluate(compute, model, fitted, batchSize, objectives, progress);
            if (common.json()) {
                print(figures, fitted.size(), (System.nanoTime() - start) * 1e-9);
            }
        }
        return 0;
    }

    /// For a model that keeps no loss: by the shapes of its outputs and the targets.
    private static List<Objective> usual(Model model, Dataset data) {
        List<Objective> objectives = new ArrayList<>();
        List<Shape> outputs = model.graph().outputShapes();
        for (int i = 0; i < outputs.size(); i++) {
            if (outputs.get(i).rank() == 2 && outputs.get(i).last() > 1) {
                boolean labels = i < data.targets() && Labels.areIn(data, i);
                objectives.add(new Objective(
                        labels ? new SparseCategoricalCrossentropy() : new CategoricalCrossentropy(), Metric.ACCURACY));
            } else {
                objectives.add(new Objective(new MeanSquaredError()));
            }
        }
        return objectives;
    }

    private void print(Map<String, Double> figures, int samples, double seconds) {
        JsonObject json = new JsonObject();
        figures.forEach((figure, value) -> json.add(figure, Json.number(value.doubleValue())));
        json.addProperty("samples", samples);
        json.addProperty("seconds", seconds);
        common.print(json);
    }
}
