package dev.lanewise.data;

import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The published data sets that are known by name, and the places where copies are looked for. Nothing is ever
/// downloaded.
///
/// The places, in order: the folder that the environment variable `LANEWISE_DATA` names, in it one with the
/// data set's name or itself; `lanewise/NAME` in the user's cache folder (`XDG_CACHE_HOME` or `~/.cache`);
/// `/usr/share/datasets/NAME`, where Debian's packages put them.
public final class KnownDatasets {
    private static final KnownDataset FASHION_MNIST = new KnownDataset(
            "fashion-mnist",
            "60,000 training and 10,000 test images of clothing, 28 x 28 grey values, by Zalando Research",
            "MIT, copyright 2017 Zalando SE",
            List.of(
                    new KnownDataset.KnownFile(IdxFolder.TRAIN_IMAGES, 47040016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
                    new KnownDataset.KnownFile(IdxFolder.TRAIN_LABELS, 60008, "9018921c3c673c538a1fc5bad174d6f9"),
                    new KnownDataset.KnownFile(IdxFolder.TEST_IMAGES, 7840016, "8181f5470baa50b63fa0f6fddb340f0a"),
                    new KnownDataset.KnownFile(IdxFolder.TEST_LABELS, 10008, "15d484375f8d13e6eb1aabb0c3f46965")),
            List.of(
                    "T-shirt/top",
                    "Trouser",
                    "Pullover",
                    "Dress",
                    "Coat",
                    "Sandal",
                    "Shirt",
                    "Sneaker",
                    "Bag",
                    "Ankle boot"),
            "the four IDX files of the Fashion-MNIST project; on Debian and Ubuntu the package dataset-fashion-mnist");

    private static final KnownDataset MNIST = new KnownDataset(
            "mnist",
            "60,000 training and 10,000 test images of handwritten digits, 28 x 28 grey values,"
                    + " by Yann LeCun, Corinna Cortes and Christopher Burges",
            "none stated by its authors",
            List.of(
                    new KnownDataset.KnownFile(IdxFolder.TRAIN_IMAGES, 47040016, "6bbc9ace898e44ae57da46a324031adb"),
                    new KnownDataset.KnownFile(IdxFolder.TRAIN_LABELS, 60008, "a25bea736e30d166cdddb491f175f624"),
                    new KnownDataset.KnownFile(IdxFolder.TEST_IMAGES, 7840016, "2646ac647ad5339dbf082846283269ea"),
                    new KnownDataset.KnownFile(IdxFolder.TEST_LABELS, 10008, "27ae3e4e09519cfbb04c329615203637")),
            List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
            "the MNIST database's four IDX files");

    private static final List<KnownDataset> ALL = List.of(FASHION_MNIST, MNIST);

    private KnownDatasets() {}

    /// All that are known, found or not.
    public static List<KnownDataset> all() {
        return ALL;
    }

    /// The data set of this name.
    public static Optional<KnownDataset> named(String name) {
        return ALL.stream().filter(known -> known.name().equals(name)).findFirst();
    }

    /// Finds a copy of the data set on this machine and reads it. A copy with all files is preferred. Where
    /// only the test images are, their first 80 % become the training set and the rest the test set, and the
    /// origin says so.
    ///
    /// @throws IllegalArgumentException if no data set has this name
    /// @throws UncheckedIOException if there is no copy; the message says where one was looked for and where to
    /// get one
    /// @throws DataFormatException if the copy is damaged
    public static LoadedData find(String name) {
        return find(name, Machine.THIS);
    }

    static LoadedData find(String name, Machine machine) {
        KnownDataset known = get(name);
        List<IdxFolder> copies = copies(known, machine);
        for (IdxFolder copy : copies) {
            if (copy.hasTrain() && copy.hasTest()) {
                return load(known, copy);
            }
        }
        if (!copies.isEmpty()) {
            return load(known, copies.getFirst());
        }
        String places = places(name, machine).stream().map(Path::toString).collect(Collectors.joining(", "));
        String message = "data set " + name + " is not on this machine; looked in " + places + ". To get it: "
                + known.source() + ". Then put it in one of these folders or name its folder in LANEWISE_DATA.";
        throw new UncheckedIOException(message, new NoSuchFileException(name));
    }

    /// The folders on this machine that have a copy of this data set or of a part of it.
    ///
    /// @throws IllegalArgumentException if no data set has this name
    public static List<Path> copies(String name) {
        return copies(get(name), Machine.THIS).stream().map(IdxFolder::folder).toList();
    }

    /// Whether a file of a data set is in a folder, and is what it should be.
    ///
    /// @param file what is expected
    /// @param path where it is; null if it is missing
    /// @param md5 its checksum when unpacked; null if it is missing
    public record FileCheck(
            KnownDataset.KnownFile file,
            @Nullable Path path,
            @Nullable String md5) {
        /// Whether the file is there and has the right content.
        public boolean matches() {
            return file.md5().equals(md5);
        }
    }

    /// Compares the files in a folder with what is known about them.
    ///
    /// @throws UncheckedIOException if a file cannot be read
    public static List<FileCheck> verify(KnownDataset known, Path folder) {
        return known.files().stream()
                .map(file -> {
                    Path path = IdxFolder.find(folder, file.name());
                    return new FileCheck(file, path, path == null ? null : ByteSource.readFile(path, ByteSource::md5));
                })
                .toList();
    }

    /// Which known data set these files are, by the checksum of the smallest.
    static Optional<KnownDataset> identify(IdxFolder files) {
        Path labels = files.testLabels() != null ? files.testLabels() : files.trainLabels();
        if (labels == null) {
            return Optional.empty();
        }
        String md5 = ByteSource.readFile(labels, ByteSource::md5);
        return ALL.stream()
                .filter(known ->
                        known.files().stream().anyMatch(file -> file.md5().equals(md5)))
                .findFirst();
    }

    private static KnownDataset get(String name) {
        return named(name)
                .orElseThrow(() -> new IllegalArgumentException("no data set is known as '" + name + "', but "
                        + ALL.stream().map(KnownDataset::name).collect(Collectors.joining(", "))));
    }

    private static LoadedData load(KnownDataset known, IdxFolder copy) {
        Dataset train = copy.train();
        Dataset test = copy.test();
        String origin = copy.folder().toString();
        if (train != null) {
            return new LoadedData(known.name(), train, test, known.classNames(), origin);
        }
        if (test == null) {
            throw new IllegalStateException(copy + " is not a copy");
        }
        Dataset.Split split = test.split(0.2);
        return new LoadedData(
                known.name(),
                split.train(),
                split.validation(),
                known.classNames(),
                String.format(
                        Locale.ROOT,
                        "%s, where only the %,d test images are: the first %,d to train, the last %,d to test",
                        origin,
                        test.size(),
                        split.train().size(),
                        split.validation().size()));
    }

    private static List<IdxFolder> copies(KnownDataset known, Machine machine) {
        var copies = new ArrayList<IdxFolder>();
        for (Path place : places(known.name(), machine)) {
            IdxFolder files = IdxFolder.at(place);
            if (!files.hasTrain() && !files.hasTest()) {
                continue;
            }
            // all sets of this kind have the same file names: where the folder's name does not tell, the
            // content must
            if (place.endsWith(known.name()) || identify(files).equals(Optional.of(known))) {
                copies.add(files);
            }
        }
        return copies;
    }

    /// What decides where to look.
    record Machine(Map<String, String> environment, Path home, Path datasets) {
        static final Machine THIS = new Machine(
                System.getenv(), Path.of(System.getProperty("user.home", "")), Path.of("/usr/share/datasets"));

        String variable(String name) {
            return environment.getOrDefault(name, "");
        }
    }

    private static SequencedSet<Path> places(String name, Machine machine) {
        var places = new LinkedHashSet<Path>();
        String given = machine.variable("LANEWISE_DATA");
        if (!given.isEmpty()) {
            places.add(Path.of(given, name));
            places.add(Path.of(given));
        }
        String cache = machine.variable("XDG_CACHE_HOME");
        Path caches = cache.isEmpty() ? machine.home().resolve(".cache") : Path.of(cache);
        places.add(caches.resolve("lanewise").resolve(name));
        places.add(machine.datasets().resolve(name));
        return places;
    }
}
