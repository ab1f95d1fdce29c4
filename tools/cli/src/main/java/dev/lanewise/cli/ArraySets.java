package dev.lanewise.cli;

import dev.lanewise.data.DataFiles;
import dev.lanewise.data.DataFormatException;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.LoadedData;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Data sets of NPZ files: an array for each input and each target, samples along the first axis. Arrays are
/// named as the model's inputs and outputs, or `x` and `y`, or `x0`, `x1`, … and `y0`, `y1`, … in the model's
/// order; those to train on and to test on by the endings `_train` and `_test`.
final class ArraySets {
    private final NpzFile npz;
    private final Path file;
    private final List<String> inputs;
    private final List<String> outputs;
    private boolean bytes;

    private ArraySets(NpzFile npz, Path file, @Nullable Model model) {
        this.npz = npz;
        this.file = file;
        inputs = model == null ? List.of() : inputs(model.graph());
        outputs = model == null ? List.of() : PerOutput.outputs(model);
    }

    /// The layers that a model's inputs are.
    static List<String> inputs(Graph graph) {
        return graph.inputs().stream()
                .map(call -> graph.calls().get(call).layer())
                .toList();
    }

    /// Reads the file's data sets.
    ///
    /// @param model whose inputs and outputs may name the arrays, or null
    /// @throws CommandException if there is none
    static DataSource read(Path file, @Nullable Model model) {
        try (NpzFile npz = NpzFile.open(file)) {
            ArraySets sets = new ArraySets(npz, file, model);
            Dataset test = sets.part("_test");
            Dataset train = sets.part("_train");
            if (train == null) {
                train = sets.part("");
            }
            if (train == null) {
                String own = sets.inputs.size() + sets.outputs.size() <= 2
                        ? ""
                        : ", or arrays named as the model's inputs (" + String.join(", ", sets.inputs)
                                + ") and outputs (" + String.join(", ", sets.outputs) + ")";
                throw new CommandException(file + ": expected arrays x_train and y_train, or x and y"
                        + (own.isEmpty() ? "" : ", or x0, x1, ... and y0, y1, ...") + own + "; it has "
                        + Failures.oneLine(String.join(", ", npz.names())));
            }
            String name = String.valueOf(file.getFileName());
            return new DataSource(new LoadedData(name, train, test, List.of(), file.toString()), sets.bytes);
        }
    }

    /// The arrays with this ending of their names, or null.
    private @Nullable Dataset part(String ending) {
        List<String> x = arrays("x", inputs, ending);
        List<String> y = arrays("y", outputs, ending);
        if (x.isEmpty() || y.isEmpty()) {
            return null;
        }
        List<Dataset> parts = new ArrayList<>();
        for (String input : x) {
            NumberArray array = npz.read(input);
            NumberArray target = parts.isEmpty() && y.size() == 1 ? npz.read(y.getFirst()) : null;
            bytes |= array.isBytes();
            parts.add(DataFiles.dataset(file + ", " + input, array, target));
        }
        Dataset samples = parts.size() == 1 ? parts.getFirst() : Dataset.of(parts);
        if (y.size() == 1) {
            return samples;
        }
        Dataset[] targets = new Dataset[y.size()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = target(y.get(i), samples.size());
        }
        return samples.withTargets(targets);
    }

    private Dataset target(String name, int samples) {
        NumberArray array = npz.read(name);
        if (array.shape().rank() == 0 || array.shape().dim(0) != samples) {
            throw new DataFormatException(file + ", " + name + ": has the shape " + array.shape() + ", but there are "
                    + samples + " samples");
        }
        boolean labels = array.isInteger() && array.shape().size() == samples;
        return Dataset.of(array.data(), labels ? Shape.of() : array.shape().withoutFirst());
    }

    /// Names of arrays: those of the model where all are there.
    private List<String> arrays(String letter, List<String> names, String ending) {
        if (!names.isEmpty() && names.stream().allMatch(name -> npz.contains(name + ending))) {
            return names.stream().map(name -> name + ending).toList();
        }
        if (npz.contains(letter + ending)) {
            return List.of(letter + ending);
        }
        List<String> numbered = new ArrayList<>();
        while (npz.contains(letter + numbered.size() + ending)) {
            numbered.add(letter + numbered.size() + ending);
        }
        return numbered;
    }
}
