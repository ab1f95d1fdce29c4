package dev.lanewise.outside;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.GradientCheck;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layers;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Fit;
import dev.lanewise.train.History;
import dev.lanewise.train.LossGradientCheck;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What users write is checked, trained, saved and loaded as the library's own.
class OutsideTest {
    private static final dev.lanewise.kernels.Activation SOFTSIGN = new Outside.Softsign();

    @BeforeAll
    static void register() {
        Layers.register(Outside.ColumnGain.class);
        Initializers.register(Outside.NearOne.class);
        TrainingConfig.register(Outside.Softened.class);
        if (!Activations.names().contains(SOFTSIGN.name())) {
            Activations.register(new Outside.Softsign());
        }
    }

    @Test
    void layerIsItsFormula() {
        GradientCheck.of(
                        new Outside.ColumnGain(new Outside.NearOne(1)),
                        (x, w) -> {
                            final double[] y = new double[x[0].length];
                            for (int i = 0; i < y.length; i++) {
                                y[i] = x[0][i] * w[0][i % w[0].length];
                            }
                            return new double[][] {y};
                        },
                        Shape.of(7, 5))
                .run();
    }

    @Test
    void activationIsItsFormula() {
        GradientCheck.of(
                        new Activation(SOFTSIGN),
                        (x, w) -> {
                            final double[] y = new double[x[0].length];
                            for (int i = 0; i < y.length; i++) {
                                y[i] = x[0][i] / (1 + Math.abs(x[0][i]));
                            }
                            return new double[][] {y};
                        },
                        Shape.of(7, 5))
                .run();
    }

    @Test
    void lossIsItsFormula() {
        LossGradientCheck.of(
                        new Outside.Softened(0.5),
                        (y, t) -> {
                            double sum = 0;
                            for (int i = 0; i < y.length; i++) {
                                sum += 0.25 * (Math.sqrt(1 + 4 * (y[i] - t[i]) * (y[i] - t[i])) - 1);
                            }
                            return sum / y.length;
                        },
                        6,
                        4)
                .run();
    }

    @Test
    void allOfThemTrainAndComeBackFromAFile(@TempDir Path folder) {
        final RandomStream random = new RandomStream(1);
        final float[][] x = new float[80][4];
        final float[][] y = new float[80][2];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < 4; j++) {
                x[i][j] = (float) random.nextGaussian();
            }
            y[i][0] = x[i][0] - x[i][1];
            y[i][1] = x[i][2] * 0.5f;
        }
        final Dataset data = Dataset.of(x, y);
        final Graph graph = Sequential.input(4)
                .add(new Dense(16, SOFTSIGN))
                .add(new Outside.ColumnGain(new Outside.NearOne(0.25)))
                .add(new Dense(2))
                .build();
        final Path file = folder.resolve("outside.safetensors");
        try (Model model = Model.create(graph, 1)) {
            try (Trainer trainer = Trainer.of(model, new SGD(0.1, 0.9, true), new Outside.Softened(0.5))) {
                final History history = trainer.fit(data, Fit.epochs(20).batchSize(16));
                assertTrue(history.last("loss") < 0.1 * history.get("loss").getFirst(), history.toString());
            }
            model.save(file);
            try (Model loaded = Model.load(file);
                    Trainer resumed = Trainer.resume(loaded);
                    Trainer going = Trainer.resume(model)) {
                assertEquals(graph, loaded.graph());
                assertEquals(
                        new Outside.Softened(0.5), TrainingConfig.of(loaded).loss());
                assertEquals(
                        going.fit(data, Fit.epochs(1)).values(),
                        resumed.fit(data, Fit.epochs(1)).values());
                assertArrayEquals(
                        model.trainable().toArray(JAVA_BYTE), loaded.trainable().toArray(JAVA_BYTE));
            }
        }
    }
}
