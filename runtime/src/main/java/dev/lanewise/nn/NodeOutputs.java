package dev.lanewise.nn;

import dev.lanewise.data.Dataset;
import java.util.ArrayList;
import java.util.List;

/// The outputs of every call of a model's graph for some samples: what is compared to find the first layer that
/// differs.
public final class NodeOutputs {
    private static final long START = 0x9E3779B97F4A7C15L;
    private static final long FACTOR = 0xFF51AFD7ED558CCDL;

    private NodeOutputs() {}

    /// An output of a call.
    public static final class Output {
        private final String layer;
        private final int call;
        private final int output;
        private final float[] values;

        private Output(String layer, int call, int output, float[] values) {
            this.layer = layer;
            this.call = call;
            this.output = output;
            this.values = values;
        }

        /// Name of the layer.
        public String layer() {
            return layer;
        }

        /// Values of all samples, row-major; not a copy.
        public float[] values() {
            return values;
        }

        /// The layer's name; with the numbers of call and output where they are not 0.
        public String title() {
            return output > 0 ? layer + ":" + call + ":" + output : call > 0 ? layer + ":" + call : layer;
        }

        /// 64 bits that depend on every bit of the values and on their order.
        public long hash() {
            return NodeOutputs.hash(values);
        }
    }

    /// Computes them in the order of the calls, by the plain graph, all samples at once.
    ///
    /// @throws IllegalArgumentException if the data does not fit the model's inputs
    public static List<Output> of(Compute compute, Model model, Dataset data) {
        final Graph graph = model.graph();
        final List<Graph.Value> values = new ArrayList<>();
        graph.calls().forEach(call -> values.addAll(call.outputs()));
        final Graph all = new Graph(
                graph.layers(), graph.calls(), graph.inputs(), values, graph.frozen(), graph.groups(), graph.rules());
        final List<float[]> results;
        try (Workspace workspace = new Workspace(model, all, compute, false)) {
            results = workspace.predict(data, Math.max(1, data.size()));
        }
        final List<Output> outputs = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            final Graph.Call call = graph.calls().get(values.get(i).call());
            outputs.add(new Output(call.layer(), call.index(), values.get(i).output(), results.get(i)));
        }
        return outputs;
    }

    /// A hash of floats' bits in order.
    public static long hash(float[] values) {
        long hash = START ^ values.length;
        for (float value : values) {
            hash = (hash ^ (Float.floatToRawIntBits(value) & 0xFFFFFFFFL)) * FACTOR;
            hash ^= hash >>> 32;
        }
        return hash;
    }
}
