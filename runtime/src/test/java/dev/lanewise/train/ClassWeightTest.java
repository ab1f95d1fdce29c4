package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.tensor.Shape;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Weights of classes are weights of their samples.
class ClassWeightTest {
    private static final float[][] X = new float[6][50];
    private static final int[] LABELS = {0, 1, 2, 1, 0, 4};

    private static int trained(Dataset data, Fit fit) {
        for (int i = 0; i < 6; i++) {
            X[i][i] = 1;
        }
        try (Model model = Model.create(TestData.smallGraph(), 7);
                Trainer trainer = Trainer.of(model, new SGD(0.5), new SparseCategoricalCrossentropy())) {
            trainer.fit(data, fit);
            return TestData.hash(model);
        }
    }

    @Test
    void eachSampleHasTheWeightOfItsClass() {
        final Dataset data = Dataset.of(X, LABELS);
        final Fit fit = Fit.epochs(2).batchSize(3);
        final int weighted = trained(data.withWeights(new float[] {2, 0.5f, 1, 0.5f, 2, 1}), fit);
        assertEquals(weighted, trained(data, fit.classWeight(Map.of(0, 2.0, 1, 0.5))));
        assertNotEquals(weighted, trained(data, fit));
    }

    /// Steps that are masked within the model do not change what its samples count.
    @Test
    void masksWithinTheModelGoWithWeightsOfClasses() {
        final float[] words = {1, 2, 0, 3, 0, 0, 4, 5, 6, 2, 2, 0};
        final float[] labels = {0, 1, 2, 1};
        final Dataset data = Dataset.of(words, Shape.of(3), labels, Shape.of(1));
        final float[] other = words.clone();
        other[0] = 6;
        final Fit fit = Fit.epochs(3).batchSize(2);
        final Map<Integer, Double> weights = Map.of(0, 2.0, 1, 0.5);
        final int weighted = text(data.withWeights(new float[] {2, 0.5f, 1, 0.5f}), fit);
        assertEquals(weighted, text(data, fit.classWeight(weights)));
        assertNotEquals(weighted, text(data, fit));
        assertNotEquals(weighted, text(Dataset.of(other, Shape.of(3), labels, Shape.of(1)), fit.classWeight(weights)));
    }

    private static int text(Dataset data, Fit fit) {
        try (Model model = Model.create(
                        Sequential.input(3)
                                .add(new Embedding(7, 4).maskZero(true))
                                .add(new LSTM(5))
                                .add(new Dense(3, Activations.SOFTMAX))
                                .build(),
                        7);
                Trainer trainer = Trainer.of(model, new SGD(0.5), new SparseCategoricalCrossentropy())) {
            trainer.fit(data, fit);
            return TestData.hash(model);
        }
    }

    /// Where each step has a class of its own, the masked ones too, a sample has none.
    @Test
    void classesOfStepsAreRefused() {
        try (Model model = Model.create(MaskedLossTest.graph(), 3);
                Trainer trainer = Trainer.of(model, new SGD(0.5), new SparseCategoricalCrossentropy())) {
            final Dataset data = MaskedLossTest.data(4);
            final Dataset rows = data.withTargets(Dataset.of(new float[4 * 5 * 3], Shape.of(5, 3)));
            final Fit fit = Fit.epochs(1).classWeight(Map.of(0, 2.0));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> trainer.fit(rows, fit))
                    .getMessage()
                    .startsWith("Fit: class_weight needs a label or one row of targets a sample, got "));
        }
    }

    @Test
    void weightsOfBothKindsAreRefused() {
        final Dataset data = Dataset.of(X, LABELS).withWeights(new float[6]);
        assertEquals(
                "Fit: class_weight and sample weights exclude each other",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> trained(data, Fit.epochs(1).classWeight(Map.of(0, 2.0))))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).classWeight(Map.of(0, -1.0)));
    }
}
