package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lanewise.data.DataFiles;
import dev.lanewise.data.IdxFile;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.keras.ImportOptions;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

/// Every reader of files from outside, on any bytes at all: what it may do is what [FuzzedFile] says.
///
/// A build runs each on its seeds and on what was once found (in the folder of resources named like this
/// class). With `JAZZER_FUZZ=1` in the environment one of them is fuzzed; SECURITY.md has the command.
@Tag("fuzz")
class ParsersFuzzTest {
    private static final String LONG = "30m";

    @TempDir
    private static Path folder;

    private static byte[] weights;

    /// The seeds of `h5`, `weights`, `archive` and `config` are files of real Keras too, where they lie
    /// beside the project.
    @Test
    void seedsOfRealKerasAreThere() throws IOException {
        assumeTrue(!FuzzSeeds.fixtures().isEmpty(), "skipped as seeds: files of real Keras, " + FuzzSeeds.NO_FIXTURES);
        for (String ending : List.of("l.h5", "weights.h5", ".keras")) {
            assertTrue(FuzzSeeds.keras(ending).findAny().isPresent(), ending);
        }
    }

    static Stream<byte[]> npySeeds() {
        return FuzzSeeds.npy();
    }

    @MethodSource("npySeeds")
    @DictionaryEntries({"'descr'", "'fortran_order'", "'shape'", "True", "False", "'<f4'", "'>i8'", "'|O'", "(3, 4)"})
    @FuzzTest(maxDuration = LONG)
    void npy(byte[] bytes) {
        FuzzedFile.read("x.npy", bytes, NpyFile::read);
    }

    static Stream<byte[]> npzSeeds() {
        return FuzzSeeds.npz();
    }

    @MethodSource("npzSeeds")
    @DictionaryEntries({"PK\u0001\u0002", "PK\u0003\u0004", "PK\u0005\u0006", "PK\u0006\u0006", ".npy"})
    @FuzzTest(maxDuration = LONG)
    void npz(byte[] bytes) {
        FuzzedFile.read("x.npz", bytes, NpzFile::read);
        FuzzedFile.read("x.npz", bytes, DataFiles::load);
    }

    static Stream<byte[]> idxSeeds() {
        return FuzzSeeds.idx();
    }

    @MethodSource("idxSeeds")
    @FuzzTest(maxDuration = LONG)
    void idx(byte[] bytes) {
        FuzzedFile.read("x-idx3-ubyte", bytes, IdxFile::read);
    }

    static Stream<byte[]> cifarSeeds() {
        return FuzzSeeds.cifar();
    }

    @MethodSource("cifarSeeds")
    @FuzzTest(maxDuration = LONG)
    void cifar(byte[] bytes) {
        FuzzedFile.read("data_batch_1.bin", bytes, DataFiles::load);
    }

    static Stream<byte[]> csvSeeds() {
        return FuzzSeeds.csv();
    }

    @MethodSource("csvSeeds")
    @DictionaryEntries({"label", "class", "1e38", "\\x0D\\x0A", "-0.5"})
    @FuzzTest(maxDuration = LONG)
    void csv(byte[] bytes) {
        FuzzedFile.read("x.csv", bytes, file -> CsvFile.read(file, null, List.of()));
        FuzzedFile.read("x.csv", bytes, file -> CsvFile.read(file, "1", List.of("a", "b")));
    }

    static Stream<byte[]> imageSeeds() throws IOException {
        return FuzzSeeds.images();
    }

    @MethodSource("imageSeeds")
    @DictionaryEntries({"IHDR", "PLTE", "IDAT", "tRNS", "iCCP", "GIF89a", "JFIF", "Exif"})
    @FuzzTest(maxDuration = LONG)
    void image(byte[] bytes) {
        FuzzedFile.read(
                "x.png", bytes, file -> ImageFile.read(file, Shape.of(Shape.UNKNOWN, Shape.UNKNOWN, 3), 1 / 255f));
    }

    static Stream<byte[]> safetensorsSeeds() {
        return FuzzSeeds.model(folder, "model.safetensors");
    }

    @MethodSource("safetensorsSeeds")
    @DictionaryEntries({"__metadata__", "\"dtype\"", "\"F32\"", "\"shape\"", "\"data_offsets\"", "class_name", "config"
    })
    @FuzzTest(maxDuration = LONG)
    void safetensors(byte[] bytes) {
        FuzzedFile.read("model.safetensors", bytes, file -> Model.load(file).close());
    }

    static Stream<byte[]> h5Seeds() throws IOException {
        return Stream.concat(FuzzSeeds.model(folder, "model.h5"), FuzzSeeds.keras("l.h5"));
    }

    @MethodSource("h5Seeds")
    @DictionaryEntries({"TREE", "SNOD", "HEAP", "GCOL", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "FADB"})
    @FuzzTest(maxDuration = LONG)
    void h5(byte[] bytes) {
        FuzzedFile.read("model.h5", bytes, file -> KerasModels.importFile(file).close());
    }

    static Stream<byte[]> weightsSeeds() throws IOException {
        return Stream.concat(FuzzSeeds.model(folder, "model.weights.h5"), FuzzSeeds.keras("weights.h5"));
    }

    @MethodSource("weightsSeeds")
    @DictionaryEntries({"TREE", "SNOD", "HEAP", "GCOL", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "FADB"})
    @FuzzTest(maxDuration = LONG)
    void weights(byte[] bytes) throws IOException {
        final Path architecture = folder.resolve("architecture.json");
        if (!Files.exists(architecture)) {
            Files.writeString(architecture, FuzzSeeds.ARCHITECTURE);
        }
        final ImportOptions options = ImportOptions.DEFAULT.architecture(architecture);
        FuzzedFile.read(
                "model.weights.h5",
                bytes,
                file -> KerasModels.importFile(file, options).close());
    }

    static Stream<byte[]> archiveSeeds() throws IOException {
        return Stream.concat(FuzzSeeds.model(folder, "model.keras"), FuzzSeeds.keras(".keras"));
    }

    @MethodSource("archiveSeeds")
    @DictionaryEntries({"PK\u0001\u0002", "PK\u0003\u0004", "config.json", "model.weights.h5", "metadata.json"})
    @FuzzTest(maxDuration = LONG)
    void archive(byte[] bytes) {
        FuzzedFile.read(
                "model.keras", bytes, file -> KerasModels.importFile(file).close());
    }

    static Stream<byte[]> configSeeds() throws IOException {
        return FuzzSeeds.configs();
    }

    /// The JSON of a model within an archive without weights.
    @MethodSource("configSeeds")
    @DictionaryEntries({
        "\"class_name\"",
        "\"config\"",
        "\"layers\"",
        "\"inbound_nodes\"",
        "\"keras_history\"",
        "\"name\"",
        "NaN",
        "1e999",
        "\"units\"",
        "\"Functional\"",
        "\"Sequential\"",
        "\"__lambda__\"",
        "null",
        "-1",
        "2147483647"
    })
    @FuzzTest(maxDuration = LONG)
    void config(byte[] bytes) {
        final ImportOptions options = ImportOptions.DEFAULT.skipMismatch(true);
        if (weights == null) {
            weights = FuzzSeeds.model(folder, "config.weights.h5").toList().getFirst();
        }
        FuzzedFile.read(
                "model.keras",
                FuzzSeeds.archiveOf(bytes, weights),
                file -> KerasModels.importFile(file, options).close());
    }
}
