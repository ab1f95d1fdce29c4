package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.Conv1DTranspose;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.Conv3D;
import dev.lanewise.nn.layer.Conv3DTranspose;
import dev.lanewise.nn.layer.DepthwiseConv1D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Convolutions of all kinds on many shapes, small and larger than the blocks that work is cut into: results
/// and all gradients within the error bound of their sums, and the same bits for every implementation,
/// vector width, number of threads and place in a batch.
class ConvolutionLayersTest {
    /// A layer without activation, its input, and the terms of its sums.
    record Case(Layer layer, Shape input, ConvolutionFormulas.Terms terms) {
        static Case of(Layer layer, int... input) {
            final Shape shape = Shape.of(input);
            return new Case(layer, shape, ConvolutionFormulas.terms(layer, shape));
        }
    }

    private static final int RANDOM_CASES = 40;

    static List<Case> cases() {
        final List<Case> cases = new ArrayList<>();
        // Longer than a part of a patch, wider than a block of columns, more positions than a chunk of
        // gradients.
        cases.add(Case.of(new Conv2D(70, 3).padding("same"), 1, 5, 6, 130));
        cases.add(Case.of(new Conv2D(9, 2).strides(3).padding("same"), 1, 4, 5, 1200));
        cases.add(Case.of(new Conv2D(140, 1), 7, 3, 3, 9));
        cases.add(Case.of(new Conv2D(5, 3).padding("same"), 7, 25, 27, 2));
        cases.add(Case.of(new Conv2D(6, 1), 1, 50, 90, 3));
        cases.add(Case.of(new Conv2D(8, 2).groups(2), 2, 40, 40, 4));
        cases.add(Case.of(new Conv2D(4, 3).strides(2), 7, 41, 43, 3));
        cases.add(Case.of(new Conv2D(64, 2).groups(32).padding("same"), 2, 4, 4, 64));
        // A gradient by the input, and a result, wider than what is placed at once.
        cases.add(Case.of(new Conv2D(3, 3).strides(2).padding("same"), 1, 3, 4, 700));
        cases.add(Case.of(new Conv2DTranspose(650, 3).strides(2).padding("same"), 1, 2, 3, 3));
        cases.add(Case.of(new Conv2DTranspose(8, 4).strides(2).padding("same"), 7, 17, 19, 5));
        cases.add(Case.of(new Conv1D(33, 7).dilationRate(3).padding("causal"), 7, 50, 21));
        cases.add(Case.of(new Conv1DTranspose(17, 5).strides(3), 1, 41, 100));
        cases.add(Case.of(new Conv3D(20, 3).strides(1, 2, 1).padding("same"), 2, 5, 7, 6, 11));
        cases.add(Case.of(new Conv3DTranspose(5, 2).strides(2, 1, 3).padding("same"), 2, 4, 5, 3, 20));
        cases.add(Case.of(new DepthwiseConv2D(3).padding("same"), 7, 13, 14, 37));
        cases.add(Case.of(new DepthwiseConv2D(5).strides(2).padding("same"), 1, 29, 31, 96));
        cases.add(Case.of(new DepthwiseConv2D(3).depthMultiplier(3).dilationRate(2), 2, 9, 10, 21));
        cases.add(Case.of(new DepthwiseConv1D(4).strides(5).padding("causal"), 7, 61, 130));
        final RandomStream random = RandomStream.of(17, 0, 0);
        for (int i = 0; i < RANDOM_CASES; i++) {
            cases.add(random(random));
        }
        return cases;
    }

    private static int in(RandomStream random, int from, int to) {
        return from + (int) (random.nextDouble() * (to - from + 1));
    }

    /// Strides beyond the kernel, even kernels, windows larger than the input, gaps.
    private static Case random(RandomStream random) {
        final int batch = in(random, 0, 1) == 0 ? 1 : 7;
        final int groups = in(random, 1, 3);
        final int channels = groups * in(random, 1, 6);
        final int filters = groups * in(random, 1, 12);
        final int[] kernel = {in(random, 1, 4), in(random, 1, 5)};
        final int[] strides = {in(random, 1, 5), in(random, 1, 3)};
        final int[] dilation = {in(random, 1, 3), in(random, 1, 2)};
        final String padding = in(random, 0, 2) == 0 ? "valid" : "same";
        int height = in(random, 1, 13);
        int width = in(random, 1, 19);
        return switch (in(random, 0, 3)) {
            case 0 ->
                Case.of(
                        new Conv2DTranspose(filters, 1)
                                .kernelSize(kernel)
                                .strides(strides)
                                .dilationRate(dilation)
                                .padding(padding),
                        batch,
                        height,
                        width,
                        channels);
            case 1 ->
                Case.of(
                        new DepthwiseConv2D(1)
                                .kernelSize(kernel)
                                .strides(strides)
                                .dilationRate(dilation)
                                .depthMultiplier(groups)
                                .padding("same"),
                        batch,
                        height,
                        width,
                        channels);
            default -> {
                if (padding.equals("valid")) {
                    height += (kernel[0] - 1) * dilation[0];
                    width += (kernel[1] - 1) * dilation[1];
                }
                yield Case.of(
                        new Conv2D(filters, 1)
                                .kernelSize(kernel)
                                .strides(strides)
                                .dilationRate(dilation)
                                .groups(groups)
                                .padding(padding),
                        batch,
                        height,
                        width,
                        channels);
            }
        };
    }

    /// What a layer computes: y, dx, dKernel, dBias.
    private static float[][] run(Case of, Compute compute, float[] x, float[][] weights, float[] dy) {
        try (Memory memory = new Memory("test")) {
            final Layer layer = of.layer;
            final List<Shape> inputs = List.of(of.input);
            final Tensor xs = Tensor.zeros(memory, of.input);
            xs.copyFrom(x);
            final Shape outputShape = layer.outputShapes(inputs).getFirst();
            final Tensor y = Tensor.zeros(memory, outputShape);
            final Tensor dys = Tensor.zeros(memory, outputShape);
            dys.copyFrom(dy);
            final Tensor dx = Tensor.zeros(memory, of.input);
            final List<Tensor> parameters = new ArrayList<>();
            final List<@Nullable Tensor> gradients = new ArrayList<>();
            for (int i = 0; i < weights.length; i++) {
                final Shape shape = layer.parameters(inputs).get(i).shape();
                final Tensor weight = Tensor.zeros(memory, shape);
                weight.copyFrom(weights[i]);
                parameters.add(weight);
                gradients.add(Tensor.zeros(memory, shape));
            }
            final long scratch = Math.max(layer.scratch(inputs), layer.backwardScratch(inputs));
            final LayerBuffers b = LayerBuffers.builder("tested", compute, memory.floats(compute.scratchSize()))
                    .values(List.of(xs), List.of(y))
                    .gradients(List.of(dys), List.of(dx), false)
                    .parameters(parameters, gradients)
                    .scratch(memory.floats(Math.max(1, scratch)))
                    .mode(true, true, 0)
                    .build();
            layer.forward(b);
            layer.backward(b);
            return new float[][] {
                y.toArray(),
                dx.toArray(),
                gradients.get(0).toArray(),
                gradients.get(1).toArray()
            };
        }
    }

    private static float[] values(RandomStream random, long size) {
        final float[] values = new float[Math.toIntExact(size)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (2 * random.nextDouble() - 1);
        }
        return values;
    }

    /// Random operands of a case: x, dy, and the weights.
    private static float[][] operands(Case of) {
        final RandomStream random = RandomStream.of(23, 0, 0);
        final List<Shape> inputs = List.of(of.input);
        final List<ParameterSpec> specs = of.layer.parameters(inputs);
        return new float[][] {
            values(random, of.input.size()),
            values(random, of.layer.outputShapes(inputs).getFirst().size()),
            values(random, specs.get(0).shape().size()),
            values(random, specs.get(1).shape().size())
        };
    }

    private static float[][] run(Case of, Kernels kernels, int threads) {
        final float[][] operands = operands(of);
        try (Compute compute = Compute.of(kernels, threads)) {
            return run(of, compute, operands[0], Arrays.copyOfRange(operands, 2, 4), operands[1]);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void resultsAndGradientsAreTheirSums(Case of) {
        final float[][] o = operands(of);
        final float[][] got = run(of, Kernels.best(), 2);
        final int filters = o[3].length;
        final double[][] sum = new double[4][];
        final double[][] size = new double[4][];
        final int[][] count = new int[4][];
        for (int i = 0; i < 4; i++) {
            sum[i] = new double[got[i].length];
            size[i] = new double[got[i].length];
            count[i] = new int[got[i].length];
        }
        for (int i = 0; i < got[0].length; i++) {
            add(sum, size, count, 0, i, o[3][i % filters], 1);
            add(sum, size, count, 3, i % filters, o[1][i], 1);
        }
        of.terms.forEach((x, w, y) -> {
            add(sum, size, count, 0, y, o[0][x], o[2][w]);
            add(sum, size, count, 1, x, o[1][y], o[2][w]);
            add(sum, size, count, 2, w, o[0][x], o[1][y]);
        });
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < got[i].length; j++) {
                // Higham, Accuracy and Stability, 3.1; padding takes part as zeros, which add no error.
                final double bound = (count[i][j] + 2) * 0x1p-24 * size[i][j];
                assertEquals(sum[i][j], got[i][j], bound, of + ": result " + i + ", element " + j);
            }
        }
    }

    private static void add(double[][] sum, double[][] size, int[][] count, int which, int at, float a, float b) {
        final double product = (double) a * b;
        sum[which][at] += product;
        size[which][at] += Math.abs(product);
        count[which][at]++;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void bitsAreThoseOfThePlainKernelsOnAnyNumberOfThreads(Case of) {
        final float[][] plain = run(of, Kernels.scalar(), 1);
        for (int threads = 1; threads <= 3; threads++) {
            final float[][] got = run(of, Kernels.best(), threads);
            for (int i = 0; i < plain.length; i++) {
                assertArrayEquals(plain[i], got[i], of + " on " + threads + " threads: result " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void sampleHasTheSameBitsInAnyPlaceOfABatch(Case of) {
        final int batch = of.input.dim(0);
        if (batch == 1) {
            return;
        }
        final float[][] o = operands(of);
        final Case one = new Case(of.layer, of.input.with(0, 1), of.terms);
        try (Compute compute = Compute.of(Kernels.best(), 2)) {
            final float[][] weights = Arrays.copyOfRange(o, 2, 4);
            final float[][] all = run(of, compute, o[0], weights, o[1]);
            for (int n = 0; n < batch; n += batch - 1) {
                final float[][] alone = run(one, compute, part(o[0], n, batch), weights, part(o[1], n, batch));
                assertArrayEquals(alone[0], part(all[0], n, batch), of + ": y of sample " + n);
                assertArrayEquals(alone[1], part(all[1], n, batch), of + ": dx of sample " + n);
            }
        }
    }

    private static float[] part(float[] values, int n, int parts) {
        final int size = values.length / parts;
        return Arrays.copyOfRange(values, n * size, (n + 1) * size);
    }

    /// A hash of all bits of all cases.
    private static int hash(Kernels kernels, int threads) {
        int hash = 0;
        for (Case of : cases()) {
            hash = 31 * hash + Arrays.deepHashCode(run(of, kernels, threads));
        }
        return hash;
    }

    /// Run in JVMs of their own: the width of a process is fixed.
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            System.out.println("bits " + Kernels.best().vectorBits());
            System.out.println("hash " + hash(Kernels.best(), 2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"128", "256", "512"})
    void anyVectorWidthComputesTheSameBits(String simd) {
        final String printed = ChildJvm.run(300, List.of("-Dlanewise.simd=" + simd), Child.class);
        assertTrue(printed.contains("bits " + simd), printed);
        assertTrue(printed.contains("hash " + hash(Kernels.scalar(), 1)), printed);
    }

    /// A fault in one term must show.
    @Test
    void oneTermMoreIsFound() {
        final Case of = Case.of(new Conv2D(4, 3).padding("same"), 1, 5, 6, 7);
        final ConvolutionFormulas.Terms more = visitor -> {
            of.terms.forEach(visitor);
            visitor.term(0, 0, 0);
        };
        boolean found = false;
        try {
            resultsAndGradientsAreTheirSums(new Case(of.layer, of.input, more));
        } catch (AssertionError e) {
            found = true;
        }
        assertTrue(found);
    }
}
