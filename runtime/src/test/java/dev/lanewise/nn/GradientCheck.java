package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.fail;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Holds a layer's float code against its formula in double: forward element by element, backward by the
/// directional derivative of the formula (central differences) along every single input and weight and along
/// random directions, and both ways of writing gradients, over what was there and in addition to it.
public final class GradientCheck {
    /// A layer's formula, written once more in double, plainly.
    public interface Formula {
        /// The outputs' elements.
        ///
        /// @param x the inputs' elements
        /// @param weights the weights' elements, in the layer's order
        double[][] outputs(double[][] x, double[][] weights);
    }

    /// Step of the central differences. With formulas in double the error of a difference is some
    /// `h² f''' / 6 + 2^-53 |f| / h`, about 1e-10.
    private static final double STEP = 1e-4;

    private static final double TOLERANCE = 1e-4;

    private final Layer layer;
    private final Formula formula;
    private final List<Shape> inputs;
    private boolean training;
    private long step = 3;
    private double scale = 1;
    private double offset;
    private double forwardTolerance = 4e-6;
    private int indices;
    private List<Shape> maskShapes = List.of();
    private int maskInput = -1;

    private GradientCheck(Layer layer, Formula formula, List<Shape> inputs) {
        this.layer = layer;
        this.formula = formula;
        this.inputs = inputs;
    }

    /// A check of a layer on inputs of these shapes, the batch in front.
    public static GradientCheck of(Layer layer, Formula formula, Shape... inputs) {
        return new GradientCheck(layer, formula, List.of(inputs));
    }

    public GradientCheck training(long stepNumber) {
        training = true;
        step = stepNumber;
        return this;
    }

    /// Range of the random inputs, 1 if not set.
    public GradientCheck scale(double range) {
        scale = range;
        return this;
    }

    /// What is added to the random inputs.
    public GradientCheck offset(double added) {
        offset = added;
        return this;
    }

    /// Has the first input be whole numbers of 0 to below `below`.
    public GradientCheck indices(int below) {
        indices = below;
        return this;
    }

    /// Gives the first inputs masks of these shapes: those of [#maskOf].
    public GradientCheck mask(Shape... shapes) {
        maskShapes = List.of(shapes);
        return this;
    }

    /// Has an input be ones and zeros: those of [#maskOf].
    public GradientCheck maskInput(int input) {
        maskInput = input;
        return this;
    }

    /// A mask with ones and zeros at the start, in between and at the end, one row all ones.
    public static double[] maskOf(Shape shape) {
        final double[] mask = new double[(int) shape.size()];
        final int steps = shape.last();
        for (int i = 0; i < mask.length; i++) {
            final int row = i / steps;
            final int step = i % steps;
            final boolean off = row % 4 != 3 && ((step + 2 * row) % 4 == 3 || (row % 4 == 1 && step == 0));
            mask[i] = off ? 0 : 1;
        }
        return mask;
    }

    /// The error allowed an output, relative to the largest; for sums of more than some 20 products.
    public GradientCheck forwardTolerance(double relative) {
        forwardTolerance = relative;
        return this;
    }

    /// Runs the check.
    ///
    /// @throws AssertionError if the layer is not what its formula says
    public void run() {
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.best())) {
            try (Memory memory = new Memory("GradientCheck");
                    Compute compute = Compute.of(kernels, 1)) {
                run(memory, compute, false);
                run(memory, compute, true);
            }
        }
    }

    private List<Tensor> tensors(Memory memory, List<Shape> shapes, RandomStream random, double range) {
        final List<Tensor> tensors = new ArrayList<>();
        for (Shape shape : shapes) {
            final Tensor tensor = Tensor.zeros(memory, shape);
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, (float) (range * (2 * random.nextDouble() - 1)));
            }
            tensors.add(tensor);
        }
        return tensors;
    }

    private static double[][] values(List<Tensor> tensors) {
        final double[][] values = new double[tensors.size()][];
        for (int i = 0; i < values.length; i++) {
            final float[] floats = tensors.get(i).toArray();
            values[i] = new double[floats.length];
            for (int j = 0; j < floats.length; j++) {
                values[i][j] = floats[j];
            }
        }
        return values;
    }

    private void run(Memory memory, Compute compute, boolean accumulate) {
        final RandomStream random = RandomStream.of(11, accumulate ? 1 : 0, 0);
        final List<ParameterSpec> specs = layer.parameters(inputs);
        final List<Shape> weightShapes =
                specs.stream().map(ParameterSpec::shape).toList();
        final List<Shape> outputShapes = layer.outputShapes(inputs);
        final List<Tensor> x = tensors(memory, inputs, random, scale);
        for (Tensor tensor : offset == 0 ? List.<Tensor>of() : x) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, (float) (tensor.get(i) + offset));
            }
        }
        for (int i = 0; indices > 0 && i < x.getFirst().size(); i++) {
            x.getFirst().set(i, (float) Math.floor((x.getFirst().get(i) / scale + 1) / 2 * indices));
        }
        if (maskInput >= 0) {
            fillMask(x.get(maskInput));
        }
        final List<Tensor> weights = tensors(memory, weightShapes, random, 1);
        final List<Tensor> y = tensors(memory, outputShapes, random, 1);
        final List<Tensor> dy = tensors(memory, outputShapes, random, 1);
        final double[][] dyValues = values(dy); // backward may write over dy
        final List<Tensor> saved = tensors(memory, layer.saved(inputs), random, 1);
        final List<@Nullable Tensor> dx = new ArrayList<>(tensors(memory, inputs, random, 1));
        // What is not trained has no gradient.
        final List<@Nullable Tensor> gradients = new ArrayList<>(tensors(memory, weightShapes, random, 1));
        final boolean[] trained = new boolean[specs.size()];
        for (int i = 0; i < trained.length; i++) {
            trained[i] = specs.get(i).trainable();
            if (!trained[i]) {
                gradients.set(i, null);
            }
        }
        final double[][] dxBefore = values(tensorsOf(dx));
        final double[][] gradientsBefore = values(trainedOf(gradients));
        final double[][] xBefore = values(x);
        final boolean[] addDx = new boolean[x.size()];
        final boolean[] addGradients = new boolean[weights.size()];
        java.util.Arrays.fill(addDx, accumulate);
        java.util.Arrays.fill(addGradients, accumulate);
        final LayerBuffers buffers = LayerBuffers.builder("checked", compute, memory.floats(compute.scratchSize()))
                .values(x, y)
                .gradients(new ArrayList<>(dy), dx, addDx)
                .parameters(weights, gradients, addGradients)
                .saved(saved)
                .masks(masks(memory), outputMasks(memory, outputShapes.size()))
                .state(tensors(memory, layer.state(inputs), random, 0))
                .scratch(scratch(memory))
                .key(new LayerBuffers.RandomKey(5, 2, 1))
                .mode(training, true, step)
                .build();
        layer.forward(buffers);
        final double[][] weightValues = values(weights);
        checkForward(formula.outputs(xBefore, weightValues), values(y));
        layer.backward(buffers);
        final double[][] dxAfter = values(tensorsOf(dx));
        final double[][] gradientsAfter = values(trainedOf(gradients));
        if (!java.util.Arrays.deepEquals(xBefore, values(x))
                || !java.util.Arrays.deepEquals(weightValues, values(weights))) {
            fail(layer + ": an input or a weight was written");
        }
        if (accumulate) {
            subtract(dxAfter, dxBefore);
            subtract(gradientsAfter, gradientsBefore);
        }
        checkBackward("input", xBefore, dxAfter, dyValues, v -> formula.outputs(v, weightValues));
        final double[][] trainedValues = trainedOf(weightValues, trained);
        checkBackward(
                "weight",
                trainedValues,
                gradientsAfter,
                dyValues,
                v -> formula.outputs(xBefore, withTrained(weightValues, trained, v)));
    }

    /// Those of the first inputs, as far as they were asked for.
    private List<@Nullable Tensor> masks(Memory memory) {
        final List<@Nullable Tensor> masks = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            final Tensor mask = i < maskShapes.size() ? Tensor.zeros(memory, maskShapes.get(i)) : null;
            masks.add(mask);
            if (mask != null) {
                fillMask(mask);
            }
        }
        return masks;
    }

    private static void fillMask(Tensor mask) {
        final double[] values = maskOf(mask.shape());
        for (int i = 0; i < values.length; i++) {
            mask.set(i, (float) values[i]);
        }
    }

    private List<@Nullable Tensor> outputMasks(Memory memory, int outputs) {
        final List<@Nullable Shape> given = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            given.add(i < maskShapes.size() ? maskShapes.get(i) : null);
        }
        final List<@Nullable Shape> shapes = layer.outputMasks(inputs, given);
        final List<@Nullable Tensor> masks = new ArrayList<>();
        for (int i = 0; i < outputs; i++) {
            final Shape shape = i < shapes.size() ? shapes.get(i) : null;
            masks.add(shape == null ? null : Tensor.zeros(memory, shape));
        }
        return masks;
    }

    private @Nullable MemorySegment scratch(Memory memory) {
        final long floats = Math.max(layer.scratch(inputs), layer.backwardScratch(inputs));
        final MemorySegment scratch = floats > 0 ? memory.floats(floats) : null;
        for (long i = 0; i < floats; i++) {
            scratch.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.NaN); // whatever another layer left there
        }
        return scratch;
    }

    private static List<Tensor> trainedOf(List<@Nullable Tensor> tensors) {
        return tensors.stream().filter(java.util.Objects::nonNull).toList();
    }

    private static double[][] trainedOf(double[][] values, boolean... trained) {
        final List<double[]> some = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (trained[i]) {
                some.add(values[i]);
            }
        }
        return some.toArray(double[][]::new);
    }

    private static double[][] withTrained(double[][] values, boolean[] trained, double[][] some) {
        final double[][] all = values.clone();
        int next = 0;
        for (int i = 0; i < all.length; i++) {
            if (trained[i]) {
                all[i] = some[next++];
            }
        }
        return all;
    }

    private static List<Tensor> tensorsOf(List<@Nullable Tensor> tensors) {
        final List<Tensor> all = new ArrayList<>();
        tensors.forEach(tensor -> all.add(java.util.Objects.requireNonNull(tensor)));
        return all;
    }

    private static void subtract(double[][] from, double[][] what) {
        for (int i = 0; i < from.length; i++) {
            for (int j = 0; j < from[i].length; j++) {
                from[i][j] -= what[i][j];
            }
        }
    }

    private void checkForward(double[][] expected, double[][] actual) {
        for (int i = 0; i < expected.length; i++) {
            if (expected[i].length != actual[i].length) {
                fail(layer + ": output " + i + " has " + actual[i].length + " elements, expected "
                        + expected[i].length);
            }
            double largest = 0;
            for (double value : expected[i]) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int j = 0; j < expected[i].length; j++) {
                if (!(Math.abs(expected[i][j] - actual[i][j]) <= forwardTolerance * largest)) {
                    fail(layer + ": output " + i + ", element " + j + " is " + actual[i][j] + ", expected "
                            + expected[i][j]);
                }
            }
        }
    }

    /// A function of the elements that are varied.
    private interface Varied {
        double[][] outputs(double[][] values);
    }

    private void checkBackward(String what, double[][] at, double[][] gradient, double[][] dy, Varied function) {
        double largest = 0;
        for (double[] part : gradient) {
            for (double value : part) {
                largest = Math.max(largest, Math.abs(value));
            }
        }
        for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < at[i].length; j++) {
                final double[][] direction = zeros(at);
                direction[i][j] = 1;
                final double slope = slope(at, direction, dy, function);
                // An element's rounding errors are relative to the sums that it comes from.
                if (!(Math.abs(slope - gradient[i][j]) <= TOLERANCE * Math.max(Math.abs(slope), 0.1 * largest))) {
                    fail(layer + ": gradient by " + what + " " + i + ", element " + j + " is " + gradient[i][j]
                            + ", expected " + slope);
                }
            }
        }
        final RandomStream random = RandomStream.of(12, 0, 0);
        for (int trial = 0; trial < 3 && at.length > 0; trial++) {
            final double[][] direction = zeros(at);
            double dot = 0;
            double absolute = 0;
            for (int i = 0; i < at.length; i++) {
                for (int j = 0; j < at[i].length; j++) {
                    direction[i][j] = 2 * random.nextDouble() - 1;
                    dot += direction[i][j] * gradient[i][j];
                    absolute += Math.abs(direction[i][j] * gradient[i][j]);
                }
            }
            final double slope = slope(at, direction, dy, function);
            if (!(Math.abs(slope - dot) <= TOLERANCE * Math.max(Math.abs(slope), 0.1 * absolute))) {
                fail(layer + ": gradient by " + what + "s along a direction is " + dot + ", expected " + slope);
            }
        }
    }

    private static double slope(double[][] at, double[][] direction, double[][] dy, Varied function) {
        return (dot(function.outputs(moved(at, direction, STEP)), dy)
                        - dot(function.outputs(moved(at, direction, -STEP)), dy))
                / (2 * STEP);
    }

    private static double[][] zeros(double[][] like) {
        final double[][] zeros = new double[like.length][];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = new double[like[i].length];
        }
        return zeros;
    }

    private static double[][] moved(double[][] at, double[][] direction, double by) {
        final double[][] moved = zeros(at);
        for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < at[i].length; j++) {
                moved[i][j] = at[i][j] + by * direction[i][j];
            }
        }
        return moved;
    }

    private static double dot(double[][] a, double[][] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[i].length; j++) {
                sum += a[i][j] * b[i][j];
            }
        }
        return sum;
    }
}
