package dev.lanewise.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFileTest {
    /// Two images of 1 x 3 bytes.
    private static final byte[] IMAGES = hex("00000803 00000002 00000001 00000003 00017f 80feff");

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static byte[] gzip(byte[] bytes) {
        try (var out = new ByteArrayOutputStream()) {
            try (var gzip = new GZIPOutputStream(out)) {
                gzip.write(bytes);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static NumberArray read(byte[] bytes) {
        return IdxFile.read("x", new ByteArrayInputStream(bytes));
    }

    private static void refused(String message, byte[] bytes) {
        assertEquals(
                message,
                assertThrows(DataFormatException.class, () -> read(bytes)).getMessage());
    }

    @Test
    void bytesPlainAndPacked() {
        for (byte[] file : new byte[][] {IMAGES, gzip(IMAGES)}) {
            NumberArray array = read(file);
            assertEquals(Shape.of(2, 1, 3), array.shape());
            assertEquals("|u1", array.dtype());
            assertTrue(array.isBytes());
            assertArrayEquals(hex("00017f80feff"), array.bytes());
            assertArrayEquals(new float[] {0, 1, 127, 128, 254, 255}, array.data());
        }
    }

    @Test
    void otherTypesBecomeFloats() {
        assertArrayEquals(
                new float[] {-1, 2}, read(hex("00000901 00000002 ff02")).data());
        assertArrayEquals(
                new float[] {-2, 258}, read(hex("00000b01 00000002 fffe0102")).data());
        assertArrayEquals(
                new float[] {-2, 65536},
                read(hex("00000c01 00000002 fffffffe00010000")).data());
        assertArrayEquals(
                new float[] {1, -0.5f},
                read(hex("00000d01 00000002 3f800000bf000000")).data());
        assertArrayEquals(
                new float[] {1, -0.5f},
                read(hex("00000e01 00000002 3ff0000000000000 bfe0000000000000")).data());
        assertEquals(">f8", read(hex("00000e01 00000000")).dtype());
    }

    @Test
    void labels() {
        assertArrayEquals(
                new int[] {9, 0, 255}, read(hex("00000801 00000003 0900ff")).toLabels());
        var e = assertThrows(
                IllegalArgumentException.class,
                () -> read(hex("00000d01 00000002 3f80000040200000")).toLabels());
        assertEquals("NumberArray: value 1 is 2.5, expected a whole number up to 2^24 as a label", e.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> read(hex("00000c01 00000001 7fffffff")).toLabels());
    }

    @Test
    void otherFilesAreRefused() {
        refused("x: not an IDX file, it starts with bytes 50 4b, expected 00 00", hex("504b0304"));
        refused("x: unknown type code 0a at byte 2, expected 08, 09, 0b, 0c, 0d or 0e", hex("00000a01"));
        refused("x: 0 dimensions at byte 3, expected 1 or more", hex("00000800"));
    }

    @Test
    void everyTruncationIsRefused() {
        for (int length = 0; length < IMAGES.length; length++) {
            byte[] cut = Arrays.copyOf(IMAGES, length);
            for (byte[] file : new byte[][] {cut, gzip(cut)}) {
                var e = assertThrows(DataFormatException.class, () -> read(file));
                assertTrue(e.getMessage().startsWith("x: ends after " + length + " bytes, expected "), e.getMessage());
            }
        }
        refused(
                "x: ends after 20 bytes, expected 22 with values of shape [2, 1, 3] of 6 bytes",
                Arrays.copyOf(IMAGES, 20));
    }

    @Test
    void everyTruncationOfThePackedFileIsRefused() {
        byte[] packed = gzip(IMAGES);
        for (int length = 0; length < packed.length; length++) {
            byte[] cut = Arrays.copyOf(packed, length);
            assertThrows(DataFormatException.class, () -> read(cut));
        }
    }

    @Test
    void trailingBytesAreRefused() {
        byte[] longer = Arrays.copyOf(IMAGES, IMAGES.length + 1);
        refused("x: more bytes follow at byte 22, where the values end", longer);
        refused("x: more bytes follow at byte 22, where the values end", gzip(longer));
    }

    @Test
    void damagedPackingIsRefused() {
        byte[] packed = gzip(IMAGES);
        byte[] wrongSum = packed.clone();
        wrongSum[packed.length - 8] ^= 1;
        var e = assertThrows(DataFormatException.class, () -> read(wrongSum));
        assertEquals("x: damaged compressed data behind byte 22 (Corrupt GZIP trailer)", e.getMessage());
        byte[] wrongMethod = packed.clone();
        wrongMethod[2] = 1;
        e = assertThrows(DataFormatException.class, () -> read(wrongMethod));
        assertEquals("x: damaged gzip header (Unsupported compression method)", e.getMessage());
    }

    @Test
    void claimedSizesAreNotBelieved() {
        refused(
                "x: the header says shape [65536, 65536] of 1-byte values, more than the 2147483631 bytes that are supported",
                hex("00000802 00010000 00010000"));
        refused(
                "x: the header says shape [2147483647, 2147483647, 2147483647] of 8-byte values, more than the 2147483631"
                        + " bytes that are supported",
                hex("00000e03 7fffffff 7fffffff 7fffffff"));
        refused(
                "x: dimension 1 at byte 8 is 4294967295, more than the 2147483647 that are supported",
                hex("00000802 00000001 ffffffff"));
        byte[] claim = hex("00000801 7fffff00 0102");
        refused(
                "x: ends after 10 bytes, expected 2147483400 with values of shape [2147483392] of 2147483392 bytes",
                claim);
        long allocated = Allocated.by(() -> assertThrows(DataFormatException.class, () -> read(claim)));
        assertTrue(allocated < 1 << 20, allocated + " bytes for a file of 10");
        long packed = Allocated.by(() -> assertThrows(DataFormatException.class, () -> read(gzip(claim))));
        assertTrue(packed < 1 << 20, packed + " bytes for a file of 10");
    }

    @Test
    void longStreamsGrowTheirBuffer() {
        byte[] pixels = new byte[1_000_003];
        new Random(1).nextBytes(pixels);
        var out = new ByteArrayOutputStream();
        out.writeBytes(hex("00000801 000f4243"));
        out.writeBytes(pixels);
        assertArrayEquals(pixels, read(gzip(out.toByteArray())).bytes());
        assertArrayEquals(pixels, read(out.toByteArray()).bytes());
    }

    @Test
    void files(@TempDir Path folder) throws IOException {
        Path plain = folder.resolve("plain");
        Files.write(plain, IMAGES);
        assertEquals(Shape.of(2, 1, 3), IdxFile.read(plain).shape());
        Path packed = folder.resolve("packed");
        Files.write(packed, gzip(IMAGES));
        assertEquals(Shape.of(2, 1, 3), IdxFile.read(packed).shape());
        Files.write(plain, Arrays.copyOf(IMAGES, 20));
        assertEquals(
                plain + ": ends after 20 bytes, expected 22 with values of shape [2, 1, 3] of 6 bytes",
                assertThrows(DataFormatException.class, () -> IdxFile.read(plain))
                        .getMessage());
        Path missing = folder.resolve("missing");
        assertEquals(
                missing + ": no such file",
                assertThrows(UncheckedIOException.class, () -> IdxFile.read(missing))
                        .getMessage());
    }

    @Test
    void brokenStreamIsAnIoError() {
        var broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("disk on fire");
            }

            @Override
            public int read(byte[] b, int off, int len) throws IOException {
                throw new IOException("disk on fire");
            }
        };
        assertEquals(
                "x: disk on fire",
                assertThrows(UncheckedIOException.class, () -> IdxFile.read("x", broken))
                        .getMessage());
    }

    @Test
    void randomDamageNeverDoesHarm() {
        var random = new Random(3);
        byte[] packed = gzip(IMAGES);
        for (int i = 0; i < 20_000; i++) {
            byte[] file = (random.nextBoolean() ? IMAGES : packed).clone();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                file[random.nextInt(file.length)] = (byte) random.nextInt();
            }
            try {
                read(file);
            } catch (DataFormatException e) {
                assertTrue(e.getMessage().startsWith("x: "), e.getMessage());
            }
        }
    }
}
