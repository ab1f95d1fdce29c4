package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.keras.ExportModel.Node;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.layer.ChannelMatrix;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A model's weights as groups and datasets, in either of Keras' two forms: a group for each layer of the
/// model with its weights by name ([LegacyWeights] reads it), or a tree of objects with numbered variables
/// ([TreeWeights]).
final class ExportWeights {
    private static final String WEIGHT_NAMES = "weight_names";

    /// Keras' limit for a list of names; longer ones go into several attributes.
    private static final int MOST_OF_ATTRIBUTE = 64_512;

    /// Names of weights that are longer are made anew.
    private static final int LONGEST_NAME = 1000;

    /// What a text takes in the attribute itself.
    private static final int LEAST_OF_TEXT = 16;

    private final Model model;
    private final KeptConfig kept;
    private final ExportModel definition;
    private final ExportOperations operations;

    ExportWeights(Model model, KeptConfig kept, ExportModel definition) {
        this.model = model;
        this.kept = kept;
        this.definition = definition;
        operations = new ExportOperations(kept);
    }

    /// All weights in the order in which Keras has them.
    List<ParameterLayout.Place> places() {
        return definition.leaves().stream()
                .flatMap(node -> places(node).stream())
                .toList();
    }

    private List<ParameterLayout.Place> places(Node node) {
        final ChannelMatrix matrix = ExportMatrices.of(model.graph(), node.path());
        return matrix == null ? model.layout().places(node.path()) : ExportMatrices.places(node.path(), matrix);
    }

    /// The names of all weights in `.h5` files, by their paths in the model.
    Map<String, String> names() {
        final Map<String, String> names = new LinkedHashMap<>();
        for (Node node : definition.layers()) {
            names.putAll(names(node));
        }
        return names;
    }

    /// The group `model_weights` of an `.h5` file.
    void legacy(H5Group root) {
        final List<Node> layers = layers(definition, false);
        names(root, "layer_names", layers.stream().map(Node::name).toList());
        for (Node node : layers) {
            final H5Group group = root.group(node.name());
            final Map<String, String> names = names(node);
            final List<String> listed = new ArrayList<>();
            for (ParameterLayout.Place place : trainedFirst(node)) {
                final String name = names.getOrDefault(place.path(), place.path());
                listed.add(name);
                dataset(group, name, place);
            }
            names(group, WEIGHT_NAMES, listed);
        }
        names(root.group("top_level_model_weights"), WEIGHT_NAMES, List.of());
    }

    /// Operations are no layers of their model to Keras, and have no place among the weights.
    private List<Node> layers(ExportModel of, boolean keras3) {
        return of.layers().stream()
                .filter(node -> of.isSequential() || operations.of(node, keras3) == null)
                .toList();
    }

    /// Of a layer in its own order; of a model what is trained, then the rest, each depth first.
    private List<ParameterLayout.Place> trainedFirst(Node node) {
        if (node.model() == null) {
            return places(node);
        }
        final List<ParameterLayout.Place> all = node.model().leaves().stream()
                .flatMap(leaf -> places(leaf).stream())
                .toList();
        final List<ParameterLayout.Place> ordered = new ArrayList<>();
        all.stream().filter(place -> place.spec().trainable()).forEach(ordered::add);
        all.stream().filter(place -> !place.spec().trainable()).forEach(ordered::add);
        return ordered;
    }

    /// Names of the weights of a layer or model, by their paths here: those of the file, where all are kept and
    /// differ, else made as Keras makes them.
    private Map<String, String> names(Node node) {
        final List<Node> leaves =
                node.model() == null ? List.of(node) : node.model().leaves();
        final Map<String, String> names = new LinkedHashMap<>();
        for (Node leaf : leaves) {
            final List<ParameterLayout.Place> places = places(leaf);
            final List<String> given = kept.weightNames(leaf.path());
            if (given.size() != places.size()) {
                return made(leaves);
            }
            for (int i = 0; i < places.size(); i++) {
                names.put(places.get(i).path(), given.get(i));
            }
        }
        final boolean sound = new HashSet<>(names.values()).size() == names.size()
                && names.values().stream().allMatch(name -> name.length() <= LONGEST_NAME && H5Group.isPath(name));
        return sound ? names : made(leaves);
    }

    private Map<String, String> made(List<Node> leaves) {
        final Map<String, String> names = new LinkedHashMap<>();
        final Set<String> taken = new HashSet<>();
        for (Node leaf : leaves) {
            final List<ParameterLayout.Place> places = places(leaf);
            for (KerasObjects object : objects(leaf)) {
                for (int i : object.weights()) {
                    final ParameterLayout.Place place = places.get(i);
                    final String inner = object.path().isEmpty() ? leaf.name() : leaf.name() + "/" + object.name();
                    String name = inner + "/" + KerasObjects.weight(place.spec().name());
                    // Layers of different models within the model may have one name.
                    for (int n = 1; !taken.add(name); n++) {
                        name = inner + "_" + n + "/"
                                + KerasObjects.weight(place.spec().name());
                    }
                    names.put(place.path(), name + ":0");
                }
            }
        }
        return names;
    }

    private List<KerasObjects> objects(Node node) {
        final Layer layer = node.layer();
        final JsonObject entry = kept.entry(node.path());
        return layer == null
                ? List.of()
                : KerasObjects.of(
                        node.name(),
                        layer,
                        entry == null ? null : KerasJson.member(entry, "config"),
                        places(node).stream().map(place -> place.spec().name()).toList());
    }

    /// The tree of Keras 3: a layer is called after its class, with a number for each class.
    ///
    /// @throws IllegalArgumentException if Keras has nothing like one of the layers
    H5Group tree() {
        final H5Group root = new H5Group();
        tree(definition, root);
        return root;
    }

    private void tree(ExportModel of, H5Group group) {
        group.group("vars").attribute("name", of.name());
        final Map<String, Integer> counts = new HashMap<>();
        for (Node node : layers(of, true)) {
            final String type = TreeWeights.base(className(node));
            final int number = counts.merge(type, 1, Integer::sum) - 1;
            final H5Group own = group.group("layers/" + type + (number == 0 ? "" : "_" + number));
            if (node.model() != null) {
                tree(node.model(), own);
                continue;
            }
            final List<ParameterLayout.Place> places = places(node);
            for (KerasObjects object : objects(node)) {
                final H5Group variables = own.group(object.path().isEmpty() ? "vars" : object.path() + "/vars");
                variables.attribute("name", object.path().isEmpty() ? node.name() : KerasObjects.weight(object.name()));
                for (int i = 0; i < object.weights().size(); i++) {
                    dataset(
                            variables,
                            String.valueOf(i),
                            places.get(object.weights().get(i)));
                }
            }
        }
    }

    /// The class that the configuration names.
    private String className(Node node) {
        final Layer layer = node.layer();
        if (layer == null) {
            return node.model() == null ? "" : node.model().type();
        }
        ExportClasses.requireKeras3(node.name(), layer);
        final String type = node.isInput()
                ? layer.typeName()
                : ExportClasses.className(node.name(), layer, kept.entry(node.path()), kept);
        return type.substring(type.lastIndexOf('>') + 1);
    }

    private void dataset(H5Group group, String path, ParameterLayout.Place place) {
        final ChannelMatrix matrix = ExportMatrices.of(model.graph(), place.layer());
        if (matrix != null) {
            group.dataset(
                    path,
                    H5Group.Type.FLOAT32,
                    dims(place.spec().shape()),
                    MemorySegment.ofArray(ExportMatrices.values(matrix, place)));
            return;
        }
        final Tensor tensor = model.parameter(place);
        if (place.spec().name().equals("count") && model.graph().layer(place.layer()) instanceof Normalization) {
            // Keras counts in whole numbers.
            final int[] count = {Math.round(tensor.get(0))};
            group.dataset(path, H5Group.Type.INT32, dims(tensor.shape()), MemorySegment.ofArray(count));
            return;
        }
        group.dataset(path, H5Group.Type.FLOAT32, dims(tensor.shape()), tensor.segment());
    }

    static List<Long> dims(Shape shape) {
        return Arrays.stream(shape.toArray()).asLongStream().boxed().toList();
    }

    /// A list of names; where it is too long for one attribute as Keras counts, in several.
    static void names(H5Group group, String attribute, List<String> names) {
        final int longest = names.stream()
                .mapToInt(name -> name.getBytes(StandardCharsets.UTF_8).length)
                .max()
                .orElse(0);
        // As Keras counts: all as long as the longest, in as few parts of equal lengths as fit.
        int parts = 1;
        while ((long) Math.max(LEAST_OF_TEXT, longest) * ((names.size() + parts - 1) / parts) > MOST_OF_ATTRIBUTE
                && parts < names.size()) {
            parts++;
        }
        if (parts == 1) {
            group.attribute(attribute, names);
            return;
        }
        for (int part = 0, from = 0; part < parts; part++) {
            final int size = names.size() / parts + (part < names.size() % parts ? 1 : 0);
            group.attribute(attribute + part, names.subList(from, from + size));
            from += size;
        }
    }
}
