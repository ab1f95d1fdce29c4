package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// CIFAR-10's binary files, `data_batch….bin` to train on and `test_batch….bin` to test with, plain or
/// packed with
/// gzip: records of a label, 0 to 9, and the red, the green and the blue values of 32 x 32 pixels, row by row,
/// a byte each. Samples become `[32, 32, 3]`.
final class CifarFiles {
    private static final int SIDE = 32;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CHANNELS = 3;
    private static final int RECORD = 1 + CHANNELS * PIXELS;

    /// Ten times what a published file has; a small packed file may unpack to any size.
    private static final int MOST_RECORDS = 100_000;

    private static final List<String> CLASSES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

    private static final Pattern NAME = Pattern.compile("((?:data|test)_batch.*\\.bin)(\\.gz)?");

    private CifarFiles() {}

    /// Whether a file is one of them, by its name: its bytes do not tell.
    static boolean isOne(Path file) {
        final Path name = file.getFileName();
        return name != null && NAME.matcher(name.toString()).matches();
    }

    /// The files of a folder in the order of their names, an unpacked one in place of the packed.
    private static List<Path> files(Path folder, String start) {
        final TreeMap<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : all.sorted().toList()) {
                final Matcher matcher = NAME.matcher(file.getFileName().toString());
                if (matcher.matches() && matcher.group(1).startsWith(start) && Files.isRegularFile(file)) {
                    files.putIfAbsent(matcher.group(1), file); // sorted: `.bin` comes before `.bin.gz`
                }
            }
        } catch (IOException e) {
            throw ByteSource.failure(folder.toString(), e);
        }
        return List.copyOf(files.values());
    }

    /// The data set in a folder, or null where none of its files is there.
    ///
    /// @throws DataFormatException if a file is damaged
    static @Nullable LoadedData folder(Path folder, String name) {
        final List<Path> train = files(folder, "data");
        final List<Path> test = files(folder, "test");
        if (train.isEmpty() && test.isEmpty()) {
            return null;
        }
        if (train.isEmpty()) {
            return new LoadedData(
                    name, read(test), null, CLASSES, folder + ", the test batch, since there is no other");
        }
        return new LoadedData(name, read(train), test.isEmpty() ? null : read(test), CLASSES, folder.toString());
    }

    /// One file.
    ///
    /// @throws DataFormatException if it is damaged
    static LoadedData file(Path file, String name) {
        return new LoadedData(name, read(List.of(file)), null, CLASSES, file.toString());
    }

    private static Dataset read(List<Path> files) {
        final List<byte[]> parts = new ArrayList<>();
        long records = 0;
        for (Path file : files) {
            final byte[] part = ByteSource.readFile(file, CifarFiles::records);
            parts.add(part);
            records += part.length / RECORD;
        }
        if (records * CHANNELS * PIXELS > ByteSource.LIMIT) {
            throw new DataFormatException(
                    files.getFirst() + " and others: " + records + " images, more than are supported");
        }
        final byte[] pixels = new byte[(int) records * CHANNELS * PIXELS];
        final int[] labels = new int[(int) records];
        int at = 0;
        for (byte[] part : parts) {
            for (int record = 0; record < part.length; record += RECORD) {
                labels[at] = part[record];
                interleave(part, record + 1, pixels, at * CHANNELS * PIXELS);
                at++;
            }
        }
        return Dataset.images(pixels, Shape.of(SIDE, SIDE, CHANNELS), DataFiles.BYTE_SCALE, labels);
    }

    /// From colour by colour to pixel by pixel.
    private static void interleave(byte[] from, int start, byte[] to, int target) {
        for (int p = 0; p < PIXELS; p++) {
            for (int c = 0; c < CHANNELS; c++) {
                to[target + p * CHANNELS + c] = from[start + c * PIXELS + p];
            }
        }
    }

    /// All records of a file, their labels checked.
    private static byte[] records(ByteSource source) {
        final byte[] bytes = source.rest(MOST_RECORDS * RECORD);
        if (bytes.length == 0 || bytes.length % RECORD != 0) {
            throw new DataFormatException(source.name() + ": has " + bytes.length + " bytes, expected records of "
                    + RECORD + " bytes (a label and 32 x 32 x 3 values)");
        }
        for (int at = 0; at < bytes.length; at += RECORD) {
            if (bytes[at] < 0 || bytes[at] >= CLASSES.size()) {
                throw new DataFormatException(source.name() + ": label " + (bytes[at] & 0xff) + " at byte " + at
                        + ", expected 0 to " + (CLASSES.size() - 1));
            }
        }
        return bytes;
    }
}
