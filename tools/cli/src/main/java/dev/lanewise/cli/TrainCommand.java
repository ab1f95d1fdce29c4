package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.DataFiles;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.LoadedData;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.ExportReport;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ModelEdit;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Fit;
import dev.lanewise.train.History;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Objective;
import dev.lanewise.train.SparseCategoricalCrossentropy;
import dev.lanewise.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `lanewise train`.
@Command(
        name = "train",
        sortOptions = false,
        description = {
            "Trains a network. Without options: 784-128-10 with relu and softmax, by Adam, 5 epochs in batches of 128,"
                    + " on the images that ship with Lanewise.",
            ""
        })
final class TrainCommand implements Callable<Integer> {
    private static final long DEFAULT_SEED = 42;

    @Option(names = "--data", paramLabel = "NAME|PATH", description = "Data: " + DataSource.HELP)
    private String data = ShippedData.NAME;

    @Option(names = "--model", paramLabel = "FILE", description = "Trains this model further, with a new optimizer.")
    private @Nullable Path modelFile;

    @Option(names = "--resume", description = "With --model: goes on with the optimizer that the file keeps.")
    private boolean resume;

    @Option(
            names = "--new-head",
            paramLabel = "CLASSES",
            description = "With --model: a new last layer for so many classes in place of the old one.")
    private @Nullable Integer newHead;

    @Option(
            names = "--freeze",
            paramLabel = "PATTERN[,PATTERN…]",
            split = ",",
            description = "With --model: layers whose names match are not trained; * stands for any characters, ? for"
                    + " one. A new head is not among them.")
    private List<String> freeze = List.of();

    @Option(
            names = "--unfreeze",
            paramLabel = "PATTERN[,PATTERN…]",
            split = ",",
            description = "With --model: layers whose names match are trained again; done before --freeze.")
    private List<String> unfreeze = List.of();

    @Option(
            names = "--adapt",
            description = "With --model: puts layers in front of it that make the data's images fit: colours to grey or"
                    + " back, another size, pixels of 0 to 255 scaled.")
    private boolean adapt;

    @Option(
            names = "--preprocess",
            paramLabel = "MODE",
            converter = Names.PreprocessingConverter.class,
            description = "With --model: tf, caffe or torch: layers in front of it that do with pixels of 0 to 255 what"
                    + " Keras' preprocess_input does.")
    private Names.@Nullable Preprocessing preprocess;

    @Option(
            names = "--hidden",
            paramLabel = "N[,N…]",
            converter = Names.SizesConverter.class,
            description = "Sizes of a new model's hidden layers (default: 128), or none.")
    private Names.@Nullable Sizes hidden;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the data (default: 5).")
    private int epochs = 5;

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples in a step (default: 128).")
    private int batchSize = 128;

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            converter = Names.OptimizerConverter.class,
            description = "adam, adamw, rmsprop or sgd (default: adam).")
    private Names.@Nullable OptimizerName optimizer;

    @Option(names = "--learning-rate", paramLabel = "X", description = "Default: Keras' own, 0.001, or 0.01 for sgd.")
    private @Nullable Double learningRate;

    @Option(
            names = "--loss",
            paramLabel = "NAME|OUTPUT=NAME,…",
            converter = PerOutput.LossConverter.class,
            description = "Keras' name: sparse_categorical_crossentropy, categorical_crossentropy, binary_crossentropy,"
                    + " mean_squared_error, mean_absolute_error, huber or log_cosh (default: the given model's, else"
                    + " the first). Of a model of several outputs, one for all, one for each in their order, or by"
                    + " their names: out1=mse,out2=binary_crossentropy.")
    private @Nullable PerOutput<Loss> loss;

    @Option(
            names = "--loss-weights",
            paramLabel = "X[,X…]",
            converter = PerOutput.WeightsConverter.class,
            description = "What each output's loss counts in the sum, in the outputs' order or as out1=0.5 (default:"
                    + " 1, or the given model's).")
    private @Nullable PerOutput<Double> lossWeights;

    @Option(
            names = "--metrics",
            paramLabel = "NAME[,NAME…]",
            converter = PerOutput.MetricsConverter.class,
            description = "Keras' names: accuracy, binary_accuracy, top_k_categorical_accuracy, mean_squared_error and"
                    + " others; or none (default: accuracy for classes). Of a model of several outputs, for each of"
                    + " them, or by their names: out1=mae,mse,out2=accuracy.")
    private @Nullable PerOutput<Metric> metrics;

    @Option(
            names = "--validation-split",
            paramLabel = "X",
            description = "Validates on this share of the training data, cut from its end, instead of on test data.")
    private double validationSplit;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Saves the model here, as its name ends: .safetensors, .h5, .keras.")
    private @Nullable Path output;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "Number that first weights and the order of samples follow from (default: 42, or the model's).")
    private @Nullable Long seed;

    @Option(names = "--label", paramLabel = "COLUMN", description = DataSource.LABEL_HELP)
    private @Nullable String label;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Option(names = "--timing", hidden = true)
    private boolean timing;

    @Override
    public Integer call() {
        checkOptions();
        try (Compute compute = threads.compute()) {
            if (modelFile == null) {
                DataSource source = DataSource.load(data, label, List.of(), null);
                try (Model model = newModel(source)) {
                    train(source, model, compute);
                }
                return 0;
            }
            try (Model given = ModelSource.load(modelFile, keras)) {
                // A new head has classes of its own.
                List<String> known = newHead == null ? ModelFacts.classNames(given) : List.of();
                DataSource source = DataSource.load(data, label, known, given);
                if (!edits()) {
                    train(source.scaledFor(given), given, compute);
                    return 0;
                }
                try (Model model = edited(given, modelFile, source)) {
                    train(source.scaledFor(model), model, compute);
                }
            }
        }
        return 0;
    }

    private boolean edits() {
        return newHead != null || !freeze.isEmpty() || !unfreeze.isEmpty() || adapt || preprocess != null;
    }

    private Model edited(Model base, Path file, DataSource source) {
        try {
            ModelEdit edit = base.edit();
            if (newHead != null) {
                edit = edit.withoutTop();
            }
            for (String pattern : unfreeze) {
                edit = edit.unfreeze(pattern);
            }
            for (String pattern : freeze) {
                edit = edit.freeze(pattern);
            }
            if (newHead != null) {
                edit = edit.add(new Dense(newHead, Activations.SOFTMAX));
            }
            ModelEdit headed = edit;
            edit = inFront(edit, base, source);
            Model model = edit.build(seed == null ? base.seed() : seed);
            if (edit != headed && source.fromBytes()) {
                ModelFacts.setByteScale(model, 1);
            }
            return model;
        } catch (IllegalArgumentException e) {
            throw new CommandException(file + ": " + e.getMessage(), e);
        }
    }

    /// The layers of --adapt and --preprocess: the model then gets pixels as they are in files.
    private ModelEdit inFront(ModelEdit edit, Model base, DataSource source) {
        if (!adapt && preprocess == null) {
            return edit;
        }
        List<Shape> samples = source.sets().train().inputShapes();
        if (samples.size() != 1) {
            throw new CommandException(source.sets().name() + ": has " + samples.size()
                    + " inputs; --adapt and --preprocess are for data with one");
        }
        Shape sample = samples.getFirst();
        Shape wanted = edit.graph().inputShapes().getFirst().withoutFirst();
        if (preprocess != null) {
            Layer values = preprocess.layer();
            if (!adapt && !wanted.matches(sample)) {
                throw new CommandException(source.sets().name() + ": has samples of shape " + sample
                        + ", the model takes " + wanted + "; --adapt puts layers in front of it that make images fit");
            }
            return edit.adaptTo(sample, values);
        }
        if (wanted.matches(sample)) {
            common.note("--adapt has nothing to do: the model takes samples of shape " + sample + " as they are");
            return edit;
        }
        float scale = ModelFacts.scaleOfBytes(base);
        return source.fromBytes() && scale != 1 ? edit.adaptTo(sample, new Rescaling(scale)) : edit.adaptTo(sample);
    }

    private void checkOptions() {
        if (epochs < 1) {
            throw common.usage("--epochs must be 1 or more, got " + epochs);
        }
        if (batchSize < 1) {
            throw common.usage("--batch-size must be 1 or more, got " + batchSize);
        }
        if (!(validationSplit >= 0 && validationSplit < 1)) {
            throw common.usage("--validation-split must be from 0 to below 1, got " + validationSplit);
        }
        if (learningRate != null && !(learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY)) {
            throw common.usage("--learning-rate must be a number of at least 0, got " + learningRate);
        }
        if (modelFile != null && hidden != null) {
            throw common.usage("--hidden makes a new model and does not go with --model");
        }
        if (keras.given() && modelFile == null) {
            throw common.usage("--architecture, --by-name and --skip-mismatch need --model");
        }
        if (edits() && modelFile == null) {
            throw common.usage("--new-head, --freeze, --unfreeze, --adapt and --preprocess change a model that --model"
                    + " gives");
        }
        if (edits() && resume) {
            throw common.usage("--resume goes on as before and does not go with --new-head, --freeze, --unfreeze,"
                    + " --adapt or --preprocess");
        }
        if (newHead != null && newHead < 2) {
            throw common.usage("--new-head must be 2 classes or more, got " + newHead);
        }
        if (resume && modelFile == null) {
            throw common.usage("--resume needs --model, the file to go on with");
        }
        if (resume && (optimizer != null || loss != null || lossWeights != null || metrics != null)) {
            throw common.usage("--resume goes on as before and does not go with --optimizer, --loss, --loss-weights or"
                    + " --metrics");
        }
        if (output != null) {
            String fault = ModelSource.outputFault(output);
            if (fault != null) {
                throw common.usage("--output " + output + ": " + fault);
            }
            OutputPath.requireWritable(output);
        }
    }

    private Model newModel(DataSource source) {
        Loss wanted = loss == null
                ? new SparseCategoricalCrossentropy()
                : loss.one("--loss", List.of("the only one"), null).getFirst();
        return NewModel.create(
                source, wanted, hidden == null ? List.of(128) : hidden.list(), seed == null ? DEFAULT_SEED : seed);
    }

    /// A model's file tells how its inputs were made and what its outputs mean, where that is new.
    private void save(Model model, DataSource source, Path file) {
        boolean newOutputs = modelFile == null || newHead != null;
        if (newOutputs && NewModel.classifies(TrainingConfig.of(model).loss())) {
            ModelFacts.setClassNames(model, source.sets().classNames());
        }
        if (modelFile == null && source.fromBytes()) {
            ModelFacts.setByteScale(model, DataFiles.BYTE_SCALE);
        }
        final ExportReport report = ModelSource.save(model, file);
        if (report != null) {
            report.notes().forEach(note -> common.note(file + ": " + note));
        }
    }

    private Trainer trainer(Compute compute, Model model) {
        if (resume) {
            Trainer trainer = Trainer.resume(compute, model);
            if (learningRate != null) {
                trainer.learningRate(learningRate);
            }
            return trainer;
        }
        Names.OptimizerName name = optimizer == null ? new Names.OptimizerName("adam") : optimizer;
        return Trainer.of(compute, model, name.create(learningRate), objectives(model));
    }

    /// What the options say, else what the model was trained for, else classes.
    private List<Objective> objectives(Model model) {
        List<String> outputs = PerOutput.outputs(model);
        List<Objective> known = TrainingConfig.isIn(model) && (loss == null || lossWeights == null)
                ? TrainingConfig.of(model).objectives()
                : List.of();
        boolean keeps = loss == null && !known.isEmpty();
        List<Loss> losses = keeps
                ? known.stream().map(Objective::loss).toList()
                : loss != null
                        ? loss.one("--loss", outputs, null)
                        : Collections.nCopies(outputs.size(), new SparseCategoricalCrossentropy());
        List<Double> weights = lossWeights != null
                ? lossWeights.one("--loss-weights", outputs, 1.0)
                : known.size() == outputs.size()
                        ? known.stream().map(Objective::lossWeight).toList()
                        : Collections.nCopies(outputs.size(), 1.0);
        List<List<Metric>> followed = metrics != null
                ? metrics.any("--metrics", outputs)
                : keeps
                        ? known.stream().map(Objective::metrics).toList()
                        : losses.stream()
                                .map(of -> NewModel.hasAccuracy(of) ? List.of(Metric.ACCURACY) : List.<Metric>of())
                                .toList();
        List<Objective> all = new ArrayList<>();
        for (int i = 0; i < losses.size(); i++) {
            all.add(new Objective(losses.get(i), weights.get(i), followed.get(i)));
        }
        return all;
    }

    private void train(DataSource source, Model model, Compute compute) {
        EpochProgress progress =
                new EpochProgress(common.messages(), () -> !common.json() && EpochProgress.isTerminal());
        if (timing) {
            progress.timeFirstStep();
        }
        try (Trainer trainer = trainer(compute, model)) {
            LoadedData sets = source.sets();
            List<Objective> used = TrainingConfig.of(model).objectives();
            Dataset train = Fitting.fit(sets.name(), sets.train(), model, used, common, "--adapt");
            Dataset test = validationSplit > 0 ? null : sets.test();
            Dataset validation = test == null ? null : Fitting.fit(sets.name(), test, model, used, common, "--adapt");
            Fit fit = Fit.epochs(epochs)
                    .batchSize(batchSize)
                    .validationSplit(validationSplit)
                    .listener(progress);
            if (validation != null) {
                fit = fit.validation(validation);
            }
            if (seed != null) {
                fit = fit.seed(seed);
            }
            int samples =
                    validationSplit > 0 ? train.split(validationSplit).train().size() : train.size();
            int validated = validation != null ? validation.size() : train.size() - samples;
            announce(sets, samples, validated, train, model, compute);
            long start = System.nanoTime();
            History history = trainer.fit(train, fit);
            double seconds = (System.nanoTime() - start) * 1e-9;
            if (output != null) {
                save(model, source, output);
            }
            Result result = new Result(sets.name(), samples, validated, seconds, progress, history, model, compute);
            if (common.json()) {
                common.print(json(result));
            } else {
                summarize(result);
            }
            if (timing) {
                printTiming(progress);
            }
        }
    }

    private record Result(
            String dataset,
            int samples,
            int validated,
            double seconds,
            EpochProgress progress,
            History history,
            Model model,
            Compute compute) {
        double samplesPerSecond() {
            return (double) samples * history.epochs().size() / progress.trainingSeconds();
        }
    }

    private void announce(LoadedData sets, int samples, int validated, Dataset train, Model model, Compute compute) {
        StringBuilder text = new StringBuilder("Data: ").append(sets.name());
        if (!sets.origin().equals(sets.name())) {
            text.append(" (").append(sets.origin()).append(')');
        }
        text.append(": ").append(Text.count(samples, "sample")).append(" of shape ");
        for (int i = 0; i < train.inputShapes().size(); i++) {
            text.append(i == 0 ? "" : ", ").append(train.inputShapes().get(i));
        }
        if (validated > 0) {
            text.append(", ").append(Text.grouped(validated)).append(" to validate on");
        }
        common.messages().println(text);
        String sizes = NewModel.sizes(model);
        text = new StringBuilder("Model: ").append(sizes).append(sizes.isEmpty() ? "" : ", ");
        text.append(Text.count(model.parameterCount(), "parameter"));
        if (!model.graph().frozen().isEmpty()) {
            text.append(" (")
                    .append(Text.grouped(model.layout().trainableSize()))
                    .append(" trained)");
        }
        text.append(", on ");
        text.append(Text.count(compute.threads(), "thread")).append(" with ").append(kernels(compute));
        common.messages().println(text);
        common.messages().flush();
    }

    private static String kernels(Compute compute) {
        int bits = compute.bestKernels().vectorBits();
        return bits == 0 ? "plain loops (slow)" : bits + "-bit vectors";
    }

    private void summarize(Result result) {
        var out = common.messages();
        out.println();
        out.println(String.format(
                Locale.ROOT,
                "Trained in %.2f s: %s samples/s",
                result.seconds(),
                Text.grouped(Math.round(result.samplesPerSecond()))));
        StringBuilder figures = new StringBuilder();
        result.history().values().forEach((name, values) -> {
            if (name.startsWith("val_")) {
                figures.append(figures.isEmpty() ? "Validation " : ", ");
                figures.append(String.format(Locale.ROOT, "%s %.4f", name.substring(4), values.getLast()));
            }
        });
        if (!figures.isEmpty()) {
            out.println(figures.append(" on ").append(Text.count(result.validated(), "sample")));
        }
        if (!Double.isFinite(result.history().last("loss"))) {
            common.note("the loss is not a finite number; a smaller --learning-rate may help");
        }
        out.println(output == null ? "Not saved (--output FILE.safetensors does)" : "Saved to " + output);
    }

    private JsonObject json(Result result) {
        JsonObject history = new JsonObject();
        result.history().values().forEach((name, values) -> {
            JsonArray array = new JsonArray();
            values.forEach(value -> array.add(Json.number(value.doubleValue())));
            history.add(name, array);
        });
        JsonObject json = new JsonObject();
        json.add("history", history);
        json.add("samples_per_second", Json.number(result.samplesPerSecond()));
        json.addProperty("seconds", result.seconds());
        json.addProperty("training_seconds", result.progress().trainingSeconds());
        json.addProperty("epochs", epochs);
        json.addProperty("batch_size", batchSize);
        json.addProperty("threads", result.compute().threads());
        json.addProperty("vector_bits", result.compute().bestKernels().vectorBits());
        json.addProperty("seed", result.model().seed());
        json.addProperty("dataset", result.dataset());
        json.addProperty("samples", result.samples());
        json.addProperty("validation_samples", result.validated());
        json.addProperty("parameters", result.model().parameterCount());
        json.addProperty("trainable_parameters", result.model().layout().trainableSize());
        json.addProperty("output", output == null ? null : output.toString());
        ProcessFacts.peakMemoryBytes().ifPresent(bytes -> json.addProperty("peak_memory_bytes", bytes));
        result.progress().firstStepMillis().ifPresent(millis -> json.addProperty("first_step_millis", millis));
        return json;
    }

    private void printTiming(EpochProgress progress) {
        var err = common.err();
        progress.firstStepMillis()
                .ifPresent(millis -> err.println(
                        "timing: " + millis + " ms from the process' start to the end of the" + " first step"));
        ProcessFacts.peakMemoryBytes()
                .ifPresent(bytes -> err.println("timing: " + Text.bytes(bytes) + " resident at most"));
    }
}
