package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A whole graph in double: every call's formula with memory of its own, nothing shared, nothing in place.
public final class DoubleGraph {
    private final Graph graph;
    private final int batch;
    private final long seed;
    private final long step;

    /// @param seed of dropout
    /// @param step of training, negative for inference
    public DoubleGraph(Graph graph, int batch, long seed, long step) {
        this.graph = graph;
        this.batch = batch;
        this.seed = seed;
        this.step = step;
    }

    /// The outputs.
    ///
    /// @param weights by path, as `dense/kernel`
    public double[][] outputs(double[][] inputs, Map<String, double[]> weights) {
        final Map<Graph.Value, double[]> values = new HashMap<>();
        final ParameterLayout layout = new ParameterLayout(graph);
        final List<String> names = new ArrayList<>(graph.layers().keySet());
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call call = graph.calls().get(i);
            final int input = graph.inputs().indexOf(i);
            if (input >= 0) {
                values.put(call.outputs().getFirst(), inputs[input]);
                continue;
            }
            final double[][] x = call.inputs().stream().map(values::get).toArray(double[][]::new);
            final double[][] w = layout.places(call.layer()).stream()
                    .map(place -> weights.get(place.path()))
                    .toArray(double[][]::new);
            final List<Shape> shapes =
                    call.inputs().stream().map(v -> v.shape().with(0, batch)).toList();
            final LayerBuffers.RandomKey key =
                    new LayerBuffers.RandomKey(seed, names.indexOf(call.layer()), call.index());
            final double[][] y = DoubleFormulas.of(graph.layer(call.layer()), shapes, key, step)
                    .outputs(x, w);
            for (int o = 0; o < y.length; o++) {
                values.put(call.outputs().get(o), y[o]);
            }
        }
        return graph.outputs().stream().map(values::get).toArray(double[][]::new);
    }

    /// A model's weights by path.
    public static Map<String, double[]> weights(Model model) {
        final Map<String, double[]> weights = new HashMap<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            weights.put(place.path(), doubles(model.parameter(place).toArray()));
        }
        return weights;
    }

    public static double[] doubles(float[] floats) {
        final double[] doubles = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            doubles[i] = floats[i];
        }
        return doubles;
    }
}
