package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files beyond what HDF5 writers often can do: long attributes, lists that must be split, names of all
/// kinds. Read by our reader, and by h5py where it is installed.
class ExportLargeTest {
    private static final int LAYERS = 300;

    @TempDir
    private Path folder;

    /// Long names, so that the list of them is larger than an attribute may be.
    private static Graph deep(int layers, String name) {
        final Graph.Builder builder = Graph.builder();
        Graph.Value value = builder.input("x", Shape.of(2));
        for (int i = 0; i < layers; i++) {
            value = builder.add(name + i, i % 3 == 0 ? new Dense(2) : new Activation(Activations.RELU), value);
        }
        return builder.build(value);
    }

    @Test
    void manyLayersOfLongNames() throws IOException {
        final Path h5 = folder.resolve("deep.h5");
        final Path archive = folder.resolve("deep.keras");
        try (Model model = Model.create(deep(LAYERS, "l".repeat(900) + "_"), 1)) {
            KerasModels.save(model, h5);
            KerasModels.save(model, archive);
            try (H5File file = H5File.open(h5)) {
                final String config = file.string("/", "model_config");
                assertTrue(config != null && config.length() > 300_000);
                assertTrue(!file.hasAttribute("model_weights", "layer_names")
                        && file.hasAttribute("model_weights", "layer_names0")
                        && file.hasAttribute("model_weights", "layer_names1"));
            }
            for (Path file : List.of(h5, archive)) {
                try (Model back = KerasModels.load(file)) {
                    assertEquals(model.graph(), back.graph());
                    assertEquals(-1, model.trainable().mismatch(back.trainable()));
                }
            }
        }
        final List<String> printed = H5py.run(folder, """
                import h5py, json, sys
                f = h5py.File(sys.argv[1], 'r')
                w = f['model_weights']
                parts = [name for name in w.attrs if name.startswith('layer_names')]
                names = [n for i in range(len(parts)) for n in w.attrs['layer_names%d' % i]]
                print(len(parts), len(names), len(json.loads(f.attrs['model_config'])['config']['layers']))
                print(sum(w[n][k].size for n in names for k in w[n].attrs['weight_names']))
                """, "", h5.toString());
        assertEquals(List.of("5 300 301", "600"), printed);
    }

    @Test
    void namesOfAllKinds() throws IOException {
        final Graph.Builder builder = Graph.builder();
        Graph.Value value = builder.input("Eingänge/x", Shape.of(3));
        value = builder.add("fire2/squeeze1x1", new Dense(3), value);
        value = builder.add("fire2_squeeze1x1", new Dense(3), value);
        value = builder.add("层/α β 😀", new Dense(3), value);
        value = builder.add("a b:0", new Dense(1), value);
        final Path h5 = folder.resolve("names.h5");
        try (Model model = Model.create(builder.build(value), 1)) {
            final ExportReport report = KerasModels.save(model, h5);
            assertEquals(
                    3,
                    report.notes().stream()
                            .filter(note -> note.kind() == Kind.RENAMED)
                            .count());
            KerasModels.save(model, folder.resolve("names.keras"));
            for (String name : List.of("names.h5", "names.keras")) {
                try (Model back = KerasModels.load(folder.resolve(name))) {
                    assertEquals(
                            List.of("Eingänge_x", "fire2_squeeze1x1_1", "fire2_squeeze1x1", "层_α β 😀", "a b:0"),
                            List.copyOf(back.graph().layers().keySet()));
                    assertEquals(-1, model.trainable().mismatch(back.trainable()));
                }
            }
        }
        final List<String> printed = H5py.run(
                folder,
                """
                import h5py, sys
                w = h5py.File(sys.argv[1], 'r')['model_weights']
                names = list(w.attrs['layer_names'])
                print([ascii(n) for n in names] == [ascii(n) for n in %s])
                print(sum(w[n][k].size for n in names for k in w[n].attrs['weight_names']))
                """.formatted("['fire2_squeeze1x1_1', 'fire2_squeeze1x1', '层_α β 😀', 'a b:0']"),
                "",
                h5.toString());
        assertEquals(List.of("True", "40"), printed);
    }
}
