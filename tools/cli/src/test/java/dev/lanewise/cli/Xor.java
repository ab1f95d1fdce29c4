package dev.lanewise.cli;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.train.Adam;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.Trainer;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A user's program on the class path: trains XOR and prints which kernels computed it and a hash of the
/// weights.
final class Xor {
    private Xor() {}

    public static void main(String[] args) {
        float[][] x = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
        float[][] y = {{0}, {1}, {1}, {0}};
        var graph = Sequential.input(2)
                .add(new Dense(16, Activations.TANH))
                .add(new Dense(1, Activations.SIGMOID))
                .build();
        try (Compute compute = Compute.of(2);
                Model model = Model.create(graph, 5)) {
            compute.warmUp();
            try (Trainer trainer = Trainer.of(compute, model, new Adam(0.05), new MeanSquaredError())) {
                trainer.fit(Dataset.of(x, y), Fit.epochs(200).batchSize(4));
            }
            float[] weights = model.trainable().toArray(ValueLayout.JAVA_FLOAT);
            System.out.println(compute.kernels().name() + " " + Integer.toHexString(Arrays.hashCode(weights)));
        }
    }
}
