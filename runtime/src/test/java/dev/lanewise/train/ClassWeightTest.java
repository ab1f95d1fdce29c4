package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Model;
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
