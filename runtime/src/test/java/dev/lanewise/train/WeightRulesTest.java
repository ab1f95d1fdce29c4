package dev.lanewise.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Regularizers and constraints against their formulas, and in training.
class WeightRulesTest {
    private static final Dataset DATA = TestData.classes(300, 50, 5, 3);

    /// Central differences of formulas in double: error about `h² + 2^-53 / h`.
    private static final double STEP = 1e-5;

    private static Graph graph() {
        return Sequential.input(50)
                .add(new Dense(37, Activations.RELU))
                .add(new Dense(5, Activations.SOFTMAX))
                .build();
    }

    /// A model of one dense layer `[rows, cols]` with a kernel of random numbers.
    private static Model dense(int rows, int cols, WeightRule rule) {
        final Graph graph = Sequential.input(rows).add(new Dense(cols)).build().withRule("dense/kernel", rule);
        final Model model = Model.blank(graph);
        final RandomStream random = RandomStream.of(5, rows, cols);
        final Tensor kernel = model.parameter("dense/kernel");
        for (int i = 0; i < kernel.size(); i++) {
            kernel.set(i, (float) random.nextGaussian());
        }
        return model;
    }

    private static double[] doubles(Tensor tensor) {
        final double[] values = new double[tensor.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i);
        }
        return values;
    }

    /// Value and gradient of a regularizer are those of a formula over the kernel's numbers, added to what
    /// is there.
    private static void check(Regularizer regularizer, int rows, int cols, ToDoubleFunction<double[]> formula) {
        try (Memory memory = new Memory("test");
                Compute compute = Compute.of(Kernels.best(), 2);
                Model model = dense(rows, cols, new WeightRule(regularizer))) {
            final Tensor gradients = Tensor.zeros(
                    memory, dev.lanewise.tensor.Shape.of((int) model.layout().trainableSize()));
            for (int i = 0; i < gradients.size(); i++) {
                gradients.set(i, 1);
            }
            final List<WeightPenalty> penalties = WeightPenalty.of(model, gradients.segment(), compute);
            assertEquals(1, penalties.size());
            final Tensor kernel = model.parameter("dense/kernel");
            final double[] w = doubles(kernel);
            final double expected = formula.applyAsDouble(w);
            assertEquals(expected, penalties.getFirst().value(false), 1e-9 * Math.abs(expected));
            assertEquals(1, gradients.get(0));
            assertEquals(expected, penalties.getFirst().value(true), 1e-9 * Math.abs(expected));
            final int offset = (int) model.layout().places("dense").getFirst().offset();
            for (int i = 0; i < w.length; i++) {
                final double before = w[i];
                w[i] = before + STEP;
                double difference = formula.applyAsDouble(w);
                w[i] = before - STEP;
                difference -= formula.applyAsDouble(w);
                w[i] = before;
                final double derivative = difference / (2 * STEP);
                assertEquals(1 + derivative, gradients.get(offset + i), 1e-5, regularizer + " at " + i);
            }
            assertArrayEquals(w, doubles(kernel));
        }
    }

    /// Those whose gradient is checked, and whose check sees a planted error.
    private static final Set<Class<?>> CHECKED = Set.of(
            Regularizer.L1.class,
            Regularizer.L2.class,
            Regularizer.L1L2.class,
            Regularizer.OrthogonalRegularizer.class);

    @Test
    void everyRegularizerIsChecked() {
        assertEquals(CHECKED, Set.of(Regularizer.class.getPermittedSubclasses()));
    }

    private static double l1l2(double[] w, double l1, double l2) {
        double sum = 0;
        for (double v : w) {
            sum += l1 * Math.abs(v) + l2 * v * v;
        }
        return sum;
    }

    private static double orthogonal(double[] w, int rows, int cols, boolean byRows, double factor) {
        final int n = byRows ? rows : cols;
        final int length = byRows ? cols : rows;
        double sum = 0;
        for (int a = 0; a < n; a++) {
            for (int b = a + 1; b < n; b++) {
                double product = 0;
                double squaresA = 0;
                double squaresB = 0;
                for (int e = 0; e < length; e++) {
                    final double va = byRows ? w[a * cols + e] : w[e * cols + a];
                    final double vb = byRows ? w[b * cols + e] : w[e * cols + b];
                    product += va * vb;
                    squaresA += va * va;
                    squaresB += vb * vb;
                }
                sum += Math.abs(product) / Math.sqrt(squaresA * squaresB);
            }
        }
        return factor * sum / (n * (n - 1) / 2.0);
    }

    @Test
    void regularizersAreTheirFormulas() {
        check(new Regularizer.L1(0.3), 7, 5, w -> l1l2(w, 0.3, 0));
        check(new Regularizer.L2(0.2), 7, 5, w -> l1l2(w, 0, 0.2));
        check(new Regularizer.L1L2(0.3, 0.2), 7, 5, w -> l1l2(w, 0.3, 0.2));
        // More than a chunk.
        check(new Regularizer.L1L2(0.3, 0.2), 101, 83, w -> l1l2(w, 0.3, 0.2));
        check(new Regularizer.OrthogonalRegularizer(0.7, "rows"), 4, 6, w -> orthogonal(w, 4, 6, true, 0.7));
        check(new Regularizer.OrthogonalRegularizer(0.7, "rows"), 6, 2, w -> orthogonal(w, 6, 2, true, 0.7));
        check(new Regularizer.OrthogonalRegularizer(0.7, "columns"), 4, 6, w -> orthogonal(w, 4, 6, false, 0.7));
        check(new Regularizer.OrthogonalRegularizer(), 3, 3, w -> orthogonal(w, 3, 3, true, 0.01));
    }

    /// A formula whose derivative by one number is off by 0.001.
    private static ToDoubleFunction<double[]> sameValueOtherGradient(ToDoubleFunction<double[]> formula) {
        final double[] first = {Double.NaN};
        return w -> {
            first[0] = Double.isNaN(first[0]) ? w[3] : first[0];
            return formula.applyAsDouble(w) + 0.001 * (w[3] - first[0]);
        };
    }

    /// The check sees an error of one in a thousand in each of them.
    @Test
    void plantedErrorsAreSeen() {
        for (Regularizer regularizer :
                List.of(new Regularizer.L1(0.3), new Regularizer.L2(0.3), new Regularizer.L1L2(0.3, 0.3))) {
            final double l1 = regularizer instanceof Regularizer.L2 ? 0 : 0.3;
            final double l2 = regularizer instanceof Regularizer.L1 ? 0 : 0.3;
            check(regularizer, 7, 5, w -> l1l2(w, l1, l2));
            assertThrows(AssertionError.class, () -> check(regularizer, 7, 5, w -> l1l2(w, l1 * 1.001, l2 * 1.001)));
            assertThrows(
                    AssertionError.class, () -> check(regularizer, 7, 5, sameValueOtherGradient(w -> l1l2(w, l1, l2))));
        }
        final Regularizer orthogonal = new Regularizer.OrthogonalRegularizer(0.7, "rows");
        assertThrows(AssertionError.class, () -> check(orthogonal, 4, 6, w -> orthogonal(w, 4, 6, false, 0.7)));
        assertThrows(
                AssertionError.class,
                () -> check(orthogonal, 4, 6, sameValueOtherGradient(w -> orthogonal(w, 4, 6, true, 0.7))));
    }

    /// Weights after a constraint, by the definition over a conv kernel `[h, w, in, out]`.
    private static void constrained(Constraint.OfNorms constraint, ToDoubleFunction<Double> factor) {
        final Graph graph = Sequential.input(4, 5, 3)
                .add(new Conv2D(6, 2))
                .add(new Flatten())
                .add(new Dense(5, Activations.SOFTMAX))
                .build()
                .withRule("conv2d/kernel", new WeightRule(constraint));
        try (Model model = Model.create(graph, 3)) {
            final Tensor kernel = model.parameter("conv2d/kernel");
            final int[] dims = kernel.shape().toArray();
            final float[] before = kernel.toArray();
            WeightProjection.of(model).forEach(WeightProjection::apply);
            final float[] after = kernel.toArray();
            for (int i = 0; i < before.length; i++) {
                double squares = 0;
                for (int k = 0; k < before.length; k++) {
                    boolean same = true;
                    for (int d = 0, block = before.length; d < 4; d++) {
                        block /= dims[d];
                        final boolean summed = constraint.axis().contains(d)
                                || constraint.axis().contains(d - 4);
                        same &= summed || i / block % dims[d] == k / block % dims[d];
                    }
                    squares += same ? (double) before[k] * before[k] : 0;
                }
                final double expected = before[i] * factor.applyAsDouble(Math.sqrt(squares));
                assertEquals(expected, after[i], 1e-6 * Math.abs(expected), constraint + " at " + i);
            }
            if (!constraint.axis().isEmpty()) {
                assertNotEquals(List.of(before), List.of(after));
            }
        }
    }

    @Test
    void constraintsAreTheirFormulas() {
        for (List<Integer> axis : List.of(
                List.of(0), List.of(0, 1, 2), List.of(-1), List.of(3, 1), List.of(0, 1, 2, 3), List.<Integer>of())) {
            constrained(new Constraint.MaxNorm(0.3, axis), n -> Math.min(n, 0.3) / (1e-7 + n));
            constrained(new Constraint.UnitNorm(axis), n -> 1 / (1e-7 + n));
            constrained(
                    new Constraint.MinMaxNorm(0.2, 0.4, 0.25, axis),
                    n -> (0.25 * Math.min(Math.max(n, 0.2), 0.4) + 0.75 * n) / (1e-7 + n));
        }
        try (Model model = dense(3, 4, new WeightRule(new Constraint.NonNeg()))) {
            final Tensor kernel = model.parameter("dense/kernel");
            final float[] before = kernel.toArray();
            WeightProjection.of(model).forEach(WeightProjection::apply);
            for (int i = 0; i < before.length; i++) {
                assertEquals(Math.max(0, before[i]), kernel.get(i));
            }
        }
    }

    /// One step of plain descent: the loss has the regularizers' sum, the weights also follow their
    /// gradients, and
    /// fulfil the constraint.
    @Test
    void stepFollowsTheRules() {
        final Graph plain = graph();
        final Graph ruled = plain.withRules(Map.of(
                "dense/kernel", new WeightRule(new Regularizer.L2(0.1)),
                "dense/bias", new WeightRule(new Constraint.NonNeg()),
                "dense_1/kernel", new WeightRule(new Regularizer.L1(0.2), new Constraint.MaxNorm(0.5))));
        try (Model without = Model.create(plain, 1);
                Model with = Model.create(ruled, 1)) {
            final double[] first = doubles(with.parameter("dense/kernel"));
            final double[] second = doubles(with.parameter("dense_1/kernel"));
            final double penalty = l1l2(first, 0, 0.1) + l1l2(second, 0.2, 0);
            try (Trainer a = Trainer.of(without, new SGD(0.5), new SparseCategoricalCrossentropy());
                    Trainer b = Trainer.of(with, new SGD(0.5), new SparseCategoricalCrossentropy())) {
                assertEquals(
                        a.evaluate(DATA, 100).get("loss") + penalty,
                        b.evaluate(DATA, 100).get("loss"),
                        1e-9);
                final int[] order = Evaluator.inOrder(300);
                a.gather(DATA, order, 0, 100);
                b.gather(DATA, order, 0, 100);
                assertEquals(a.step() + penalty, b.step(), 1e-9);
            }
            final Tensor kernel = with.parameter("dense/kernel");
            final Tensor other = without.parameter("dense/kernel");
            for (int i = 0; i < first.length; i++) {
                assertEquals(other.get(i) - 0.5 * 0.2 * first[i], kernel.get(i), 1e-6);
            }
            final Tensor bias = with.parameter("dense/bias");
            int cut = 0;
            for (int i = 0; i < bias.size(); i++) {
                final float free = without.parameter("dense/bias").get(i);
                assertEquals(Math.max(0, free), bias.get(i));
                cut += free < 0 ? 1 : 0;
            }
            assertTrue(cut > 0);
            final Tensor last = with.parameter("dense_1/kernel");
            double largest = 0;
            for (int column = 0; column < 5; column++) {
                double squares = 0;
                for (int row = 0; row < 37; row++) {
                    squares += last.get(row * 5 + column) * (double) last.get(row * 5 + column);
                }
                largest = Math.max(largest, Math.sqrt(squares));
            }
            assertEquals(0.5, largest, 1e-6);
        }
    }

    @Test
    void frozenWeightsHaveNoRules() {
        final WeightRule rule = new WeightRule(new Regularizer.L2(0.1), new Constraint.NonNeg());
        try (Model model =
                Model.create(graph().withRule("dense/kernel", rule).withFrozen(java.util.Set.of("dense")), 1)) {
            assertEquals(List.of(), WeightPenalty.of(model, null, Compute.shared()));
            assertEquals(List.of(), WeightProjection.of(model));
        }
    }

    @Test
    void rulesAreSavedAndKeptInEdits(@TempDir Path folder) throws IOException {
        final Graph graph = graph().withRules(Map.of(
                "dense/kernel",
                new WeightRule(new Regularizer.L1L2(0.1, 0.2), new Constraint.MaxNorm(3, List.of(0, 1))),
                "dense/bias",
                new WeightRule(new Regularizer.L1(0.5), new Constraint.NonNeg()),
                "dense_1/bias",
                new WeightRule(new Regularizer.L2(0.5), new Constraint.UnitNorm()),
                "dense_1/kernel",
                new WeightRule(
                        new Regularizer.OrthogonalRegularizer(0.3, "columns"),
                        new Constraint.MinMaxNorm(0.1, 2, 0.5, List.of(-1)))));
        final Path file = folder.resolve("ruled.safetensors");
        try (Model model = Model.create(graph, 1)) {
            model.save(file);
            try (Model cut = model.withoutTop().withHead(new Dense(3, Activations.SOFTMAX), 2)) {
                assertEquals(
                        java.util.Set.of("dense/kernel", "dense/bias"),
                        cut.graph().rules().keySet());
            }
        }
        try (Model loaded = Model.load(file)) {
            assertEquals(graph.rules(), loaded.graph().rules());
        }
        final String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertTrue(text.contains("L1L2"));
        Files.writeString(file, text.replace("L1L2", "L1L3"), StandardCharsets.ISO_8859_1);
        final ModelFormatException e = assertThrows(ModelFormatException.class, () -> Model.load(file));
        assertTrue(e.getMessage().contains("L1L3 is not known"), e.getMessage());
    }

    @Test
    void badRulesAreRefusedByName() {
        final WeightRule l2 = new WeightRule(new Regularizer.L2());
        for (String path : List.of("dense/kernels", "dense", "kernel", "dense_7/kernel")) {
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> graph().withRule(path, l2));
            assertTrue(e.getMessage().contains("'" + path + "'"), e.getMessage());
        }
        for (WeightRule rule : List.of(
                new WeightRule(new Regularizer.OrthogonalRegularizer()),
                new WeightRule(new Constraint.MaxNorm(2, List.of(1))))) {
            final IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> graph().withRule("dense/bias", rule));
            assertTrue(e.getMessage().startsWith("weight 'dense/bias': "), e.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> new Regularizer.L1(-1));
        assertThrows(IllegalArgumentException.class, () -> new Regularizer.L2(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Constraint.MinMaxNorm(2, 1, 1, List.of(0)));
    }
}
