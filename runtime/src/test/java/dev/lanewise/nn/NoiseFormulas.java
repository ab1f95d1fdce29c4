package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.layer.ActivityRegularization;
import dev.lanewise.nn.layer.AlphaDropout;
import dev.lanewise.nn.layer.GaussianDropout;
import dev.lanewise.nn.layer.GaussianNoise;
import dev.lanewise.nn.layer.RandomBrightness;
import dev.lanewise.nn.layer.RandomContrast;
import dev.lanewise.nn.layer.RandomCrop;
import dev.lanewise.nn.layer.RandomFlip;
import dev.lanewise.nn.layer.RandomRotation;
import dev.lanewise.nn.layer.RandomTranslation;
import dev.lanewise.nn.layer.RandomZoom;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.SpatialDropout1D;
import dev.lanewise.nn.layer.SpatialDropout2D;
import dev.lanewise.nn.layer.SpatialDropout3D;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The formulas of layers with random numbers once more, in double.
final class NoiseFormulas {
    private NoiseFormulas() {}

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.@Nullable Formula of(Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        final String type = layer.typeName();
        if (layer instanceof RandomCrop of) {
            return (x, w) -> new double[][] {crop(of, x[0], inputs.getFirst(), key, step)};
        }
        if (type.startsWith("Random")) {
            return (x, w) -> new double[][] {
                step < 0 ? x[0].clone() : randomImages(layer, x[0], inputs.getFirst(), stepKey(key, step))
            };
        }
        if (!type.matches("SpatialDropout.D|GaussianNoise|GaussianDropout|AlphaDropout|ActivityRegularization")) {
            return null;
        }
        if (step < 0 || type.equals("ActivityRegularization")) {
            return (x, w) -> new double[][] {x[0].clone()};
        }
        final long call = stepKey(key, step);
        final Shape in = inputs.getFirst();
        return (x, w) -> {
            final double[] y = new double[x[0].length];
            for (int i = 0; i < y.length; i++) {
                y[i] = noisy(layer, x[0][i], call, i, in);
            }
            return new double[][] {y};
        };
    }

    private static double[] crop(RandomCrop of, double[] x, Shape in, LayerBuffers.RandomKey key, long step) {
        if (step < 0 || in.dim(1) <= of.height() || in.dim(2) <= of.width()) {
            return DoubleFormulas.resizing(new Resizing(of.height(), of.width(), "bilinear", true), x, in);
        }
        final long call = stepKey(key, step);
        final int top = (int) (Threefry.uniform(call, 0) * (in.dim(1) - of.height() + 1));
        final int left = (int) (Threefry.uniform(call, 1) * (in.dim(2) - of.width() + 1));
        return DoubleFormulas.window(x, in, top, left, of.height(), of.width());
    }

    private static long stepKey(LayerBuffers.RandomKey key, long step) {
        return Threefry.block(Threefry.block(Threefry.block(key.seed(), key.layer()), key.call()), step);
    }

    private static double between(List<Float> range, long key, int index) {
        return range.get(0) + (range.get(1) - range.get(0)) * (double) Threefry.uniform(key, index);
    }

    /// The coefficients of the column and of the row that a pixel comes from.
    private static double[] map(Layer layer, long key, int image, int height, int width) {
        final int at = 4 * image;
        final double x = (width - 1) / 2.0;
        final double y = (height - 1) / 2.0;
        if (layer instanceof RandomFlip of) {
            final boolean flips = Threefry.uniform(key, at) <= 0.5;
            final double across = flips && of.mode().contains("horizontal") ? -1 : 1;
            final double down = flips && of.mode().contains("vertical") ? -1 : 1;
            return new double[] {across, 0, x - across * x, 0, down, y - down * y};
        } else if (layer instanceof RandomRotation of) {
            final double angle = 2 * Math.PI * between(of.factor(), key, at);
            final double cos = Math.cos(angle);
            final double sin = Math.sin(angle);
            return new double[] {cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y};
        } else if (layer instanceof RandomZoom of) {
            final double high = 1 + between(of.heightFactor(), key, at);
            final double wide = of.widthFactor() == null ? high : 1 + between(of.widthFactor(), key, at + 1);
            return new double[] {wide, 0, x - wide * x, 0, high, y - high * y};
        }
        final RandomTranslation of = (RandomTranslation) layer;
        final double down = height * between(of.heightFactor(), key, at);
        final double right = width * between(of.widthFactor(), key, at + 1);
        return new double[] {1, 0, -right, 0, 1, -down};
    }

    /// The pixel of a row or column of the image that goes on without end; negative for none.
    private static int repeated(int i, int size, String mode) {
        int at = i;
        while (at < 0 || at >= size) {
            switch (mode) {
                case "reflect" -> at = at < 0 ? -1 - at : 2 * size - 1 - at;
                case "wrap" -> at += at < 0 ? size : -size;
                case "nearest" -> at = at < 0 ? 0 : size - 1;
                default -> {
                    return -1;
                }
            }
        }
        return at;
    }

    private static double[] randomImages(Layer layer, double[] x, Shape in, long key) {
        final double[] y = new double[x.length];
        if (layer instanceof RandomContrast || layer instanceof RandomBrightness) {
            for (int i = 0; i < y.length; i++) {
                y[i] = changed(layer, x, in, i, key);
            }
            return y;
        }
        final String text = layer.toString();
        final String mode = text.replaceAll(".*fillMode=(\\w+).*", "$1");
        final boolean nearest = layer instanceof RandomFlip || text.contains("interpolation=nearest");
        final double value =
                text.contains("fillValue=") ? Double.parseDouble(text.replaceAll(".*fillValue=([-.0-9]+).*", "$1")) : 0;
        for (int o = 0; o < y.length; o++) {
            final int[] index = SpatialFormulas.index(in, o);
            final double[] m = map(layer, key, index[0], in.dim(1), in.dim(2));
            final double col = m[0] * index[2] + m[1] * index[1] + m[2];
            final double row = m[3] * index[2] + m[4] * index[1] + m[5];
            final int top = (int) Math.floor(nearest ? row + 0.5 : row);
            final int left = (int) Math.floor(nearest ? col + 0.5 : col);
            for (int corner = 0; corner < (nearest ? 1 : 4); corner++) {
                final int below = top + corner / 2;
                final int right = left + corner % 2;
                final int i = repeated(below, in.dim(1), mode);
                final int j = repeated(right, in.dim(2), mode);
                final double weight = nearest ? 1 : (1 - Math.abs(row - below)) * (1 - Math.abs(col - right));
                y[o] += weight * (i < 0 || j < 0 ? value : x[SpatialFormulas.flat(in, index[0], i, j, index[3])]);
            }
        }
        return y;
    }

    private static double changed(Layer layer, double[] x, Shape in, int i, long key) {
        final int[] index = SpatialFormulas.index(in, i);
        final double uniform = Threefry.uniform(key, index[0]);
        double mean = 0;
        for (int row = 0; row < in.dim(1); row++) {
            for (int col = 0; col < in.dim(2); col++) {
                mean += x[SpatialFormulas.flat(in, index[0], row, col, index[3])] / in.dim(1) / in.dim(2);
            }
        }
        double z = x[i];
        final List<Float> range;
        if (layer instanceof RandomContrast of) {
            final double f =
                    1 - of.factor().get(0) + (of.factor().get(0) + of.factor().get(1)) * uniform;
            z = (z - mean) * f + mean;
            range = of.valueRange();
        } else {
            final RandomBrightness of = (RandomBrightness) layer;
            range = of.valueRange();
            z += (of.factor().get(0) + (of.factor().get(1) - of.factor().get(0)) * uniform)
                    * (range.get(1) - range.get(0));
        }
        return Math.clamp(z, (double) range.get(0), range.get(1));
    }

    private static double normal(long key, int i) {
        final long bits = Threefry.block(key, i);
        final double radius = Math.sqrt(-2 * Math.log(((bits & 0xffffffffL) + 1) / Math.pow(2, 32)));
        return radius * Math.cos(2 * Math.PI * (bits >>> 32) / Math.pow(2, 32));
    }

    private static double noisy(Layer layer, double x, long key, int i, Shape in) {
        return switch (layer) {
            case GaussianNoise of -> x + of.stddev() * normal(key, i);
            case GaussianDropout of -> x * (1 + Math.sqrt(of.rate() / (1.0 - of.rate())) * normal(key, i));
            case AlphaDropout of -> {
                final double least = -1.0507009873554805 * 1.6732632423543772;
                final double a = Math.pow((1.0 - of.rate()) * (1 + of.rate() * least * least), -0.5);
                yield a * (Threefry.uniform(key, i) < of.rate() ? least : x) - a * least * of.rate();
            }
            default -> {
                final int[] index = SpatialFormulas.index(in, i);
                final double rate = layer instanceof SpatialDropout1D one
                        ? one.rate()
                        : layer instanceof SpatialDropout2D two ? two.rate() : ((SpatialDropout3D) layer).rate();
                final int channel = index[0] * in.last() + index[in.rank() - 1];
                yield Threefry.uniform(key, channel) < rate ? 0 : x / (1 - rate);
            }
        };
    }

    /// Layers of this kind with inputs to check them on.
    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        for (long step : new long[] {-1, 7}) {
            cases.add(of(new SpatialDropout1D(0.4f), step, Shape.of(3, 4, 5)));
            cases.add(of(new SpatialDropout2D(0.4f), step, Shape.of(2, 3, 2, 5)));
            cases.add(of(new SpatialDropout3D(0.4f), step, Shape.of(2, 2, 3, 2, 4)));
            cases.add(of(new GaussianNoise(0.3f), step, Shape.of(3, 5)));
            cases.add(of(new GaussianDropout(0.3f), step, Shape.of(3, 5)));
            cases.add(of(new AlphaDropout(0.3f), step, Shape.of(3, 7)));
        }
        final Shape images = Shape.of(3, 5, 4, 2);
        for (long step : new long[] {-1, 7, 8}) {
            cases.add(of(new RandomCrop(3, 2), step, images));
            cases.add(of(new RandomCrop(2, 6), step, images));
            cases.add(of(new RandomCrop(7, 3), step, images));
            for (String mode : List.of("horizontal", "vertical", "horizontal_and_vertical")) {
                cases.add(of(new RandomFlip(mode), step, images));
            }
            for (String fill : List.of("reflect", "wrap", "constant", "nearest")) {
                final List<Float> some = List.of(-0.4f, 0.7f);
                cases.add(of(new RandomRotation(some, fill, "bilinear", 0.5f), step, images));
                cases.add(of(new RandomZoom(some, null, fill, "bilinear", 0.5f), step, images));
                cases.add(of(new RandomZoom(some, List.of(0.1f, 0.3f), fill, "nearest", 0.5f), step, images));
                cases.add(of(new RandomTranslation(some, some, fill, "bilinear", 0.5f), step, images));
            }
            cases.add(of(new RandomContrast(List.of(0.3f, 0.6f), List.of(-0.5f, 0.6f)), step, images));
            cases.add(of(new RandomBrightness(List.of(-0.3f, 0.6f), List.of(-0.7f, 0.6f)), step, images));
        }
        cases.add(of(new ActivityRegularization(), 7, Shape.of(3, 5)));
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, long step, Shape input) {
        return new LayerGradientTest.Case(layer, step, 1, List.of(input));
    }
}
