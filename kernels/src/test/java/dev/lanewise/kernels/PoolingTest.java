package dev.lanewise.kernels;

import static dev.lanewise.kernels.Tested.sameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [PoolingKernel] for the implementation and width of this run.
class PoolingTest {
    /// Around the multiples of 4, 8 and 16 lanes, and of four vectors of them.
    private static final List<Integer> CHANNELS = List.of(1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 64, 67, 131);

    @BeforeAll
    static void sayWhatRuns() {
        Tested.print(PoolingTest.class, Tested.KERNELS.pooling());
    }

    /// Windows over the front of a volume of `[planes, rows, cols]` cells.
    private record Case(int channels, int count, int stepCells, int depth, int height, int width) {
        int cols() {
            return (count - 1) * stepCells + width + 1;
        }

        int rows() {
            return height + 2;
        }

        long row() {
            return (long) cols() * channels;
        }

        long plane() {
            return rows() * row();
        }

        int size() {
            return Math.toIntExact(depth * plane());
        }

        long step() {
            return (long) stepCells * channels;
        }

        /// Where cell `cell` of window `i` is.
        int at(int i, int cell, int c) {
            int w = cell % width;
            int h = cell / width % height;
            int d = cell / width / height;
            return Math.toIntExact(d * plane() + h * row() + (i * stepCells + w) * (long) channels + c);
        }

        int cells() {
            return depth * height * width;
        }
    }

    private static List<Case> cases() {
        List<Case> all = new java.util.ArrayList<>();
        for (int channels : CHANNELS) {
            all.add(new Case(channels, 3, 2, 1, 2, 2));
            all.add(new Case(channels, 4, 1, 1, 3, 3));
            all.add(new Case(channels, 2, 3, 2, 1, 2));
            all.add(new Case(channels, 1, 1, 1, 1, 7));
        }
        return all;
    }

    private static Tested.Call max(Case of) {
        return (k, o) -> k.pooling()
                .max(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        of.channels,
                        of.count,
                        of.step(),
                        of.depth,
                        of.plane(),
                        of.height,
                        of.row(),
                        of.width);
    }

    private static Tested.Call maxGradient(Case of) {
        return (k, o) -> k.pooling()
                .maxGradient(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        o[2].segment(),
                        o[2].offset(),
                        o[3].segment(),
                        o[3].offset(),
                        of.channels,
                        of.count,
                        of.step(),
                        of.depth,
                        of.plane(),
                        of.height,
                        of.row(),
                        of.width);
    }

    private static Tested.Call sum(Case of, float divisor, boolean accumulate) {
        return (k, o) -> k.pooling()
                .sum(
                        o[0].segment(),
                        o[0].offset(),
                        o[1].segment(),
                        o[1].offset(),
                        of.channels,
                        of.count,
                        of.step(),
                        of.depth,
                        of.plane(),
                        of.height,
                        of.row(),
                        of.width,
                        divisor,
                        accumulate);
    }

    private static Tested.Call spread(Case of, float divisor, boolean accumulate) {
        return (k, o) -> k.pooling()
                .spread(
                        o[1].segment(),
                        o[1].offset(),
                        o[0].segment(),
                        o[0].offset(),
                        of.channels,
                        of.count,
                        of.step(),
                        of.depth,
                        of.plane(),
                        of.height,
                        of.row(),
                        of.width,
                        divisor,
                        accumulate);
    }

    @ParameterizedTest
    @EnumSource
    void maximumOfEachWindowAndItsGradient(Data data) {
        for (Case of : cases()) {
            float[] x = data.values(1, of.size());
            float[] y = sameBits("max " + of, 3, max(of), x, new float[of.count * of.channels])
                    .get(1);
            float[] dy = Data.RANDOM.values(2, y.length);
            float[] dx = Data.RANDOM.values(3, x.length);
            float[] after =
                    sameBits("gradient " + of, 3, maxGradient(of), x, y, dy, dx).get(3);
            float[] expected = dx.clone();
            for (int i = 0; i < of.count; i++) {
                for (int c = 0; c < of.channels; c++) {
                    float max = Float.NEGATIVE_INFINITY;
                    for (int cell = 0; cell < of.cells(); cell++) {
                        max = Math.max(max, x[of.at(i, cell, c)]);
                    }
                    assertEquals(max, y[i * of.channels + c], of::toString);
                    boolean taken = false;
                    for (int cell = 0; cell < of.cells(); cell++) {
                        boolean first = !taken && x[of.at(i, cell, c)] == max;
                        taken |= first;
                        expected[of.at(i, cell, c)] += first ? dy[i * of.channels + c] : 0;
                    }
                }
            }
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], after[i], of::toString);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void sumOfEachWindowAndItsWayBack(Data data) {
        for (Case of : cases()) {
            for (boolean accumulate : List.of(false, true)) {
                float[] x = data.values(1, of.size());
                float[] y = data.values(2, of.count * of.channels);
                float[] sums =
                        sameBits("sum " + of, 3, sum(of, 3, accumulate), x, y).get(1);
                float[] back = sameBits("spread " + of, 3, spread(of, 3, accumulate), x, y)
                        .get(0);
                float[] expected = x.clone();
                for (int i = 0; i < of.count; i++) {
                    for (int c = 0; c < of.channels; c++) {
                        float sum = 0;
                        float old = y[i * of.channels + c];
                        for (int cell = 0; cell < of.cells(); cell++) {
                            int at = of.at(i, cell, c);
                            sum += x[at];
                            expected[at] = accumulate ? expected[at] + old / 3 : old / 3;
                        }
                        assertEquals(accumulate ? old + sum / 3 : sum / 3, sums[i * of.channels + c], of::toString);
                    }
                }
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], back[i], of::toString);
                }
            }
        }
    }

    @Test
    void windowsMustLieInTheSegment() {
        try (Arena arena = Arena.ofConfined()) {
            Guarded x = Guarded.of(arena, 0, new float[12]);
            long room = x.segment().byteSize() / Float.BYTES;
            PoolingKernel kernel = Tested.KERNELS.pooling();
            for (long[] sizes : new long[][] {
                {0, 1, 1, 1, 1, 1, 1, 1},
                {1, -1, 1, 1, 1, 1, 1, 1},
                {1, 1, 1, 0, 1, 1, 1, 1},
                {1, 1, 1, 1, 1, 1, 1, room + 1},
                {1, 2, room, 1, 1, 1, 1, 1},
                {1, 2, -1, 1, 1, 1, 1, 1},
                {1, 1, 1, 2, Long.MAX_VALUE, 1, 1, 1},
                {1, 1, 1, 1, 1, 3, Long.MAX_VALUE / 2, 1}
            }) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> kernel.max(
                                x.segment(),
                                0,
                                x.segment(),
                                0,
                                (int) sizes[0],
                                (int) sizes[1],
                                sizes[2],
                                (int) sizes[3],
                                sizes[4],
                                (int) sizes[5],
                                sizes[6],
                                (int) sizes[7]));
            }
        }
    }
}
