package dev.lanewise.nn;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.layer.ActivityRegularization;
import dev.lanewise.nn.layer.AlphaDropout;
import dev.lanewise.nn.layer.GaussianDropout;
import dev.lanewise.nn.layer.GaussianNoise;
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
        if (!type.matches("SpatialDropout.D|GaussianNoise|GaussianDropout|AlphaDropout|ActivityRegularization")) {
            return null;
        }
        if (step < 0 || type.equals("ActivityRegularization")) {
            return (x, w) -> new double[][] {x[0].clone()};
        }
        final long call = Threefry.block(Threefry.block(Threefry.block(key.seed(), key.layer()), key.call()), step);
        final Shape in = inputs.getFirst();
        return (x, w) -> {
            final double[] y = new double[x[0].length];
            for (int i = 0; i < y.length; i++) {
                y[i] = noisy(layer, x[0][i], call, i, in);
            }
            return new double[][] {y};
        };
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
        cases.add(of(new ActivityRegularization(), 7, Shape.of(3, 5)));
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, long step, Shape input) {
        return new LayerGradientTest.Case(layer, step, 1, List.of(input));
    }
}
