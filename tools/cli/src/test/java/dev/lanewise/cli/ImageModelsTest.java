package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import dev.lanewise.data.NpyFile;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Models of images that real Keras wrote, nested, residual and with skips, through the commands. Skipped
/// where they are not beside the project, in `../shared/keras-fixtures`.
class ImageModelsTest {
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path folder;

    private static Path fixture(String name) {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.exists(at.resolve("README.md"))) {
            at = at.getParent();
        }
        String given = System.getProperty("lanewise.shared");
        Path shared = given == null ? at.resolveSibling("shared") : Path.of(given);
        Path file = shared.resolve("keras-fixtures").resolve(name);
        assumeTrue(
                Files.exists(file),
                "skipped: the Keras file " + name + " is neither beside the project in shared/keras-fixtures nor in"
                        + " -Dlanewise.shared");
        return file;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "teachable_like/model.h5",
                "teachable_like/model.keras",
                "mobilenetv2_like/model.keras",
                "resnet_small/model.h5",
                "resnet_small/model.keras",
                "resnet_small/model.weights.h5",
                "unet_small/model.h5",
                "unet_small/model.keras",
                "unet_small/model.weights.h5"
            })
    void everyCommandTakesThem(String name) {
        Path file = fixture(name);
        Path x = file.resolveSibling("x.npy");
        Path y = file.resolveSibling("y.npy");
        Object[] architecture = name.contains("weights")
                ? new Object[] {"--architecture", file.resolveSibling("model.keras")}
                : new Object[0];

        String summary =
                run(architecture, "inspect", file, "--nested").ok().out().replaceAll("\\s+", " ");
        assertTrue(summary.contains("Total params:"), summary);
        JsonObject verified = run(architecture, "verify", file, "--input", x, "--expected", y, "--json")
                .json();
        assertTrue(verified.get("ok").getAsBoolean(), verified::toString);

        NumberArray expected = NpyFile.read(y);
        Path out = folder.resolve("out.npy");
        run(architecture, "predict", file, "--input", x, "--output", out).ok();
        double difference = ExpectedOutputs.difference(NpyFile.read(out).data(), expected.data());
        assertTrue(difference <= TOLERANCE, () -> "differs by " + difference);

        Map<String, NumberArray> arrays = new LinkedHashMap<>();
        arrays.put("x", NpyFile.read(x));
        // This one was compiled for labels.
        arrays.put("y", name.startsWith("resnet") ? likeliest(expected) : expected);
        Path data = folder.resolve("data.npz");
        NpzFile.write(data, arrays);
        JsonObject before =
                run(architecture, "evaluate", file, "--data", data, "--json").json();
        assertEquals(expected.shape().dim(0), before.get("samples").getAsInt());
        assertTrue(Double.isFinite(before.get("loss").getAsDouble()), before::toString);

        // Towards zeros: weights of nested models and of both branches move, and the file goes back to Keras.
        arrays.put("y", NumberArray.of(expected.shape(), new float[expected.data().length]));
        NpzFile.write(data, arrays);
        Path tuned = folder.resolve("tuned.keras");
        JsonObject history = run(
                        architecture,
                        "train",
                        "--model",
                        file,
                        "--data",
                        data,
                        "--epochs",
                        12,
                        "--loss",
                        "mse",
                        "--optimizer",
                        "sgd",
                        "--learning-rate",
                        0.01,
                        "--output",
                        tuned,
                        "--json")
                .json()
                .getAsJsonObject("history");
        double first = history.getAsJsonArray("loss").get(0).getAsDouble();
        double last = history.getAsJsonArray("loss").get(11).getAsDouble();
        assertTrue(last < first, history::toString);
        JsonObject after =
                CliRun.of("evaluate", tuned, "--data", data, "--json").json();
        assertTrue(Double.isFinite(after.get("loss").getAsDouble()), after::toString);
    }

    private static NumberArray likeliest(NumberArray rows) {
        int n = rows.shape().dim(0);
        int classes = rows.data().length / n;
        float[] labels = new float[n];
        for (int i = 0; i < rows.data().length; i++) {
            int best = i / classes * classes + (int) labels[i / classes];
            labels[i / classes] = rows.data()[i] > rows.data()[best] ? i % classes : labels[i / classes];
        }
        return NumberArray.of(Shape.of(n), labels);
    }

    private static CliRun run(Object[] more, Object... args) {
        Object[] all = new Object[args.length + more.length];
        System.arraycopy(args, 0, all, 0, args.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return CliRun.of(all);
    }
}
