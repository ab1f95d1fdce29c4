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
import dev.lanewise.train.Loss;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Metric;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import java.nio.file.Path;
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
            DataSource source =
                    DataSource.load(data, label, ModelFacts.classNames(model)).scaledFor(model);
            String name = source.sets().name();
            Dataset raw = source.testOrAll();
            if (!raw.hasTargets()) {
                throw new CommandException(name + ": has no targets to compare with");
            }
            Loss loss;
            List<Metric> metrics;
            if (TrainingConfig.isIn(model)) {
                TrainingConfig config = TrainingConfig.of(model);
                loss = config.loss();
                metrics = config.metrics();
            } else {
                loss = usualLoss(model, raw);
                metrics = loss instanceof MeanSquaredError ? List.of() : List.of(Metric.ACCURACY);
                common.note("the model was not trained here and has no loss; " + loss.name() + " is computed");
            }
            Dataset fitted = Fitting.fit(name, raw, model, loss, common, "`lanewise train --model --adapt`");
            FitListener progress = common.json()
                    ? FitListener.NONE
                    : EpochProgress.ofEvaluation(common.out(), EpochProgress::isTerminal);
            long start = System.nanoTime();
            Map<String, Double> figures =
                    Evaluator.evaluate(compute, model, fitted, batchSize, loss, metrics, progress);
            if (common.json()) {
                print(figures, fitted.size(), (System.nanoTime() - start) * 1e-9);
            }
        }
        return 0;
    }

    /// For a model that keeps no loss: by the shapes of its output and the targets.
    private static Loss usualLoss(Model model, Dataset data) {
        Shape output = model.graph().outputShapes().getFirst();
        if (output.rank() == 2 && output.last() > 1) {
            return Labels.areIn(data) ? new SparseCategoricalCrossentropy() : new CategoricalCrossentropy();
        }
        return new MeanSquaredError();
    }

    private void print(Map<String, Double> figures, int samples, double seconds) {
        JsonObject json = new JsonObject();
        figures.forEach((figure, value) -> json.add(figure, Json.number(value.doubleValue())));
        json.addProperty("samples", samples);
        json.addProperty("seconds", seconds);
        common.print(json);
    }
}
