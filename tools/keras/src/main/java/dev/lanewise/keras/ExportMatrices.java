package dev.lanewise.keras;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.ParameterLayout.Place;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.layer.ChannelMatrix;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Layers that multiply channels by numbers of their own, which Keras does not have, as what every version
/// of it has: a dense layer that is not trained, with those numbers as its weights.
final class ExportMatrices {
    private ExportMatrices() {}

    /// The layer that is written for one of the graph.
    static Layer written(Layer layer) {
        return layer instanceof ChannelMatrix matrix
                ? new Dense(
                        matrix.bias().length,
                        Activations.LINEAR,
                        hasBias(matrix),
                        new Initializers.GlorotUniform(),
                        new Initializers.Zeros())
                : layer;
    }

    private static boolean hasBias(ChannelMatrix matrix) {
        for (float number : matrix.bias()) {
            if (number != 0) {
                return true;
            }
        }
        return false;
    }

    /// That of the graph under this name, where it is one of them.
    static @Nullable ChannelMatrix of(Graph graph, String layer) {
        return graph.layers().get(layer) instanceof ChannelMatrix matrix ? matrix : null;
    }

    /// The weights that the layer in the file has.
    static List<Place> places(String layer, ChannelMatrix matrix) {
        final List<Place> places = new ArrayList<>();
        places.add(place(layer, 0, "kernel", Shape.of(matrix.kernel().length, matrix.bias().length)));
        if (hasBias(matrix)) {
            places.add(place(layer, 1, "bias", Shape.of(matrix.bias().length)));
        }
        return places;
    }

    private static Place place(String layer, int index, String name, Shape shape) {
        return new Place(layer, index, new ParameterSpec(name, shape, new Initializers.Zeros(), false), 0);
    }

    /// The numbers of one of these weights.
    static float[] values(ChannelMatrix matrix, Place place) {
        if (place.index() == 1) {
            return matrix.bias();
        }
        final float[] kernel = new float[Math.toIntExact(place.spec().shape().size())];
        final int out = matrix.bias().length;
        for (int i = 0; i < matrix.kernel().length; i++) {
            System.arraycopy(matrix.kernel()[i], 0, kernel, i * out, out);
        }
        return kernel;
    }
}
