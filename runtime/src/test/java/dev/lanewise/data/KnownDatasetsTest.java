package dev.lanewise.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownDatasetsTest {
    @TempDir
    Path folder;

    private static void writePart(Path folder, String part, int images) throws IOException {
        DataFilesTest.write(folder, part + "-images-idx3-ubyte", DataFilesTest.idx(images, 2, 2));
        DataFilesTest.write(folder, part + "-labels-idx1-ubyte", DataFilesTest.idx(images));
    }

    /// Without the places of the machine that runs the test.
    private LoadedData find(String name, String data) {
        return find(name, Map.of("LANEWISE_DATA", data));
    }

    private LoadedData find(String name, Map<String, String> environment) {
        return KnownDatasets.find(
                name, new KnownDatasets.Machine(environment, folder.resolve("home"), folder.resolve("datasets")));
    }

    @Test
    void entriesAreComplete() {
        assertEquals(
                List.of("fashion-mnist", "mnist"),
                KnownDatasets.all().stream().map(KnownDataset::name).toList());
        for (var known : KnownDatasets.all()) {
            assertEquals(known, KnownDatasets.named(known.name()).orElseThrow());
            assertEquals(10, known.classNames().size());
            assertEquals(4, known.files().size());
            assertEquals(
                    4,
                    known.files().stream()
                            .map(KnownDataset.KnownFile::md5)
                            .distinct()
                            .count());
            for (var file : known.files()) {
                assertTrue(file.md5().matches("[0-9a-f]{32}"), file.md5());
            }
        }
    }

    @Test
    void unknownNameListsTheKnownOnes() {
        var e = assertThrows(IllegalArgumentException.class, () -> KnownDatasets.find("imagenet"));
        assertEquals("no data set is known as 'imagenet', but fashion-mnist, mnist", e.getMessage());
    }

    @Test
    void missingSetSaysWhereItWasLookedForAndHowToGetIt() {
        Path home = folder.resolve("home");
        var e = assertThrows(UncheckedIOException.class, () -> find("mnist", folder.toString()));
        assertEquals(
                "data set mnist is not on this machine; looked in " + folder.resolve("mnist") + ", " + folder + ", "
                        + home.resolve(".cache").resolve("lanewise").resolve("mnist") + ", "
                        + folder.resolve("datasets").resolve("mnist")
                        + ". To get it: the MNIST database's four IDX files. Then put it in one of these folders or name"
                        + " its folder in LANEWISE_DATA.",
                e.getMessage());
        e = assertThrows(UncheckedIOException.class, () -> find("mnist", Map.of("XDG_CACHE_HOME", folder.toString())));
        assertTrue(
                e.getMessage()
                        .startsWith("data set mnist is not on this machine; looked in "
                                + folder.resolve("lanewise").resolve("mnist") + ", "),
                e.getMessage());
    }

    @Test
    void foundByTheFoldersName() throws IOException {
        Path place = folder.resolve("mnist");
        writePart(place, "train", 6);
        writePart(place, "t10k", 3);
        LoadedData data = find("mnist", folder.toString());
        assertEquals("mnist", data.name());
        assertEquals(6, data.train().size());
        assertNotNull(data.test());
        assertEquals(3, data.test().size());
        assertEquals(place.toString(), data.origin());
        assertEquals("9", data.classNames().get(9));
    }

    @Test
    void foundInTheCache() throws IOException {
        writePart(folder.resolve("lanewise").resolve("mnist"), "train", 6);
        LoadedData data = find("mnist", Map.of("XDG_CACHE_HOME", folder.toString()));
        assertEquals(6, data.train().size());
        assertNull(data.test());
    }

    @Test
    void wholeCopyIsPreferred() throws IOException {
        writePart(folder.resolve("mnist"), "t10k", 10);
        Path cache =
                folder.resolve("home").resolve(".cache").resolve("lanewise").resolve("mnist");
        writePart(cache, "train", 6);
        writePart(cache, "t10k", 3);
        assertEquals(cache.toString(), find("mnist", folder.toString()).origin());
    }

    @Test
    void onlyTestImagesAreSplit() throws IOException {
        Path place = folder.resolve("mnist");
        writePart(place, "t10k", 10);
        LoadedData data = find("mnist", folder.toString());
        assertEquals(8, data.train().size());
        assertNotNull(data.test());
        assertEquals(2, data.test().size());
        assertEquals(
                place + ", where only the 10 test images are: the first 8 to train, the last 2 to test", data.origin());
    }

    @Test
    void folderOfAnotherNameMustHaveTheContent() throws IOException {
        writePart(folder, "train", 6);
        writePart(folder, "t10k", 3);
        assertThrows(UncheckedIOException.class, () -> find("mnist", folder.toString()));
    }

    @Test
    void damagedCopyIsAnError() throws IOException {
        Path place = folder.resolve("mnist");
        writePart(place, "train", 6);
        DataFilesTest.write(place, "train-labels-idx1-ubyte", DataFilesTest.idx(5));
        var e = assertThrows(DataFormatException.class, () -> find("mnist", folder.toString()));
        assertEquals(place.resolve("train-images-idx3-ubyte") + ": 6 samples, but 5 labels or targets", e.getMessage());
    }

    @Test
    void verifyComparesChecksums() throws IOException {
        writePart(folder, "train", 6);
        var known = KnownDatasets.named("mnist").orElseThrow();
        var checks = KnownDatasets.verify(known, folder);
        assertEquals(4, checks.size());
        assertEquals(
                folder.resolve("train-images-idx3-ubyte"), checks.getFirst().path());
        assertFalse(checks.getFirst().matches());
        assertNull(checks.getLast().path());
        assertFalse(checks.getLast().matches());
    }

    @Test
    void wholeFashionMnist() {
        Path place = SharedData.folder("fashion-mnist");
        LoadedData data = find("fashion-mnist", place.getParent().toString());
        assertEquals(60_000, data.train().size());
        assertNotNull(data.test());
        assertEquals(10_000, data.test().size());
        assertEquals(List.of(Shape.of(28, 28)), data.train().inputShapes());
        // 6,000 images of each class, all values from 0 to 1
        int[] order = new int[60_000];
        Arrays.setAll(order, i -> i);
        var labels = new float[60_000];
        data.train().gatherTargets(order, 0, 60_000, MemorySegment.ofArray(labels), 0);
        int[] histogram = new int[10];
        for (float label : labels) {
            histogram[(int) label]++;
        }
        assertEquals(6000, Arrays.stream(histogram).min().orElseThrow());
        assertEquals(6000, Arrays.stream(histogram).max().orElseThrow());
        var image = new float[784];
        data.train().gatherInput(0, order, 0, 1, MemorySegment.ofArray(image), 0);
        float max = 0;
        for (float value : image) {
            assertTrue(value >= 0 && value <= 1);
            max = Math.max(max, value);
        }
        assertEquals(1, max);
    }

    @Test
    void fashionMnistIsRecognized() {
        LoadedData data = DataFiles.load(SharedData.folder("fashion-mnist"));
        assertEquals("fashion-mnist", data.name());
        assertEquals("Ankle boot", data.classNames().get(9));
    }

    @Test
    void checksumsOfTheCopies() {
        Path place = SharedData.folder("fashion-mnist");
        var known = KnownDatasets.named("fashion-mnist").orElseThrow();
        for (var check : KnownDatasets.verify(known, place)) {
            assertTrue(check.matches(), check.toString());
        }
    }

    @Test
    void mnistTestImagesAlone() throws IOException {
        Path place = SharedData.folder("mnist");
        LoadedData data = find("mnist", place.toString());
        assertEquals(8000, data.train().size());
        assertNotNull(data.test());
        assertEquals(2000, data.test().size());
        assertEquals(
                place + ", where only the 10,000 test images are: the first 8,000 to train, the last 2,000 to test",
                data.origin());
        // a folder of another name that has the same content
        Path copy = folder.resolve("digits");
        Files.createDirectories(copy);
        for (String name : List.of("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")) {
            Files.copy(place.resolve(name), copy.resolve(name));
        }
        assertEquals(8000, find("mnist", copy.toString()).train().size());
        assertThrows(UncheckedIOException.class, () -> find("fashion-mnist", copy.toString()));
    }
}
