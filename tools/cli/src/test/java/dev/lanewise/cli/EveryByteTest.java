package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.data.IdxFile;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.keras.ImportOptions;
import dev.lanewise.keras.KerasModels;
import dev.lanewise.nn.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Small sound files, cut at every byte and with every byte changed: what is cut is refused in one sentence,
/// what is changed is read or refused in one, and neither takes much memory. A build takes the bytes at the
/// start and the end and a sample of the rest; `-Dlanewise.everyByte=true` takes all.
@Tag("small-heap")
class EveryByteTest {
    private static final boolean ALL = Boolean.getBoolean("lanewise.everyByte");

    /// Bytes at the start and at the end of which none is left out, and how many there are between them.
    private static final int START = 256;

    private static final int END = 64;
    private static final int BETWEEN = 300;

    /// All bits, the lowest, the highest: another value, a number that is off by one, one that is huge or
    /// negative.
    private static final int[] MASKS = {0xff, 0x01, 0x80};

    /// What reading a file of a few KB may take from the heap.
    private static final long MOST_BYTES = 24 << 20;

    @TempDir
    private static Path folder;

    private static Path architecture;

    @BeforeAll
    static void architecture() throws IOException {
        architecture = Files.writeString(folder.resolve("architecture.json"), FuzzSeeds.ARCHITECTURE);
    }

    private static IntStream places(int size) {
        final int between = size - START - END;
        return ALL || between <= BETWEEN
                ? IntStream.range(0, size)
                : IntStream.concat(
                        IntStream.concat(
                                IntStream.range(0, START),
                                IntStream.range(0, BETWEEN).map(i -> START + (int) ((long) i * between / BETWEEN))),
                        IntStream.range(size - END, size));
    }

    private static void check(String name, Stream<byte[]> seeds, FuzzedFile.Reader reader) {
        final byte[] sound = seeds.toList().getFirst();
        for (int i = 0; i < 3; i++) {
            final String message = FuzzedFile.read(name, sound, reader).message();
            assertTrue(message == null, message); // and classes are loaded
        }
        long allocated = 0;
        long nanos = 0;
        int read = 0;
        int count = 0;
        for (int size : places(sound.length).toArray()) {
            final FuzzedFile.Outcome cut = FuzzedFile.read(name, Arrays.copyOf(sound, size), reader);
            assertNotNull(cut.message(), () -> name + " is read though it ends at byte " + size);
            allocated = Math.max(allocated, cut.allocated());
            nanos = Math.max(nanos, cut.nanos());
            count++;
        }
        for (int at : places(sound.length).toArray()) {
            for (int mask : ALL ? MASKS : new int[] {MASKS[at % MASKS.length]}) {
                final byte[] changed = sound.clone();
                changed[at] ^= (byte) mask;
                final FuzzedFile.Outcome outcome = FuzzedFile.read(name, changed, reader);
                allocated = Math.max(allocated, outcome.allocated());
                nanos = Math.max(nanos, outcome.nanos());
                read += outcome.message() == null ? 1 : 0;
                count++;
            }
        }
        System.out.printf(
                "%s: %d bytes, %d files, %d of those with a changed byte are read; at most %.1f MB taken, %d ms%n",
                name, sound.length, count, read, allocated / 1e6, nanos / 1_000_000);
        assertTrue(allocated < MOST_BYTES, allocated + " bytes are taken");
    }

    @Test
    void h5() {
        check(
                "model.h5",
                FuzzSeeds.model(folder, "model.h5"),
                file -> KerasModels.importFile(file).close());
    }

    @Test
    void weights() {
        final ImportOptions options = ImportOptions.DEFAULT.architecture(architecture);
        check(
                "model.weights.h5",
                FuzzSeeds.model(folder, "model.weights.h5"),
                file -> KerasModels.importFile(file, options).close());
    }

    @Test
    void archive() {
        check(
                "model.keras",
                FuzzSeeds.model(folder, "model.keras"),
                file -> KerasModels.importFile(file).close());
    }

    /// Files that h5py wrote, where those of real Keras lie beside the project.
    @Test
    void filesOfKeras() throws IOException {
        final List<byte[]> h5 = FuzzSeeds.keras("model.h5").toList();
        final List<byte[]> archives = FuzzSeeds.keras(".keras").toList();
        assumeTrue(!h5.isEmpty() && !archives.isEmpty(), "skipped: " + FuzzSeeds.NO_FIXTURES);
        check("model.h5", smallest(h5), file -> KerasModels.importFile(file).close());
        check(
                "model.keras",
                smallest(archives),
                file -> KerasModels.importFile(file).close());
    }

    private static Stream<byte[]> smallest(List<byte[]> files) {
        return files.stream().sorted(Comparator.comparingInt(bytes -> bytes.length));
    }

    @Test
    void safetensors() {
        check(
                "model.safetensors",
                FuzzSeeds.model(folder, "model.safetensors"),
                file -> Model.load(file).close());
    }

    @Test
    void npy() {
        check("x.npy", FuzzSeeds.npy(), NpyFile::read);
    }

    @Test
    void idx() {
        check("x-idx2-ubyte", FuzzSeeds.idx(), IdxFile::read);
    }

    @Test
    void npz() {
        check("x.npz", FuzzSeeds.npz().skip(1), NpzFile::read);
    }
}
