package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.GEMM;
import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static dev.lanewise.kernels.gemm.TestedGemm.LANES;
import static dev.lanewise.kernels.gemm.TestedGemm.SCALAR;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Gemm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Operands that are no matrix in memory: an A whose rows overlap, a B that a routine writes.
class GemmOperandsTest {
    private static float[] plain(
            Gemm gemm, int m, int n, int k, MemorySegment a, long lda, MemorySegment b, long ldb, Arena arena) {
        final MemorySegment c = arena.allocate(4L * Math.max(1, m * n), 64);
        final MemorySegment scratch = arena.allocate(4 * gemm.scratchSize(m, n, k), 64);
        gemm.multiply(
                false, false, m, n, k, a, 0, lda, b, 0, ldb, 0, c, 0, n, null, 0, -INFINITY, INFINITY, scratch, 0);
        return c.toArray(JAVA_FLOAT);
    }

    @ParameterizedTest
    @CsvSource({"20, 9, 3", "30, 35, 12", "50, 5, 1"})
    void rowsOfAMayOverlapAsThoseOfAConvolution(int m, int k, int stride) {
        try (Arena arena = Arena.ofConfined()) {
            final int n = 21;
            final float[] line = GemmCase.values(5, (m - 1) * stride + k);
            final MemorySegment overlapping = arena.allocateFrom(JAVA_FLOAT, line);
            final float[] rows = new float[m * k];
            for (int i = 0; i < m; i++) {
                System.arraycopy(line, i * stride, rows, i * k, k);
            }
            final MemorySegment explicit = arena.allocateFrom(JAVA_FLOAT, rows);
            final MemorySegment b = arena.allocateFrom(JAVA_FLOAT, GemmCase.values(6, k * n));
            assertTrue(Arrays.equals(
                    plain(GEMM, m, n, k, explicit, k, b, n, arena),
                    plain(GEMM, m, n, k, overlapping, stride, b, n, arena)));
        }
    }

    /// The patches of an image as columns: B[(dy, dx, c), (y, x)], written only where the product asks.
    private static final class Patches implements Gemm.PanelSource {
        private final float[] image;
        private final int height;
        private final int width;
        private final int channels;
        private final int kernel;

        Patches(int height, int width, int channels, int kernel) {
            this.image = GemmCase.values(3, height * width * channels);
            this.height = height;
            this.width = width;
            this.channels = channels;
            this.kernel = kernel;
        }

        int outHeight() {
            return height - kernel + 1;
        }

        int outWidth() {
            return width - kernel + 1;
        }

        float at(int p, int j) {
            final int c = p % channels;
            final int dx = p / channels % kernel;
            final int dy = p / channels / kernel;
            final int y = j / outWidth() + dy;
            final int x = j % outWidth() + dx;
            return image[(y * width + x) * channels + c];
        }

        @Override
        public void write(int k0, int rows, int j0, int cols, MemorySegment panel, long offset, long ld) {
            for (int r = 0; r < rows; r++) {
                for (int j = 0; j < cols; j++) {
                    panel.setAtIndex(JAVA_FLOAT, offset + r * ld + j, at(k0 + r, j0 + j));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "7, 6, 5, 2, 3",
        "13, 9, 9, 1, 2",
        "30, 12, 11, 3, 1",
        "5, 8, 8, 130, 3",
        "30, 19, 20, 60, 3",
        "2100, 19, 20, 60, 3"
    })
    void productWithARoutineEqualsThatWithItsMatrix(int m, int height, int width, int channels, int kernel) {
        final Patches patches = new Patches(height, width, channels, kernel);
        final int k = kernel * kernel * channels;
        final int n = patches.outHeight() * patches.outWidth();
        final float[] matrix = new float[k * n];
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] = patches.at(i / n, i % n);
        }
        for (boolean transA : new boolean[] {false, true}) {
            for (float beta : new float[] {0, 1}) {
                final GemmCase of = GemmCase.of(transA, false, m, n, k).from(beta, false);
                final float[] expected = of.run(SCALAR, of.aValues(), matrix, of.cValues());
                try (Arena arena = Arena.ofConfined()) {
                    final MemorySegment a = arena.allocateFrom(JAVA_FLOAT, of.aValues());
                    final MemorySegment c = arena.allocateFrom(JAVA_FLOAT, of.cValues());
                    final MemorySegment scratch = arena.allocate(4 * GEMM.scratchSize(m, n, k), 64);
                    GEMM.multiply(
                            transA,
                            m,
                            n,
                            k,
                            a,
                            0,
                            of.aCols(),
                            patches,
                            beta,
                            c,
                            0,
                            n,
                            null,
                            0,
                            -INFINITY,
                            INFINITY,
                            scratch,
                            0);
                    assertTrue(Arrays.equals(expected, c.toArray(JAVA_FLOAT)), of.toString());
                }
            }
        }
    }

    @Test
    void transposedBMayEndWithItsMemory() {
        for (int k : new int[] {1, 3, LANES + 3}) {
            final GemmCase of = GemmCase.of(false, true, 8, 4 * LANES, k);
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment a = arena.allocateFrom(JAVA_FLOAT, of.aValues());
                final MemorySegment b = arena.allocateFrom(JAVA_FLOAT, of.bValues());
                final MemorySegment c = arena.allocateFrom(JAVA_FLOAT, of.cValues());
                final int n = of.n();
                final MemorySegment scratch = arena.allocate(4 * GEMM.scratchSize(8, n, k), 64);
                GEMM.multiply(
                        false, true, 8, n, k, a, 0, k, b, 0, k, 0, c, 0, n, null, 0, -INFINITY, INFINITY, scratch, 0);
                final float[] expected = of.run(SCALAR, of.aValues(), of.bValues(), of.cValues());
                assertTrue(Arrays.equals(expected, c.toArray(JAVA_FLOAT)), of.toString());
            }
        }
    }
}
