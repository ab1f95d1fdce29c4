package dev.lanewise.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// What a file is, told by its bytes and not by its name.
enum FileKind {
    SAFETENSORS("safetensors"),
    HDF5("HDF5 (Keras .h5)"),
    KERAS_ZIP("Keras archive (.keras)"),
    NPZ("NPZ (NumPy arrays)"),
    ZIP("zip archive"),
    NPY("NPY (NumPy array)"),
    IDX("IDX"),
    GZIP("gzip"),
    IMAGE("image"),
    EMPTY("empty file"),
    UNKNOWN("unknown format");

    private static final int START = 16;
    private static final HexFormat HEX = HexFormat.of();

    private final String title;

    FileKind(String title) {
        this.title = title;
    }

    /// For messages.
    String title() {
        return title;
    }

    /// Whether it may be a Keras file.
    boolean isKeras() {
        return this == HDF5 || this == KERAS_ZIP;
    }

    /// Looks into a file.
    ///
    /// @throws CommandException if there is none, or it is a folder
    /// @throws UncheckedIOException if it cannot be read
    static FileKind of(Path file) {
        if (Files.isDirectory(file)) {
            throw new CommandException(file + ": is a folder, a file was expected");
        }
        try (InputStream in = Files.newInputStream(file)) {
            FileKind kind = of(in.readNBytes(START));
            if (kind == UNKNOWN && afterUserBlock(file)) {
                return HDF5;
            }
            return kind == ZIP ? zip(file) : kind;
        } catch (NoSuchFileException e) {
            throw new CommandException(file + ": no such file", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static FileKind of(byte[] start) {
        if (start.length == 0) {
            return EMPTY;
        } else if (startsWith(start, "894844460d0a1a0a")) {
            return HDF5;
        } else if (startsWith(start, "504b0304") || startsWith(start, "504b0506")) {
            return ZIP;
        } else if (startsWith(start, "934e554d5059")) {
            return NPY;
        } else if (startsWith(start, "1f8b")) {
            return GZIP;
        } else if (startsWith(start, "89504e47") // PNG, JPEG, GIF, BMP
                || startsWith(start, "ffd8ff")
                || startsWith(start, "474946")
                || startsWith(start, "424d")) {
            return IMAGE;
        } else if (start.length > 8 && start[8] == '{' && headerLength(start) >= 2) {
            return SAFETENSORS;
        } else if (start.length >= 4 && start[0] == 0 && start[1] == 0 && start[2] >= 8 && start[3] > 0) {
            return IDX;
        }
        return UNKNOWN;
    }

    /// HDF5's signature may come after a block of the user's, at byte 512, 1024, 2048, ...
    private static boolean afterUserBlock(Path file) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            ByteBuffer start = ByteBuffer.allocate(START);
            for (long at = 512; at + START <= channel.size(); at *= 2) {
                channel.position(at);
                start.clear();
                while (start.hasRemaining() && channel.read(start) > 0) {
                    // Reads on.
                }
                if (of(start.array()) == HDF5) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean startsWith(byte[] bytes, String hex) {
        byte[] magic = HEX.parseHex(hex);
        return bytes.length >= magic.length && Arrays.equals(bytes, 0, magic.length, magic, 0, magic.length);
    }

    private static long headerLength(byte[] start) {
        return ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    private static FileKind zip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            if (zip.getEntry("config.json") != null || zip.getEntry("model.weights.h5") != null) {
                return KERAS_ZIP;
            }
            return zip.stream().map(ZipEntry::getName).anyMatch(name -> name.endsWith(".npy")) ? NPZ : ZIP;
        } catch (java.util.zip.ZipException e) {
            return ZIP; // damaged: whoever reads it says how
        }
    }
}
