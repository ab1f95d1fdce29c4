package dev.lanewise.keras;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.tensor.Memory;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/// The members of a `.keras` archive. Members are asked for by their exact names and read into memory:
/// nothing is ever written, so that a name cannot lead anywhere. What a member unpacks to is bounded before
/// memory is taken, counted while it is read, and must be what the archive says, checksum included.
final class KerasArchive implements AutoCloseable {
    static final String METADATA = "metadata.json";
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.weights.h5";

    /// Instead of [#WEIGHTS], where the weights are in several members.
    static final String SHARDS = "model.weights.json";

    /// Of the metadata: two lines.
    static final int MAX_METADATA = 1 << 20;

    /// Far beyond the largest published models, whose configs have less than a megabyte.
    static final int MAX_CONFIG = 32 << 20;

    /// Java's buffers end there.
    private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

    /// Up to here the ratio does not count.
    private static final long FREE_OF_RATIO = 64 << 20;

    /// Weights hardly compress; zeros do, a thousand times.
    private static final int MAX_RATIO = 200;

    private static final int MAX_MEMBERS = 1 << 16;
    private static final int BUFFER = 1 << 16;

    private final String name;
    private final long fileSize;
    private final ZipFile zip;
    private final Map<String, ZipEntry> members = new HashMap<>();

    private KerasArchive(String name, long fileSize, ZipFile zip) {
        this.name = name;
        this.fileSize = fileSize;
        this.zip = zip;
    }

    /// Whether a file starts like a zip archive.
    static boolean isZip(FileChannel channel) throws IOException {
        final ByteBuffer start = ByteBuffer.allocate(4);
        while (start.hasRemaining() && channel.read(start, start.position()) > 0) {
            // Reads on.
        }
        return start.getInt(0) == 0x504b0304 || start.getInt(0) == 0x504b0506;
    }

    /// Opens an archive.
    ///
    /// @throws ModelFormatException if it is none, damaged, encrypted, or has two members of one name
    /// @throws UncheckedIOException if it cannot be read
    static KerasArchive open(Path path) {
        final String name = path.toString();
        try {
            final long size = Files.size(path);
            final ZipFile zip = new ZipFile(path.toFile());
            final KerasArchive archive = new KerasArchive(name, size, zip);
            try {
                archive.list();
                return archive;
            } catch (RuntimeException e) {
                zip.close();
                throw e;
            }
        } catch (EOFException | ZipException e) {
            throw new ModelFormatException(name + ": a damaged zip archive (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw failure(name, e);
        }
    }

    private void list() {
        if (zip.size() > MAX_MEMBERS) {
            throw new ModelFormatException(
                    name + ": a zip archive of " + zip.size() + " members; up to " + MAX_MEMBERS + " are supported");
        }
        zip.stream().forEach(entry -> {
            if (members.put(entry.getName(), entry) != null) {
                throw new ModelFormatException(
                        name + ": two members are named '" + KerasJson.shown(entry.getName()) + "'");
            }
        });
    }

    /// The archive's name, for errors.
    String name() {
        return name;
    }

    boolean has(String member) {
        return members.containsKey(member);
    }

    /// A member as text; null where there is none.
    ///
    /// @param most bytes that it may have
    /// @throws ModelFormatException if it has more, is damaged or not UTF-8
    @Nullable
    String text(String member, int most) {
        final ZipEntry entry = members.get(member);
        if (entry == null) {
            return null;
        }
        final long size = size(entry, most);
        final byte[] bytes = new byte[(int) size];
        read(entry, MemorySegment.ofArray(bytes));
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(where(entry) + " is not UTF-8 text", e);
        }
    }

    /// A member's bytes.
    ///
    /// @param memory gets them
    /// @throws ModelFormatException if there is no such member, it is damaged, larger than 2 GiB, or much
    ///     smaller in the archive than it says it will be
    MemorySegment bytes(String member, Memory memory) {
        final ZipEntry entry = members.get(member);
        if (entry == null) {
            throw new ModelFormatException(name + ": a zip archive without '" + member + "'");
        }
        final long size = size(entry, MAX_BYTES);
        final MemorySegment bytes =
                memory.floats((size + Float.BYTES - 1) / Float.BYTES).asSlice(0, size);
        read(entry, bytes);
        return bytes;
    }

    /// The size that the archive claims, if it may have it.
    private long size(ZipEntry entry, long most) {
        final long size = entry.getSize();
        if (size < 0) {
            throw new ModelFormatException(where(entry) + " does not say how large it is");
        }
        if (size > most) {
            throw new ModelFormatException(where(entry) + " has " + size + " bytes; up to " + most + " are supported");
        }
        if (size > FREE_OF_RATIO && size / MAX_RATIO > fileSize) {
            throw new ModelFormatException(where(entry) + " unpacks to " + size + " bytes, more than " + MAX_RATIO
                    + " times the archive's " + fileSize);
        }
        return size;
    }

    /// Unpacks a member into a place of the size that it claims.
    private void read(ZipEntry entry, MemorySegment target) {
        final CRC32 sum = new CRC32();
        final byte[] buffer = new byte[BUFFER];
        long done = 0;
        try (InputStream in = zip.getInputStream(entry)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (n > target.byteSize() - done) {
                    throw new ModelFormatException(
                            where(entry) + " unpacks to more than the " + target.byteSize() + " bytes that it claims");
                }
                MemorySegment.copy(MemorySegment.ofArray(buffer), 0, target, done, n);
                sum.update(buffer, 0, n);
                done += n;
            }
        } catch (EOFException | ZipException e) {
            throw new ModelFormatException(where(entry) + " is damaged (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw failure(where(entry), e);
        }
        if (done != target.byteSize()) {
            throw new ModelFormatException(
                    where(entry) + " ends after " + done + " bytes, expected " + target.byteSize());
        }
        if (sum.getValue() != entry.getCrc()) {
            throw new ModelFormatException(where(entry) + " is damaged: its checksum is "
                    + Long.toHexString(sum.getValue()) + ", expected " + Long.toHexString(entry.getCrc()));
        }
    }

    private String where(ZipEntry entry) {
        return name + ": member '" + KerasJson.shown(entry.getName()) + "'";
    }

    private static UncheckedIOException failure(String name, IOException e) {
        final String reason = e instanceof NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
        return new UncheckedIOException(name + ": cannot be read (" + reason + ")", e);
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw failure(name, e);
        }
    }
}
