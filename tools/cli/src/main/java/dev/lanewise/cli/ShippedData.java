package dev.lanewise.cli;

import dev.lanewise.data.DataFiles;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.IdxFile;
import dev.lanewise.data.KnownDataset;
import dev.lanewise.data.KnownDatasets;
import dev.lanewise.data.LoadedData;
import dev.lanewise.data.NumberArray;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/// The part of Fashion-MNIST that ships with the command: 6,000 images to train on and 1,000 to test with.
final class ShippedData {
    static final String NAME = "fashion-mnist-6k";
    static final String DESCRIPTION = "the first 6,000 training and 1,000 test images of Fashion-MNIST";
    static final String LICENCE = "MIT, copyright 2017 Zalando SE";
    static final String ORIGIN = "ships with Lanewise";

    private ShippedData() {}

    static LoadedData load() {
        List<String> classNames = KnownDatasets.named("fashion-mnist")
                .map(KnownDataset::classNames)
                .orElse(List.of());
        return new LoadedData(NAME, part("train"), part("t10k"), classNames, ORIGIN);
    }

    private static Dataset part(String prefix) {
        return DataFiles.dataset(NAME, read(prefix + "-images-idx3-ubyte.gz"), read(prefix + "-labels-idx1-ubyte.gz"));
    }

    private static NumberArray read(String file) {
        try (InputStream in = ShippedData.class.getResourceAsStream("data/" + NAME + "/" + file)) {
            if (in == null) {
                throw new CommandException("the data set " + NAME + " is missing in this copy of the program");
            }
            return IdxFile.read(file, in);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
