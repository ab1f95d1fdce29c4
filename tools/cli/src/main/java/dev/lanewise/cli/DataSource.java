package dev.lanewise.cli;

import dev.lanewise.data.DataFiles;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.KnownDataset;
import dev.lanewise.data.KnownDatasets;
import dev.lanewise.data.LoadedData;
import dev.lanewise.nn.Model;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What `--data` names.
///
/// @param sets the parts that were read
/// @param fromBytes whether inputs were bytes, and so were scaled to 0 up to 1
record DataSource(LoadedData sets, boolean fromBytes) {
    static final String HELP =
            ShippedData.NAME + " (ships with Lanewise), fashion-mnist, mnist, a folder with IDX files"
                    + " or CIFAR-10's .bin files, an IDX file of images, an NPZ file with x_train, y_train, x_test,"
                    + " y_test (or x, y), or a CSV file. For a model of several inputs or outputs the NPZ file has an array for"
                    + " each, named as in the model or x0, x1, ... and y0, y1, ..., all with _train and _test or without.";

    /// Help for `--label`.
    static final String LABEL_HELP = "The label's column of a CSV file, by name or number from 1 (default: the one that"
            + " is named label, class, target or y).";

    /// Reads a data set by its name or path.
    ///
    /// @param label the label's column of a CSV file, or null
    /// @param classNames in the order of the model's outputs, or none
    /// @param model whose inputs and outputs name the arrays of an NPZ file, or null
    /// @throws CommandException if it is not there, or not complete
    /// @throws dev.lanewise.data.DataFormatException if a file is damaged
    /// @throws java.io.UncheckedIOException if a file cannot be read, or no copy of a known data set is found
    static DataSource load(String data, @Nullable String label, List<String> classNames, @Nullable Model model) {
        Path csv = existing(data);
        if (csv != null && CsvFile.isOne(csv) && !Files.isDirectory(csv)) {
            return new DataSource(CsvFile.read(csv, label, classNames), false);
        }
        if (label != null) {
            throw new CommandException("--label is for CSV files, and '" + data + "' is none");
        }
        if (data.equals(ShippedData.NAME)) {
            return new DataSource(ShippedData.load(), true);
        }
        if (KnownDatasets.named(data).isPresent()) {
            return new DataSource(KnownDatasets.find(data), true);
        }
        Path path = existing(data);
        if (path == null) {
            String known = KnownDatasets.all().stream().map(KnownDataset::name).collect(Collectors.joining(", "));
            throw new CommandException("there is no data set and no file '" + data + "' (known data sets: "
                    + ShippedData.NAME + ", " + known + "; `lanewise data list` tells more)");
        }
        return !Files.isDirectory(path) && FileKind.of(path) == FileKind.NPZ
                ? ArraySets.read(path, model)
                : new DataSource(DataFiles.load(path), true);
    }

    private static @Nullable Path existing(String data) {
        try {
            Path path = Path.of(data);
            return Files.exists(path) ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    /// The same with bytes as a model wants them.
    DataSource scaledFor(Model model) {
        float scale = ModelFacts.scaleOfBytes(model);
        if (!fromBytes || scale == DataFiles.BYTE_SCALE) {
            return this;
        }
        Dataset test = sets.test();
        return new DataSource(
                new LoadedData(
                        sets.name(),
                        sets.train().withByteScale(scale),
                        test == null ? null : test.withByteScale(scale),
                        sets.classNames(),
                        sets.origin()),
                true);
    }

    /// What there is to evaluate on.
    Dataset testOrAll() {
        Dataset test = sets.test();
        return test == null ? sets.train() : test;
    }
}
