package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Shape;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// CSV files and images for known attacks: each is one sentence, soon, in a heap of 256 MB. The rows of
/// docs/hostile-files.md are printed to `target/hostile-files.md`.
@Tag("small-heap")
class HostileDataTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final List<String> ROWS = new ArrayList<>();

    @TempDir
    private Path folder;

    /// @param says a part of the error
    /// @param content its bytes
    record Hostile(String name, String says, Supplier<byte[]> content) {
        Hostile(String name, String says, byte[] bytes) {
            this(name, says, () -> bytes);
        }

        byte[] bytes() {
            return content.get();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Hostile csv(String name, String says, String text) {
        return new Hostile(name + ".csv", says, text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] chunk(String type, byte[] data) {
        final ByteBuffer chunk = ByteBuffer.allocate(12 + data.length);
        chunk.putInt(data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
        final CRC32 sum = new CRC32();
        sum.update(chunk.array(), 4, 4 + data.length);
        return chunk.putInt((int) sum.getValue()).array();
    }

    /// A PNG that claims a size, and whose pixels unpack to so many zeros.
    private static byte[] png(int width, int height, int zeros) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        out.writeBytes(chunk(
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put(new byte[] {8, 2, 0, 0, 0})
                        .array()));
        try (Deflater deflater = new Deflater(9)) {
            deflater.setInput(new byte[zeros]);
            deflater.finish();
            final byte[] packed = new byte[zeros / 500 + 100];
            out.writeBytes(chunk("IDAT", Arrays.copyOf(packed, deflater.deflate(packed))));
        }
        out.writeBytes(chunk("IEND", new byte[0]));
        return out.toByteArray();
    }

    /// A sound image of 4 x 4 pixels.
    private static byte[] image(String format, int type) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(4, 4, type), format, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /// With an int replaced.
    private static byte[] bmp(int at, int value) {
        final byte[] image = image("bmp", BufferedImage.TYPE_BYTE_INDEXED);
        ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
        return image;
    }

    /// With the size of its one frame, behind the table of colours, set to 60,000 x 60,000.
    private static byte[] gif() {
        final byte[] image = image("gif", BufferedImage.TYPE_BYTE_INDEXED);
        final int colours = 3 << ((image[10] & 7) + 1);
        int at = 13 + ((image[10] & 0x80) == 0 ? 0 : colours);
        while (image[at] != 0x2c) { // blocks before the frame
            at += 2;
            while (image[at] != 0) {
                at += 1 + (image[at] & 0xff);
            }
            at++;
        }
        ByteBuffer.wrap(image)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(at + 5, (short) 60_000)
                .putShort(at + 7, (short) 60_000);
        return image;
    }

    /// With the height and width in its frame's header set to 65,500.
    private static byte[] jpeg() {
        final byte[] image = image("jpeg", BufferedImage.TYPE_INT_RGB);
        for (int i = 2; i < image.length - 9; i++) {
            if (image[i] == (byte) 0xff && image[i + 1] == (byte) 0xc0) {
                ByteBuffer.wrap(image).putInt(i + 5, 0xffdcffdc);
            }
        }
        return image;
    }

    static Stream<Hostile> files() {
        return Stream.of(
                csv("field-of-20-megabytes", "is no sound CSV file", "a,y\n" + "1".repeat(20 << 20) + ",1\n"),
                csv("quote-that-never-ends", "is no sound CSV file", "a,y\n\"" + "x\n".repeat(1 << 20)),
                csv("line-of-5-million-fields", "is no sound CSV file", "1,".repeat(5_000_000) + "1\n"),
                csv("number-beyond-floats", "'1e99', expected a number", "a,y\n1e99,1\n"),
                csv("not-a-number", "'NaN', expected a number", "a,y\nNaN,1\n"),
                csv("formula", "expected a number", "a,y\n=cmd|' /C calc'!A0,1\n"),
                csv("nothing-but-nul", "has one column", "\0".repeat(1000)),
                csv("escape-sequences", "expected a number", "a,y\n\u001b[2J\u202e,1\n"),
                new Hostile("60000-x-60000-pixels.png", "more than the 100,000,000", png(60_000, 60_000, 1000)),
                new Hostile("10000-x-10000-pixels.png", "bytes cannot hold", png(10_000, 10_000, 100_000)),
                new Hostile(
                        "10000-x-10000-pixels-and-a-tail.png",
                        "the Java heap has at most",
                        Arrays.copyOf(png(10_000, 10_000, 100_000), 20_000)),
                new Hostile(
                        "size-of-2-to-the-31.png",
                        "more than the 100,000,000",
                        png(Integer.MAX_VALUE, Integer.MAX_VALUE, 100)),
                new Hostile("negative-size.png", "cannot be read as an image", png(-1, 5, 100)),
                new Hostile("pixels-that-end-too-early.png", "cannot be read as an image", png(1000, 1000, 100)),
                new Hostile("65500-x-65500-pixels.jpeg", "more than the 100,000,000", jpeg()),
                new Hostile("frame-of-60000-x-60000.gif", "more than the 100,000,000", gif()),
                new Hostile("width-of-2-to-the-31.bmp", "cannot be read as an image", bmp(18, Integer.MAX_VALUE)),
                new Hostile("negative-width.bmp", "cannot be read as an image", bmp(18, -4)),
                new Hostile("cut.png", "cannot be read as an image", Arrays.copyOf(png(4, 4, 52), 30)),
                new Hostile("no-image.png", "no image of a known format", new byte[100]));
    }

    private static void read(Path file) {
        if (CsvFile.isOne(file)) {
            CsvFile.read(file, null, List.of());
        } else {
            ImageFile.read(file, Shape.of(Shape.UNKNOWN, Shape.UNKNOWN, 3), 1 / 255f);
        }
    }

    @Test
    void heapIsSmall() {
        assertTrue(Runtime.getRuntime().maxMemory() <= 256L << 20);
    }

    @Test
    void pageListsThemAll() throws IOException {
        final Path root =
                Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("../..");
        final String page = Files.readString(root.resolve("docs/hostile-files.md"));
        assertEquals(
                List.of(),
                files().map(Hostile::name)
                        .filter(name -> !page.contains("| `" + name + "` |"))
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("files")
    void isRefusedInOneSentence(Hostile hostile) throws IOException {
        final Path file = Files.write(folder.resolve(hostile.name()), hostile.bytes());
        final long[] spent = new long[3];
        final CommandException e = assertTimeoutPreemptively(SOON, () -> {
            final Cost cost = Cost.start();
            final CommandException refused = assertThrows(CommandException.class, () -> read(file));
            cost.stop(spent);
            return refused;
        });
        final String message = e.getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(hostile.says()), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() < 600, message);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        final String said = message.substring(file.toString().length()).replaceFirst("^[:, ]+", "");
        ROWS.add(String.format(
                Locale.ROOT,
                "| `%s` | %s | %d | %d | %.1f | %.1f |",
                hostile.name(),
                (said.length() <= 150 ? said : said.substring(0, 150) + "…").replace("|", "\\|"),
                hostile.bytes().length,
                spent[0],
                spent[1] / 1e6,
                spent[2] / 1e6));
    }

    /// A hundred thousand names of classes are numbered in a moment.
    @Test
    void manyClassesAreNumberedInOnePass() {
        final StringBuilder text = new StringBuilder("a,class\n");
        for (int i = 0; i < 200_000; i++) {
            text.append("1,c").append(i).append('\n');
        }
        final Path file =
                TestFiles.write(folder.resolve("classes.csv"), text.toString().getBytes(StandardCharsets.UTF_8));
        assertTimeoutPreemptively(
                SOON,
                () -> assertEquals(
                        200_000,
                        CsvFile.read(file, null, List.of()).classNames().size()));
    }

    @AfterAll
    static void write() throws IOException {
        final Path target = Path.of(System.getProperty("basedir", ""), "target");
        if (Files.isDirectory(target)) {
            Files.write(target.resolve("hostile-files.md"), ROWS);
        }
    }
}
