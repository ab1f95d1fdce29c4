package dev.lanewise.keras;

import static dev.lanewise.keras.KerasJson.printable;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What became of each part of a Keras file.
///
/// @param file its name
/// @param format `h5`
/// @param kerasVersion as the file says; empty where it does not
/// @param backend as the file says; empty where it does not
/// @param modelClass `Sequential`, `Functional`
/// @param modelName Keras' name of the model
/// @param layers in the file's order
/// @param training what became of optimizer, loss and metrics
/// @param findings about the model as a whole
public record ImportReport(
        String file,
        String format,
        String kerasVersion,
        String backend,
        String modelClass,
        String modelName,
        List<LayerReport> layers,
        TrainingReport training,
        List<Finding> findings) {

    /// What became of a layer.
    ///
    /// @param loaded whether it can be computed here
    /// @param weights in the file's order
    public record LayerReport(
            String name, String className, boolean loaded, List<WeightReport> weights, List<Finding> findings) {
        public LayerReport {
            weights = List.copyOf(weights);
            findings = List.copyOf(findings);
        }
    }

    /// What became of a weight.
    ///
    /// @param name in the file
    /// @param shape in the file
    /// @param dtype in the file, in NumPy's words
    /// @param target its name in the model; null where it has no place there
    public record WeightReport(
            String name,
            List<Long> shape,
            String dtype,
            @Nullable String target) {
        public WeightReport {
            shape = List.copyOf(shape);
        }
    }

    /// What became of optimizer, loss and metrics.
    ///
    /// @param optimizer Keras' name; null where the file has none
    /// @param loss Keras' name; null where the file has none
    /// @param iteration optimizer steps so far
    /// @param slots numbers that the optimizer remembers and that were taken over, by name
    /// @param resumable whether training can go on as before
    public record TrainingReport(
            @Nullable String optimizer,
            @Nullable String loss,
            long iteration,
            List<String> slots,
            boolean resumable,
            List<Finding> findings) {
        public TrainingReport {
            slots = List.copyOf(slots);
            findings = List.copyOf(findings);
        }
    }

    public ImportReport {
        layers = List.copyOf(layers);
        findings = List.copyOf(findings);
    }

    /// Whether nothing keeps the model from being loaded.
    public boolean loadable() {
        return refusals().isEmpty();
    }

    /// What keeps the model from being loaded, each by name.
    public List<String> refusals() {
        final List<String> refusals = new ArrayList<>();
        findings.stream().filter(f -> f.reason().refuses()).forEach(f -> refusals.add(f.toString()));
        for (LayerReport layer : layers) {
            for (Finding finding : layer.findings()) {
                if (finding.reason().refuses()) {
                    refusals.add("layer '" + layer.name() + "' (" + layer.className() + "): " + finding);
                }
            }
        }
        return refusals;
    }

    /// All findings, of the model, the layers and training.
    public List<Finding> allFindings() {
        return Stream.of(
                        findings.stream(),
                        layers.stream().flatMap(layer -> layer.findings().stream()),
                        training.findings().stream())
                .flatMap(s -> s)
                .toList();
    }

    /// For people: a line for each layer and weight, what is special about it below.
    public String text() {
        final StringBuilder text = new StringBuilder();
        text.append(printable(modelClass))
                .append(" '")
                .append(printable(modelName))
                .append("' by Keras ");
        text.append(kerasVersion.isEmpty() ? "(version not said)" : printable(kerasVersion));
        text.append(backend.isEmpty() ? "" : " on " + printable(backend))
                .append(", ")
                .append(format)
                .append('\n');
        findings.forEach(
                finding -> text.append("  ! ").append(describe(finding)).append('\n'));
        for (LayerReport layer : layers) {
            text.append(layer.loaded() ? "  ok  " : "  NO  ");
            text.append(printable(layer.name()))
                    .append(" (")
                    .append(printable(layer.className()))
                    .append(")\n");
            for (WeightReport weight : layer.weights()) {
                text.append("        ")
                        .append(printable(weight.name()))
                        .append(' ')
                        .append(weight.shape())
                        .append(' ');
                text.append(weight.dtype())
                        .append(weight.target() == null ? ": no place" : " -> " + printable(weight.target()));
                text.append('\n');
            }
            layer.findings()
                    .forEach(finding ->
                            text.append("      ! ").append(describe(finding)).append('\n'));
        }
        text.append("Training: ");
        if (training.optimizer() == null && training.loss() == null) {
            text.append("the file says nothing\n");
        } else {
            text.append(String.valueOf(training.optimizer())).append(", ").append(String.valueOf(training.loss()));
            text.append(String.format(Locale.ROOT, ", %d steps", training.iteration()));
            text.append(training.slots().isEmpty() ? "" : ", memory " + String.join(", ", training.slots()));
            text.append(training.resumable() ? "; can go on\n" : "; cannot go on as before\n");
        }
        training.findings()
                .forEach(
                        finding -> text.append("  ! ").append(describe(finding)).append('\n'));
        return text.toString();
    }

    private static String describe(Finding finding) {
        return finding.detail().isEmpty()
                ? finding.reason().sentence()
                : finding.detail() + " [" + finding.reason() + "]";
    }

    /// The same as one JSON object.
    public String json() {
        final JsonObject json = new JsonObject();
        json.addProperty("file", file);
        json.addProperty("format", format);
        json.addProperty("keras_version", kerasVersion);
        json.addProperty("backend", backend);
        json.addProperty("class_name", modelClass);
        json.addProperty("name", modelName);
        json.addProperty("loadable", loadable());
        json.add("findings", json(findings));
        final JsonArray array = new JsonArray();
        for (LayerReport layer : layers) {
            final JsonObject entry = new JsonObject();
            entry.addProperty("name", layer.name());
            entry.addProperty("class_name", layer.className());
            entry.addProperty("loaded", layer.loaded());
            final JsonArray weights = new JsonArray();
            for (WeightReport weight : layer.weights()) {
                final JsonObject w = new JsonObject();
                w.addProperty("name", weight.name());
                final JsonArray shape = new JsonArray();
                weight.shape().forEach(shape::add);
                w.add("shape", shape);
                w.addProperty("dtype", weight.dtype());
                w.addProperty("target", weight.target());
                weights.add(w);
            }
            entry.add("weights", weights);
            entry.add("findings", json(layer.findings()));
            array.add(entry);
        }
        json.add("layers", array);
        final JsonObject train = new JsonObject();
        train.addProperty("optimizer", training.optimizer());
        train.addProperty("loss", training.loss());
        train.addProperty("iteration", training.iteration());
        final JsonArray slots = new JsonArray();
        training.slots().forEach(slots::add);
        train.add("slots", slots);
        train.addProperty("resumable", training.resumable());
        train.add("findings", json(training.findings()));
        final JsonElement none = JsonNull.INSTANCE;
        json.add("training", training.optimizer() == null && training.loss() == null ? none : train);
        return json.toString();
    }

    private static JsonArray json(List<Finding> findings) {
        final JsonArray array = new JsonArray();
        for (Finding finding : findings) {
            final JsonObject entry = new JsonObject();
            entry.addProperty("reason", finding.reason().name());
            entry.addProperty("refuses", finding.reason().refuses());
            entry.addProperty("detail", finding.toString());
            array.add(entry);
        }
        return array;
    }
}
