package dev.lanewise.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The four IDX files of MNIST and its kin in a folder, as far as they are there: plain or `.gz`, with
/// `-idx` or `.idx` in their names.
record IdxFolder(
        Path folder,
        @Nullable Path trainImages,
        @Nullable Path trainLabels,
        @Nullable Path testImages,
        @Nullable Path testLabels) {
    static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
    static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
    static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
    static final String TEST_LABELS = "t10k-labels-idx1-ubyte";

    static IdxFolder at(Path folder) {
        return new IdxFolder(
                folder,
                find(folder, TRAIN_IMAGES),
                find(folder, TRAIN_LABELS),
                find(folder, TEST_IMAGES),
                find(folder, TEST_LABELS));
    }

    /// The file of this name in one of its spellings, or null.
    static @Nullable Path find(Path folder, String name) {
        String unpacked = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
        String dotted = unpacked.replace("-idx", ".idx");
        return Stream.of(unpacked, unpacked + ".gz", dotted, dotted + ".gz")
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElse(null);
    }

    boolean hasTrain() {
        return trainImages != null && trainLabels != null;
    }

    boolean hasTest() {
        return testImages != null && testLabels != null;
    }

    @Nullable
    Dataset train() {
        return read(trainImages, trainLabels);
    }

    @Nullable
    Dataset test() {
        return read(testImages, testLabels);
    }

    private static @Nullable Dataset read(@Nullable Path images, @Nullable Path labels) {
        return images == null || labels == null
                ? null
                : DataFiles.dataset(images.toString(), IdxFile.read(images), IdxFile.read(labels));
    }
}
