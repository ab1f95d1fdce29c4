package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads data sets from paths.
///
/// * a folder with the IDX files of MNIST and its kin: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// and `t10k-…` to test on;
/// * a folder with CIFAR-10's binary files `data_batch….bin`, and `test_batch….bin` to test on, or one of
/// these;
/// * an IDX file of images, `…images-idx3…` by name, with `…labels-idx1…` beside it;
/// * an NPZ file of `x_train`, `y_train`, perhaps `x_test`, `y_test`, as Keras' `mnist.npz`; or `x` and perhaps
/// `y`.
///
/// IDX and CIFAR files may be packed with gzip, with or without `.gz` in the name. Unsigned bytes are taken for
/// pixels and
/// scaled by 1/255, to 0 up to 1; all other numbers stay as they are.
public final class DataFiles {
    /// What unsigned bytes are multiplied by.
    public static final float BYTE_SCALE = 1 / 255f;

    private static final byte[] ZIP = HexFormat.of().parseHex("504b");
    private static final byte[] GZIP = HexFormat.of().parseHex("1f8b");
    private static final byte[] IDX = {0, 0};
    private static final byte[] NPY = HexFormat.of().parseHex("934e");

    private static final Pattern IMAGES = Pattern.compile("(.*)images([-.]idx)\\d+(.*)");

    private DataFiles() {}

    /// Reads the known data set of this name, or else what is at this path.
    ///
    /// @throws DataFormatException if that is nothing of the above, or damaged
    /// @throws UncheckedIOException if it cannot be read or, for a known data set, is not on this machine
    public static LoadedData load(String nameOrPath) {
        if (KnownDatasets.named(nameOrPath).isPresent()) {
            return KnownDatasets.find(nameOrPath);
        }
        Path path = Path.of(nameOrPath);
        if (!Files.exists(path)) {
            throw new UncheckedIOException(
                    nameOrPath + ": neither a file nor the name of a known data set ("
                            + KnownDatasets.all().stream()
                                    .map(KnownDataset::name)
                                    .collect(Collectors.joining(", "))
                            + ")",
                    new NoSuchFileException(nameOrPath));
        }
        return load(path);
    }

    /// Reads what is at `path`.
    ///
    /// @throws DataFormatException if that is nothing of the above, or damaged
    /// @throws UncheckedIOException if it cannot be read
    public static LoadedData load(Path path) {
        return ByteSource.withinMemory(path.toString(), () -> read(path));
    }

    private static LoadedData read(Path path) {
        if (Files.isDirectory(path)) {
            return folder(path);
        }
        if (CifarFiles.isOne(path)) {
            return CifarFiles.file(path, nameOf(path));
        }
        byte[] start = start(path);
        if (Arrays.equals(start, ZIP)) {
            return npz(path);
        }
        if (Arrays.equals(start, IDX) || Arrays.equals(start, GZIP)) {
            return idx(path);
        }
        if (Arrays.equals(start, NPY)) {
            throw new DataFormatException(path + ": one array without targets; write x and y into one NPZ file");
        }
        throw new DataFormatException(path + ": not a data file, it starts with bytes "
                + HexFormat.ofDelimiter(" ").formatHex(start)
                + ", expected an IDX file (00 00), gzip (1f 8b) or NPZ (50 4b)");
    }

    private static byte[] start(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(2);
        } catch (IOException e) {
            throw ByteSource.failure(path.toString(), e);
        }
    }

    private static String nameOf(Path path) {
        return path.toAbsolutePath().normalize().getFileName().toString();
    }

    private static LoadedData folder(Path path) {
        IdxFolder files = IdxFolder.at(path);
        Dataset train = files.train();
        Dataset test = files.test();
        Optional<KnownDataset> known = KnownDatasets.identify(files);
        String name = known.map(KnownDataset::name).orElse(nameOf(path));
        List<String> classNames = known.map(KnownDataset::classNames).orElse(List.of());
        if (train != null) {
            return new LoadedData(name, train, test, classNames, path.toString());
        }
        if (test != null) {
            return new LoadedData(name, test, null, classNames, path + ", the t10k files, since there are no others");
        }
        LoadedData cifar = CifarFiles.folder(path, name);
        if (cifar != null) {
            return cifar;
        }
        throw new DataFormatException(
                path + ": a folder without data, expected the IDX files " + IdxFolder.TRAIN_IMAGES + " and "
                        + IdxFolder.TRAIN_LABELS + ", or CIFAR-10's data_batch_1.bin and so on (with .gz or without)");
    }

    private static LoadedData idx(Path path) {
        String name = nameOf(path);
        Matcher matcher = IMAGES.matcher(name);
        if (!matcher.matches()) {
            throw new DataFormatException(path + ": cannot tell where the labels of an IDX file of this name are,"
                    + " expected a name like " + IdxFolder.TRAIN_IMAGES);
        }
        String labelsName = matcher.group(1) + "labels" + matcher.group(2) + "1" + matcher.group(3);
        Path labels = IdxFolder.find(path.toAbsolutePath().resolveSibling(""), labelsName);
        if (labels == null) {
            throw new DataFormatException(path + ": its labels are missing, expected " + labelsName + " beside it");
        }
        Dataset all = dataset(path.toString(), IdxFile.read(path), IdxFile.read(labels));
        return new LoadedData(name, all, null, List.of(), path + " and " + labels.getFileName());
    }

    private static LoadedData npz(Path path) {
        try (var npz = NpzFile.open(path)) {
            String suffix = npz.contains("x_train") ? "_train" : "";
            Dataset train = dataset(path, npz, "x" + suffix, "y" + suffix);
            if (train == null) {
                throw new DataFormatException(
                        path + ": has arrays " + npz.names() + ", expected x_train and y_train, or x and y");
            }
            Dataset test = dataset(path, npz, "x_test", "y_test");
            return new LoadedData(nameOf(path), train, test, List.of(), path.toString());
        }
    }

    private static @Nullable Dataset dataset(Path path, NpzFile npz, String x, String y) {
        if (!npz.contains(x)) {
            return null;
        }
        return dataset(path + ", " + x, npz.read(x), npz.contains(y) ? npz.read(y) : null);
    }

    /// A data set of one array with the samples along its first axis and perhaps one with as many labels or
    /// targets. Whole numbers, one for each sample, are labels; other arrays are targets. Bytes in `x` become 0
    /// to 1.
    ///
    /// @param name for messages
    /// @throws DataFormatException if the arrays do not fit together
    public static Dataset dataset(String name, NumberArray x, @Nullable NumberArray y) {
        int count = samples(name, x);
        if (y != null && samples(name, y) != count) {
            throw new DataFormatException(
                    name + ": " + count + " samples, but " + samples(name, y) + " labels or targets");
        }
        try {
            return new ColumnDataset(List.of(inputs(x)), y == null ? null : targets(y, count), null);
        } catch (IllegalArgumentException e) {
            throw new DataFormatException(name + ": " + e.getMessage(), e);
        }
    }

    private static Column inputs(NumberArray x) {
        Shape sample = x.shape().rank() == 1 ? Shape.of(1) : x.shape().withoutFirst();
        return x.isBytes()
                ? new BytesColumn("x", MemorySegment.ofArray(x.bytes()), sample, BYTE_SCALE)
                : new FloatsColumn("x", x.data(), sample);
    }

    private static Column targets(NumberArray y, int count) {
        return y.isInteger() && y.shape().size() == count
                ? new LabelsColumn(y.toLabels())
                : new FloatsColumn("y", y.data(), y.shape().withoutFirst());
    }

    private static int samples(String name, NumberArray array) {
        if (array.shape().rank() == 0 || array.shape().dim(0) == 0) {
            throw new DataFormatException(name + ": an array of shape " + array.shape() + " has no samples");
        }
        return array.shape().dim(0);
    }
}
