package dev.lanewise.keras;

import com.google.gson.JsonObject;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.keras.h5.H5Group;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.train.Nadam;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a model's optimizer remembers, as Keras' files have it: the number of steps, the learning rate unless a
/// schedule gives it, then arrays in Keras 3's order.
final class OptimizerMemory {
    private static final String WHERE = "training";

    /// An array of the optimizer's.
    ///
    /// @param weight name of the weight in the file
    /// @param kind as Keras names it: `momentum`, `velocity`, …
    private record Slot(ParameterLayout.Place place, String weight, String kind, MemorySegment values) {
        List<Long> shape() {
            return ExportWeights.dims(place.spec().shape());
        }
    }

    private final Model model;
    private final TrainingConfig config;
    private final double rate;
    private final String type;
    private final String name;
    private final List<Slot> slots;

    /// @param name the optimizer's own
    /// @param settings the optimizer's, by Keras' keys
    OptimizerMemory(
            Model model,
            TrainingConfig config,
            double rate,
            String type,
            String name,
            JsonObject settings,
            ExportWeights weights,
            ExportReport.Notes notes) {
        this.model = model;
        this.config = config;
        this.rate = rate;
        this.type = type;
        this.name = name;
        slots = slots(settings, weights, notes);
    }

    /// None before the first step, and where something has no place in Keras' files: then the optimizer
    /// starts anew.
    private List<Slot> slots(JsonObject settings, ExportWeights weights, ExportReport.Notes notes) {
        if (model.iteration() == 0) {
            return List.of();
        }
        final List<ParameterLayout.Place> trained = weights.places().stream()
                .filter(place -> place.spec().trainable())
                .toList();
        final List<String> kinds = TreeOptimizer.slots(type, settings, trained.size());
        final Map<String, String> names = weights.names();
        final List<Slot> all = new ArrayList<>();
        for (String numbered : kinds == null ? List.<String>of() : kinds) {
            final int cut = numbered.indexOf('_');
            final ParameterLayout.Place place = trained.get(Integer.parseInt(numbered.substring(0, cut)));
            final String kind = numbered.substring(cut + 1);
            final MemorySegment slot = model.slots()
                    .get(KerasTraining.slot(kind, config.optimizer().slots()));
            if (slot == null) {
                notes.add(
                        ExportReport.Kind.NO_TRAINING,
                        WHERE,
                        "the model has no '" + kind + "' of " + type + ", which starts anew");
                return List.of();
            }
            final long bytes = place.spec().shape().size() * (long) Float.BYTES;
            all.add(new Slot(
                    place,
                    name(place, names.getOrDefault(place.path(), place.path())),
                    kind,
                    slot.asSlice(place.offset() * Float.BYTES, bytes)));
        }
        if (kinds == null) {
            notes.add(ExportReport.Kind.NO_TRAINING, WHERE, "Keras' order of what " + type + " remembers is not known");
        }
        return all;
    }

    /// Names of some writers are unique in a layer alone.
    private static String name(ParameterLayout.Place place, String given) {
        return given.indexOf('/') < 0 ? place.layer() + "/" + given : given;
    }

    /// A schedule's rate is no variable.
    private boolean hasRate() {
        return config.optimizer().options().schedule() == null;
    }

    /// The group `optimizer_weights` of an `.h5` file.
    void legacy(H5Group root) {
        final H5Group group = root.group("optimizer_weights");
        final List<String> paths = new ArrayList<>(List.of(name + "/iteration"));
        group.scalar(paths.getFirst(), model.iteration());
        if (hasRate()) {
            paths.add(name + "/learning_rate");
            group.scalar(paths.getLast(), (float) rate);
        }
        final Set<String> taken = new HashSet<>(paths);
        for (Slot slot : slots) {
            final String weight = slot.weight().replaceAll(":[0-9]+$", "").replace('/', '_');
            String path = name + "/" + weight + "_" + slot.kind();
            for (int n = 1; !taken.add(path); n++) {
                path = name + "/" + weight + "_" + n + "_" + slot.kind();
            }
            paths.add(path);
            group.dataset(path, H5Group.Type.FLOAT32, slot.shape(), slot.values());
        }
        if (config.optimizer().plain() instanceof Nadam nadam && !slots.isEmpty()) {
            paths.add("variable");
            group.scalar(paths.getLast(), (float) nadam.uProduct(model.iteration()));
        }
        ExportWeights.names(group, "weight_names", paths);
    }

    /// `optimizer/vars` of Keras 3's trees.
    void tree(H5Group root) {
        final H5Group group = root.group("optimizer/vars");
        group.attribute("name", name);
        group.scalar("0", model.iteration());
        int number = 1;
        if (hasRate()) {
            group.scalar(String.valueOf(number++), (float) rate);
        }
        for (Slot slot : slots) {
            group.dataset(String.valueOf(number++), H5Group.Type.FLOAT32, slot.shape(), slot.values());
        }
        if (config.optimizer().plain() instanceof Nadam nadam && !slots.isEmpty()) {
            group.scalar(String.valueOf(number), (float) nadam.uProduct(model.iteration()));
        }
    }
}
