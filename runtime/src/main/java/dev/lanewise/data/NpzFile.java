package dev.lanewise.data;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// NumPy's NPZ files: a zip file whose members `name.npy` are arrays. Members of other kinds are not looked at.
///
/// A member's name is a key and never a path. What a member unpacks to is counted as it is read, whatever
/// the zip file says about it, and bounded by [Limits].
public final class NpzFile implements AutoCloseable {
    private static final String ENDING = ".npy";

    /// Up to here the ratio does not count: small arrays of zeros may be packed as tightly as they like.
    private static final long FREE_OF_RATIO = 64L << 20;

    /// NumPy's date of members; always the same, so that the same arrays give the same file.
    private static final LocalDateTime DATE = LocalDateTime.of(1980, 1, 1, 0, 0);

    /// How much a file may unpack to.
    ///
    /// @param totalBytes of all members read
    /// @param ratio of these bytes to the file's size; counts beyond 64 MiB
    public record Limits(long totalBytes, int ratio) {
        /// 4 GiB, and 200 times the file's size.
        public static final Limits DEFAULT = new Limits(4L << 30, 200);

        /// Limits that are at least 1.
        public Limits {
            if (totalBytes < 1 || ratio < 1) {
                throw new IllegalArgumentException(
                        "NpzFile.Limits: " + totalBytes + " bytes and ratio " + ratio + ", expected at least 1 each");
            }
        }
    }

    private final Path path;
    private final Limits limits;
    private final long fileSize;
    private final ZipFile zip;
    private final SequencedMap<String, ZipEntry> members = new LinkedHashMap<>();

    private final Set<String> counted = new HashSet<>();
    private long unpacked;

    private NpzFile(Path path, Limits limits) {
        this.path = path;
        this.limits = limits;
        try {
            this.fileSize = Files.size(path);
            this.zip = new ZipFile(path.toFile());
        } catch (EOFException | ZipException e) {
            throw new DataFormatException(path + ": not a readable zip file (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw ByteSource.failure(path.toString(), e);
        }
    }

    /// Opens a file within [Limits#DEFAULT].
    ///
    /// @throws DataFormatException if it is not a zip file, or has two members of one name
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static NpzFile open(Path path) {
        return open(path, Limits.DEFAULT);
    }

    /// Opens a file within limits of one's own.
    ///
    /// @throws DataFormatException if it is not a zip file, or has two members of one name
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static NpzFile open(Path path, Limits limits) {
        var file = new NpzFile(path, limits);
        try {
            file.list();
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
        return file;
    }

    private void list() {
        zip.stream().forEach(entry -> {
            String name = entry.getName();
            if (name.endsWith(ENDING)
                    && members.put(name.substring(0, name.length() - ENDING.length()), entry) != null) {
                throw new DataFormatException(path + ": two members are named '" + name + "'");
            }
        });
    }

    /// Reads all arrays of a file, in its order.
    ///
    /// @throws DataFormatException if it is damaged, beyond [Limits#DEFAULT], or holds something else than real
    /// numbers
    /// @throws java.io.UncheckedIOException if it cannot be read
    public static SequencedMap<String, NumberArray> read(Path path) {
        try (var file = open(path)) {
            var arrays = new LinkedHashMap<String, NumberArray>();
            for (String name : file.names()) {
                arrays.put(name, file.read(name));
            }
            return arrays;
        }
    }

    /// The arrays' names, without `.npy`, in the file's order.
    public List<String> names() {
        return new ArrayList<>(members.keySet());
    }

    /// Whether there is an array of this name.
    public boolean contains(String name) {
        return members.containsKey(name);
    }

    /// Reads one array.
    ///
    /// @throws IllegalArgumentException if there is no array of this name
    /// @throws DataFormatException if it is damaged, beyond the limits, or holds something else than real
    ///     numbers
    /// @throws java.io.UncheckedIOException if it cannot be read
    public NumberArray read(String name) {
        ZipEntry entry = members.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(path + ": has no array '" + name + "', but " + names());
        }
        String member = path + ", member " + entry.getName();
        return ByteSource.withinMemory(member, () -> read(entry, name, member));
    }

    private NumberArray read(ZipEntry entry, String name, String member) {
        var sum = new CRC32();
        try (InputStream in = zip.getInputStream(entry)) {
            var bounded = counted.add(name) ? new Bounded(in) : in;
            NumberArray array = NpyFile.read(new ByteSource(member, new CheckedInputStream(bounded, sum), -1));
            if (sum.getValue() != entry.getCrc()) {
                throw new DataFormatException(member + ": checksum " + Long.toHexString(sum.getValue()) + ", expected "
                        + Long.toHexString(entry.getCrc()));
            }
            return array;
        } catch (EOFException | ZipException e) {
            throw new DataFormatException(member + ": damaged (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw ByteSource.failure(member, e);
        }
    }

    /// Counts what is unpacked.
    private final class Bounded extends FilterInputStream {
        Bounded(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int count = super.read(bytes, from, length);
            unpacked += Math.max(count, 0);
            if (unpacked > limits.totalBytes) {
                throw new DataFormatException(path + ": unpacks to more than " + limits.totalBytes
                        + " bytes, the limit (NpzFile.Limits.totalBytes)");
            }
            if (unpacked > FREE_OF_RATIO && unpacked / limits.ratio > fileSize) {
                throw new DataFormatException(path + ": unpacks to more than " + limits.ratio + " times its " + fileSize
                        + " bytes, the limit (NpzFile.Limits.ratio)");
            }
            return count;
        }
    }

    /// Closes the file.
    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw ByteSource.failure(path.toString(), e);
        }
    }

    /// Writes arrays as float32 in the map's order, not compressed, as `numpy.savez` does: beside `path` first,
    /// then moved there.
    ///
    /// @throws java.io.UncheckedIOException if it cannot be written; what was there before stays then
    public static void write(Path path, Map<String, NumberArray> arrays) {
        FileReplacement.write(path, out -> {
            try (var zip = new ZipOutputStream(out)) {
                zip.setMethod(ZipOutputStream.STORED);
                for (var array : arrays.entrySet()) {
                    zip.putNextEntry(entry(array.getKey(), array.getValue()));
                    NpyFile.writeTo(zip, array.getValue());
                    zip.closeEntry();
                }
            }
        });
    }

    /// A member that is not packed needs its size and checksum in front.
    private static ZipEntry entry(String name, NumberArray array) throws IOException {
        var sum = new CRC32();
        var count = new long[1];
        var nowhere = new OutputStream() {
            @Override
            public void write(int b) {
                count[0]++;
            }

            @Override
            public void write(byte[] b, int off, int len) {
                count[0] += len;
            }
        };
        NpyFile.writeTo(new CheckedOutputStream(nowhere, sum), array);
        var entry = new ZipEntry(name + ENDING);
        entry.setTimeLocal(DATE);
        entry.setSize(count[0]);
        entry.setCrc(sum.getValue());
        return entry;
    }
}
