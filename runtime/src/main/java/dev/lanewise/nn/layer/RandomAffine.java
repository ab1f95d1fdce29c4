package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What layers share that move the pixels of each image in training by a random affine map: the pixel in row
/// `i` and
/// column `j` of `y` lies at column `m0 · j + m1 · i + m2` and row `m3 · j + m4 · i + m5` of `x`. Else `y = x`.
///
/// Beyond the edges are the image's pixels again, as `fillMode` has it: `reflect`
/// (`d c b a | a b c d | d c b a`),
/// `wrap` (`a b c d | a b c d | a b c d`), `nearest` (`a a a a | a b c d | d d d d`), or `constant`, a value.
interface RandomAffine extends Layer {
    /// Random numbers of an image.
    int NUMBERS = 4;

    /// Numbers of a map.
    int MAP = 6;

    String fillMode();

    /// `bilinear` or `nearest`.
    String interpolation();

    float fillValue();

    /// Writes the map of an image of this size at `at`; its random numbers are `Noise.uniform(key, first …)`.
    void map(long key, long first, int height, int width, MemorySegment maps, long at);

    static void check(String type, String fillMode, String interpolation) {
        if (!List.of("reflect", "wrap", "constant", "nearest").contains(fillMode)) {
            throw new IllegalArgumentException(type + ": fill_mode '" + fillMode
                    + "' is not supported (supported: reflect, wrap, constant, nearest)");
        }
        if (!List.of("bilinear", "nearest").contains(interpolation)) {
            throw new IllegalArgumentException(
                    type + ": interpolation '" + interpolation + "' is not supported (supported: bilinear, nearest)");
        }
    }

    /// Lower and upper bound of a random number.
    static List<Float> range(String type, String name, List<Float> range) {
        if (range.size() != 2 || !(range.getFirst() <= range.getLast())) {
            throw new IllegalArgumentException(
                    type + ": " + name + " must be a lower and an upper bound, got " + range);
        }
        return List.copyOf(range);
    }

    /// A random number between two bounds.
    static float between(List<Float> range, long key, long index) {
        return range.getFirst() + (range.getLast() - range.getFirst()) * Noise.uniform(key, index);
    }

    /// Writes a map.
    static void write(MemorySegment maps, long at, float m0, float m1, float m2, float m3, float m4, float m5) {
        maps.setAtIndex(JAVA_FLOAT, at, m0);
        maps.setAtIndex(JAVA_FLOAT, at + 1, m1);
        maps.setAtIndex(JAVA_FLOAT, at + 2, m2);
        maps.setAtIndex(JAVA_FLOAT, at + 3, m3);
        maps.setAtIndex(JAVA_FLOAT, at + 4, m4);
        maps.setAtIndex(JAVA_FLOAT, at + 5, m5);
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Windows.samples(typeName(), 2, inputs));
    }

    /// A map for each image.
    @Override
    default long scratch(List<Shape> inputs) {
        return (long) MAP * inputs.getFirst().dim(0);
    }

    private void drawMaps(LayerBuffers b, Sampler sampler) {
        final Shape x = b.x(0).shape();
        final long key = sampler.noise.stepKey();
        for (int i = 0; i < b.batch(); i++) {
            map(key, (long) i * NUMBERS, x.dim(1), x.dim(2), b.scratch(), (long) i * MAP);
        }
    }

    @Override
    default void forward(LayerBuffers b) {
        if (!b.training()) {
            Noise.copy(b);
            return;
        }
        final Sampler sampler = (Sampler) b.task("forward", this, Sampler::new);
        drawMaps(b, sampler);
        b.compute().run(sampler, b.batch() * sampler.height, 1, 4L * b.x(0).size());
    }

    @Override
    default void backward(LayerBuffers b) {
        if (b.dx(0) == null) {
            return;
        }
        if (!b.training()) {
            Reshape.copyGradient(b);
            return;
        }
        drawMaps(b, (Sampler) b.task("forward", this, Sampler::new));
        b.compute().run(b.task("backward", this, RandomAffine::backwardTask), b.batch(), 1, 8L * b.x(0).size());
    }

    private static RangeTask backwardTask(RandomAffine layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException(layer.typeName() + " '" + b.name() + "': no gradient is asked for");
        }
        final Sampler sampler = (Sampler) b.task("forward", layer, Sampler::new);
        final MemorySegment dx = target.segment();
        final MemorySegment dy = b.dy(0).segment();
        return (from, to) -> {
            for (int n = from; n < to; n++) {
                if (!b.accumulateDx(0)) {
                    b.compute().kernels().elementwise().fill(dx, (long) n * sampler.image, sampler.image, 0);
                }
                for (int i = 0; i < sampler.height; i++) {
                    sampler.row(n, i, dy, dx, true);
                }
            }
        };
    }

    /// Takes the pixels of `y` from `x`, or gives the gradients by them back.
    final class Sampler implements RangeTask {
        private final LayerBuffers b;
        private final Noise noise;
        private final int height;
        private final int width;
        private final int channels;
        private final int image;
        private final String fillMode;
        private final boolean nearest;
        private final float fillValue;

        private Sampler(RandomAffine layer, LayerBuffers b) {
            this.b = b;
            noise = new Noise(b);
            final Shape x = b.x(0).shape();
            height = x.dim(1);
            width = x.dim(2);
            channels = x.last();
            image = height * width * channels;
            fillMode = layer.fillMode();
            nearest = layer.interpolation().equals("nearest");
            fillValue = layer.fillValue();
        }

        @Override
        public void run(int from, int to) {
            final MemorySegment x = b.x(0).segment();
            final MemorySegment y = b.y(0).segment();
            for (int row = from; row < to; row++) {
                row(row / height, row % height, y, x, false);
            }
        }

        /// One row of an image: `y` from `x`; or `back`, what `y` has to `x`.
        private void row(int n, int i, MemorySegment y, MemorySegment x, boolean back) {
            final MemorySegment m = b.scratch();
            final long at = (long) n * MAP;
            for (int j = 0; j < width; j++) {
                final float col = m.getAtIndex(JAVA_FLOAT, at) * j
                        + m.getAtIndex(JAVA_FLOAT, at + 1) * i
                        + m.getAtIndex(JAVA_FLOAT, at + 2);
                final float row = m.getAtIndex(JAVA_FLOAT, at + 3) * j
                        + m.getAtIndex(JAVA_FLOAT, at + 4) * i
                        + m.getAtIndex(JAVA_FLOAT, at + 5);
                final int top = (int) Math.floor(nearest ? row + 0.5f : row);
                final int left = (int) Math.floor(nearest ? col + 0.5f : col);
                final float down = nearest ? 0 : row - top;
                final float right = nearest ? 0 : col - left;
                final long upperLeft = pixel(n, top, left);
                final long upperRight = pixel(n, top, left + 1);
                final long lowerLeft = pixel(n, top + 1, left);
                final long lowerRight = pixel(n, top + 1, left + 1);
                final long to = ((long) n * height + i) * width * channels + (long) j * channels;
                for (int c = 0; c < channels; c++) {
                    if (back) {
                        final float g = y.getAtIndex(JAVA_FLOAT, to + c);
                        give(x, upperLeft, c, g * (1 - down) * (1 - right));
                        give(x, upperRight, c, g * (1 - down) * right);
                        give(x, lowerLeft, c, g * down * (1 - right));
                        give(x, lowerRight, c, g * down * right);
                        continue;
                    }
                    final float upper = take(x, upperLeft, c) * (1 - right) + take(x, upperRight, c) * right;
                    final float lower = take(x, lowerLeft, c) * (1 - right) + take(x, lowerRight, c) * right;
                    y.setAtIndex(JAVA_FLOAT, to + c, upper * (1 - down) + lower * down);
                }
            }
        }

        private float take(MemorySegment x, long pixel, int c) {
            return pixel < 0 ? fillValue : x.getAtIndex(JAVA_FLOAT, pixel + c);
        }

        private static void give(MemorySegment dx, long pixel, int c, float g) {
            if (pixel >= 0) {
                dx.setAtIndex(JAVA_FLOAT, pixel + c, dx.getAtIndex(JAVA_FLOAT, pixel + c) + g);
            }
        }

        /// Where a pixel is; negative for the constant.
        private long pixel(int n, int row, int col) {
            final int i = inside(row, height);
            final int j = inside(col, width);
            return i < 0 || j < 0 ? -1 : (((long) n * height + i) * width + j) * channels;
        }

        private int inside(int i, int size) {
            if (i >= 0 && i < size) {
                return i;
            }
            return switch (fillMode) {
                case "nearest" -> i < 0 ? 0 : size - 1;
                case "wrap" -> Math.floorMod(i, size);
                case "reflect" -> {
                    final int of = Math.floorMod(i, 2 * size);
                    yield of < size ? of : 2 * size - 1 - of;
                }
                default -> -1;
            };
        }
    }

    @Override
    default boolean backwardReadsInput() {
        return false;
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
