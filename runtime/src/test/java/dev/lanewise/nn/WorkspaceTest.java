package dev.lanewise.nn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Whole graphs through plans and shared memory, against the same graphs call by call in double.
class WorkspaceTest {
    private static final Compute COMPUTE = Compute.of(Kernels.best(), 1);

    @AfterAll
    static void close() {
        COMPUTE.close();
    }

    /// Two branches, a sum and a layer that is called in both.
    static Graph branches() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(Shape.of(6));
        final String shared = b.layer("shared", new Dense(5, Activations.TANH));
        final Graph.Value left = b.call(shared, x).getFirst();
        final Graph.Value middle = b.add("middle", new Dense(6, Activations.SIGMOID), x);
        final Graph.Value right = b.call(shared, middle).getFirst();
        final Graph.Value sum = b.add(new Add(), left, right, left);
        return b.build(b.add("head", new Dense(3), sum));
    }

    /// The same value read by a view, through the view by two layers, and directly.
    static Graph viewsWithFanOut() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input(Shape.of(2, 3));
        final Graph.Value h = b.add("first", new Dense(3, Activations.TANH), x);
        final Graph.Value flat = b.add(new Flatten(), h);
        final Graph.Value again = b.add(new Reshape(3, 2), flat);
        final Graph.Value left = b.add("left", new Dense(4, Activations.SIGMOID), flat);
        final Graph.Value right = b.add(new Flatten(), b.add("right", new Dense(2), again));
        final Graph.Value direct = b.add(new Flatten(), b.add(new Rescaling(0.5f), h));
        final Graph.Value inPlace = b.add(new Activation(Activations.TANH), flat);
        final Graph.Value sum = b.add(new Add(), b.add("up", new Dense(6), left), right, direct, inPlace);
        return b.build(b.add("head", new Dense(3), sum));
    }

    private static void fill(Tensor tensor, RandomStream random) {
        for (int i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) (2 * random.nextDouble() - 1));
        }
    }

    /// Fills the inputs and returns their values.
    private static double[][] fillInputs(Workspace workspace, RandomStream random) {
        final double[][] inputs = new double[workspace.inputs()][];
        for (int i = 0; i < inputs.length; i++) {
            fill(workspace.input(i), random);
            inputs[i] = DoubleGraph.doubles(workspace.input(i).toArray());
        }
        return inputs;
    }

    private static void assertClose(double[] expected, float[] actual, double tolerance, String what) {
        double largest = 1;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * largest, what + ", element " + i);
        }
    }

    /// Forward in both modes, and the gradient by every weight against central differences of the double graph.
    private static void check(Graph graph, long seed, boolean kinks) {
        final int batch = 3;
        final RandomStream random = RandomStream.of(seed, 1, 1);
        try (Model model = Model.create(graph, seed);
                Workspace workspace = new Workspace(model, graph, COMPUTE, true);
                Workspace inference = new Workspace(model, graph, COMPUTE, false)) {
            final Map<String, double[]> weights = DoubleGraph.weights(model);
            inference.prepare(batch);
            // Twice: what the first run left in memory must not show.
            for (int run = 0; run < 2; run++) {
                final double[][] inputs = fillInputs(inference, random);
                inference.forward(false, 0);
                assertClose(
                        new DoubleGraph(graph, batch, seed, -1).outputs(inputs, weights)[0],
                        inference.output(0).toArray(),
                        1e-5,
                        "inference, seed " + seed);
            }
            workspace.prepare(batch);
            for (int run = 0; run < 2; run++) {
                final long step = 4L + run;
                final double[][] inputs = fillInputs(workspace, random);
                workspace.forward(true, step);
                final DoubleGraph reference = new DoubleGraph(graph, batch, seed, step);
                assertClose(
                        reference.outputs(inputs, weights)[0],
                        workspace.output(0).toArray(),
                        1e-5,
                        "training, seed " + seed);
                final Tensor dy = Objects.requireNonNull(workspace.outputGradient(0));
                fill(dy, random);
                final double[] direction = DoubleGraph.doubles(dy.toArray());
                workspace.backward();
                if (!kinks) {
                    checkGradients(model, workspace.gradients(), inputs, weights, direction, reference, seed);
                }
            }
        }
    }

    private static void checkGradients(
            Model model,
            MemorySegment gradients,
            double[][] inputs,
            Map<String, double[]> weights,
            double[] dy,
            DoubleGraph reference,
            long seed) {
        final double h = 1e-4;
        for (ParameterLayout.Place place : model.layout().places()) {
            final double[] values = weights.get(place.path());
            double largest = 0;
            for (int i = 0; i < values.length; i++) {
                largest = Math.max(largest, Math.abs(gradients.getAtIndex(JAVA_FLOAT, place.offset() + i)));
            }
            for (int i = 0; i < values.length; i++) {
                final double kept = values[i];
                values[i] = kept + h;
                final double up = dot(reference.outputs(inputs, weights)[0], dy);
                values[i] = kept - h;
                final double down = dot(reference.outputs(inputs, weights)[0], dy);
                values[i] = kept;
                final double slope = (up - down) / (2 * h);
                final float gradient = gradients.getAtIndex(JAVA_FLOAT, place.offset() + i);
                assertEquals(
                        slope,
                        gradient,
                        1e-4 * Math.max(Math.abs(slope), Math.max(largest, 0.01)),
                        place.path() + "[" + i + "], seed " + seed);
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Test
    void twoBranchesWithASharedLayerHaveTheGradientsOfTheFormula() {
        check(branches(), 3, false);
    }

    @Test
    void viewsInTheMiddleWithFanOutHaveTheGradientsOfTheFormula() {
        check(viewsWithFanOut(), 4, false);
    }

    @Test
    void valueAddedToItselfHasTwiceTheGradient() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value h = b.add("first", new Dense(4, Activations.TANH), b.input(Shape.of(3)));
        check(b.build(b.add("head", new Dense(3), b.add(new Add(), h, h, h))), 5, false);
    }

    @Test
    void randomSmoothGraphsHaveTheGradientsOfTheFormula() {
        for (int seed = 0; seed < 150; seed++) {
            check(RandomGraphs.of(seed, false), seed, false);
        }
    }

    @Test
    void randomGraphsWithReluHaveTheOutputsOfTheFormula() {
        for (int seed = 1000; seed < 1150; seed++) {
            check(RandomGraphs.of(seed, true), seed, true);
        }
    }

    /// A step may be taken twice on the same inputs: nothing of a pass lies over them.
    @Test
    void inputsSurviveATrainingPass() {
        for (int seed = 0; seed < 60; seed++) {
            final Graph graph = RandomGraphs.of(seed, true);
            try (Model model = Model.create(graph, seed);
                    Workspace workspace = new Workspace(model, graph, COMPUTE, true)) {
                workspace.prepare(3);
                final double[][] inputs = fillInputs(workspace, RandomStream.of(seed, 2, 2));
                workspace.forward(true, 1);
                fill(Objects.requireNonNull(workspace.outputGradient(0)), RandomStream.of(seed, 3, 3));
                workspace.backward();
                for (int i = 0; i < inputs.length; i++) {
                    assertArrayEquals(
                            inputs[i], DoubleGraph.doubles(workspace.input(i).toArray()), "seed " + seed);
                }
            }
        }
    }

    @Test
    void severalInputsAndOutputsAreThoseOfTheHandComputation() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value first = b.input("a", Shape.of(2));
        final Graph.Value second = b.input("b", Shape.of(2));
        final Graph.Value sum = b.add("sum", new Add(), first, second);
        final Graph.Value scaled = b.add("scaled", new Rescaling(10, 1), second);
        final Graph.Value head = b.add("head", new Dense(1), sum);
        try (Model model = Model.create(b.build(head, scaled, sum), 1);
                Memory memory = new Memory("test");
                Predictor predictor = model.predictor(4)) {
            model.parameter("head/kernel").copyFrom(new float[] {2, -3});
            model.parameter("head/bias").copyFrom(new float[] {0.5f});
            final Tensor x0 = Tensor.zeros(memory, Shape.of(2, 2));
            final Tensor x1 = Tensor.zeros(memory, Shape.of(2, 2));
            x0.copyFrom(new float[] {1, 2, 3, 4});
            x1.copyFrom(new float[] {10, 20, 30, 40});
            final Tensor y0 = Tensor.zeros(memory, Shape.of(2, 1));
            final Tensor y1 = Tensor.zeros(memory, Shape.of(2, 2));
            final Tensor y2 = Tensor.zeros(memory, Shape.of(2, 2));
            try (Predictor changed = model.predictor(4)) {
                changed.run(java.util.List.of(x0, x1), java.util.List.of(y0, y1, y2));
            }
            assertArrayEquals(new float[] {22 - 66 + 0.5f, 66 - 132 + 0.5f}, y0.toArray());
            assertArrayEquals(new float[] {101, 201, 301, 401}, y1.toArray());
            assertArrayEquals(new float[] {11, 22, 33, 44}, y2.toArray());
            // The earlier one is a snapshot of the first weights.
            predictor.run(java.util.List.of(x0, x1), java.util.List.of(y0, y1, y2));
            assertTrue(y0.get(0) != 22 - 66 + 0.5f);
        }
    }

    @Test
    void otherBatchSizesAndBackAgainGiveTheSameBits() {
        final Graph graph = branches();
        try (Model model = Model.create(graph, 3);
                Workspace workspace = new Workspace(model, graph, COMPUTE, true)) {
            float[] first = null;
            for (int batch : new int[] {3, 50, 3, 1, 2, 4, 5, 6, 7, 8, 9, 10, 3}) {
                workspace.prepare(batch);
                fillInputs(workspace, RandomStream.of(9, 9, 9));
                workspace.forward(true, 1);
                if (batch == 3) {
                    final float[] now = workspace.output(0).toArray();
                    first = first == null ? now : first;
                    assertArrayEquals(first, now);
                }
            }
        }
    }
}
