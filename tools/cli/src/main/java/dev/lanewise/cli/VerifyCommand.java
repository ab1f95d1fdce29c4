package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.Samples;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.NodeOutputs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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

/// `lanewise verify`.
@Command(
        name = "verify",
        sortOptions = false,
        description = {
            "Checks that a model computes what it should, and names the first layer that differs: by samples that its"
                    + " file keeps, by given ones, or by the outputs of all layers in Keras. Exit code 1 when it does"
                    + " not.",
            ""
        })
final class VerifyCommand implements Callable<Integer> {
    private static final String SCRIPT = "/dev/lanewise/cli/keras/dump_layers.py";
    private static final String INPUT = "__input__";

    @Parameters(index = "0", arity = "0..1", paramLabel = "MODEL", description = "The model's file.")
    private @Nullable Path modelFile;

    @Option(names = "--input", paramLabel = "FILE|NAME=FILE", description = "Samples, as with `lanewise predict`.")
    private final List<String> inputs = new ArrayList<>();

    @Option(names = "--expected", paramLabel = "FILE", description = "The right outputs for them, .npy or .npz.")
    private final List<Path> expected = new ArrayList<>();

    @Option(
            names = "--layers",
            paramLabel = "FILE",
            description =
                    "The right outputs of layers, .npz by the layers' names; --print-script tells how to make it.")
    private @Nullable Path layers;

    @Option(names = "--tolerance", paramLabel = "X", description = "Largest difference (default: 1e-5).")
    private double tolerance = 1e-5;

    @Option(
            names = "--print-script",
            description = "Prints the Python script that writes a Keras model's layer outputs, and does nothing else.")
    private boolean printScript;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    private final JsonObject json = new JsonObject();
    private final List<String> faults = new ArrayList<>();

    @Override
    public Integer call() {
        if (printScript) {
            common.out().print(script());
            return 0;
        }
        if (modelFile == null) {
            throw common.usage("which model? MODEL tells");
        }
        if (!(tolerance >= 0)) {
            throw common.usage("--tolerance must not be negative, got " + tolerance);
        }
        if (!expected.isEmpty() && inputs.isEmpty()) {
            throw common.usage("--expected needs --input, the samples that the outputs are for");
        }
        if (!inputs.isEmpty() && expected.isEmpty() && layers == null) {
            throw common.usage("--input needs --expected, the right outputs, or --layers");
        }
        try (Model model = ModelSource.load(modelFile, keras);
                Compute compute = threads.compute()) {
            if (expected.isEmpty() && layers == null) {
                if (!Samples.areIn(model)) {
                    throw new CommandException(modelFile + ": keeps no samples; `lanewise convert` writes some into a"
                            + " file, or --input and --expected give some");
                }
                stored(compute, model, Samples.of(model));
            }
            if (!expected.isEmpty()) {
                Dataset data = new PredictInputs(model, common).read(inputs);
                given(ModelSamples.outputs(compute, model, data), ExpectedOutputs.read(expected));
            }
            if (layers != null) {
                layers(compute, model, layers);
            }
        }
        json.addProperty("ok", faults.isEmpty());
        json.add("faults", Json.strings(faults));
        if (common.json()) {
            common.print(json);
        }
        if (!faults.isEmpty()) {
            throw new CommandException(modelFile + ": " + String.join("; ", faults));
        }
        if (!common.json()) {
            common.out().println("OK");
        }
        return 0;
    }

    static String script() {
        try (InputStream in = VerifyCommand.class.getResourceAsStream(SCRIPT)) {
            if (in == null) {
                throw new IllegalStateException("the command's own file " + SCRIPT + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the command's own file " + SCRIPT + " cannot be read", e);
        }
    }

    private void say(String text) {
        if (!common.json()) {
            common.out().println(text);
        }
    }

    /// The samples in the model's own file: weights and layers' outputs by hash, outputs by value.
    private void stored(Compute compute, Model model, Samples samples) {
        String origin = samples.origin().name().toLowerCase(Locale.ROOT);
        json.addProperty("origin", origin);
        Map<String, Long> weights = Samples.weightHashes(model);
        List<String> changed = new ArrayList<>();
        samples.weights().forEach((path, hash) -> {
            if (!hash.equals(weights.get(path))) {
                changed.add(path);
            }
        });
        json.add("changed_weights", Json.strings(changed));
        if (!changed.isEmpty()) {
            faults.add("weights are not what they were: " + String.join(", ", changed));
        }
        String first = null;
        int same = 0;
        for (NodeOutputs.Output output : NodeOutputs.of(compute, model, samples.dataset())) {
            Long hash = samples.nodes().get(output.title());
            if (hash != null && hash == output.hash()) {
                same++;
            } else if (first == null) {
                first = output.title();
            }
        }
        json.addProperty("first_difference", first);
        if (first != null) {
            faults.add("the first layer that differs is " + layer(model, first));
        }
        double difference =
                ModelSamples.difference(ModelSamples.outputs(compute, model, samples.dataset()), samples.outputs());
        json.addProperty("samples", samples.dataset().size());
        json.addProperty("difference", difference);
        if (!(difference <= tolerance)) {
            faults.add("outputs differ by " + difference + ", more than " + tolerance);
        }
        say(Text.count(samples.dataset().size(), "stored sample") + " (" + origin + "): " + same + " of "
                + samples.nodes().size() + " layers with the same bits, outputs differ by " + difference);
        if (samples.origin() == Samples.Origin.SELF) {
            say("These outputs were computed here: they prove only that nothing changed since.");
        }
    }

    private static String layer(Model model, String title) {
        String name = model.graph().layers().containsKey(title) ? title : title.replaceAll("(:[0-9]+)+$", "");
        return "'" + title + "' (" + model.graph().layer(name).typeName() + ")";
    }

    private void given(List<NumberArray> outputs, List<NumberArray> right) {
        double difference = ModelSamples.difference(outputs, right);
        json.addProperty("difference", difference);
        json.addProperty("samples", right.getFirst().shape().dim(0));
        say(Text.count(right.getFirst().shape().dim(0), "given sample") + ": outputs differ by " + difference);
        if (!(difference <= tolerance)) {
            faults.add("outputs differ by " + difference + ", more than " + tolerance);
        }
    }

    /// Outputs of layers by name, as the script writes them; the inputs are in the same file, or given.
    private void layers(Compute compute, Model model, Path file) {
        try (NpzFile npz = NpzFile.open(file)) {
            Dataset data;
            if (inputs.isEmpty()) {
                List<Dataset> parts = new ArrayList<>();
                for (int i = 0; npz.contains(INPUT + i); i++) {
                    NumberArray input = npz.read(INPUT + i);
                    parts.add(Dataset.of(input.data(), input.shape().withoutFirst()));
                }
                if (parts.isEmpty()) {
                    throw new CommandException(file + ": has no inputs (" + INPUT + "0, ...); --input gives them");
                }
                data = parts.size() == 1 ? parts.getFirst() : Dataset.of(parts);
            } else {
                data = new PredictInputs(model, common).read(inputs);
            }
            JsonArray table = new JsonArray();
            List<List<String>> rows = new ArrayList<>();
            String first = null;
            int compared = 0;
            for (NodeOutputs.Output output : NodeOutputs.of(compute, model, data)) {
                JsonObject entry = new JsonObject();
                entry.addProperty("layer", output.title());
                String text;
                if (npz.contains(output.title())) {
                    float[] right = npz.read(output.title()).data();
                    double difference = right.length == output.values().length
                            ? ExpectedOutputs.difference(output.values(), right)
                            : Double.POSITIVE_INFINITY;
                    boolean fits = difference <= tolerance;
                    first = first == null && !fits ? output.title() : first;
                    compared++;
                    entry.add("difference", Json.number(difference));
                    entry.addProperty("ok", fits);
                    text = right.length == output.values().length
                            ? String.format(Locale.ROOT, "%.3g%s", difference, fits ? "" : " DIFFERS")
                            : "DIFFERS: " + output.values().length + " values, expected " + right.length;
                } else {
                    text = "not compared";
                }
                table.add(entry);
                rows.add(List.of("  " + output.title(), text));
            }
            json.add("layers", table);
            json.addProperty("first_difference", first);
            if (compared == 0) {
                throw new CommandException(file + ": has no output of a layer of the model (arrays: "
                        + Failures.oneLine(String.join(", ", npz.names())) + ")");
            }
            if (!common.json()) {
                common.out().print(Text.clean(Text.table(rows)));
            }
            if (first != null) {
                faults.add("the first layer that differs is " + layer(model, first));
            }
        }
    }
}
