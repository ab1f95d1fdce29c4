package dev.lanewise.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The files in hexadecimal were written by NumPy 2.4.6 (`numpy.lib.format.write_array`).
class NpyFileTest {
    /// `[[1, 2, 3], [4, 5, 6]]`, `<f4`.
    private static final byte[] FLOATS = hex("""
            934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c
            20277368617065273a2028322c2033292c207d20202020202020202020202020202020202020202020202020202020202020
            2020202020202020202020202020202020202020202020202020200a0000803f0000004000004040000080400000a0400000
            c040""");

    /// 0 to 5 as `[1, 2, 3]`, `>i2`, Fortran order, version 2.0.
    private static final byte[] FORTRAN_SHORTS = hex("""
            934e554d50590200740000007b276465736372273a20273e6932272c2027666f727472616e5f6f72646572273a2054727565
            2c20277368617065273a2028312c20322c2033292c207d202020202020202020202020202020202020202020202020202020
            2020202020202020202020202020202020202020202020202020200a000000030001000400020005""");

    /// 0 to 23 as `[2, 3, 4]`, `|u1`, Fortran order, version 3.0.
    private static final byte[] FORTRAN_BYTES = hex("""
            934e554d50590300740000007b276465736372273a20277c7531272c2027666f727472616e5f6f72646572273a2054727565
            2c20277368617065273a2028322c20332c2034292c207d202020202020202020202020202020202020202020202020202020
            2020202020202020202020202020202020202020202020202020200a000c04100814010d05110915020e06120a16030f0713
            0b17""");

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace("\n", ""));
    }

    /// A file with any header.
    private static byte[] file(String header, String valuesInHex) {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        byte[] values = HexFormat.of().parseHex(valuesInHex);
        return ByteBuffer.allocate(10 + text.length + values.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(HexFormat.of().parseHex("934e554d50590100"))
                .putShort((short) text.length)
                .put(text)
                .put(values)
                .array();
    }

    private static byte[] vector(String dtype, int count, String valuesInHex) {
        return file("{'descr': '" + dtype + "', 'fortran_order': False, 'shape': (" + count + ",), }\n", valuesInHex);
    }

    private static NumberArray read(byte[] bytes) {
        return NpyFile.read("x", new ByteArrayInputStream(bytes));
    }

    private static void refused(String message, byte[] bytes) {
        assertEquals(
                message,
                assertThrows(DataFormatException.class, () -> read(bytes)).getMessage());
    }

    @Test
    void floatsFromNumPy() {
        NumberArray array = read(FLOATS);
        assertEquals(Shape.of(2, 3), array.shape());
        assertEquals("<f4", array.dtype());
        assertFalse(array.isInteger());
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, array.data());
    }

    @Test
    void fortranOrderIsTransposed() {
        NumberArray shorts = read(FORTRAN_SHORTS);
        assertEquals(Shape.of(1, 2, 3), shorts.shape());
        assertTrue(shorts.isInteger());
        assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, shorts.data());
        NumberArray bytes = read(FORTRAN_BYTES);
        assertTrue(bytes.isBytes());
        assertEquals(Shape.of(2, 3, 4), bytes.shape());
        for (int i = 0; i < 24; i++) {
            assertEquals(i, bytes.bytes()[i]);
        }
        assertArrayEquals(
                new float[] {1, 2},
                read(file("{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", "0000803f00000040"))
                        .data());
    }

    @Test
    void allNumberTypesInBothOrders() {
        assertArrayEquals(new float[] {1, 0}, read(vector("|b1", 2, "0100")).data());
        assertArrayEquals(new float[] {-1, 2}, read(vector("|i1", 2, "ff02")).data());
        assertArrayEquals(new float[] {255, 2}, read(vector("|u1", 2, "ff02")).data());
        assertArrayEquals(new float[] {255, 2}, read(vector("<u1", 2, "ff02")).data());
        assertArrayEquals(
                new float[] {-2, 258}, read(vector("<i2", 2, "feff0201")).data());
        assertArrayEquals(new float[] {65534}, read(vector(">u2", 1, "fffe")).data());
        assertArrayEquals(new float[] {-2}, read(vector(">i4", 1, "fffffffe")).data());
        assertArrayEquals(
                new float[] {0x1.fffffep31f}, read(vector("<u4", 1, "00ffffff")).data());
        assertArrayEquals(
                new float[] {-2}, read(vector("<i8", 1, "feffffffffffffff")).data());
        assertArrayEquals(
                new float[] {1L << 40},
                read(vector(">i8", 1, "0000010000000000")).data());
        assertArrayEquals(
                new float[] {1, -2, 65504},
                read(vector("<f2", 3, "003c00c0ff7b")).data());
        assertArrayEquals(new float[] {1}, read(vector(">f2", 1, "3c00")).data());
        assertArrayEquals(
                new float[] {1, Float.NaN},
                read(vector(">f4", 2, "3f8000007fc00000")).data());
        assertArrayEquals(
                new float[] {3.5f}, read(vector("<f8", 1, "0000000000000c40")).data());
    }

    @Test
    void unsignedLongsRoundToNearest() {
        assertArrayEquals(
                new float[] {0x1p63f},
                read(vector(">u8", 1, "8000000000000000")).data());
        assertArrayEquals(
                new float[] {0x1p64f},
                read(vector(">u8", 1, "ffffffffffffffff")).data());
        // half a unit above 2^63 goes to even, one more bit goes up
        assertArrayEquals(
                new float[] {0x1p63f},
                read(vector(">u8", 1, "8000008000000000")).data());
        assertArrayEquals(
                new float[] {0x1.000002p63f},
                read(vector(">u8", 1, "8000008000000001")).data());
    }

    @Test
    void scalarsAndEmptyArrays() {
        NumberArray scalar = read(file("{'descr':'<f4','fortran_order':False,'shape':()}", "0000803f"));
        assertEquals(Shape.of(), scalar.shape());
        assertArrayEquals(new float[] {1}, scalar.data());
        NumberArray empty = read(file("{'descr':'<f4','fortran_order':True,'shape':(2147483647, 2147483647, 0)}", ""));
        assertEquals(0, empty.data().length);
    }

    @Test
    void headersMayBeWrittenOtherwise() {
        for (String header : List.of(
                "{\"shape\": (2L,), \"fortran_order\": False, \"descr\": \"<f4\"}",
                "  { 'shape' : ( 2 , ) , 'descr' : '<f4' , 'fortran_order' : False , }  \n")) {
            assertArrayEquals(
                    new float[] {1, 2}, read(file(header, "0000803f00000040")).data());
        }
    }

    @Test
    void objectsAndOtherTypesAreRefusedByName() {
        refused("x: holds pickled Python objects (dtype '|O'), which are not loaded", vector("|O", 1, "80049500"));
        for (String dtype : List.of("<c16", "<U1", "|S3", "<M8[D]", "|V8", "=f4", "<f16", "|f4", "f4", "", "<f")) {
            refused(
                    "x: dtype '" + dtype
                            + "' is not supported (supported: b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4, f8"
                            + " in both byte orders)",
                    vector(dtype, 1, "00"));
        }
        refused(
                "x: holds an array of structures, which is not supported (at byte 20)",
                file("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", "00000000"));
    }

    @Test
    void strictHeader() {
        String rest = ", 'fortran_order': False, 'shape': (1,)}";
        for (String[] c : new String[][] {
            {"", "header at byte 10: expected '{', found its end"},
            {"[]", "header at byte 10: expected '{', found '[]'"},
            {"{}", "header at byte 12: the keys 'descr', 'fortran_order' and 'shape' are not all there, found its end"},
            {"{'descr': '<f4'", "header at byte 25: expected '}', found its end"},
            {"{'descr': '<f4}", "header at byte 20: a string without end or with escapes, found ''<f4}'"},
            {
                "{'descr': '\\x3cf4'" + rest,
                "header at byte 20: a string without end or with escapes, found ''\\x3cf4', 'f'"
            },
            {"{'descr': '<f4', 'descr': '<f4'}", "header at byte 35: key 'descr' a second time, found ' '<f4'}'"},
            {"{'descr': '<f4', 'evil': 1}", "header at byte 34: unknown key 'evil', found ' 1}'"},
            {"{'descr': '<f4'" + rest + "; import os", "header at byte 65: text behind the dict, found '; import os'"},
            {"{'descr': __import__('os')" + rest, "header at byte 20: expected a string, found '__import__(''"},
            {"{'fortran_order': 1}", "header at byte 28: expected True or False, found '1}'"},
            {"{'shape': (3)}", "header at byte 23: expected a tuple, a single number needs a comma, found '}'"},
            {"{'shape': 3}", "header at byte 20: expected '(', found '3}'"},
            {"{'shape': (-3,)}", "header at byte 21: expected a dimension, found '-3,)}'"},
            {"{'shape': (3.5,)}", "header at byte 22: expected ')', found '.5,)}'"},
            {"{'shape': (3,,)}", "header at byte 23: expected a dimension, found ',)}'"},
            {"{'shape': (2147483648,)}", "header at byte 31: a dimension above 2147483647, found ',)}'"},
            {"{'shape': (" + "1,".repeat(65) + ")}", "header at byte 149: more than 64 dimensions, found '1,)}'"},
            {"{'shape': \t\u001b[31m", "header at byte 20: expected '(', found '??[31m'"},
        }) {
            refused("x: " + c[1], file(c[0], ""));
        }
    }

    @Test
    void claimedSizesAreNotBelieved() {
        refused(
                "x: the header says shape [2147483647, 2147483647, 2147483647] of 4-byte values, more than the 2147483631"
                        + " bytes that are supported",
                file("{'descr':'<f4','fortran_order':False,'shape':(2147483647, 2147483647, 2147483647)}", "00"));
        byte[] claim = file("{'descr':'<f4','fortran_order':False,'shape':(500000000,)}", "00000000");
        refused(
                "x: ends after 72 bytes, expected 2000000068 with values of shape [500000000] of 2000000000 bytes",
                claim);
        long allocated = Allocated.by(() -> assertThrows(DataFormatException.class, () -> read(claim)));
        assertTrue(allocated < 1 << 20, allocated + " bytes for a file of 72");
    }

    @Test
    void headerLengthIsNotBelieved() {
        byte[] file = FORTRAN_BYTES.clone();
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
        refused("x: the header's length at byte 8 is 4294967295, expected at most 65536", file);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(8, 60_000);
        refused("x: ends after 152 bytes, expected 60012 with the header of 60000 bytes", file);
    }

    @Test
    void otherFilesAndVersionsAreRefused() {
        refused(
                "x: not an NPY file, it starts with bytes 89 48 44 46 0d 0a, expected 93 4e 55 4d 50 59",
                hex("894844460d0a1a0a"));
        byte[] version = FLOATS.clone();
        version[6] = 4;
        refused("x: version 4.0 at byte 6, expected 1.0, 2.0 or 3.0", version);
        version[6] = 1;
        version[7] = 1;
        refused("x: version 1.1 at byte 6, expected 1.0, 2.0 or 3.0", version);
    }

    @Test
    void everyTruncationIsRefused() {
        for (byte[] file : new byte[][] {FLOATS, FORTRAN_SHORTS, FORTRAN_BYTES}) {
            for (int length = 0; length < file.length; length++) {
                byte[] cut = Arrays.copyOf(file, length);
                assertThrows(DataFormatException.class, () -> read(cut));
            }
        }
        refused("x: more bytes follow at byte 152, where the values end", Arrays.copyOf(FLOATS, 153));
    }

    @Test
    void randomDamageNeverDoesHarm() {
        var random = new Random(4);
        for (int i = 0; i < 30_000; i++) {
            byte[] file = (random.nextBoolean() ? FLOATS : FORTRAN_BYTES).clone();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                file[random.nextInt(random.nextBoolean() ? 12 : 70)] = (byte) random.nextInt();
            }
            try {
                read(file);
            } catch (DataFormatException e) {
                assertTrue(e.getMessage().startsWith("x: "), e.getMessage());
            }
        }
    }

    @Test
    void writesWhatNumPyWrites() {
        var out = new ByteArrayOutputStream();
        NpyFile.write(out, read(FLOATS));
        assertArrayEquals(FLOATS, out.toByteArray());
    }

    @Test
    void whatIsWrittenIsReadAgain(@TempDir Path folder) throws IOException {
        var random = new Random(5);
        for (Shape shape : List.of(
                Shape.of(), Shape.of(0), Shape.of(7), Shape.of(2, 3, 4), Shape.of(16385), Shape.of(3, 20_000))) {
            var data = new float[(int) shape.size()];
            for (int i = 0; i < data.length; i++) {
                data[i] = Float.intBitsToFloat(random.nextInt());
            }
            Path file = folder.resolve("a.npy");
            NpyFile.write(file, NumberArray.of(shape, data));
            NumberArray array = NpyFile.read(file);
            assertEquals(shape, array.shape());
            for (int i = 0; i < data.length; i++) {
                assertEquals(Float.floatToIntBits(data[i]), Float.floatToIntBits(array.data()[i]));
            }
        }
        assertEquals(1, list(folder).size(), "nothing is left beside the file");
    }

    @Test
    void bytesAreWrittenAsFloats() {
        var out = new ByteArrayOutputStream();
        NpyFile.write(out, read(FORTRAN_BYTES));
        NumberArray array = read(out.toByteArray());
        assertEquals("<f4", array.dtype());
        assertEquals(23, array.data()[23]);
    }

    private static List<Path> list(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void failedWriteLeavesTheOldFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.npy");
        Files.writeString(file, "old");
        assertThrows(
                UncheckedIOException.class,
                () -> FileReplacement.write(file, out -> {
                    out.write(1);
                    throw new IOException("disk full");
                }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of(file), list(folder));
        Path nowhere = folder.resolve("no").resolve("a.npy");
        assertThrows(UncheckedIOException.class, () -> NpyFile.write(nowhere, read(FLOATS)));
    }

    @Test
    void writesThroughSymbolicLinks(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.npy");
        Files.writeString(file, "old");
        Path link = folder.resolve("link.npy");
        try {
            Files.createSymbolicLink(link, file);
        } catch (IOException | UnsupportedOperationException e) {
            org.junit.jupiter.api.Assumptions.abort("skipped: no symbolic links here");
        }
        NpyFile.write(link, read(FLOATS));
        assertTrue(Files.isSymbolicLink(link));
        assertArrayEquals(FLOATS, Files.readAllBytes(file));
    }

    @Test
    void brokenStreamIsAnIoError() {
        var full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("disk full");
            }
        };
        assertThrows(UncheckedIOException.class, () -> NpyFile.write(full, read(FLOATS)));
    }

    @Test
    void arraysKnowTheirSize() {
        var e = assertThrows(IllegalArgumentException.class, () -> NumberArray.of(Shape.of(2, 3), new float[5]));
        assertEquals("NumberArray: 5 values, expected 6 for shape [2, 3]", e.getMessage());
        assertThrows(IllegalStateException.class, () -> read(FLOATS).bytes());
        assertEquals("<f4 [2, 3]", read(FLOATS).toString());
    }
}
