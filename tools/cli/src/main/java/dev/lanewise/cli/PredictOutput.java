package dev.lanewise.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.lanewise.data.FileReplacement;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes predictions to a file; the ending of its name says how.
final class PredictOutput {
    private static final Set<String> ENDINGS = Set.of("npy", "npz", "csv");

    private PredictOutput() {}

    static boolean isSupported(Path file) {
        return ENDINGS.contains(OutputPath.ending(file));
    }

    /// @param classNames of the columns, where there are as many
    static void write(Path file, List<Prediction> predictions, List<String> classNames) {
        switch (OutputPath.ending(file)) {
            case "npy" -> NpyFile.write(file, predictions.getFirst().array());
            case "npz" -> {
                Map<String, NumberArray> arrays = new LinkedHashMap<>();
                predictions.forEach(prediction -> arrays.put(prediction.name(), prediction.array()));
                NpzFile.write(file, arrays);
            }
            default ->
                FileReplacement.write(file, out -> {
                    Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
                    csv(CsvWriter.builder().build(writer), predictions, classNames);
                    writer.flush();
                });
        }
    }

    /// A row for each sample, the columns of all outputs beside each other.
    private static void csv(CsvWriter csv, List<Prediction> predictions, List<String> classNames)
            throws java.io.IOException {
        List<String> header = new ArrayList<>();
        for (Prediction prediction : predictions) {
            boolean named = predictions.size() == 1 && classNames.size() == prediction.width();
            for (int i = 0; i < prediction.width(); i++) {
                String numbered = prediction.width() == 1 ? prediction.name() : prediction.name() + "_" + i;
                header.add(named ? classNames.get(i) : numbered);
            }
        }
        csv.writeRecord(header);
        int samples = predictions.getFirst().shape().dim(0);
        for (int sample = 0; sample < samples; sample++) {
            List<String> row = new ArrayList<>();
            for (Prediction prediction : predictions) {
                for (int i = 0; i < prediction.width(); i++) {
                    row.add(Float.toString(prediction.value(sample, i)));
                }
            }
            csv.writeRecord(row);
        }
        csv.flush();
    }
}
