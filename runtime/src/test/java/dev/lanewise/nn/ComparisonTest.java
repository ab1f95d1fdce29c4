package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.tensor.Shape;
import dev.lanewise.train.Fit;
import dev.lanewise.train.MeanSquaredError;
import dev.lanewise.train.SGD;
import dev.lanewise.train.Trainer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Comparisons of elements with a number, and that nothing is learned through them.
class ComparisonTest {
    private static final float[] X = {-1, 0.5f, 2, Float.NaN, Float.POSITIVE_INFINITY};

    @ParameterizedTest
    @CsvSource({
        "equal, 01000",
        "not_equal, 10111",
        "greater, 00101",
        "greater_equal, 01101",
        "less, 10000",
        "less_equal, 11000"
    })
    void elementsAreComparedAndHaveNoSlope(String function, String expected) {
        final ElementwiseFunction layer = new ElementwiseFunction(function, 0.5f);
        try (Model model = Model.create(Sequential.input(5).add(layer).build(), 1)) {
            final float[] y = model.predict(Dataset.of(X, Shape.of(5)), 1).getFirst();
            for (int i = 0; i < y.length; i++) {
                assertEquals(expected.charAt(i) - '0', y[i], function + " of " + X[i]);
            }
        }
        try (Model model = Model.create(
                        Sequential.input(3).add(new Dense(4)).add(layer).build(), 1);
                Trainer trainer = Trainer.of(model, new SGD(1), new MeanSquaredError())) {
            final float[] before =
                    model.parameter(model.layout().places().getFirst()).toArray();
            trainer.fit(
                    Dataset.of(new float[][] {{1, 2, 3}}, new float[][] {{5, 5, 5, 5}}),
                    Fit.epochs(2).batchSize(1));
            assertArrayEquals(
                    before, model.parameter(model.layout().places().getFirst()).toArray());
        }
    }
}
