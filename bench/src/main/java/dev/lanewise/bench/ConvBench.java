package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Rates of the convolutions of ResNet50 and MobileNetV2 on one image of 224 x 224, forward and both gradients,
/// each held against the FMA peak and against a product of matrices with the same sizes, measured in turn
/// with it.
/// A depthwise convolution is no product; it has the peak alone.
final class ConvBench {
    /// @param size height and width of the input
    /// @param filters 0 for a depthwise convolution
    record Convolution(String network, int size, int channels, int kernel, int stride, String padding, int filters) {
        Layer layer() {
            return filters == 0
                    ? new DepthwiseConv2D(kernel)
                            .strides(stride)
                            .padding(padding)
                            .useBias(false)
                    : new Conv2D(filters, kernel)
                            .strides(stride)
                            .padding(padding)
                            .useBias(false);
        }

        String title() {
            return network + " " + size + "² x " + channels + " " + kernel + " x " + kernel
                    + (stride > 1 ? "/" + stride : "") + (filters == 0 ? " depthwise" : " -> " + filters);
        }
    }

    /// What is measured of a convolution.
    enum Pass {
        FORWARD,
        KERNEL_GRADIENT,
        INPUT_GRADIENT
    }

    static final List<Convolution> SHAPES = List.of(
            resnet(230, 3, 7, 2, "valid", 64),
            resnet(56, 64, 1, 1, "valid", 64),
            resnet(56, 64, 3, 1, "same", 64),
            resnet(56, 64, 1, 1, "valid", 256),
            resnet(56, 256, 1, 1, "valid", 64),
            resnet(56, 256, 1, 2, "valid", 128),
            resnet(28, 128, 3, 1, "same", 128),
            resnet(28, 128, 1, 1, "valid", 512),
            resnet(56, 256, 1, 2, "valid", 512),
            resnet(28, 512, 1, 1, "valid", 128),
            resnet(28, 512, 1, 2, "valid", 256),
            resnet(14, 256, 3, 1, "same", 256),
            resnet(14, 256, 1, 1, "valid", 1024),
            resnet(28, 512, 1, 2, "valid", 1024),
            resnet(14, 1024, 1, 1, "valid", 256),
            resnet(14, 1024, 1, 2, "valid", 512),
            resnet(7, 512, 3, 1, "same", 512),
            resnet(7, 512, 1, 1, "valid", 2048),
            resnet(14, 1024, 1, 2, "valid", 2048),
            resnet(7, 2048, 1, 1, "valid", 512),
            mobilenet(224, 3, 3, 2, 32),
            mobilenet(112, 32, 3, 1, 0),
            mobilenet(112, 32, 1, 1, 16),
            mobilenet(112, 16, 1, 1, 96),
            mobilenet(112, 96, 3, 2, 0),
            mobilenet(56, 96, 1, 1, 24),
            mobilenet(56, 24, 1, 1, 144),
            mobilenet(56, 144, 3, 1, 0),
            mobilenet(56, 144, 1, 1, 24),
            mobilenet(56, 144, 3, 2, 0),
            mobilenet(28, 144, 1, 1, 32),
            mobilenet(28, 32, 1, 1, 192),
            mobilenet(28, 192, 3, 1, 0),
            mobilenet(28, 192, 1, 1, 32),
            mobilenet(28, 192, 3, 2, 0),
            mobilenet(14, 192, 1, 1, 64),
            mobilenet(14, 64, 1, 1, 384),
            mobilenet(14, 384, 3, 1, 0),
            mobilenet(14, 384, 1, 1, 64),
            mobilenet(14, 384, 1, 1, 96),
            mobilenet(14, 96, 1, 1, 576),
            mobilenet(14, 576, 3, 1, 0),
            mobilenet(14, 576, 1, 1, 96),
            mobilenet(14, 576, 3, 2, 0),
            mobilenet(7, 576, 1, 1, 160),
            mobilenet(7, 160, 1, 1, 960),
            mobilenet(7, 960, 3, 1, 0),
            mobilenet(7, 960, 1, 1, 160),
            mobilenet(7, 960, 1, 1, 320),
            mobilenet(7, 320, 1, 1, 1280));

    private ConvBench() {}

    private static Convolution resnet(int size, int channels, int kernel, int stride, String padding, int filters) {
        return new Convolution("ResNet50", size, channels, kernel, stride, padding, filters);
    }

    private static Convolution mobilenet(int size, int channels, int kernel, int stride, int filters) {
        return new Convolution("MobileNetV2", size, channels, kernel, stride, "same", filters);
    }

    /// Measures all convolutions on some threads.
    ///
    /// @param millis of measuring for each, after as much again for warming up
    /// @param only texts of which titles must have one; all, where there are none
    static List<Row> run(int threads, long millis, List<String> only) {
        final List<Row> rows = new ArrayList<>();
        try (Compute compute = Compute.of(threads)) {
            compute.warmUp();
            for (Timed timed : timed(only)) {
                rows.add(measure(compute, timed, threads, millis));
            }
        }
        return rows;
    }

    /// One pass of one convolution.
    record Timed(Convolution convolution, Pass pass) {
        String title() {
            return switch (pass) {
                        case FORWARD -> "";
                        case KERNEL_GRADIENT -> "dKernel ";
                        case INPUT_GRADIENT -> "dx ";
                    }
                    + convolution.title();
        }
    }

    /// What is measured, in this order.
    static List<Timed> timed(List<String> only) {
        final List<Timed> all = new ArrayList<>();
        for (Pass pass : Pass.values()) {
            for (Convolution convolution : SHAPES) {
                // The gradient by an image is no part of training.
                if (pass != Pass.INPUT_GRADIENT || convolution.channels() != 3) {
                    all.add(new Timed(convolution, pass));
                }
            }
        }
        return all.stream().filter(one -> RoofCase.isNamed(one.title(), only)).toList();
    }

    private static Row measure(Compute compute, Timed timed, int threads, long millis) {
        final Convolution convolution = timed.convolution();
        final Pass pass = timed.pass();
        try (Memory memory = new Memory("bench conv")) {
            final Layer layer = convolution.layer();
            final Shape x = Shape.of(1, convolution.size(), convolution.size(), convolution.channels());
            final Shape y = layer.outputShapes(List.of(x)).getFirst();
            final int positions = y.dim(1) * y.dim(2);
            final int taps = convolution.kernel() * convolution.kernel();
            final boolean depthwise = convolution.filters() == 0;
            final int depth = taps * (depthwise ? 1 : convolution.channels());
            final Runnable call = call(compute, memory, layer, x, y, pass);
            final Runnable peer = depthwise ? null : product(compute, memory, pass, positions, depth, y.last());
            GemmBench.repeat(call, millis);
            final double peak = Machine.peak(threads);
            long[] peerNanos = {};
            if (peer != null) {
                GemmBench.repeat(peer, millis / 2);
                peerNanos = GemmBench.repeat(peer, millis / 2);
            }
            final Row row = Row.rate(
                    timed.title(),
                    new Row.Size(positions, y.last(), depth),
                    threads,
                    GemmBench.repeat(call, millis),
                    2.0 * positions * depth * y.last(),
                    peak);
            return peer == null ? row : row.against("gemm", 2.0 * positions * depth * y.last(), peerNanos);
        }
    }

    /// One pass of the layer alone.
    static Runnable call(Compute compute, Memory memory, Layer layer, Shape x, Shape y, Pass pass) {
        final Tensor kernel =
                random(memory, layer.parameters(List.of(x)).getFirst().shape());
        final Tensor in = random(memory, x);
        final Tensor dy = random(memory, y);
        final @Nullable Tensor dx = pass == Pass.INPUT_GRADIENT ? Tensor.zeros(memory, x) : null;
        final @Nullable Tensor dKernel = pass == Pass.KERNEL_GRADIENT ? Tensor.zeros(memory, kernel.shape()) : null;
        final long scratch = Math.max(layer.scratch(List.of(x)), layer.backwardScratch(List.of(x)));
        final LayerBuffers b = LayerBuffers.builder("conv", compute, memory.floats(compute.scratchSize()))
                .values(List.of(in), List.of(Tensor.zeros(memory, y)))
                .gradients(List.of(dy), Collections.singletonList(dx))
                .parameters(List.of(kernel), Collections.singletonList(dKernel))
                .scratch(memory.floats(Math.max(1, scratch)))
                .mode(true, true, 0)
                .build();
        return pass == Pass.FORWARD ? () -> layer.forward(b) : () -> layer.backward(b);
    }

    /// The product with the sizes of a pass.
    private static Runnable product(Compute compute, Memory memory, Pass pass, int positions, int depth, int filters) {
        final boolean transA = pass == Pass.KERNEL_GRADIENT;
        final boolean transB = pass == Pass.INPUT_GRADIENT;
        final int m = transA ? depth : positions;
        final int n = transB ? depth : filters;
        final int k = transA ? positions : transB ? filters : depth;
        final MemorySegment a = random(memory, Shape.of(m, k)).segment();
        final MemorySegment b = random(memory, Shape.of(k, n)).segment();
        final MemorySegment c = memory.floats((long) m * n);
        final MemorySegment scratch = memory.floats(compute.gemmScratchSize());
        return () -> compute.gemm(
                transA,
                transB,
                m,
                n,
                k,
                a,
                transA ? m : k,
                b,
                transB ? k : n,
                0,
                c,
                n,
                null,
                Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY,
                scratch);
    }

    private static Tensor random(Memory memory, Shape shape) {
        final Tensor tensor = Tensor.zeros(memory, shape);
        final Random random = new Random(tensor.size());
        for (int i = 0; i < tensor.size(); i++) {
            tensor.segment().setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return tensor;
    }
}
