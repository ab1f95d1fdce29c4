package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What every kernel refuses before it reads or writes anything.
class OperandsTest {
    private static final int N = 8;

    /// Of 8 pixels of one channel, and of one pixel of 8 channels.
    private static final Window WINDOW =
            new Window(Window.Axis.ONE, Window.Axis.ONE, new Window.Axis(N, N, 1, 0, 1, 1), 1);

    private static final Window CHANNELS = new Window(Window.Axis.ONE, Window.Axis.ONE, Window.Axis.ONE, N);

    /// A kernel with all its operands, each of 8 floats at offset 0.
    interface Call {
        void on(Kernels k, MemorySegment[] s);
    }

    /// @param outputs which operands are written
    record Kernel(String name, int operands, List<Integer> outputs, Call call) {}

    private static List<Kernel> kernels() {
        List<Kernel> all = new ArrayList<>(List.of(
                new Kernel("add", 3, List.of(2), (k, s) -> k.elementwise().add(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel(
                        "accumulate", 2, List.of(1), (k, s) -> k.elementwise().accumulate(s[0], 0, s[1], 0, N)),
                new Kernel(
                        "scaleShift", 2, List.of(1), (k, s) -> k.elementwise().scaleShift(s[0], 0, s[1], 0, N, 1, 1)),
                new Kernel("claim", 1, List.of(0), (k, s) -> k.elementwise().claim(s[0], 0, N)),
                new Kernel("fill", 1, List.of(0), (k, s) -> k.elementwise().fill(s[0], 0, N, 1)),
                new Kernel("clamp", 2, List.of(1), (k, s) -> k.elementwise().clamp(s[0], 0, s[1], 0, N, 0, 1)),
                new Kernel(
                        "clampGradient",
                        3,
                        List.of(2),
                        (k, s) -> k.elementwise().clampGradient(s[0], 0, s[1], 0, s[2], 0, N, 0, 1, false)),
                new Kernel("axpy", 2, List.of(1), (k, s) -> k.elementwise().axpy(1, s[0], 0, s[1], 0, N)),
                new Kernel(
                        "bytesToFloats",
                        2,
                        List.of(1),
                        (k, s) -> k.elementwise().bytesToFloats(s[0], 4 * N - N, s[1], 0, N, 1)),
                new Kernel(
                        "dropout",
                        2,
                        List.of(1),
                        (k, s) -> k.elementwise().dropout(s[0], 0, s[1], 0, N, 0.5f, 1, 2, 0, false)),
                new Kernel("subtract", 3, List.of(2), (k, s) -> k.elementwise().subtract(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel("multiply", 3, List.of(2), (k, s) -> k.elementwise().multiply(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel("divide", 3, List.of(2), (k, s) -> k.elementwise().divide(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel("maximum", 3, List.of(2), (k, s) -> k.elementwise().maximum(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel("minimum", 3, List.of(2), (k, s) -> k.elementwise().minimum(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel(
                        "multiplyAdd",
                        3,
                        List.of(2),
                        (k, s) -> k.elementwise().multiplyAdd(s[0], 0, s[1], 0, s[2], 0, N)),
                new Kernel(
                        "takeEqual",
                        4,
                        List.of(2, 3),
                        (k, s) -> k.elementwise().takeEqual(s[0], 0, s[1], 0, s[2], 0, s[3], 0, N, false)),
                new Kernel("max", 2, List.of(1), (k, s) -> k.pooling().max(s[0], 0, s[1], 0, N, 1, 0, 1, 0, 1, 0, 1)),
                new Kernel(
                        "maxGradient",
                        4,
                        List.of(3),
                        (k, s) -> k.pooling().maxGradient(s[0], 0, s[1], 0, s[2], 0, s[3], 0, N, 1, 0, 1, 0, 1, 0, 1)),
                new Kernel(
                        "sum",
                        2,
                        List.of(1),
                        (k, s) -> k.pooling().sum(s[0], 0, s[1], 0, N, 1, 0, 1, 0, 1, 0, 1, 1, false)),
                new Kernel(
                        "spread",
                        2,
                        List.of(1),
                        (k, s) -> k.pooling().spread(s[0], 0, s[1], 0, N, 1, 0, 1, 0, 1, 0, 1, 1, false)),
                new Kernel(
                        "moments",
                        3,
                        List.of(1, 2),
                        (k, s) -> k.rowNormalization().moments(s[0], 0, N, 1, s[1], 0, s[2], 0)),
                new Kernel(
                        "squares", 2, List.of(1), (k, s) -> k.rowNormalization().squares(s[0], 0, N, 1, s[1], 0)),
                new Kernel(
                        "normalize",
                        4,
                        List.of(3),
                        (k, s) -> k.rowNormalization()
                                .normalize(s[0], 0, N, 1, s[1], 0, s[2], 0, s[2], 0, s[2], 0, s[3], 0)),
                new Kernel(
                        "gradientSums",
                        6,
                        List.of(4, 5),
                        (k, s) -> k.rowNormalization()
                                .gradientSums(s[0], 0, s[1], 0, N, 1, s[2], 0, s[3], 0, s[3], 0, s[4], 0, s[5], 0)),
                new Kernel(
                        "gradient",
                        7,
                        List.of(6),
                        (k, s) -> k.rowNormalization()
                                .gradient(
                                        s[0], 0, s[1], 0, N, 1, s[2], 0, s[3], 0, s[3], 0, s[4], 0, s[5], 0, s[6], 0,
                                        false)),
                new Kernel(
                        "gammaGradient",
                        5,
                        List.of(4),
                        (k, s) -> k.rowNormalization()
                                .gammaGradient(s[0], 0, s[1], 0, 1, N, N, s[2], N - 1, s[3], N - 1, s[4], 0, false)),
                new Kernel("sum", 1, List.of(), (k, s) -> k.reduction().sum(s[0], 0, N)),
                new Kernel("max", 1, List.of(), (k, s) -> k.reduction().max(s[0], 0, N)),
                new Kernel(
                        "countNonFinite", 1, List.of(), (k, s) -> k.reduction().countNonFinite(s[0], 0, N)),
                new Kernel(
                        "columnSums",
                        2,
                        List.of(1),
                        (k, s) -> k.reduction().columnSums(s[0], 0, 1, N, N, s[1], 0, false)),
                new Kernel("argmaxRows", 2, List.of(1), (k, s) -> k.reduction().argmaxRows(s[0], 0, N, 1, s[1], 0)),
                new Kernel("sgd", 2, List.of(0), (k, s) -> k.optimizer().sgd(s[0], s[1], 0, N, 1)),
                new Kernel(
                        "momentum",
                        3,
                        List.of(0, 2),
                        (k, s) -> k.optimizer().momentum(s[0], s[1], s[2], 0, N, 1, 1, true)),
                new Kernel(
                        "adam",
                        4,
                        List.of(0, 2, 3),
                        (k, s) -> k.optimizer().adam(s[0], s[1], s[2], s[3], 0, N, 1, 1, 1, 1)),
                new Kernel(
                        "adamW",
                        4,
                        List.of(0, 2, 3),
                        (k, s) -> k.optimizer().adamW(s[0], s[1], s[2], s[3], 0, N, 1, 1, 1, 1, 1)),
                new Kernel(
                        "amsgrad",
                        5,
                        List.of(0, 2, 3, 4),
                        (k, s) -> k.optimizer().amsgrad(s[0], s[1], s[2], s[3], s[4], 0, N, 1, 1, 1, 1, 1)),
                new Kernel(
                        "rmsprop",
                        5,
                        List.of(0, 2, 3, 4),
                        (k, s) -> k.optimizer().rmsprop(s[0], s[1], s[2], s[3], s[4], 0, N, 1, 1, 1, 1)),
                new Kernel(
                        "softmaxCrossEntropySparse",
                        6,
                        List.of(3, 4, 5),
                        (k, s) -> k.loss()
                                .softmaxCrossEntropySparse(
                                        s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, N, 1, 1)),
                new Kernel(
                        "softmaxCrossEntropy",
                        6,
                        List.of(3, 4, 5),
                        (k, s) -> k.loss()
                                .softmaxCrossEntropy(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, N, 1, 1)),
                new Kernel(
                        "categoricalCrossEntropySparse",
                        5,
                        List.of(3, 4),
                        (k, s) -> k.loss()
                                .categoricalCrossEntropySparse(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, N, 1, 1)),
                new Kernel(
                        "categoricalCrossEntropy",
                        5,
                        List.of(3, 4),
                        (k, s) ->
                                k.loss().categoricalCrossEntropy(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, N, 1, 1)),
                new Kernel(
                        "meanSquaredError",
                        5,
                        List.of(3, 4),
                        (k, s) -> k.loss().meanSquaredError(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, N, 1, 1)),
                new Kernel(
                        "meanAbsoluteError",
                        5,
                        List.of(3, 4),
                        (k, s) -> k.loss().meanAbsoluteError(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, N, 1, 1)),
                new Kernel(
                        "sigmoidCrossEntropy",
                        7,
                        List.of(3, 4, 5, 6),
                        (k, s) -> k.loss()
                                .sigmoidCrossEntropy(
                                        s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, s[6], 0, N, 1, 1)),
                new Kernel(
                        "binaryCrossEntropy",
                        6,
                        List.of(3, 4, 5),
                        (k, s) -> k.loss()
                                .binaryCrossEntropy(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, N, 1, 1)),
                new Kernel(
                        "huber",
                        6,
                        List.of(3, 4, 5),
                        (k, s) -> k.loss().huber(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, N, 1, 1, 1)),
                new Kernel(
                        "logCosh",
                        6,
                        List.of(3, 4, 5),
                        (k, s) -> k.loss().logCosh(s[0], 0, s[1], 0, s[2], 0, s[3], 0, s[4], 0, s[5], 0, N, 1, 1)),
                new Kernel(
                        "patches",
                        2,
                        List.of(1),
                        (k, s) -> k.convolution().patches(WINDOW, s[0], 0, 0, N, 0, 1, 0, 1, s[1], 0)),
                new Kernel(
                        "depthwiseRow",
                        4,
                        List.of(3),
                        (k, s) -> k.convolution()
                                .depthwiseRow(CHANNELS, s[0], 0, 0, s[1], 0, s[2], 0, s[3], 0, N, false)),
                new Kernel(
                        "depthwiseGradientRow",
                        3,
                        List.of(2),
                        (k, s) -> k.convolution().depthwiseGradientRow(CHANNELS, s[0], 0, 0, s[1], 0, 0, N, s[2], 0)),
                new Kernel(
                        "squaredDistances",
                        3,
                        List.of(2),
                        (k, s) -> k.channel().squaredDistances(s[0], 0, 1, N, s[1], 0, s[2], 0)),
                new Kernel(
                        "distanceProducts",
                        4,
                        List.of(3),
                        (k, s) -> k.channel().distanceProducts(s[0], 0, s[1], 0, 1, N, s[2], 0, s[3], 0)),
                new Kernel(
                        "normalize",
                        5,
                        List.of(1),
                        (k, s) -> k.channel().normalize(s[0], 0, s[1], 0, 1, N, s[2], 0, s[3], 0, s[4], 0)),
                new Kernel(
                        "normalizeGradient",
                        7,
                        List.of(2),
                        (k, s) -> k.channel()
                                .normalizeGradient(
                                        s[0], 0, s[1], 0, s[2], 0, 1, N, s[3], 0, s[4], 0, s[5], 0, s[6], 0, false))));
        for (Activation activation : ActivationFormula.all()) {
            if (activation.outputCols(2) != 2) {
                continue;
            }
            all.add(new Kernel(
                    activation.name(),
                    2,
                    List.of(1),
                    (k, s) -> k.activation(activation).forward(s[0], 0, s[1], 0, 2, 4)));
            int from = activation.gradientFrom() == Activation.GradientFrom.NOTHING ? 2 : 3;
            all.add(new Kernel(
                    activation.name(),
                    from,
                    List.of(1),
                    (k, s) -> k.activation(activation)
                            .backward(s[from - 1], 0, s[from - 1], 0, s[0], 0, s[1], 0, 2, 4, false)));
        }
        return all;
    }

    private static MemorySegment[] operands(Arena arena, int count) {
        MemorySegment[] operands = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            operands[i] = arena.allocate(N * Float.BYTES, 64);
        }
        return operands;
    }

    /// Each operand in turn replaced by one that must be refused, with what the message must say.
    private static void refuses(MemorySegment bad, String says, boolean outputsOnly) {
        try (Arena arena = Arena.ofConfined()) {
            for (Kernel kernel : kernels()) {
                for (Kernels implementation : List.of(Tested.SCALAR, Tested.KERNELS)) {
                    kernel.call.on(implementation, operands(arena, kernel.operands));
                    for (int i = 0; i < kernel.operands; i++) {
                        if (outputsOnly && !kernel.outputs.contains(i)) {
                            continue;
                        }
                        MemorySegment[] operands = operands(arena, kernel.operands);
                        operands[i] = bad;
                        IllegalArgumentException e = assertThrows(
                                IllegalArgumentException.class,
                                () -> kernel.call.on(implementation, operands),
                                kernel.name + ", operand " + i);
                        assertTrue(e.getMessage().startsWith(kernel.name + ": "), e.getMessage());
                        assertTrue(e.getMessage().contains(says), e.getMessage());
                    }
                }
            }
        }
    }

    @Test
    void heapMemoryIsRefused() {
        refuses(MemorySegment.ofArray(new float[N]), "expected native memory, got a heap segment", false);
    }

    @Test
    void mappedMemoryIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("mapped");
        Files.write(file, new byte[N * Float.BYTES]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, N * Float.BYTES, arena);
            refuses(mapped, "expected native memory, got memory mapped from a file", false);
        }
    }

    @Test
    void shortMemoryIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            refuses(arena.allocate(N * Float.BYTES - 4, 4), "expected ", false);
        }
    }

    @Test
    void readOnlyOutputsAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            refuses(arena.allocate(N * Float.BYTES, 4).asReadOnly(), "read-only", true);
        }
    }

    @Test
    void floatsMustBeAligned() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment odd = arena.allocate(N * Float.BYTES + 4, 4).asSlice(1, N * Float.BYTES);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Tested.KERNELS.elementwise().fill(odd, 0, N, 0));
        }
    }

    @Test
    void rangesMustLieInTheSegment() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment s = arena.allocate(N * Float.BYTES, 4);
            ElementwiseKernel kernel = Tested.KERNELS.elementwise();
            for (long[] range : new long[][] {
                {-1, 1}, {0, -1}, {1, N}, {N + 1, 0}, {Long.MAX_VALUE, 1}, {Long.MAX_VALUE, Integer.MAX_VALUE}, {0, 9}
            }) {
                IllegalArgumentException e =
                        assertThrows(IllegalArgumentException.class, () -> kernel.fill(s, range[0], (int) range[1], 0));
                assertEquals(
                        "fill: y: expected " + range[1] + " floats at offset " + range[0]
                                + ", got a segment of 8 floats",
                        e.getMessage());
            }
            kernel.fill(s, N, 0, 0);
        }
    }

    @Test
    void closedMemoryIsThePlatformsError() {
        MemorySegment closed;
        try (Arena arena = Arena.ofConfined()) {
            closed = arena.allocate(N * Float.BYTES, 4);
        }
        assertThrows(
                IllegalStateException.class, () -> Tested.KERNELS.elementwise().fill(closed, 0, N, 0));
    }
}
