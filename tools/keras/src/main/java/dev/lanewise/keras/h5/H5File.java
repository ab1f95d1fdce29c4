package dev.lanewise.keras.h5;

import dev.lanewise.io.ModelFormatException;
import dev.lanewise.tensor.Memory;
import io.jhdf.GlobalHeap;
import io.jhdf.HdfFile;
import io.jhdf.ObjectHeader;
import io.jhdf.api.Attribute;
import io.jhdf.api.Dataset;
import io.jhdf.api.dataset.ChunkedDataset;
import io.jhdf.object.datatype.DataType;
import io.jhdf.object.datatype.FixedPoint;
import io.jhdf.object.datatype.FloatingPoint;
import io.jhdf.object.datatype.StringData;
import io.jhdf.object.datatype.VariableLength;
import io.jhdf.object.message.DataLayoutMessage;
import io.jhdf.object.message.DataLayoutMessage.CompactDataLayoutMessage;
import io.jhdf.object.message.DataLayoutMessage.ContiguousDataLayoutMessage;
import io.jhdf.object.message.FilterPipelineMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An HDF5 file, opened for reading: the one class by which the HDF5 library is used.
///
/// The file is hostile until proved otherwise. It is read whole into native memory, so that the library looks
/// at nothing else: an external link, external storage or a virtual data set leads nowhere, and no length of
/// the file makes it allocate. Chunks are decoded by [H5Chunks], into buffers whose sizes are known
/// beforehand. Whatever goes wrong is a [ModelFormatException] of a sentence.
public final class H5File implements AutoCloseable {
    /// Java's buffers end there.
    private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

    private static final int MAX_SOFT_LINKS = 16;
    private static final int MAX_RANK = 32;

    private static final int MAX_DEPTH = 200;
    private static final int MAX_OBJECTS = 1 << 20;

    private final String name;
    private final Memory memory;
    private final long fileSize;
    private final H5Metered storage;
    private final H5Objects objects;
    private final Map<Long, GlobalHeap> heaps = new HashMap<>();
    private final H5Strings texts;

    private H5File(String name, Memory memory, long fileSize, HdfFile file) {
        this.name = name;
        this.memory = memory;
        this.fileSize = fileSize;
        this.storage = new H5Metered(file.getHdfBackingStorage(), fileSize);
        this.objects = new H5Objects(name, file, storage, fileSize);
        this.texts = new H5Strings(name, fileSize);
    }

    /// Opens a file.
    ///
    /// @throws ModelFormatException if it is no HDF5 file, damaged, or larger than 2 GiB
    /// @throws UncheckedIOException if it cannot be read
    public static H5File open(Path path) {
        final String name = path.toString();
        final Memory memory = new Memory("H5File");
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            final long size = channel.size();
            if (!H5Signature.isIn(channel)) {
                throw new ModelFormatException(name + ": not an HDF5 file (its signature is missing)");
            }
            if (size > MAX_BYTES) {
                throw new ModelFormatException(
                        name + ": an HDF5 file of " + size + " bytes; up to " + MAX_BYTES + " are supported");
            }
            final MemorySegment segment =
                    memory.floats((size + Float.BYTES - 1) / Float.BYTES).asSlice(0, size);
            final ByteBuffer bytes = segment.asByteBuffer();
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, bytes.position()) < 0) {
                    throw new ModelFormatException(name + ": became shorter while it was read");
                }
            }
            return of(name, memory, segment);
        } catch (IOException e) {
            memory.close();
            final String reason = e instanceof NoSuchFileException ? "no such file" : String.valueOf(e.getMessage());
            throw new UncheckedIOException(name + ": cannot be read (" + reason + ")", e);
        } catch (RuntimeException | OutOfMemoryError e) {
            memory.close();
            throw e;
        }
    }

    /// A file that is in memory.
    ///
    /// @param memory holds the bytes, and is closed with the file; not where this fails
    /// @throws ModelFormatException if it is no HDF5 file, damaged, or larger than 2 GiB
    public static H5File of(String name, Memory memory, MemorySegment bytes) {
        if (bytes.byteSize() > MAX_BYTES) {
            throw new ModelFormatException(
                    name + ": an HDF5 file of " + bytes.byteSize() + " bytes; up to " + MAX_BYTES + " are supported");
        }
        final long start = H5Signature.find(bytes);
        if (start < 0) {
            throw new ModelFormatException(name + ": not an HDF5 file (its signature is missing)");
        }
        H5Superblock.requireWhole(name, bytes, start);
        final HdfFile file = H5Guard.guarded(name, "the HDF5 file", () -> HdfFile.fromByteBuffer(bytes.asByteBuffer()));
        return new H5File(name, memory, bytes.byteSize(), file);
    }

    /// Paths of all data sets, and of links that are not hard ones. A group to which several links lead is
    /// looked into once, so that circles end.
    ///
    /// @throws ModelFormatException if there are groups deeper, or more objects, than a model has
    public List<String> paths() {
        return H5Guard.guarded(name, "the HDF5 file", () -> {
            final List<String> paths = new ArrayList<>();
            final Set<Long> seen = new HashSet<>();
            final Deque<Map.Entry<String, Long>> open = new ArrayDeque<>();
            open.add(Map.entry("", objects.root()));
            int count = 0;
            while (!open.isEmpty()) {
                final Map.Entry<String, Long> group = open.removeFirst();
                if (!seen.add(group.getValue())) {
                    continue;
                }
                if (elements(group.getKey()).size() > MAX_DEPTH) {
                    throw new ModelFormatException(name + ": its groups are nested more than " + MAX_DEPTH + " deep");
                }
                final Map<String, H5Objects.Link> links = objects.links(group.getValue(), group.getKey() + "/");
                for (Map.Entry<String, H5Objects.Link> child : links.entrySet()) {
                    if (++count > MAX_OBJECTS) {
                        throw new ModelFormatException(name + ": has more than " + MAX_OBJECTS + " objects");
                    }
                    final String path = group.getKey() + "/" + child.getKey();
                    final H5Objects.Link link = child.getValue();
                    if (link.external() || link.target() != null || objects.isDataset(link.address())) {
                        paths.add(path);
                    } else {
                        open.add(Map.entry(path, link.address()));
                    }
                }
            }
            return paths;
        });
    }

    /// The file's name, for errors.
    public String name() {
        return name;
    }

    /// Bytes of the file.
    public long fileSize() {
        return fileSize;
    }

    /// Whether there is a group or data set of this path.
    public boolean has(String path) {
        return find(path) != null;
    }

    /// Whether a group or data set has an attribute.
    public boolean hasAttribute(String path, String attribute) {
        return attribute(path, attribute) != null;
    }

    /// An attribute that is a string; null where there is none.
    ///
    /// @throws ModelFormatException if it is something else
    public @Nullable String string(String path, String attribute) {
        final Attribute found = attribute(path, attribute);
        if (found == null) {
            return null;
        }
        final List<String> strings = strings(found, where(path, attribute));
        if (strings.size() != 1) {
            throw new ModelFormatException(
                    name + ": " + where(path, attribute) + " has " + strings.size() + " strings, expected one");
        }
        return strings.getFirst();
    }

    /// An attribute that is a list of strings; null where there is none. Keras splits long ones into `name0`,
    /// `name1`, …
    ///
    /// @throws ModelFormatException if it is something else
    public @Nullable List<String> strings(String path, String attribute) {
        final Attribute whole = attribute(path, attribute);
        if (whole != null) {
            return strings(whole, where(path, attribute));
        }
        final List<String> all = new ArrayList<>();
        for (int i = 0; ; i++) {
            final Attribute part = attribute(path, attribute + i);
            if (part == null) {
                return i == 0 ? null : all;
            }
            all.addAll(strings(part, where(path, attribute + i)));
        }
    }

    /// A data set's description; null where there is nothing of this path.
    ///
    /// @throws ModelFormatException if it is a group, leads out of the file, or is damaged
    public @Nullable H5Dataset dataset(String path) {
        final Long address = find(path);
        if (address == null) {
            return null;
        }
        return H5Guard.guarded(name, "'" + path + "'", () -> {
            if (!objects.isDataset(address)) {
                throw new ModelFormatException(name + ": '" + path + "' is a group, a data set was expected");
            }
            final Dataset dataset = objects.dataset(address, path);
            final List<Long> dims =
                    Arrays.stream(dataset.getDimensionsAsLong()).boxed().toList();
            if (dims.size() > MAX_RANK) {
                throw new ModelFormatException(name + ": '" + path + "' has " + dims.size() + " dimensions");
            }
            for (long dim : dims) {
                if (dim < 0) {
                    throw new ModelFormatException(
                            name + ": '" + path + "' has a dimension of " + Long.toUnsignedString(dim));
                }
            }
            final DataType type = dataset.getDataType();
            final ByteOrder order = type instanceof FloatingPoint number
                    ? number.getByteOrder()
                    : type instanceof FixedPoint number ? number.getByteOrder() : ByteOrder.LITTLE_ENDIAN;
            final H5Type numbers = isBfloat16(path, type) ? H5Type.BFLOAT16 : type(type);
            long most = Long.MAX_VALUE / numbers.bytes();
            for (long dim : dims) {
                if (dim > most) {
                    throw new ModelFormatException(
                            name + ": '" + path + "' has the shape " + dims + ", more than 2^63 bytes");
                }
                most /= Math.max(1, dim);
            }
            return new H5Dataset(this, path, dims, numbers, order, address);
        });
    }

    /// Keras 3 stores bfloat16 as two bytes without a meaning, and says so in an attribute.
    private boolean isBfloat16(String path, DataType type) {
        return type.getSize() == Short.BYTES
                && !(type instanceof FloatingPoint)
                && hasAttribute(path, "dtype")
                && "bfloat16".equals(string(path, "dtype"));
    }

    private static H5Type type(DataType type) {
        if (type instanceof FloatingPoint number) {
            return floatType(number);
        }
        if (type instanceof FixedPoint number) {
            if (number.getBitOffset() != 0 || number.getBitPrecision() != number.getSize() * 8) {
                return H5Type.OTHER;
            }
            return switch (number.getSize()) {
                case 1 -> number.isSigned() ? H5Type.INT8 : H5Type.UINT8;
                case 2 -> number.isSigned() ? H5Type.INT16 : H5Type.UINT16;
                case 4 -> number.isSigned() ? H5Type.INT32 : H5Type.UINT32;
                case 8 -> number.isSigned() ? H5Type.INT64 : H5Type.UINT64;
                default -> H5Type.OTHER;
            };
        }
        return H5Type.OTHER;
    }

    /// IEEE's layouts and bfloat16; a type of another layout of bits is not one of them.
    private static H5Type floatType(FloatingPoint number) {
        final int exponent = number.getExponentSize();
        final int mantissa = number.getMantissaSize();
        final H5Type type;
        switch (number.getSize()) {
            case 2 -> type = exponent == 8 ? H5Type.BFLOAT16 : H5Type.FLOAT16;
            case 4 -> type = H5Type.FLOAT32;
            case 8 -> type = H5Type.FLOAT64;
            default -> {
                return H5Type.OTHER;
            }
        }
        final int expected = type == H5Type.FLOAT16 ? 5 : type == H5Type.FLOAT64 ? 11 : 8;
        final boolean sound = exponent == expected
                && mantissa == number.getSize() * 8 - 1 - expected
                && number.getMantissaLocation() == 0
                && number.getExponentLocation() == mantissa
                && number.getExponentBias() == (1 << (expected - 1)) - 1;
        return sound ? type : H5Type.OTHER;
    }

    /// Checks that a data set's values are in the file, as far as that can be seen without reading them.
    ///
    /// @throws ModelFormatException if they are not, or are elsewhere
    public void check(H5Dataset data) {
        H5Guard.guarded(name, "'" + data.path() + "'", () -> {
            final ObjectHeader header = objects.header(data.address());
            final DataLayoutMessage layout = header.getMessageOfType(DataLayoutMessage.class);
            if (layout instanceof ContiguousDataLayoutMessage contiguous) {
                contiguous(data, contiguous);
            } else if (layout instanceof CompactDataLayoutMessage compact) {
                compact(data, compact);
            } else {
                chunks(data, header).check();
            }
            return data;
        });
    }

    /// Reads a data set as floats.
    ///
    /// @param target takes [H5Dataset#size] floats
    /// @throws ModelFormatException if its values are not all in the file
    public void readFloats(H5Dataset data, MemorySegment target) {
        final long count = data.size();
        if (count > target.byteSize() / Float.BYTES) {
            throw new IllegalArgumentException(data + ": more than " + target.byteSize() / Float.BYTES + " floats");
        }
        final ByteBuffer bytes = bytes(data);
        final MemorySegment raw = MemorySegment.ofBuffer(bytes);
        final ValueLayout.OfFloat floats = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(data.order());
        if (data.type() == H5Type.FLOAT32) {
            MemorySegment.copy(raw, floats, 0, target, ValueLayout.JAVA_FLOAT, 0, count);
            return;
        }
        bytes.order(data.order());
        for (int i = 0; i < count; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) data.type().value(bytes, i));
        }
    }

    /// The one number of a data set, as Keras' counters are.
    ///
    /// @throws ModelFormatException if it has not just one
    public double readNumber(H5Dataset data) {
        if (data.dims().size() > 1 || data.size() != 1) {
            throw new ModelFormatException(
                    name + ": '" + data.path() + "' has dimensions " + data.dims() + ", a single number was expected");
        }
        return data.type().value(bytes(data).order(data.order()), 0);
    }

    /// The elements as the file has them, one after the other.
    private ByteBuffer bytes(H5Dataset data) {
        if (data.type() == H5Type.OTHER) {
            throw new ModelFormatException(name + ": '" + data.path() + "' does not hold numbers of a usual type");
        }
        return H5Guard.guarded(name, "'" + data.path() + "'", () -> {
            final ObjectHeader header = objects.header(data.address());
            final DataLayoutMessage layout = header.getMessageOfType(DataLayoutMessage.class);
            if (layout instanceof ContiguousDataLayoutMessage contiguous) {
                return contiguous(data, contiguous);
            }
            if (layout instanceof CompactDataLayoutMessage compact) {
                return compact(data, compact);
            }
            return chunks(data, header).read();
        });
    }

    private ByteBuffer contiguous(H5Dataset data, ContiguousDataLayoutMessage layout) {
        final long size = data.byteSize();
        if (size == 0) {
            return ByteBuffer.allocate(0);
        }
        if (layout.getAddress() == -1) {
            throw new ModelFormatException(name + ": '" + data.path() + "' has no values in the file");
        }
        final long end = fileSize - storage.getUserBlockSize();
        if (layout.getAddress() < 0 || layout.getAddress() > end || size > end - layout.getAddress()) {
            throw new ModelFormatException(name + ": '" + data.path() + "' needs " + size + " bytes from byte "
                    + layout.getAddress() + " on, the file ends at byte " + end);
        }
        if (layout.getSize() < size) {
            throw new ModelFormatException(
                    name + ": '" + data.path() + "' needs " + size + " bytes, its storage has " + layout.getSize());
        }
        return storage.map(layout.getAddress(), size);
    }

    private ByteBuffer compact(H5Dataset data, CompactDataLayoutMessage layout) {
        final ByteBuffer bytes = layout.getDataBuffer().duplicate();
        bytes.rewind();
        if (bytes.remaining() < data.byteSize()) {
            throw new ModelFormatException(name + ": '" + data.path() + "' needs " + data.byteSize()
                    + " bytes, its storage has " + bytes.remaining());
        }
        return bytes.slice();
    }

    /// A data set in chunks: where they are is in a tree of the file, or in a list.
    private H5Chunks chunks(H5Dataset data, ObjectHeader header) {
        final String what = name + ": '" + data.path() + "'";
        if (!(objects.dataset(data.address(), data.path()) instanceof ChunkedDataset dataset)) {
            throw new ModelFormatException(what + " is stored in an unknown way");
        }
        final List<FilterPipelineMessage> pipelines = header.getMessagesOfType(FilterPipelineMessage.class);
        final List<H5Filters.Step> steps = new ArrayList<>();
        if (!pipelines.isEmpty()) {
            pipelines
                    .getFirst()
                    .getFilters()
                    .forEach(filter -> steps.add(new H5Filters.Step(
                            filter.getId(),
                            String.valueOf(filter.getName()),
                            Arrays.stream(filter.getData()).boxed().toList())));
        }
        objects.checkChunks(header, data.dims().size(), data.path());
        return new H5Chunks(
                what,
                data,
                dataset.getChunkDimensions(),
                new H5Filters(steps, what),
                fileSize,
                dataset::getRawChunkBuffer);
    }

    private String where(String path, String attribute) {
        return "attribute '" + attribute + "' of '" + path + "'";
    }

    private @Nullable Attribute attribute(String path, String attribute) {
        final Long address = find(path);
        return address == null
                ? null
                : H5Guard.guarded(
                        name,
                        "'" + path + "'",
                        () -> objects.attributes(address).get(attribute));
    }

    /// The address of a path's object. Soft links are followed within the file, to a small depth.
    private @Nullable Long find(String path) {
        return H5Guard.guarded(name, "'" + path + "'", () -> {
            final Deque<String> rest = new ArrayDeque<>(elements(path));
            requireDepth(rest, path);
            long at = objects.root();
            int soft = 0;
            while (!rest.isEmpty()) {
                final H5Objects.Link link = objects.links(at, path).get(rest.removeFirst());
                if (link == null) {
                    return null;
                }
                if (link.external()) {
                    throw new ModelFormatException(
                            name + ": '" + path + "' is an external link; other files are not opened");
                }
                final String target = link.target();
                if (target == null) {
                    at = link.address();
                    continue;
                }
                if (++soft > MAX_SOFT_LINKS) {
                    throw new ModelFormatException(
                            name + ": '" + path + "' leads from soft link to soft link without end");
                }
                if (target.startsWith("/")) {
                    at = objects.root();
                }
                elements(target).reversed().forEach(rest::addFirst);
                requireDepth(rest, path);
            }
            return at;
        });
    }

    /// A group that holds itself has paths of any length, and each step costs.
    private void requireDepth(Deque<String> elements, String path) {
        if (elements.size() > MAX_DEPTH) {
            final String start = H5Guard.shortened(path);
            throw new ModelFormatException(
                    name + ": '" + start + "' is nested more than " + MAX_DEPTH + " groups deep");
        }
    }

    private static List<String> elements(String path) {
        final List<String> elements = new ArrayList<>();
        for (String element : path.split("/", -1)) {
            if (!element.isEmpty() && !element.equals(".")) {
                elements.add(element);
            }
        }
        return elements;
    }

    private List<String> strings(Attribute attribute, String where) {
        return H5Guard.guarded(name, where, () -> {
            final ByteBuffer buffer = attribute.getBuffer();
            long count = 1;
            for (long dim : attribute.getDimensionsAsLong()) {
                count = Math.multiplyExact(count, dim);
            }
            if (buffer == null || count == 0) {
                return List.of();
            }
            final ByteBuffer bytes = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
            bytes.rewind();
            final DataType type = attribute.getDataType();
            final int size = type.getSize();
            if (size <= 0 || count > bytes.remaining() / size) {
                throw new ModelFormatException(name + ": " + where + " has " + count + " elements of " + size
                        + " bytes, the file has " + bytes.remaining() + " bytes for them");
            }
            final List<String> strings = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                final ByteBuffer element = bytes.slice(i * size, size).order(ByteOrder.LITTLE_ENDIAN);
                if (type instanceof StringData text) {
                    strings.add(
                            switch (text.getPaddingType()) {
                                case NULL_TERMINATED -> texts.terminated(element);
                                case SPACE_PADDED -> texts.padded(element, ' ');
                                default -> texts.padded(element, '\0');
                            });
                } else if (type instanceof VariableLength text && text.isVariableLengthString()) {
                    strings.add(variable(element));
                } else {
                    throw new ModelFormatException(name + ": " + where + " is not a string");
                }
            }
            return strings;
        });
    }

    /// Variable length: length, address of a heap, number of the object in it.
    private String variable(ByteBuffer element) {
        final int length = element.getInt();
        final long address =
                storage.getSizeOfOffsets() == 8 ? element.getLong() : Integer.toUnsignedLong(element.getInt());
        final int index = element.getInt();
        if (length == 0) {
            return "";
        }
        final GlobalHeap heap = heaps.computeIfAbsent(address, at -> new GlobalHeap(storage, at));
        return texts.inHeap(heap.getObjectData(index), length);
    }

    @Override
    public void close() {
        memory.close();
    }
}
