package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/// A data file read from front to back. Memory is taken as data arrives, never because a header claims a
/// length.
final class ByteSource {
    /// The longest run of bytes that is read into one array.
    static final int LIMIT = Integer.MAX_VALUE - 16;

    private static final int FIRST_BUFFER = 1 << 16;

    /// Up to here it does not count how tightly data is packed.
    private static final long FREE_OF_RATIO = 64L << 20;

    /// Images pack to a fifth or so; zeros, by which a small file would fill the memory, a thousand times.
    private static final int MAX_RATIO = 200;

    private final String name;
    private final InputStream in;
    private final long size;
    private final @Nullable Counted packed;
    private long position;

    /// Whether packed data ended before its own end.
    private boolean cutOff;

    /// A source of `size` bytes, or of an unknown number if that is -1.
    ByteSource(String name, InputStream in, long size) {
        this(name, in, size, null);
    }

    private ByteSource(String name, InputStream in, long size, @Nullable Counted packed) {
        this.name = name;
        this.in = in;
        this.size = size;
        this.packed = packed;
    }

    /// What `read` gives, or an error about the file where that takes more memory than there is.
    static <T> T withinMemory(String name, Supplier<T> read) {
        try {
            return read.get();
        } catch (OutOfMemoryError e) {
            throw new DataFormatException(name + ": needs more memory than the Java heap has, at most "
                    + Runtime.getRuntime().maxMemory() + " bytes (-Xmx sets it)");
        } catch (StackOverflowError e) {
            // The JDK goes one call deeper for each part of a gzip file that holds nothing.
            throw new DataFormatException(name + ": is a gzip file of thousands of empty parts");
        }
    }

    /// What `reader` makes of the file at `path`, unpacked if it is a gzip file.
    ///
    /// @throws UncheckedIOException if it cannot be read
    static <T> T readFile(Path path, Function<ByteSource, T> reader) {
        try (InputStream in = Files.newInputStream(path)) {
            long size = Files.isRegularFile(path) ? Files.size(path) : -1;
            return withinMemory(path.toString(), () -> reader.apply(unpacking(path.toString(), in, size)));
        } catch (IOException e) {
            throw failure(path.toString(), e);
        }
    }

    /// A source that unpacks `in` if it starts like a gzip file.
    static ByteSource unpacking(String name, InputStream in, long size) {
        var buffered = new Counted(in);
        try {
            buffered.mark(2);
            byte[] start = buffered.readNBytes(2);
            buffered.reset();
            boolean gzip = Arrays.equals(start, new byte[] {0x1f, (byte) 0x8b});
            return gzip
                    ? new ByteSource(name, new GZIPInputStream(buffered, FIRST_BUFFER), -1, buffered)
                    : new ByteSource(name, buffered, size);
        } catch (EOFException | ZipException e) {
            throw new DataFormatException(name + ": damaged gzip header (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw failure(name, e);
        }
    }

    /// Counts what is taken from it.
    private static final class Counted extends BufferedInputStream {
        private long taken;
        private long unpacked;

        Counted(InputStream in) {
            super(in);
        }

        @Override
        public synchronized int read() throws IOException {
            int b = super.read();
            taken += b < 0 ? 0 : 1;
            return b;
        }

        @Override
        public synchronized int read(byte[] bytes, int from, int length) throws IOException {
            int n = super.read(bytes, from, length);
            taken += Math.max(n, 0);
            return n;
        }
    }

    String name() {
        return name;
    }

    /// The number of bytes read so far; of a packed file, unpacked ones.
    long position() {
        return position;
    }

    /// How many bytes the values of a claimed shape have.
    ///
    /// @throws DataFormatException if that is beyond what is supported
    int bytesOf(Shape shape, int bytesPerValue) {
        int[] dims = shape.toArray();
        for (int dim : dims) {
            if (dim == 0) {
                return 0;
            }
        }
        long bytes = bytesPerValue;
        for (int dim : dims) {
            bytes *= dim;
            if (bytes > LIMIT) {
                throw new DataFormatException(name + ": the header says shape " + shape + " of " + bytesPerValue
                        + "-byte values, more than the " + LIMIT + " bytes that are supported");
            }
        }
        return (int) bytes;
    }

    /// The next `n` bytes.
    ///
    /// @throws DataFormatException if the source has fewer
    byte[] read(int n, String what) {
        if (size >= 0 && n > size - position) {
            throw tooShort(n, what, size);
        }
        var bytes = new byte[size >= 0 ? n : Math.min(n, FIRST_BUFFER)];
        int got = 0;
        while (got < n) {
            if (got == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(n, 2L * got));
            }
            int count = read(bytes, got);
            if (count < 0) {
                throw tooShort(n, what, position + got);
            }
            got += count;
        }
        position += n;
        return bytes;
    }

    /// Everything that is left.
    ///
    /// @throws DataFormatException if that is more than `most` bytes
    byte[] rest(int most) {
        var bytes = new byte[FIRST_BUFFER];
        int got = 0;
        for (int count = read(bytes, 0); count >= 0; count = read(bytes, got)) {
            got += count;
            if (got > most) {
                throw new DataFormatException(name + ": has more than the " + most + " bytes that are supported");
            }
            if (got == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(most + 1L, 2L * got));
            }
        }
        position += got;
        if (cutOff) {
            throw new DataFormatException(name + ": the compressed data is cut off, its checksum is missing");
        }
        return Arrays.copyOf(bytes, got);
    }

    /// The MD5 checksum of everything that is left, in hexadecimal.
    String md5() {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
        var bytes = new byte[FIRST_BUFFER];
        for (int count = read(bytes, 0); count >= 0; count = read(bytes, 0)) {
            digest.update(bytes, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// @throws DataFormatException if there are more bytes
    void expectEnd() {
        if (read(new byte[1], 0) >= 0) {
            throw new DataFormatException(name + ": more bytes follow at byte " + position + ", where the values end");
        }
        if (cutOff) {
            throw new DataFormatException(name + ": the compressed data is cut off, its checksum is missing");
        }
    }

    /// Bytes as they come, into `bytes` from `from` on: how many, or -1 at the end.
    private int read(byte[] bytes, int from) {
        try {
            int count = in.read(bytes, from, bytes.length - from);
            if (packed != null) {
                packed.unpacked += Math.max(count, 0);
                if (packed.unpacked > FREE_OF_RATIO && packed.unpacked / MAX_RATIO > packed.taken) {
                    throw new DataFormatException(
                            name + ": unpacks to more than " + MAX_RATIO + " times its " + packed.taken + " bytes");
                }
            }
            return count;
        } catch (EOFException e) {
            cutOff = true;
            return -1;
        } catch (ZipException e) {
            throw new DataFormatException(
                    name + ": damaged compressed data behind byte " + (position + from) + " (" + e.getMessage() + ")",
                    e);
        } catch (IOException e) {
            throw failure(name, e);
        }
    }

    private DataFormatException tooShort(int n, String what, long end) {
        return new DataFormatException(name + ": ends after " + end + " bytes, expected " + (position + n) + " with "
                + what + " of " + n + " bytes");
    }

    static UncheckedIOException failure(String name, IOException e) {
        return new UncheckedIOException(name + ": " + reason(e), e);
    }

    /// The platform's messages for missing files are the bare path.
    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "access denied";
        }
        return String.valueOf(e.getMessage());
    }
}
