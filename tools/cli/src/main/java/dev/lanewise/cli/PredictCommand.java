package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Workspace;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lanewise predict`.
@Command(
        name = "predict",
        sortOptions = false,
        description = {
            "Computes a model's outputs for inputs from files: NPY, NPZ, IDX, or images (PNG, JPEG, GIF, BMP).",
            "Images must have the model's size; several are a batch.",
            ""
        })
final class PredictCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path modelFile;

    @Parameters(index = "1..*", paramLabel = "FILE", description = "More inputs, as after --input.")
    private final List<String> more = new ArrayList<>();

    @Option(
            names = "--input",
            paramLabel = "FILE|NAME=FILE",
            description = "A file with samples; once for each input of the model in its order, or by the input's name.")
    private final List<String> inputs = new ArrayList<>();

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description =
                    "Where to write: .npy, .npz (several outputs in the model's order) or .csv; default: prints them.")
    private @Nullable Path output;

    @Option(names = "--top", paramLabel = "K", description = "Prints the K likeliest classes of each sample.")
    private @Nullable Integer top;

    @Option(names = "--batch-size", paramLabel = "N", description = "Samples computed at a time (default: 32).")
    private int batchSize = 32;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Override
    public Integer call() {
        List<String> all = new ArrayList<>(inputs);
        all.addAll(more);
        if (all.isEmpty()) {
            throw common.usage("what to predict for? --input FILE tells");
        }
        if (batchSize < 1) {
            throw common.usage("--batch-size must be 1 or more, got " + batchSize);
        }
        if (top != null && top < 1) {
            throw common.usage("--top must be 1 or more, got " + top);
        }
        if (output != null) {
            if (!PredictOutput.isSupported(output)) {
                throw common.usage("--output " + output + ": the name must end with .npy, .npz or .csv");
            }
            OutputPath.requireWritable(output);
        }
        try (Model model = ModelSource.load(modelFile, keras);
                Compute compute = threads.compute()) {
            requireOutputs(model);
            PredictInputs reader = new PredictInputs(model, common);
            Dataset data = reader.read(all);
            long start = System.nanoTime();
            List<Prediction> predictions;
            double seconds;
            try (Workspace workspace = new Workspace(model, model.graph(), compute, false)) {
                List<float[]> values = workspace.predict(data, batchSize);
                seconds = (System.nanoTime() - start) * 1e-9;
                predictions = Prediction.of(model, workspace, data.size(), values);
            }
            List<String> classNames = ModelFacts.classNames(model);
            if (output != null) {
                PredictOutput.write(output, predictions, classNames);
            }
            if (common.json()) {
                common.print(json(predictions, classNames, reader.rowNames(), seconds));
            } else {
                print(predictions, classNames, reader.rowNames());
            }
        }
        return 0;
    }

    /// What the model's outputs do not allow, before anything is computed.
    private void requireOutputs(Model model) {
        int outputs = model.graph().outputs().size();
        if (output != null && outputs > 1 && OutputPath.ending(output).equals("npy")) {
            throw new CommandException(
                    output + ": an .npy file holds one array, the model has " + outputs + " outputs; use .npz");
        }
        if (top != null
                && (outputs > 1 || model.graph().outputShapes().getFirst().rank() != 2)) {
            throw new CommandException("--top needs a model with one output [None, classes], this one has "
                    + String.join(
                            ", ",
                            model.graph().outputShapes().stream()
                                    .map(Object::toString)
                                    .toList()));
        }
    }

    private void print(List<Prediction> predictions, List<String> classNames, List<String> rowNames) {
        PrintWriter out = common.out();
        Prediction first = predictions.getFirst();
        int samples = first.shape().dim(0);
        if (top != null) {
            for (int sample = 0; sample < samples; sample++) {
                List<String> classes = new ArrayList<>();
                for (int i : first.top(sample, top)) {
                    classes.add(className(classNames, first.width(), i)
                            + String.format(Locale.ROOT, " %.4f", first.value(sample, i)));
                }
                String row = rowNames.isEmpty() ? Integer.toString(sample) : rowNames.get(sample);
                out.println(row + ": " + String.join(", ", classes));
            }
        } else if (output == null) {
            for (Prediction prediction : predictions) {
                if (predictions.size() > 1) {
                    out.println(prediction.name() + " " + prediction.shape());
                }
                for (int sample = 0; sample < samples; sample++) {
                    StringBuilder row = new StringBuilder();
                    for (int i = 0; i < prediction.width(); i++) {
                        row.append(i == 0 ? "" : " ").append(prediction.value(sample, i));
                    }
                    out.println(row);
                }
            }
        }
        if (output != null) {
            List<String> shapes = predictions.stream()
                    .map(prediction -> prediction.name() + " " + prediction.shape())
                    .toList();
            out.println("Wrote " + output + ": " + String.join(", ", shapes));
        }
    }

    private static String className(List<String> names, int classes, int i) {
        return names.size() == classes ? names.get(i) : "class " + i;
    }

    private JsonObject json(
            List<Prediction> predictions, List<String> classNames, List<String> rowNames, double seconds) {
        JsonObject json = new JsonObject();
        JsonArray outputs = new JsonArray();
        for (Prediction prediction : predictions) {
            JsonObject entry = prediction.header();
            if (output == null && top == null) {
                entry.add("values", prediction.json());
            }
            outputs.add(entry);
        }
        json.add("outputs", outputs);
        Prediction first = predictions.getFirst();
        if (top != null) {
            JsonArray rows = new JsonArray();
            for (int sample = 0; sample < first.shape().dim(0); sample++) {
                JsonArray row = new JsonArray();
                for (int i : first.top(sample, top)) {
                    JsonObject entry = new JsonObject();
                    entry.addProperty("index", i);
                    entry.addProperty("class", className(classNames, first.width(), i));
                    entry.add("probability", Json.number(first.value(sample, i)));
                    row.add(entry);
                }
                rows.add(row);
            }
            json.add("top", rows);
        }
        if (!rowNames.isEmpty()) {
            json.add("files", Json.strings(rowNames));
        }
        json.addProperty("output", output == null ? null : output.toString());
        json.addProperty("samples", first.shape().dim(0));
        json.addProperty("seconds", seconds);
        return json;
    }
}
