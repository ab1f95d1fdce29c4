package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.lanewise.data.NpzFile;
import dev.lanewise.data.NumberArray;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models of several inputs and outputs through the commands: two inputs `left [3]` and `right [2]`, a number
/// `age` and one of three classes `kind`.
class SeveralOutputsTest {
    private static final int SAMPLES = 48;

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void make() {
        Graph.Builder builder = Graph.builder();
        Graph.Value left = builder.input("left", Shape.of(3));
        Graph.Value right = builder.input("right", Shape.of(2));
        Graph.Value both = builder.add("both", new Concatenate(), left, right);
        Graph.Value age = builder.add("age", new Dense(1), both);
        Graph.Value kind = builder.add("kind", new Dense(3, Activations.SOFTMAX), both);
        model = TestFiles.save(folder.resolve("two.safetensors"), builder.build(age, kind));
    }

    /// Samples whose class is the largest of `left`, and whose age is the sum of `right`.
    private Path data(String name, String ending, List<String> names) {
        Random random = new Random(5);
        float[] left = new float[3 * SAMPLES];
        float[] right = new float[2 * SAMPLES];
        float[] age = new float[SAMPLES];
        float[] kind = new float[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            kind[i] = i % 3;
            left[3 * i + i % 3] = 1;
            right[2 * i] = random.nextFloat();
            right[2 * i + 1] = random.nextFloat();
            age[i] = right[2 * i] + right[2 * i + 1];
        }
        Map<String, NumberArray> arrays = new LinkedHashMap<>();
        // Not in the model's order: the names tell.
        arrays.put(names.get(3) + ending, NumberArray.of(Shape.of(SAMPLES), kind));
        arrays.put(names.get(1) + ending, NumberArray.of(Shape.of(SAMPLES, 2), right));
        arrays.put(names.get(0) + ending, NumberArray.of(Shape.of(SAMPLES, 3), left));
        arrays.put(names.get(2) + ending, NumberArray.of(Shape.of(SAMPLES, 1), age));
        Path file = folder.resolve(name);
        NpzFile.write(file, arrays);
        return file;
    }

    private Path named() {
        return data("named.npz", "", List.of("left", "right", "age", "kind"));
    }

    private JsonObject train(Object data, Object... more) {
        Object[] args = new Object[12 + more.length];
        System.arraycopy(
                new Object[] {
                    "train",
                    "--model",
                    model,
                    "--data",
                    data,
                    "--epochs",
                    60,
                    "--batch-size",
                    8,
                    "--learning-rate",
                    0.05,
                    "--json"
                },
                0,
                args,
                0,
                12);
        System.arraycopy(more, 0, args, 12, more.length);
        return CliRun.of(args).json();
    }

    private static double last(JsonObject run, String figure) {
        var values = run.getAsJsonObject("history").getAsJsonArray(figure);
        return values.get(values.size() - 1).getAsDouble();
    }

    @Test
    void lossesAndMetricsByTheOutputsNames() {
        for (String ending : List.of("safetensors", "keras", "h5")) {
            Path out = folder.resolve("trained." + ending);
            JsonObject run = train(
                    named(),
                    "--loss",
                    "kind=sparse_categorical_crossentropy,age=mse",
                    "--metrics",
                    "age=mae,mse,kind=accuracy",
                    "--loss-weights",
                    "kind=0.5",
                    "--output",
                    out);
            assertEquals(1, last(run, "kind_accuracy"));
            assertTrue(last(run, "age_loss") < 0.01, run::toString);
            assertEquals(last(run, "age_loss") + 0.5 * last(run, "kind_loss"), last(run, "loss"), 1e-6, run::toString);
            assertTrue(run.getAsJsonObject("history").has("age_mean_squared_error"), run::toString);

            JsonObject figures =
                    CliRun.of("evaluate", out, "--data", named(), "--json").json();
            assertEquals(1, figures.get("kind_accuracy").getAsDouble());
            assertTrue(figures.has("age_mean_absolute_error"), figures::toString);
            assertTrue(figures.get("age_loss").getAsDouble() < 0.01, figures::toString);

            JsonObject training = CliRun.of("inspect", out, "--json").json().getAsJsonObject("training");
            assertEquals(
                    "{\"age\":\"mean_squared_error\",\"kind\":\"sparse_categorical_crossentropy\"}",
                    training.get("loss").toString());
            assertEquals(
                    "{\"age\":1.0,\"kind\":0.5}", training.get("loss_weights").toString());
            assertTrue(
                    CliRun.of("inspect", out).ok().out().contains("kind: sparse_categorical_crossentropy times 0.5"));

            // Goes on with what it was trained for.
            JsonObject on = CliRun.of("train", "--model", out, "--resume", "--data", named(), "--epochs", 1, "--json")
                    .json();
            assertEquals(1, last(on, "kind_accuracy"));
            assertTrue(last(on, "age_loss") < 0.01, on::toString);
        }
    }

    @Test
    void arraysByNumberAreThoseByName() {
        Object[] losses = {"--loss", "mse,sparse_categorical_crossentropy"};
        JsonObject byName = train(named(), losses);
        Path numbered = data("numbered.npz", "", List.of("x0", "x1", "y0", "y1"));
        assertEquals(byName.get("history"), train(numbered, losses).get("history"));
        Path mixed = data("mixed.npz", "", List.of("left", "right", "y0", "y1"));
        assertEquals(byName.get("history"), train(mixed, losses).get("history"));
    }

    @Test
    void arraysToTestOnAreValidatedOn() {
        Path both = data("both.npz", "_train", List.of("left", "right", "age", "kind"));
        Map<String, NumberArray> all = new LinkedHashMap<>();
        try (NpzFile npz = NpzFile.open(both)) {
            for (String name : npz.names()) {
                all.put(name, npz.read(name));
                all.put(name.replace("_train", "_test"), npz.read(name));
            }
        }
        NpzFile.write(both, all);
        JsonObject run = train(both, "--loss", "age=mse,kind=sparse_categorical_crossentropy");
        assertEquals(SAMPLES, run.get("validation_samples").getAsInt());
        assertTrue(run.getAsJsonObject("history").has("val_kind_loss"), run::toString);
    }

    /// Labels are spread into rows for the output whose loss compares rows, and for that one alone.
    @Test
    void labelsBecomeRowsWhereTheLossWantsRows() {
        JsonObject rows = train(named(), "--loss", "age=mse,kind=categorical_crossentropy");
        JsonObject labels = train(named(), "--loss", "age=mse,kind=sparse_categorical_crossentropy");
        assertEquals(last(labels, "kind_loss"), last(rows, "kind_loss"), 1e-6);
        assertEquals(1, last(rows, "kind_accuracy"));
        assertEquals(last(labels, "age_loss"), last(rows, "age_loss"), 1e-6);
    }

    @Test
    void predictionsAreArraysByTheOutputsNames() {
        Path out = folder.resolve("out.npz");
        Path all = named();
        Map<String, NumberArray> inputs = new LinkedHashMap<>();
        try (NpzFile npz = NpzFile.open(all)) {
            inputs.put("right", npz.read("right"));
            inputs.put("left", npz.read("left"));
        }
        Path x = folder.resolve("x.npz");
        NpzFile.write(x, inputs);
        CliRun.of("predict", model, "--input", x, "--output", out).ok();
        try (NpzFile npz = NpzFile.open(out)) {
            assertEquals(List.of("age", "kind"), npz.names());
            assertArrayEquals(new int[] {SAMPLES, 3}, npz.read("kind").shape().toArray());
        }
    }

    @Test
    void whatIsNotSaidOrNotThereIsAnError() {
        Object[] start = {"train", "--model", model, "--data", named(), "--loss"};
        fails(start, "age=mse", "nothing about the output 'kind'");
        fails(start, "age=mse,old=mae", "no output 'old'", "age, kind");
        fails(start, "mse,mae,mse", "got 3", "2 outputs");
        fails(start, "age=mse,mae,kind=mse", "got 2 for the output 'age'");
        CliRun.of(with(start, "mse,kind=mse")).wrongUsage("out1=mse,out2=mae");
        CliRun.of(with(start, "age=mse,kind=nothing")).wrongUsage("nothing");
        CliRun.of(with(start, "mse", "--loss-weights", "-1")).wrongUsage("at least 0");
        CliRun.of(with(start, "mse", "--metrics", "young=mae")).failedWith("--metrics", "no output 'young'");
        Path one = TestFiles.line(folder);
        CliRun.of("train", "--model", model, "--data", one, "--loss", "mse")
                .failedWith("1 of the model's 2 inputs", "left, right");
        Path other = TestFiles.npz(
                folder.resolve("other.npz"), "a", Shape.of(2), new float[2], "b", Shape.of(2), new float[2]);
        CliRun.of("train", "--model", model, "--data", other, "--loss", "mse")
                .failedWith("left, right", "age, kind", "x0, x1", "it has a, b");
        CliRun.of("evaluate", model, "--data", other).failedWith("left, right");
    }

    private static void fails(Object[] start, String losses, String... parts) {
        CliRun.of(with(start, losses)).failedWith(parts);
    }

    private static Object[] with(Object[] start, Object... more) {
        Object[] all = new Object[start.length + more.length];
        System.arraycopy(start, 0, all, 0, start.length);
        System.arraycopy(more, 0, all, start.length, more.length);
        return all;
    }
}
