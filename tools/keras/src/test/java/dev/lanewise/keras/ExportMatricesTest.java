package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.lanewise.data.Dataset;
import dev.lanewise.keras.ExportReport.Kind;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GrayToRgb;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers of numbers for channels are dense layers in Keras' files, which are not trained.
class ExportMatricesTest {
    @TempDir
    private Path folder;

    static Stream<Layer> layers() {
        return Stream.of(
                new Grayscale(),
                new GrayToRgb(),
                new PreprocessInput("tf"),
                new PreprocessInput("caffe"),
                new PreprocessInput("torch"));
    }

    private static float[] pixels(int channels) {
        final float[] x = new float[4 * 4 * channels];
        for (int i = 0; i < x.length; i++) {
            x[i] = (37 * i + 11) % 256;
        }
        return x;
    }

    private static float[] predict(Model model, float[] x) {
        try (var predictor = model.predictor(1)) {
            return predictor.run(x);
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void theyAreDenseLayersThatAreNotTrained(Layer layer) {
        final int channels = layer instanceof GrayToRgb ? 1 : 3;
        final float[] x = pixels(channels);
        try (Model model = Model.create(
                Sequential.input(Shape.of(4, 4, channels))
                        .add("first", layer)
                        .add(new Conv2D(2, 3))
                        .add(new Flatten())
                        .add(new Dense(2))
                        .build(),
                1)) {
            try (Trainer trainer = Trainer.of(model, new Adam(), new MeanSquaredError())) {
                trainer.fit(
                        Dataset.of(x, Shape.of(4, 4, channels), new float[] {1, 2}, Shape.of(2)),
                        Fit.epochs(2).batchSize(1));
            }
            for (String ending : List.of(".keras", ".h5")) {
                final Path file = folder.resolve("m" + ending);
                final ExportReport report = KerasModels.save(model, file);
                assertEquals(
                        List.of("first"),
                        report.notes().stream()
                                .filter(note -> note.kind() == Kind.OTHER_LAYER)
                                .map(ExportReport.Note::where)
                                .toList());
                try (Model back = KerasModels.load(file)) {
                    compare(model, back, x);
                    // Training goes on: what is remembered fits the weights that are trained.
                    assertEquals(model.iteration(), back.iteration());
                    assertEquals(model.slots().keySet(), back.slots().keySet());
                    model.slots()
                            .forEach((slot, values) -> assertEquals(
                                    -1, values.mismatch(back.slots().get(slot)), slot));
                }
            }
            final Path weights = folder.resolve("m.weights.h5");
            KerasModels.save(model, weights);
            try (Model back = KerasModels.load(weights, folder.resolve("m.keras"))) {
                compare(model, back, x);
            }
        }
    }

    private static void compare(Model model, Model back, float[] x) {
        assertInstanceOf(Dense.class, back.graph().layer("first"));
        assertFalse(back.graph().isTrainable("first"));
        // The same products, which one adds up fused and the other rounded.
        final float[] expected = predict(model, x);
        final float[] actual = predict(back, x);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-5f * Math.max(1, Math.abs(expected[i])));
        }
    }
}
