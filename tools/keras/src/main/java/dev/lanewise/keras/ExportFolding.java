package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an import made several layers of becomes one again: the reverse of what [KerasFlattening] adds around a
/// layer. Only where the graph still is as the import made it; otherwise the layers are written as they are.
final class ExportFolding {
    /// What of a layer's entry in the file other layers of the graph do.
    ///
    /// @param channelsFirst whether it takes and gives its channels first in the file
    /// @param activation whether its activation is a layer after it
    /// @param activity whether its `activity_regularizer` is a layer after it
    record Folded(boolean channelsFirst, boolean activation, boolean activity) {
        static final Folded NONE = new Folded(false, false, false);
    }

    private static final String ACTIVATION = "_activation";
    private static final String ACTIVITY = "_activity_regularization";
    private static final String LAST = "_channels_last";
    private static final String FIRST = "_channels_first";

    /// Before either, where a layer over steps gives the last one alone.
    private static final String IMAGE = "_image";

    private final Graph graph;
    private final KeptConfig kept;

    /// Calls that are not written, and the value that theirs stands for.
    private final Map<Integer, Graph.Value> hidden = new HashMap<>();

    private final Map<String, Folded> folded = new HashMap<>();
    private final ExportMasks masks;

    ExportFolding(Graph graph, KeptConfig kept) {
        this.graph = graph;
        this.kept = kept;
        if (!kept.isEmpty()) {
            endings();
        }
        masks = new ExportMasks(graph, hidden);
        hidden.putAll(masks.hidden());
        if (!kept.isEmpty()) {
            channels();
        }
    }

    /// The masks that a call is given by name, by its inputs.
    Map<Integer, Graph.Value> masks(int call) {
        return masks.of(call);
    }

    /// Whether a call has a causal mask of its own, which others of its layer may not have.
    boolean isCausal(int call) {
        return masks.isCausal(call);
    }

    /// What a call takes in the file beside its masks.
    List<Graph.Value> inputs(int call) {
        return masks.inputs(call);
    }

    /// The masks that a value is given on its way from the one that stands for it in the file.
    List<Graph.Value> masksOf(Graph.Value value) {
        final List<Graph.Value> given = new ArrayList<>();
        Graph.Value at = value;
        for (Graph.Value of = hidden.get(at.call()); of != null; of = hidden.get(at.call())) {
            final Graph.Call call = graph.calls().get(at.call());
            final Layer layer = graph.layer(call.layer());
            if (layer instanceof MaskedBy || layer instanceof CausalMask) {
                given.addAll(call.inputs().subList(1, call.inputs().size()));
            }
            at = of;
        }
        return given;
    }

    Folded of(String layer) {
        return folded.getOrDefault(layer, Folded.NONE);
    }

    boolean isHidden(int call) {
        return hidden.containsKey(call);
    }

    /// The value that stands for this one in the file.
    Graph.Value shown(Graph.Value value) {
        Graph.Value at = value;
        for (Graph.Value of = hidden.get(at.call()); of != null; of = hidden.get(at.call())) {
            at = of;
        }
        return at;
    }

    /// A value's shape in the file.
    Shape shape(Graph.Value value) {
        final Graph.Value at = shown(value);
        final Shape shape = at.shape();
        if (shape.rank() < 3 || !of(graph.calls().get(at.call()).layer()).channelsFirst()) {
            return shape;
        }
        final int to = 1 + keptAxes(graph.layer(graph.calls().get(at.call()).layer()), shape.rank() - 1);
        return to < shape.rank() - 1 ? moved(shape, shape.rank() - 1, to) : shape;
    }

    /// How many axes beside the batch come before the channels and places of what a layer takes or gives.
    ///
    /// @param axes all of the value, beside the batch
    static int keptAxes(Layer layer, int axes) {
        return switch (layer) {
            case TimeDistributed each -> 1 + keptAxes(each.layer(), axes - 1);
            case Bidirectional both -> keptAxes(both.layer(), axes);
            default ->
                layer.typeName().matches("ConvLSTM[123]D")
                        ? Math.max(0, axes - 1 - (layer.typeName().charAt(8) - '0'))
                        : 0;
        };
    }

    /// A shape with an axis at another place.
    static Shape moved(Shape shape, int from, int to) {
        final List<Integer> dims =
                new ArrayList<>(Arrays.stream(shape.toArray()).boxed().toList());
        final Integer moved = dims.get(from);
        dims.subList(from, from + 1).clear();
        dims.add(to, moved);
        return Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
    }

    /// The layer before a name's ending, if there is one.
    private @Nullable String before(String name, String ending) {
        final String plain = name.replaceAll("_+$", "");
        String base = plain.endsWith(ending) ? plain.substring(0, plain.length() - ending.length()) : null;
        if (base != null && base.endsWith(IMAGE) && !graph.layers().containsKey(base)) {
            base = base.substring(0, base.length() - IMAGE.length());
        }
        return base != null && graph.layers().containsKey(base) && kept.entry(name) == null ? base : null;
    }

    private List<Integer> calls(String layer) {
        final List<Integer> calls = new ArrayList<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            if (graph.calls().get(i).layer().equals(layer)) {
                calls.add(i);
            }
        }
        return calls;
    }

    /// Calls that read a value; -1 stands for the model's outputs.
    private List<Integer> readers(Graph.Value value) {
        final List<Integer> readers = new ArrayList<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            if (graph.calls().get(i).inputs().contains(value)) {
                readers.add(i);
            }
        }
        if (graph.outputs().contains(value)) {
            readers.add(-1);
        }
        return readers;
    }

    /// Activations and penalties of outputs that are layers of their own here.
    private void endings() {
        for (String name : graph.layers().keySet()) {
            for (String ending : List.of(ACTIVATION, ACTIVITY)) {
                final String base = before(name, ending);
                final Layer expected = base == null ? null : layerOf(base, ending);
                if (base != null && graph.layer(name).equals(expected) && follows(name, base)) {
                    for (int call : calls(name)) {
                        hidden.put(call, graph.calls().get(call).inputs().getFirst());
                    }
                    final Folded before = of(base);
                    folded.put(
                            base,
                            new Folded(
                                    false,
                                    before.activation() || ending.equals(ACTIVATION),
                                    before.activity() || ending.equals(ACTIVITY)));
                }
            }
        }
    }

    /// The layer that the import puts after this one.
    private @Nullable Layer layerOf(String base, String ending) {
        final LayerConfig config = config(base);
        return config == null ? null : KerasLayers.after(config).get(ending);
    }

    private @Nullable LayerConfig config(String layer) {
        final JsonObject entry = kept.entry(layer);
        final JsonObject today = entry == null ? null : KerasUpgrade.entry(entry, kept.kerasMajor());
        final JsonObject config = today == null ? null : KerasJson.member(today, "config");
        return today == null || config == null
                ? null
                : new LayerConfig(
                        layer, String.valueOf(KerasJson.string(today, "class_name")), config, kept.kerasMajor());
    }

    /// Whether a layer is called on nothing but this one's outputs (or on what follows it), and these are read
    /// by nobody else.
    private boolean follows(String name, String base) {
        for (int call : calls(name)) {
            final List<Graph.Value> inputs = graph.calls().get(call).inputs();
            if (inputs.size() != 1
                    || !readers(inputs.getFirst()).equals(List.of(call))
                    || !graph.calls()
                            .get(shown(inputs.getFirst()).call())
                            .layer()
                            .equals(base)) {
                return false;
            }
        }
        return calls(name).size() == calls(base).size();
    }

    /// Layers whose channels come first in the file, and the turning before and behind them. All or none.
    private void channels() {
        final Set<String> turned = new HashSet<>();
        for (Map.Entry<String, Layer> entry : graph.layers().entrySet()) {
            final LayerConfig config = entry.getValue() instanceof InputLayer ? null : config(entry.getKey());
            if (config != null && KerasChannels.isChannelsFirst(config)) {
                turned.add(entry.getKey());
            }
        }
        if (turned.isEmpty()) {
            return;
        }
        final Map<Integer, Graph.Value> more = new HashMap<>();
        for (int i = 0; i < graph.calls().size(); i++) {
            final Graph.Call call = graph.calls().get(i);
            final boolean permutes = graph.layer(call.layer()) instanceof Permute;
            final String toLast = permutes ? before(call.layer(), LAST) : null;
            final String toFirst = permutes ? before(call.layer(), FIRST) : null;
            if ((toLast != null && turned.contains(toLast)) || (toFirst != null && turned.contains(toFirst))) {
                more.put(i, call.inputs().getFirst());
            }
        }
        for (int i = 0; i < graph.calls().size(); i++) {
            for (Graph.Value input : graph.calls().get(i).inputs()) {
                if (!fits(i, input, turned, more)) {
                    return;
                }
            }
        }
        for (Graph.Value output : graph.outputs()) {
            if (!fits(-1, output, turned, more)) {
                return;
            }
        }
        hidden.putAll(more);
        turned.forEach(layer -> folded.merge(
                layer, new Folded(true, false, false), (a, b) -> new Folded(true, a.activation, a.activity)));
    }

    /// Whether a call reads a value in the form that the file's layer reads it in.
    private boolean fits(int reader, Graph.Value value, Set<String> turned, Map<Integer, Graph.Value> more) {
        if (value.shape().rank() < 3) {
            return true;
        }
        final boolean wantsLast = reader >= 0
                && (turned.contains(graph.calls().get(reader).layer())
                        || (more.containsKey(reader)
                                && before(graph.calls().get(reader).layer(), FIRST) != null)
                        || hidden.containsKey(reader));
        final Graph.Call source = graph.calls().get(value.call());
        final Graph.Call own = graph.calls().get(shown(value).call());
        final boolean isLast =
                more.containsKey(value.call()) ? before(source.layer(), LAST) != null : turned.contains(own.layer());
        return wantsLast == isLast;
    }
}
