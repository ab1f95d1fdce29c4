package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.keras.h5.H5Writer;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files of [H5Writer] as h5py sees them, where there is one: a reader that is not ours.
class H5WriterTest {
    private static final String SCRIPT = """
            import h5py, sys
            f = h5py.File(sys.argv[1], 'r')
            print(sorted(f.attrs), f.attrs['version'], len(f.attrs['config']), f.attrs['config'][-1] == chr(233))
            g = f['weights']
            names = g.attrs['layer_names']
            print(len(g), len(names), names[0], names[-1], names.dtype.kind)
            print(g['layer_0'].attrs['weight_names'].shape, g['layer_0'].attrs['weight_names'].dtype)
            d = g['layer_7/layer_7/kernel:0']
            print(d.dtype, d.shape, d[2, 3], d[:].sum())
            print(f['optimizer/iteration'][()], f['optimizer/iteration'].dtype, f['optimizer/rate'][()], f['empty'].shape)
            paths = []
            f.visititems(lambda path, item: paths.append(path))
            print(len(paths))
            """;

    @TempDir
    private Path folder;

    private static H5Group file(int layers, int text) {
        final H5Group root = new H5Group();
        root.attribute("version", "2.15.0");
        root.attribute("config", "x".repeat(text) + "\u00e9");
        final H5Group weights = root.group("weights");
        final List<String> names = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            final String name = "layer_" + i;
            names.add(name);
            final H5Group group = weights.group(name);
            final boolean empty = i % 3 == 0;
            group.attribute("weight_names", empty ? List.of() : List.of(name + "/kernel:0"));
            if (!empty) {
                final float[] values = new float[12];
                IntStream.range(0, 12).forEach(n -> values[n] = n);
                group.dataset(name + "/kernel:0", H5Group.Type.FLOAT32, List.of(3L, 4L), MemorySegment.ofArray(values));
            }
        }
        weights.attribute("layer_names", names);
        root.scalar("optimizer/iteration", 12_345_678_901L);
        root.scalar("optimizer/rate", 0.25f);
        root.dataset("empty", H5Group.Type.FLOAT32, List.of(0L, 4L), MemorySegment.ofArray(new float[0]));
        return root;
    }

    @Test
    void h5pyReadsWhatWasWritten() throws Exception {
        final Path path = folder.resolve("written.h5");
        try (OutputStream out = Files.newOutputStream(path)) {
            H5Writer.write(out, file(600, 700_000));
        }
        assertEquals(
                List.of(
                        "['config', 'version'] 2.15.0 700001 True",
                        "600 600 layer_0 layer_599 O",
                        "(0,) float64",
                        "float32 (3, 4) 11.0 66.0",
                        "12345678901 int64 0.25 (0, 4)",
                        "1405"),
                python(path));
    }

    private static List<String> python(Path file) throws IOException, InterruptedException {
        for (String command : List.of("/usr/bin/python3", "python3")) {
            try {
                final Process process = new ProcessBuilder(command, "-c", SCRIPT, file.toString())
                        .redirectErrorStream(true)
                        .start();
                final String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                process.waitFor(60, TimeUnit.SECONDS);
                if (!printed.contains("No module named 'h5py'")) {
                    return printed.lines().toList();
                }
            } catch (IOException e) {
                System.out.println("H5WriterTest: there is no " + command);
            }
        }
        System.out.println("H5WriterTest: skipped, there is no python3 with h5py");
        return abort("there is no python3 with h5py");
    }

    @Test
    void whatTheFormatCannotHoldIsRefused() {
        final H5Group root = new H5Group();
        root.attribute("names", IntStream.range(0, 5_000).mapToObj(i -> "n" + i).toList());
        assertThrows(IllegalArgumentException.class, () -> H5Writer.write(OutputStream.nullOutputStream(), root));
        final H5Group twice = new H5Group();
        twice.scalar("a/b", 1L);
        assertThrows(IllegalArgumentException.class, () -> twice.scalar("a/b", 2L));
        assertThrows(IllegalArgumentException.class, () -> twice.group("a/b/c"));
        assertThrows(IllegalArgumentException.class, () -> twice.group("a//c"));
        assertThrows(
                IllegalArgumentException.class,
                () -> twice.dataset("c", H5Group.Type.FLOAT32, List.of(2L), MemorySegment.ofArray(new float[3])));
    }
}
