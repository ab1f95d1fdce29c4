package dev.lanewise.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.NumberArray;
import dev.lanewise.io.Samples;
import dev.lanewise.keras.ExportReport;
import dev.lanewise.keras.ImportReport;
import dev.lanewise.keras.ImportedModel;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.keras.UnsupportedLayerException;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `lanewise convert`.
@Command(
        name = "convert",
        sortOptions = false,
        description = {
            "Converts a model between .safetensors and Keras' files, with a report of each layer and weight.",
            "A new .safetensors file keeps samples by which `lanewise verify` sees whether it is as it was.",
            ""
        })
final class ConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "The model's file.")
    @SuppressWarnings("NullAway.Init")
    private Path in;

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "The new file: .safetensors, .h5, .keras or .weights.h5.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(
            names = "--input",
            paramLabel = "FILE|NAME=FILE",
            description = "Samples that Keras computed outputs for; kept in the new file. As with `lanewise predict`.")
    private final List<String> inputs = new ArrayList<>();

    @Option(
            names = "--expected",
            paramLabel = "FILE",
            description = "Keras' outputs for them, .npy or .npz; nothing is written when the model gives others.")
    private final List<Path> expected = new ArrayList<>();

    @Option(names = "--tolerance", paramLabel = "X", description = "Largest difference of outputs (default: 1e-5).")
    private double tolerance = 1e-5;

    @Mixin
    private final ThreadsOption threads = new ThreadsOption();

    @Mixin
    private final KerasOptions keras = new KerasOptions();

    @Mixin
    private final Common common = new Common();

    @Override
    public Integer call() {
        String fault = ModelSource.outputFault(out);
        if (fault != null) {
            throw common.usage("OUT " + out + ": " + fault);
        }
        if (inputs.isEmpty() != expected.isEmpty()) {
            throw common.usage("--input and --expected go together");
        }
        if (!(tolerance >= 0)) {
            throw common.usage("--tolerance must not be negative, got " + tolerance);
        }
        OutputPath.requireWritable(out);
        if (FileKind.of(in).isKeras()) {
            try (ImportedModel imported = KerasModels.importFile(in, keras.options())) {
                convert(imported.model(), imported.report());
            } catch (UnsupportedLayerException e) {
                print(e.report(), null, false, null, null);
                throw e;
            }
        } else {
            try (Model model = ModelSource.load(in, keras)) {
                convert(model, null);
            }
        }
        return 0;
    }

    private void convert(Model model, @Nullable ImportReport report) {
        try (Compute compute = threads.compute()) {
            Samples samples = null;
            Double difference = null;
            if (inputs.isEmpty()) {
                samples = KerasModels.isKerasName(out) ? null : ModelSamples.ofItself(compute, model);
            } else {
                Dataset data = new PredictInputs(model, common).read(inputs);
                List<NumberArray> right = ExpectedOutputs.read(expected);
                difference = ModelSamples.difference(ModelSamples.outputs(compute, model, data), right);
                if (!(difference <= tolerance)) {
                    throw new CommandException(in + ": the model's outputs differ from the expected ones by "
                            + difference + ", more than " + tolerance + "; nothing is written");
                }
                samples = ModelSamples.ofKeras(compute, model, ModelSamples.inputs(data), right);
            }
            if (samples != null) {
                samples.store(model);
            }
            final ExportReport export = ModelSource.save(model, out);
            print(report, export, true, KerasModels.isKerasName(out) ? null : samples, difference);
        }
    }

    private void print(
            @Nullable ImportReport report,
            @Nullable ExportReport export,
            boolean written,
            @Nullable Samples samples,
            @Nullable Double difference) {
        if (common.json()) {
            JsonObject json = new JsonObject();
            json.addProperty("input", in.toString());
            json.addProperty("output", written ? out.toString() : null);
            json.add("report", report == null ? null : JsonParser.parseString(report.json()));
            json.add("export", export == null ? null : JsonParser.parseString(export.json()));
            json.addProperty(
                    "samples", samples == null ? null : samples.origin().name().toLowerCase(java.util.Locale.ROOT));
            json.addProperty("difference", difference);
            common.print(json);
            return;
        }
        if (report != null) {
            common.out().print(Text.clean(report.text()));
        }
        if (written) {
            String tail = "";
            if (samples != null && samples.origin() == Samples.Origin.SELF) {
                tail = ", with samples that prove only that nothing changed since";
            } else if (difference != null) {
                tail = (samples == null
                                ? "; it differs from Keras' samples by "
                                : ", with Keras' samples, from which it differs by ")
                        + difference;
            }
            common.out().println("Wrote " + out + tail);
            if (export != null && !export.notes().isEmpty()) {
                common.out().println("What is otherwise there:");
                common.out().print(Text.clean(export.text()));
            }
        }
    }
}
