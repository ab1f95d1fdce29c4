package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import java.util.Arrays;

/// Small synthetic data, models and hashes.
public final class TestData {
    private TestData() {}

    /// Rows around one centre for each class, so that a network can learn them.
    public static Dataset classes(int samples, int features, int classes, long seed) {
        final RandomStream random = RandomStream.of(seed, 1, 2);
        final float[][] centres = new float[classes][features];
        for (float[] centre : centres) {
            for (int i = 0; i < features; i++) {
                centre[i] = (float) random.nextGaussian();
            }
        }
        final float[][] x = new float[samples][features];
        final int[] labels = new int[samples];
        for (int s = 0; s < samples; s++) {
            labels[s] = random.nextInt(classes);
            for (int i = 0; i < features; i++) {
                x[s][i] = centres[labels[s]][i] + (float) random.nextGaussian();
            }
        }
        return Dataset.of(x, labels);
    }

    /// 50-37-13-5 with dropout.
    public static Graph smallGraph() {
        return Sequential.input(50)
                .add(new Dense(37, Activations.RELU))
                .add(new Dropout(0.2f))
                .add(new Dense(13, Activations.TANH))
                .add(new Dense(5, Activations.SOFTMAX))
                .build();
    }

    /// Of all bits of a model's weights and slots.
    public static int hash(Model model) {
        int hash = Arrays.hashCode(model.trainable().toArray(JAVA_BYTE));
        hash = 31 * hash + Arrays.hashCode(model.fixed().toArray(JAVA_BYTE));
        for (var slot : model.slots().values()) {
            hash = 31 * hash + Arrays.hashCode(slot.toArray(JAVA_BYTE));
        }
        return hash;
    }
}
