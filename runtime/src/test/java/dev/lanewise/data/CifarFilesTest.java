package dev.lanewise.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarFilesTest {
    private static final int RECORD = 3073;

    @TempDir
    private Path folder;

    /// Records of these labels; a value is `label * 20 + channel * 5 + (row + column) % 4`.
    private static byte[] records(int... labels) {
        byte[] bytes = new byte[labels.length * RECORD];
        int at = 0;
        for (int label : labels) {
            bytes[at++] = (byte) label;
            for (int c = 0; c < 3; c++) {
                for (int p = 0; p < 1024; p++) {
                    bytes[at++] = (byte) (label * 20 + c * 5 + (p / 32 + p % 32) % 4);
                }
            }
        }
        return bytes;
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private static float[] input(Dataset data, int sample) {
        float[] values = new float[3072];
        data.gatherInput(0, new int[] {sample}, 0, 1, MemorySegment.ofArray(values), 0);
        return values;
    }

    private static float target(Dataset data, int sample) {
        float[] value = new float[1];
        data.gatherTargets(new int[] {sample}, 0, 1, MemorySegment.ofArray(value), 0);
        return value[0];
    }

    @Test
    void batchesOfAFolderBecomePixels() throws IOException {
        Files.write(folder.resolve("data_batch_1.bin"), records(3, 0));
        Files.write(folder.resolve("data_batch_2.bin.gz"), packed(records(9)));
        Files.write(folder.resolve("data_batch_1.bin.gz"), packed(records(7, 7, 7))); // the unpacked one counts
        Files.write(folder.resolve("test_batch.bin"), records(5));
        Files.writeString(folder.resolve("batches.meta.txt"), "airplane\n");
        LoadedData loaded = DataFiles.load(folder);
        assertEquals(3, loaded.train().size());
        assertEquals(1, Objects.requireNonNull(loaded.test()).size());
        assertEquals(List.of(Shape.of(32, 32, 3)), loaded.train().inputShapes());
        assertEquals("truck", loaded.classNames().get(9));
        assertEquals(3, target(loaded.train(), 0));
        assertEquals(9, target(loaded.train(), 2));
        assertEquals(5, target(loaded.test(), 0));
        float[] expected = new float[3072];
        for (int row = 0; row < 32; row++) {
            for (int col = 0; col < 32; col++) {
                for (int c = 0; c < 3; c++) {
                    expected[(row * 32 + col) * 3 + c] = (180 + c * 5 + (row + col) % 4) * DataFiles.BYTE_SCALE;
                }
            }
        }
        assertArrayEquals(expected, input(loaded.train(), 2));
    }

    @Test
    void oneFileAndATestBatchAloneAreDataToo() throws IOException {
        Path file = folder.resolve("test_batch.bin");
        Files.write(file, records(0, 1)); // begins like an IDX file: a label 0
        LoadedData one = DataFiles.load(file);
        assertEquals(2, one.train().size());
        assertNull(one.test());
        LoadedData alone = DataFiles.load(folder);
        assertEquals(2, alone.train().size());
        assertTrue(alone.origin().contains("since there is no other"), alone.origin());
    }

    private void refused(String message, byte[] bytes, String name) throws IOException {
        Path file = folder.resolve(name);
        Files.write(file, bytes);
        String said = assertThrows(DataFormatException.class, () -> DataFiles.load(folder))
                .getMessage();
        assertTrue(said.startsWith(file + ": ") && said.contains(message), said);
        Files.delete(file);
    }

    @Test
    void damagedFilesAreRefusedByName() throws IOException {
        String name = "data_batch_1.bin";
        byte[] good = records(1, 2, 3);
        refused("has 0 bytes, expected records of 3073 bytes", new byte[0], name);
        refused("has 9218 bytes", Arrays.copyOf(good, good.length - 1), name);
        refused("has 9220 bytes", Arrays.copyOf(good, good.length + 1), name);
        good[RECORD] = 10;
        refused("label 10 at byte 3073, expected 0 to 9", good, name);
        good[RECORD] = -1;
        refused("label 255 at byte 3073", good, name);
        byte[] gz = packed(records(1));
        refused("cut off", Arrays.copyOf(gz, gz.length - 4), name + ".gz");
        gz[gz.length - 8] ^= 1;
        refused("damaged compressed data", gz, name + ".gz");
        // Small files that unpack to more than any of them: by far more, and by little enough to be data.
        refused("unpacks to more than 200 times", packed(new byte[307_300_001]), name + ".gz");
        refused("has more than the 307300000 bytes that are supported", longer(), name + ".gz");
    }

    /// A byte more than is read, packed to less than a hundredth.
    private static byte[] longer() throws IOException {
        final byte[] block = new byte[1 << 20];
        final byte[] noise = new byte[7 << 10];
        new Random(1).nextBytes(noise);
        System.arraycopy(noise, 0, block, 0, noise.length);
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            for (int left = 307_300_001; left > 0; left -= block.length) {
                gzip.write(block, 0, Math.min(block.length, left));
            }
        }
        return out.toByteArray();
    }

    @Test
    void sharedPartOfCifarIsRead() {
        LoadedData loaded = DataFiles.load(SharedData.folder("cifar10"));
        assertEquals(3000, loaded.train().size());
        assertEquals(1000, Objects.requireNonNull(loaded.test()).size());
        for (int i = 0; i < 30; i++) {
            assertEquals(i % 10, target(loaded.train(), i));
        }
    }
}
