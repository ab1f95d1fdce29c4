package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.io.ModelFormatException;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.ParameterLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Weights as Keras 3 stores them: a tree of objects, each with its variables `vars/0`, `vars/1`, … A layer is
/// called after its class, with a number for each class and container: `layers/dense_1`. Its own name plays no
/// part.
final class TreeWeights implements KerasWeightSource {
    private static final String LAYERS = "layers";
    private static final String OPTIMIZER = "optimizer";
    private static final String VARIABLES = "vars";

    /// What tf.keras 2.12 to 2.14 called the layers.
    private static final String OLD_LAYERS = "_layer_checkpoint_dependencies";

    private static final List<String> GROUPED =
            List.of("_query_dense", "_key_dense", "_gate_dense", "_value_dense", "_output_dense");

    /// Objects within a layer that have variables of their own, in the layer's order of weights: paths, of
    /// which those are taken that are there.
    static final Map<String, List<String>> INNER = Map.ofEntries(
            Map.entry("LSTM", List.of("cell")),
            Map.entry("GRU", List.of("cell")),
            Map.entry("SimpleRNN", List.of("cell")),
            Map.entry("ConvLSTM1D", List.of("cell")),
            Map.entry("ConvLSTM2D", List.of("cell")),
            Map.entry("ConvLSTM3D", List.of("cell")),
            Map.entry("TimeDistributed", List.of("layer")),
            Map.entry("Bidirectional", List.of("forward_layer/cell", "backward_layer/cell")),
            Map.entry(
                    "MultiHeadAttention",
                    List.of(
                            "query_dense",
                            "_query_dense",
                            "key_dense",
                            "_key_dense",
                            "gate_dense",
                            "_gate_dense",
                            "value_dense",
                            "_value_dense",
                            "output_dense",
                            "_output_dense")),
            Map.entry("GroupedQueryAttention", GROUPED),
            Map.entry("GroupQueryAttention", GROUPED));

    /// A variable's place.
    private record Place(H5File file, String path) {}

    /// Places by number, by the object's path as Keras 3 has it today.
    private final Map<String, SortedMap<Integer, Place>> variables = new LinkedHashMap<>();

    /// @param files one, or the parts of one tree
    /// @throws ModelFormatException if two of them have the same variable
    TreeWeights(List<H5File> files) {
        files.forEach(this::add);
    }

    private void add(H5File file) {
        for (String path : file.paths()) {
            // tf.keras on Windows joined names with the other slash.
            final List<String> parts =
                    new ArrayList<>(List.of(path.replace('\\', '/').split("/", -1)));
            parts.removeIf(String::isEmpty);
            parts.replaceAll(part -> part.equals(OLD_LAYERS) ? LAYERS : part);
            final int last = parts.size() - 1;
            if (last >= 1
                    && parts.get(last - 1).equals(VARIABLES)
                    && parts.get(last).matches("[0-9]{1,6}")) {
                final Place before = variables
                        .computeIfAbsent(String.join("/", parts.subList(0, last - 1)), key -> new TreeMap<>())
                        .put(Integer.parseInt(parts.get(last)), new Place(file, path));
                if (before != null && before.file() != file) {
                    throw new ModelFormatException(file.name() + ": has '" + KerasJson.shown(path)
                            + "', which is in another part of the weights too");
                }
            }
        }
    }

    /// Whether a file has such a tree.
    static boolean areIn(H5File file) {
        return file.has(LAYERS)
                || file.has(OLD_LAYERS)
                || file.has(VARIABLES)
                || !new TreeWeights(List.of(file)).isEmpty();
    }

    private boolean isEmpty() {
        return variables.isEmpty();
    }

    /// An object's variables by their numbers.
    private List<KerasWeight> variables(String path) {
        final List<KerasWeight> weights = new ArrayList<>();
        variables
                .getOrDefault(path, new TreeMap<>())
                .forEach((number, at) -> weights.add(new KerasWeight(
                        path + "/" + VARIABLES + "/" + number, at.file().dataset(at.path()))));
        return weights;
    }

    /// What the optimizer remembers, or the one within it: in Keras' order, without names.
    List<KerasWeight> optimizer() {
        final List<KerasWeight> inner = variables(OPTIMIZER + "/inner_optimizer");
        return inner.isEmpty() ? variables(OPTIMIZER) : inner;
    }

    @Override
    public void assign(KerasGraph model, @Nullable ParameterLayout layout, WeightAssignment to) {
        final Set<String> taken = new HashSet<>();
        if (to.byName()) {
            byName(model, to, taken);
        } else {
            assign(model, "", to, taken);
            share(model, to);
        }
        if (layout != null) {
            for (Map.Entry<String, SortedMap<Integer, Place>> entry : variables.entrySet()) {
                if (entry.getKey().startsWith(LAYERS)
                        && !taken.contains(entry.getKey())
                        && !entry.getKey().endsWith("seed_generator")) {
                    to.find(Reason.NOT_USED, "weights of '" + KerasJson.shown(entry.getKey()) + "' belong to no layer");
                }
            }
        }
    }

    private void assign(KerasGraph model, String at, WeightAssignment to, Set<String> taken) {
        final Map<String, Integer> counts = new HashMap<>();
        for (KerasNode node : model.nodes()) {
            if (model.isSequential() && KerasGraph.isInput(node.config().className())) {
                continue;
            }
            final String type = String.valueOf(KerasJson.string(node.json(), "class_name"));
            final String base = base(type.substring(type.lastIndexOf('>') + 1));
            final int number = counts.merge(base, 1, Integer::sum) - 1;
            final String path = at + LAYERS + "/" + (number == 0 ? base : base + "_" + number);
            if (node.model() == null) {
                take(node, path, to, taken);
            } else {
                assign(node.model(), path + (node.isAtEachStep() ? "/layer/" : "/"), to, taken);
            }
        }
    }

    /// An object that is in two models is stored where it is first, and has one number in both: the other
    /// takes the same weights.
    private static void share(KerasGraph model, WeightAssignment to) {
        final Map<String, KerasNode> first = new HashMap<>();
        for (KerasNode node : model.all()) {
            final String id = String.valueOf(node.json().get("shared_object_id"));
            final KerasNode before = id.equals("null") ? null : first.putIfAbsent(id, node);
            final List<KerasNode> own = leaves(node);
            final List<KerasNode> stored = before == null ? List.of() : leaves(before);
            for (int i = 0; i < own.size() && own.size() == stored.size(); i++) {
                if (!to.has(own.get(i)) && to.has(stored.get(i))) {
                    to.put(own.get(i), to.weights(stored.get(i)));
                    own.get(i)
                            .config()
                            .find(
                                    Reason.TRAINING_ONLY,
                                    "has its weights in common with '"
                                            + KerasJson.shown(stored.get(i).path()) + "', and here the same ones for"
                                            + " itself; that they stay the same "
                                            + Reason.TRAINING_ONLY.sentence());
                }
            }
        }
    }

    private static List<KerasNode> leaves(KerasNode node) {
        return node.model() == null ? List.of(node) : node.model().leaves();
    }

    /// What Keras calls an object of a class, after the class' own name, which for one layer is not the
    /// registered one.
    static String base(String type) {
        return Graph.snakeCase(type.equals("GroupQueryAttention") ? "GroupedQueryAttention" : type);
    }

    /// Gives a layer the variables of this object and of those in it that belong to it.
    private void take(KerasNode node, String path, WeightAssignment to, Set<String> taken) {
        final List<KerasWeight> weights = new ArrayList<>(variables(path));
        taken.add(path);
        for (String inner : inner(node.config())) {
            weights.addAll(variables(path + "/" + inner));
            taken.add(path + "/" + inner);
        }
        if (!weights.isEmpty()) {
            to.put(node, weights);
        }
    }

    /// Paths of the objects within a layer. Cells are called after their class, with a number for each class.
    private static List<String> inner(LayerConfig config) {
        final String type = config.className();
        final LayerConfig wrapped = type.equals("TimeDistributed") ? KerasRecurrent.wrapped(config) : null;
        if (wrapped != null) {
            final List<String> paths = new ArrayList<>(List.of("layer"));
            inner(wrapped).forEach(path -> paths.add("layer/" + path));
            return paths;
        }
        if (!type.equals("RNN")) {
            return INNER.getOrDefault(type, List.of());
        }
        final List<String> paths = new ArrayList<>(List.of("cell"));
        final Map<String, Integer> counts = new HashMap<>();
        for (JsonObject cell : KerasRecurrent.cells(config.config().get("cell"))) {
            final String base = Graph.snakeCase(String.valueOf(KerasJson.string(cell, "class_name")));
            final int number = counts.merge(base, 1, Integer::sum) - 1;
            paths.add("cell/cells/" + (number == 0 ? base : base + "_" + number));
        }
        return paths;
    }

    /// By the names that Keras 3.6 and later keep beside the variables.
    private void byName(KerasGraph model, WeightAssignment to, Set<String> taken) {
        final Map<String, String> named = new HashMap<>();
        for (Map.Entry<String, SortedMap<Integer, Place>> entry : variables.entrySet()) {
            final Place first = entry.getValue().values().iterator().next();
            final String group = first.path().substring(0, first.path().lastIndexOf('/'));
            final String name =
                    first.file().hasAttribute(group, "name") ? first.file().string(group, "name") : null;
            if (name != null && entry.getKey().startsWith(LAYERS)) {
                named.putIfAbsent(name, entry.getKey());
            }
        }
        for (KerasNode node : model.leaves()) {
            final String path = named.get(node.name());
            if (path != null) {
                take(node, path, to, taken);
            }
        }
    }
}
