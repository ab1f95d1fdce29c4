package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lanewise diff`.
@Command(
        name = "diff",
        sortOptions = false,
        description = {
            "Compares two models of any formats: layers, settings, connections, weights, and outputs on the same random"
                    + " input. Exit code 0 when nothing differs, 1 when something does.",
            ""
        })
final class DiffCommand implements Callable<Integer> {
    /// Rows of a table that are shown.
    private static final int MOST_ROWS = 40;

    @Parameters(index = "0", paramLabel = "A", description = "A model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path second;

    @Option(names = "--seed", paramLabel = "N", description = "Of the random input (default: 0).")
    private long seed;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Override
    public Integer call() {
        try (Model a = load(first);
                Model b = load(second);
                Compute compute = threads.compute()) {
            final ModelDiff diff = ModelDiff.of(compute, a, b, seed);
            if (common.json()) {
                common.print(json(diff));
            } else {
                common.out().print(Text.clean(text(diff)));
            }
            return diff.isSame() ? 0 : 1;
        }
    }

    /// The options are for those files that are Keras'.
    private Model load(Path file) {
        return FileKind.of(file).isKeras()
                ? KerasModels.importFile(file, keras.options()).model()
                : ModelSource.load(file, new KerasOptions());
    }

    private static String text(ModelDiff diff) {
        final StringBuilder text = new StringBuilder();
        diff.removed().forEach(layer -> line(text, "- layer '" + layer + "', of the first model alone"));
        diff.added().forEach(layer -> line(text, "+ layer '" + layer + "', of the second model alone"));
        for (ModelDiff.Changed changed : diff.changed()) {
            line(text, "~ layer '" + changed.layer() + "'");
            for (ModelDiff.Setting setting : changed.settings()) {
                line(
                        text,
                        "    " + setting.key() + ": " + shown(setting.first()) + ", then " + shown(setting.second()));
            }
        }
        diff.reconnected()
                .forEach(layer -> line(
                        text,
                        layer.equals("outputs")
                                ? "~ the model's outputs are others"
                                : "~ layer '" + layer + "' is called on something else"));
        final List<ModelDiff.Values> others =
                diff.weights().stream().filter(values -> !values.equalBits()).toList();
        text.append(table(others));
        line(
                text,
                "weights: " + (diff.weights().size() - others.size()) + " of "
                        + diff.weights().size() + " with equal bits");
        final List<ModelDiff.Values> outputs = diff.outputs();
        if (outputs == null) {
            line(text, "outputs: not compared, the models take or give other shapes");
        } else {
            final List<ModelDiff.Values> different =
                    outputs.stream().filter(values -> !values.equalBits()).toList();
            text.append(table(different));
            line(
                    text,
                    "outputs: " + (outputs.size() - different.size()) + " of " + outputs.size()
                            + " with equal bits on a random input");
        }
        line(text, diff.isSame() ? "The models are the same." : "The models differ.");
        return text.toString();
    }

    private static String shown(String json) {
        return json.isEmpty() ? "none" : Failures.oneLine(json);
    }

    private static void line(StringBuilder text, String line) {
        text.append(line).append(System.lineSeparator());
    }

    private static String table(List<ModelDiff.Values> different) {
        final List<List<String>> rows = new ArrayList<>();
        for (ModelDiff.Values values : different.subList(0, Math.min(MOST_ROWS, different.size()))) {
            rows.add(List.of(
                    "  " + values.name(),
                    values.shapes(),
                    Double.isInfinite(values.difference())
                            ? "cannot be compared"
                            : String.format(Locale.ROOT, "differs by up to %.3g", values.difference())));
        }
        if (different.size() > MOST_ROWS) {
            rows.add(List.of("  and " + (different.size() - MOST_ROWS) + " more"));
        }
        return Text.table(rows);
    }

    private JsonObject json(ModelDiff diff) {
        final JsonObject json = new JsonObject();
        json.addProperty("a", first.toString());
        json.addProperty("b", second.toString());
        json.addProperty("same", diff.isSame());
        final JsonObject layers = new JsonObject();
        layers.add("added", Json.strings(diff.added()));
        layers.add("removed", Json.strings(diff.removed()));
        final JsonArray changed = new JsonArray();
        for (ModelDiff.Changed layer : diff.changed()) {
            final JsonObject entry = new JsonObject();
            entry.addProperty("layer", layer.layer());
            final JsonArray settings = new JsonArray();
            for (ModelDiff.Setting setting : layer.settings()) {
                final JsonObject own = new JsonObject();
                own.addProperty("key", setting.key());
                own.addProperty("a", setting.first());
                own.addProperty("b", setting.second());
                settings.add(own);
            }
            entry.add("settings", settings);
            changed.add(entry);
        }
        layers.add("changed", changed);
        layers.add("reconnected", Json.strings(diff.reconnected()));
        json.add("layers", layers);
        json.add("weights", json(diff.weights(), "weight"));
        final List<ModelDiff.Values> outputs = diff.outputs();
        json.add("outputs", outputs == null ? JsonNull.INSTANCE : json(outputs, "output"));
        return json;
    }

    private static JsonArray json(List<ModelDiff.Values> values, String what) {
        final JsonArray array = new JsonArray();
        for (ModelDiff.Values value : values) {
            final JsonObject entry = new JsonObject();
            entry.addProperty(what, value.name());
            entry.addProperty("shape", value.shapes());
            entry.addProperty("equal_bits", value.equalBits());
            entry.add("max_difference", Json.number(value.difference()));
            array.add(entry);
        }
        return array;
    }
}
