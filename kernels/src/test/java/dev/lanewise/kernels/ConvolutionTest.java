package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.kernels.Window.Axis;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The contract of [ConvolutionKernel] for the implementation and width of this run.
class ConvolutionTest {
    private static final int SAMPLES = 2;

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(ConvolutionTest.class, Tested.KERNELS.convolution());
    }

    /// Axes as convolutions and their gradients have them: padding, strides, gaps, taps backwards, and none
    /// at all.
    private static final List<Axis> AXES = List.of(
            new Axis(6, 4, 3, 0, 1, 1),
            new Axis(5, 5, 3, -1, 1, 1),
            new Axis(7, 3, 2, -1, 3, 2),
            new Axis(2, 6, 4, -4, 1, 1),
            new Axis(4, 5, 3, 2, 1, -1),
            new Axis(3, 4, 2, 5, 2, -3),
            new Axis(3, 2, 0, 0, 1, 1),
            new Axis(19, 17, 3, -1, 1, 1));

    private static final List<Integer> CHANNELS = List.of(1, 3, 4, 8, 15, 16, 17, 32, 37, 67);

    static List<Window> windows() {
        final List<Window> windows = new ArrayList<>();
        for (int i = 0; i < AXES.size(); i++) {
            final Axis height = AXES.get(i);
            final Axis width = AXES.get((i * 3 + 1) % AXES.size());
            for (int channels : CHANNELS) {
                windows.add(new Window(Axis.ONE, height, width, channels));
            }
            windows.add(new Window(AXES.get((i + 2) % AXES.size()), height, width, 5));
        }
        return windows;
    }

    private static int size(Window window) {
        return Math.toIntExact(SAMPLES * window.pixels() * window.channels());
    }

    /// The pixel that a tap meets, or -1.
    private static int pixel(Axis axis, int position, int tap) {
        final int at = axis.first() + position * axis.step() + tap * axis.tapStep();
        return at < 0 || at >= axis.size() ? -1 : at;
    }

    /// Index of the channel 0 of the pixel that a tap meets at a position, or -1.
    private static long pixel(Window w, int position, int tap) {
        final int column = position % w.width().positions();
        final int line = position / w.width().positions();
        final int row = line % w.height().positions();
        final int layer = line / w.height().positions();
        final int wide = pixel(w.width(), column, tap % w.width().taps());
        final int high =
                pixel(w.height(), row, tap / w.width().taps() % w.height().taps());
        final int deep = pixel(
                w.depth(),
                layer % w.depth().positions(),
                tap / w.width().taps() / w.height().taps());
        final int sample = layer / w.depth().positions();
        if (wide < 0 || high < 0 || deep < 0) {
            return -1;
        }
        final long depth = (long) sample * w.depth().size() + deep;
        return ((depth * w.height().size() + high) * w.width().size() + wide) * w.channels();
    }

    @ParameterizedTest
    @MethodSource("windows")
    void patchesHoldWhatTapsMeetAndZeros(Window w) {
        final int positions = Math.toIntExact(SAMPLES * w.positions());
        final float[] x = Data.RANDOM.values(1, size(w));
        final int[][] parts = {
            {0, positions, 0, w.taps(), 0, w.channels()},
            {positions / 3, positions / 2, w.taps() / 2, w.taps() - w.taps() / 2, w.channels() / 2, 1},
            {1, Math.max(0, positions - 1), 0, Math.min(1, w.taps()), 0, w.channels()},
        };
        for (int[] part : parts) {
            final int rows = part[1];
            final int taps = part[3];
            final int channels = part[5];
            final Tested.Call call = (k, o) -> k.convolution()
                    .patches(
                            w,
                            o[0].segment(),
                            o[0].offset(),
                            part[0],
                            rows,
                            part[2],
                            taps,
                            part[4],
                            channels,
                            o[1].segment(),
                            o[1].offset());
            final float[] patches = sameBits(w.toString(), 1, call, x, new float[rows * taps * channels])
                    .get(1);
            for (int i = 0; i < patches.length; i++) {
                final int c = i % channels;
                final int t = i / channels % taps;
                final int r = i / channels / taps;
                final long pixel = pixel(w, part[0] + r, part[2] + t);
                assertEquals(pixel < 0 ? 0 : x[(int) pixel + part[4] + c], patches[i], w + " at " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void transposeMovesEveryElement(Data data) {
        for (int rows : List.of(0, 1, 3, 4, 15, 16, 17, 33)) {
            for (int cols : List.of(0, 1, 5, 8, 16, 31, 32, 50)) {
                final int ldFrom = cols + 3;
                final int ldTo = rows + 2;
                final float[] from = data.values(1, rows * ldFrom);
                final float[] before = data.values(2, cols * ldTo);
                final Tested.Call call = (k, o) -> {
                    try (Arena arena = Arena.ofConfined()) {
                        final MemorySegment work = arena.allocate(4L * ConvolutionKernel.TRANSPOSE_WORK, 64);
                        k.convolution()
                                .transpose(
                                        o[0].segment(),
                                        o[0].offset(),
                                        rows,
                                        cols,
                                        ldFrom,
                                        o[1].segment(),
                                        o[1].offset(),
                                        ldTo,
                                        work,
                                        0);
                    }
                };
                final float[] to =
                        sameBits(rows + " x " + cols, 1, call, from, before).get(1);
                for (int i = 0; i < to.length; i++) {
                    final int r = i % ldTo;
                    final float expected = r < rows ? from[r * ldFrom + i / ldTo] : before[i];
                    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(to[i]), rows + " x " + cols);
                }
            }
        }
    }

    static List<Window> images() {
        return windows().stream().filter(w -> w.depth().equals(Axis.ONE)).toList();
    }

    @ParameterizedTest
    @MethodSource("images")
    void depthwiseRowsAreSumsOverTaps(Window w) {
        final int channels = w.channels();
        final int positions = w.width().positions();
        final int step = channels + 3;
        for (boolean accumulate : new boolean[] {false, true}) {
            for (boolean withBias : new boolean[] {false, true}) {
                for (int row = 0; row < w.height().positions(); row++) {
                    final int at = row;
                    final float[] x = Data.RANDOM.values(1, size(w));
                    final float[] kernel = Data.RANDOM.values(2, w.taps() * channels);
                    final float[] bias = Data.RANDOM.values(3, channels);
                    final float[] before = Data.RANDOM.values(4, positions * step);
                    final long sample = w.pixels() * channels;
                    final Tested.Call call = (k, o) -> k.convolution()
                            .depthwiseRow(
                                    w,
                                    o[0].segment(),
                                    o[0].offset() + sample,
                                    at,
                                    o[1].segment(),
                                    o[1].offset(),
                                    withBias ? o[2].segment() : null,
                                    o[2].offset(),
                                    o[3].segment(),
                                    o[3].offset(),
                                    step,
                                    accumulate);
                    final float[] y = sameBits(w.toString(), 1, call, x, kernel, bias, before)
                            .get(3);
                    for (int i = 0; i < y.length; i++) {
                        final int c = i % step;
                        if (c >= channels) {
                            assertEquals(before[i], y[i]);
                            continue;
                        }
                        double sum = withBias ? bias[c] : 0;
                        double magnitude = Math.abs(sum) + Math.abs(before[i]);
                        for (int t = 0; t < w.taps(); t++) {
                            final int position = (int) (w.positions() + (long) at * positions + i / step);
                            final long pixel = pixel(w, position, t);
                            if (pixel >= 0) {
                                final double product = (double) x[(int) pixel + c] * kernel[t * channels + c];
                                sum += product;
                                magnitude += Math.abs(product);
                            }
                        }
                        sum += accumulate ? before[i] : 0;
                        assertEquals(sum, y[i], magnitude * (w.taps() + 2) * 0x1p-24, w + " at " + i);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("images")
    void depthwiseGradientsAreSumsOverPositions(Window w) {
        final int channels = w.channels();
        final int positions = w.width().positions();
        final float[] x = Data.RANDOM.values(1, size(w));
        final float[] dy = Data.RANDOM.values(2, positions * channels);
        final float[] before = Data.RANDOM.values(3, w.taps() * channels);
        for (int[] range : new int[][] {{0, channels}, {channels / 3, channels - channels / 3}}) {
            for (int row = 0; row < w.height().positions(); row++) {
                final int at = row;
                final Tested.Call call = (k, o) -> k.convolution()
                        .depthwiseGradientRow(
                                w,
                                o[0].segment(),
                                o[0].offset(),
                                at,
                                o[1].segment(),
                                o[1].offset(),
                                range[0],
                                range[1],
                                o[2].segment(),
                                o[2].offset());
                final float[] sums =
                        sameBits(w.toString(), 1, call, x, dy, before).get(2);
                for (int i = 0; i < sums.length; i++) {
                    final int c = i % channels;
                    double sum = before[i];
                    double magnitude = Math.abs(sum);
                    for (int p = 0; p < positions && c >= range[0] && c < range[0] + range[1]; p++) {
                        final long pixel = pixel(w, at * positions + p, i / channels);
                        if (pixel >= 0) {
                            final double product = (double) x[(int) pixel + c] * dy[p * channels + c];
                            sum += product;
                            magnitude += Math.abs(product);
                        }
                    }
                    assertEquals(sum, sums[i], magnitude * (positions + 2) * 0x1p-24, w + " at " + i);
                }
            }
        }
    }

    @Test
    void tapsAndPositionsThatMeetPixelsAreFoundForEveryAxis() {
        for (Axis axis : AXES) {
            for (int p = 0; p < axis.positions(); p++) {
                for (int t = 0; t < axis.taps(); t++) {
                    final boolean meets = pixel(axis, p, t) >= 0;
                    assertEquals(meets, t >= axis.firstTap(p) && t < axis.endTap(p), axis + " " + p + " " + t);
                    assertEquals(
                            meets, p >= axis.firstPosition(t) && p < axis.endPosition(t), axis + " " + p + " " + t);
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        final Window w = new Window(Axis.ONE, AXES.get(0), AXES.get(1), 4);
        final ConvolutionKernel kernel = Tested.KERNELS.convolution();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment x = arena.allocate(4L * size(w), 64);
            final MemorySegment to = arena.allocate(4L * 1000, 64);
            for (int[] bad : new int[][] {
                {-1, 1, 0, 1, 0, 4}, {0, 41, 0, 1, 0, 4}, {0, 1, 8, 2, 0, 4}, {0, 1, 0, 1, 1, 4}, {0, 40, 0, 9, 0, 4}
            }) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> kernel.patches(w, x, 0, bad[0], bad[1], bad[2], bad[3], bad[4], bad[5], to, 0));
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.depthwiseRow(w, x, 0, 4, to, 0, null, 0, to, 0, 4, false));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.depthwiseRow(w, x, 0, 0, to, 0, null, 0, to, 0, 3, false));
            assertThrows(
                    IllegalArgumentException.class, () -> kernel.depthwiseGradientRow(w, x, 0, 0, to, 0, 2, 3, to, 0));
            final Window deep = new Window(AXES.get(0), AXES.get(0), AXES.get(1), 4);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> kernel.depthwiseRow(deep, x, 0, 0, to, 0, null, 0, to, 0, 4, false));
            assertThrows(IllegalArgumentException.class, () -> new Axis(1, 1, 1, 0, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> new Axis(1, 1 << 20, 1, 0, 1 << 20, 1));
        }
    }
}
