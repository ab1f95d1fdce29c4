package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.io.SafetensorsHeader;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.ImportReport;
import dev.lanewise.keras.ImportedModel;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.keras.UnsupportedLayerException;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.train.Metric;
import dev.lanewise.train.Objective;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lanewise inspect`.
@Command(
        name = "inspect",
        sortOptions = false,
        description = {
            "Prints what a model's file holds: layers, weights, metadata.",
            "Where it cannot be loaded as a model: what could be read, why it is no model, and exit code 1.",
            ""
        })
final class InspectCommand implements Callable<Integer> {
    private static final int LONGEST_VALUE = 100;

    @Parameters(index = "0", paramLabel = "FILE", description = "The model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--nested", description = "Shows the layers of models within the model in the table too.")
    private boolean nested;

    @Option(
            names = "--diagram",
            paramLabel = "FILE",
            description = "Writes a picture of the layers and their connections: .svg, or .dot for Graphviz.")
    private @Nullable Path diagram;

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Override
    public Integer call() {
        if (diagram != null && !isDot(diagram) && !isSvg(diagram)) {
            throw common.usage("--diagram " + diagram + ": the name must end with .svg or .dot");
        }
        FileKind kind = FileKind.of(file);
        SafetensorsHeader header = null;
        Model model = null;
        ImportReport report = null;
        RuntimeException fault = null;
        try {
            if (kind == FileKind.SAFETENSORS) {
                header = header();
            }
            if (kind.isKeras()) {
                ImportedModel imported = KerasModels.importFile(file, keras.options());
                report = imported.report();
                model = imported.model();
            } else {
                model = ModelSource.load(file, keras);
            }
        } catch (UnsupportedLayerException e) {
            report = e.report();
            fault = e;
        } catch (CommandException | ModelFormatException | UncheckedIOException e) {
            fault = e;
        }
        try {
            JsonObject json = new JsonObject();
            describe(json, kind, header, model);
            if (report != null) {
                report(json, report);
            }
            if (diagram != null && model != null) {
                draw(model.graph(), diagram);
            }
            if (common.json()) {
                json.addProperty("error", fault == null ? null : Failures.oneLine(String.valueOf(fault.getMessage())));
                common.print(json);
            }
        } finally {
            if (model != null) {
                model.close();
            }
        }
        if (fault != null) {
            throw fault;
        }
        return 0;
    }

    private static boolean isDot(Path path) {
        return path.toString().endsWith(".dot") || path.toString().endsWith(".gv");
    }

    private static boolean isSvg(Path path) {
        return path.toString().endsWith(".svg");
    }

    private static void draw(Graph graph, Path path) {
        String picture = isSvg(path) ? graph.svg() : graph.dot();
        FileReplacement.write(path, out -> out.write(picture.getBytes(StandardCharsets.UTF_8)));
    }

    private SafetensorsHeader header() {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return SafetensorsHeader.read(channel, file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private void describe(JsonObject json, FileKind kind, @Nullable SafetensorsHeader header, @Nullable Model model) {
        PrintWriter out = common.messages();
        long size;
        try {
            size = Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
        json.addProperty("file", file.toString());
        json.addProperty("format", kind.title());
        json.addProperty("bytes", size);
        json.addProperty("loadable", model != null);
        boolean text = !common.json();
        if (text) {
            out.println(file + ": " + kind.title() + ", " + Text.count(size, "byte"));
        }
        if (model != null) {
            model(json, model);
        } else if (header != null) {
            JsonArray tensors = new JsonArray();
            List<List<String>> rows = new ArrayList<>();
            header.tensors().forEach((name, entry) -> {
                JsonObject tensor = new JsonObject();
                tensor.addProperty("name", name);
                tensor.addProperty("dtype", entry.dtype());
                tensor.add("shape", Json.shape(entry.shape()));
                tensors.add(tensor);
                rows.add(List.of("  " + name, entry.dtype(), entry.shape().toString()));
            });
            json.add("tensors", tensors);
            if (text) {
                out.println();
                out.println("Tensors: " + rows.size());
                out.print(Text.clean(Text.table(rows)));
            }
        }
        if (header != null) {
            metadata(json, header.metadata());
        }
    }

    /// What became of each part of a Keras file.
    private void report(JsonObject json, ImportReport report) {
        json.add("report", JsonParser.parseString(report.json()));
        if (!common.json()) {
            common.out().println();
            common.out().print(Text.clean(report.text()));
        }
    }

    private void model(JsonObject json, Model model) {
        Graph graph = model.graph();
        json.add("inputs", ends(graph, graph.inputs(), graph.inputShapes()));
        json.add(
                "outputs",
                ends(graph, graph.outputs().stream().map(Graph.Value::call).toList(), graph.outputShapes()));
        JsonArray layers = new JsonArray();
        graph.layers().forEach((name, layer) -> {
            JsonObject entry = new JsonObject();
            entry.addProperty("name", name);
            entry.addProperty("type", layer.typeName());
            entry.addProperty("trainable", graph.isTrainable(name));
            entry.addProperty(
                    "parameters",
                    model.layout().places(name).stream()
                            .mapToLong(place -> place.spec().shape().size())
                            .sum());
            layers.add(entry);
        });
        json.add("layers", layers);
        json.addProperty("parameters", model.parameterCount());
        JsonArray weights = new JsonArray();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("  name", "shape", "min", "max", "mean", ""));
        for (ParameterLayout.Place place : model.layout().places()) {
            Range range = Range.of(model.parameter(place));
            JsonObject weight = new JsonObject();
            weight.addProperty("name", place.path());
            weight.add("shape", Json.shape(place.spec().shape()));
            weight.addProperty("trainable", place.spec().trainable());
            weight.add("min", Json.number(range.min()));
            weight.add("max", Json.number(range.max()));
            weight.add("mean", Json.number(range.mean()));
            weight.addProperty("not_finite", range.notFinite());
            weights.add(weight);
            String remark = place.spec().trainable() ? "" : "not trainable ";
            rows.add(List.of(
                    "  " + place.path(),
                    place.spec().shape().toString(),
                    figure(range.min()),
                    figure(range.max()),
                    figure(range.mean()),
                    range.notFinite() == 0 ? remark : remark + range.notFinite() + " NaN or infinite"));
        }
        json.add("weights", weights);
        if (!common.json()) {
            PrintWriter out = common.out();
            out.println();
            out.println(Text.clean(model.summary(nested)));
            out.println("Inputs:  " + Text.clean(ends(json, "inputs")));
            out.println("Outputs: " + Text.clean(ends(json, "outputs")));
            out.println();
            out.println("Weights");
            out.print(Text.clean(Text.table(rows)));
        }
        training(json, model);
    }

    private static JsonArray ends(Graph graph, List<Integer> calls, List<Shape> shapes) {
        JsonArray array = new JsonArray();
        for (int i = 0; i < calls.size(); i++) {
            JsonObject end = new JsonObject();
            end.addProperty("name", graph.calls().get(calls.get(i)).layer());
            end.add("shape", Json.shape(shapes.get(i)));
            array.add(end);
        }
        return array;
    }

    private static String ends(JsonObject json, String which) {
        List<String> texts = new ArrayList<>();
        for (JsonElement end : json.getAsJsonArray(which)) {
            JsonObject of = end.getAsJsonObject();
            texts.add(of.get("name").getAsString() + " "
                    + of.get("shape").toString().replace("null", "None").replace(",", ", "));
        }
        return String.join(", ", texts);
    }

    private void training(JsonObject json, Model model) {
        if (!TrainingConfig.isIn(model)) {
            return;
        }
        JsonObject training = new JsonObject();
        String text;
        try {
            TrainingConfig config = TrainingConfig.of(model);
            training.addProperty("optimizer", config.optimizer().name());
            training.addProperty("learning_rate", config.optimizer().learningRate());
            List<String> parts = objectives(training, config, model);
            text = config.optimizer().name() + " (learning rate "
                    + config.optimizer().learningRate() + "), " + String.join("; ", parts);
        } catch (IllegalStateException | ModelFormatException e) {
            text = String.valueOf(e.getMessage());
        }
        training.addProperty("steps", model.iteration());
        training.addProperty("epochs", model.epoch());
        training.addProperty("seed", model.seed());
        json.add("training", training);
        if (!common.json()) {
            common.out().println();
            common.out()
                    .println("Training: " + Text.clean(text) + "; " + Text.count(model.iteration(), "step") + ", "
                            + Text.count(model.epoch(), "epoch") + ", seed " + model.seed());
        }
    }

    /// Loss and metrics as Keras has them: names for one output, by the outputs' names for several.
    private static List<String> objectives(JsonObject training, TrainingConfig config, Model model) {
        List<String> outputs = PerOutput.outputs(model);
        boolean several = outputs.size() > 1 && config.objectives().size() == outputs.size();
        JsonObject losses = new JsonObject();
        JsonObject weights = new JsonObject();
        JsonObject metrics = new JsonObject();
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < config.objectives().size(); i++) {
            Objective objective = config.objectives().get(i);
            String output = several ? outputs.get(i) : "";
            List<String> followed =
                    objective.metrics().stream().map(Metric::name).toList();
            losses.addProperty(output, objective.loss().name());
            weights.addProperty(output, objective.lossWeight());
            metrics.add(output, Json.strings(followed));
            parts.add((several ? output + ": " : "")
                    + objective.loss().name()
                    + (objective.lossWeight() == 1 ? "" : " times " + objective.lossWeight())
                    + (followed.isEmpty() ? "" : ", " + String.join(", ", followed)));
        }
        training.add("loss", several ? losses : losses.get(""));
        if (several) {
            training.add("loss_weights", weights);
        }
        training.add("metrics", several ? metrics : metrics.get(""));
        return parts;
    }

    private void metadata(JsonObject json, Map<String, String> metadata) {
        JsonObject object = new JsonObject();
        metadata.forEach((key, value) -> object.add(key, parsed(value)));
        json.add("metadata", object);
        if (!common.json() && !metadata.isEmpty()) {
            common.out().println();
            common.out().println("Metadata");
            List<List<String>> rows = new ArrayList<>();
            metadata.forEach((key, value) -> rows.add(List.of("  " + key, abbreviated(value))));
            common.out().print(Text.clean(Text.table(rows)));
        }
    }

    /// JSON within a string as JSON.
    private static JsonElement parsed(String value) {
        try {
            return value.startsWith("{") || value.startsWith("[")
                    ? JsonParser.parseString(value)
                    : new com.google.gson.JsonPrimitive(value);
        } catch (JsonParseException e) {
            return new com.google.gson.JsonPrimitive(value);
        }
    }

    private static String abbreviated(String value) {
        return value.length() <= LONGEST_VALUE
                ? value
                : value.substring(0, LONGEST_VALUE) + "… (" + Text.grouped(value.length()) + " characters)";
    }

    private static String figure(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.5g", value);
    }

    /// Smallest, largest and mean of a weight's finite values; NaN where there are none.
    private record Range(double min, double max, double mean, long notFinite) {
        static Range of(Tensor weight) {
            double min = Double.NaN;
            double max = Double.NaN;
            double sum = 0;
            long finite = 0;
            for (int i = 0; i < weight.size(); i++) {
                float value = weight.get(i);
                if (Float.isFinite(value)) {
                    min = finite == 0 ? value : Math.min(min, value);
                    max = finite == 0 ? value : Math.max(max, value);
                    sum += value;
                    finite++;
                }
            }
            return new Range(min, max, sum / finite, weight.size() - finite);
        }
    }
}
