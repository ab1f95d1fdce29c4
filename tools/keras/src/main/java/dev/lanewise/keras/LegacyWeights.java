package dev.lanewise.keras;

import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.keras.h5.H5File;
import dev.lanewise.nn.ParameterLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Weights as Keras 1 and 2 stored them, and Keras 3 does in `.h5` files: a group for each layer of the
/// model, with
/// its weights in order. A model within the model has one group for all its layers: first what is trained,
/// then the
/// rest, each layer by layer.
final class LegacyWeights implements KerasWeightSource {
    private static final String LAYER_NAMES = "layer_names";
    private static final String WEIGHT_NAMES = "weight_names";

    /// A weight of a plain layer.
    private record Slot(KerasNode layer, int index, ParameterLayout.Place place) {}

    /// Weights that a model has beside its layers', which no layer here takes.
    private static final String OF_MODEL = "top_level_model_weights";

    private final List<KerasWeights> layers;
    private final List<String> ofModel;

    private LegacyWeights(List<KerasWeights> layers, List<String> ofModel) {
        this.layers = List.copyOf(layers);
        this.ofModel = List.copyOf(ofModel);
    }

    /// Reads the lists of names; values are not looked at yet.
    ///
    /// @param root the group that has them
    /// @return null where the file has none there
    static @Nullable LegacyWeights read(H5File file, String root) {
        final List<String> names = file.strings(root, LAYER_NAMES);
        if (names == null) {
            return null;
        }
        final List<KerasWeights> layers = new ArrayList<>();
        for (String name : names) {
            layers.add(new KerasWeights(name, weights(file, root + "/" + name)));
        }
        final List<String> ofModel = file.strings(root + "/" + OF_MODEL, WEIGHT_NAMES);
        return new LegacyWeights(layers, ofModel == null ? List.of() : ofModel);
    }

    /// The weights that a group's `weight_names` lists, by paths relative to the group.
    static List<KerasWeight> weights(H5File file, String group) {
        final List<String> names = file.strings(group, WEIGHT_NAMES);
        final List<KerasWeight> weights = new ArrayList<>();
        if (names != null) {
            for (String name : names) {
                weights.add(new KerasWeight(name, file.dataset(group + "/" + name)));
            }
        }
        return weights;
    }

    /// In the order of `layer_names`, those without weights too.
    List<KerasWeights> layers() {
        return layers;
    }

    @Override
    public void assign(KerasGraph model, @Nullable ParameterLayout layout, WeightAssignment to) {
        if (!ofModel.isEmpty()) {
            to.find(Reason.NOT_USED, "weights of the model itself belong to no layer: " + KerasJson.shown(ofModel));
        }
        final Map<String, KerasWeights> named = new LinkedHashMap<>();
        for (KerasWeights weights : layers) {
            if (!weights.weights().isEmpty()) {
                named.put(weights.layer(), weights);
            }
        }
        if (layout == null) {
            for (KerasNode node : model.nodes()) {
                final KerasWeights weights = named.get(node.name());
                if (weights != null) {
                    to.put(node, weights.weights());
                }
            }
            return;
        }
        final Map<KerasNode, List<Slot>> owners = new LinkedHashMap<>();
        for (KerasNode node : model.nodes()) {
            final List<Slot> slots = slots(node, layout, !model.isTrainable());
            if (!slots.isEmpty()) {
                owners.put(node, slots);
            }
        }
        final boolean allNamed = owners.keySet().stream().allMatch(node -> named.containsKey(node.name()));
        final boolean asMany = named.size() == owners.size();
        // By position as Keras does; where that does not fit, by name, which tells better what is wrong too.
        if (!to.byName() && asMany && (!allNamed || fits(owners, named))) {
            final List<KerasWeights> inOrder = new ArrayList<>(named.values());
            int i = 0;
            for (Map.Entry<KerasNode, List<Slot>> owner : owners.entrySet()) {
                give(owner.getKey(), owner.getValue(), inOrder.get(i++).weights(), to);
            }
            return;
        }
        owners.forEach((node, slots) -> {
            final KerasWeights weights = named.remove(node.name());
            if (weights != null) {
                give(node, slots, weights.weights(), to);
            }
        });
        named.keySet()
                .forEach(name ->
                        to.find(Reason.NOT_USED, "weights of '" + KerasJson.shown(name) + "' belong to no layer"));
    }

    /// Whether all numbers of weights fit by position.
    private static boolean fits(Map<KerasNode, List<Slot>> owners, Map<String, KerasWeights> named) {
        final List<KerasWeights> inOrder = new ArrayList<>(named.values());
        int i = 0;
        for (List<Slot> slots : owners.values()) {
            final List<KerasWeight> weights = inOrder.get(i++).weights();
            if (weights.size() != slots.size() || !sameShapes(slots, weights)) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameShapes(List<Slot> slots, List<KerasWeight> weights) {
        for (int i = 0; i < slots.size(); i++) {
            final H5Dataset data = weights.get(i).data();
            if (data != null
                    && data.size() != slots.get(i).place().spec().shape().size()) {
                return false;
            }
        }
        return true;
    }

    /// The weights of a layer in the order of the file: what is trained, then the rest, each depth first.
    private static List<Slot> slots(KerasNode node, ParameterLayout layout, boolean frozen) {
        if (node.model() == null) {
            // A layer's own order has those that are trained first.
            return own(node, layout);
        }
        final List<Slot> trained = new ArrayList<>();
        final List<Slot> rest = new ArrayList<>();
        collect(node, layout, frozen, trained, rest);
        trained.addAll(rest);
        return trained;
    }

    private static List<Slot> own(KerasNode node, ParameterLayout layout) {
        final List<Slot> slots = new ArrayList<>();
        for (ParameterLayout.Place place : layout.places(node.path())) {
            slots.add(new Slot(node, place.index(), place));
        }
        return slots;
    }

    private static void collect(
            KerasNode node, ParameterLayout layout, boolean frozen, List<Slot> trained, List<Slot> rest) {
        final boolean all = frozen
                || !node.isTrainable()
                || (node.model() != null && !node.model().isTrainable());
        if (node.model() == null) {
            for (Slot slot : own(node, layout)) {
                (!all && slot.place().spec().trainable() ? trained : rest).add(slot);
            }
        } else {
            for (KerasNode inner : node.model().nodes()) {
                collect(inner, layout, all, trained, rest);
            }
        }
    }

    /// Gives the weights of a group to the layers that it stands for.
    private static void give(KerasNode node, List<Slot> slots, List<KerasWeight> weights, WeightAssignment to) {
        if (node.model() == null) {
            to.put(node, weights);
            return;
        }
        if (weights.size() != slots.size()) {
            node.config()
                    .find(
                            Reason.BAD_WEIGHTS,
                            "the file has " + weights.size() + " weights for its layers, expected " + slots.size());
            return;
        }
        final List<Slot> named = byName(slots, weights);
        final List<Slot> order = named == null ? slots : named;
        if (named != null && !named.equals(slots)) {
            node.config()
                    .find(
                            Reason.ORDER_BY_NAME,
                            "its weights are in another order than its layers' trainable flags say; taken by their names");
        }
        final Map<KerasNode, KerasWeight[]> parts = new LinkedHashMap<>();
        final Map<KerasNode, Integer> counts = new HashMap<>();
        slots.forEach(slot -> counts.merge(slot.layer(), 1, Integer::sum));
        for (int i = 0; i < order.size(); i++) {
            final Slot slot = order.get(i);
            parts.computeIfAbsent(slot.layer(), layer -> new KerasWeight[counts.getOrDefault(layer, 0)])[slot.index()] =
                    weights.get(i);
        }
        parts.forEach((layer, list) -> to.put(layer, List.of(list)));
    }

    /// The slots in the order of the weights' names, where these all end with the name of a layer and of one
    /// of its
    /// weights; null where they do not.
    private static @Nullable List<Slot> byName(List<Slot> slots, List<KerasWeight> weights) {
        final Map<String, Slot> byEnd = new HashMap<>();
        for (Slot slot : slots) {
            if (byEnd.put(slot.layer().name() + "/" + slot.place().spec().name(), slot) != null) {
                return null;
            }
        }
        final List<Slot> order = new ArrayList<>();
        for (KerasWeight weight : weights) {
            final String[] parts = weight.name().replaceAll(":[0-9]+$", "").split("/", -1);
            final Slot slot =
                    parts.length < 2 ? null : byEnd.remove(parts[parts.length - 2] + "/" + parts[parts.length - 1]);
            if (slot == null) {
                return null;
            }
            order.add(slot);
        }
        return order;
    }
}
