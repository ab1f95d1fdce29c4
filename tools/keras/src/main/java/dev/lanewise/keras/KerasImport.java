package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.lanewise.keras.ImportReport.LayerReport;
import dev.lanewise.keras.ImportReport.TrainingReport;
import dev.lanewise.keras.ImportReport.WeightReport;
import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.keras.h5.H5Type;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Makes a model of a Keras file: the configuration becomes a graph, weights find their layers, all shapes are
/// compared, and only then memory is taken and values are read. [KerasModels] is the way to it; here classes
/// are made
/// known that are not Keras' own.
public final class KerasImport {
    /// The model's attribute that keeps what the file said, for an export: each layer's entry as it was.
    static final String ATTRIBUTE = "keras";

    /// A file's weights are not larger than it by more than this: none but zeros compress so well.
    private static final long MOST_EXPANSION = 100;

    private static final long FREE_BYTES = 64 << 20;
    private static final int SHOWN_NAMES = 8;
    private static final int SHOWN_PARTS = 20;

    private static final Map<String, LayerFactory> FACTORIES = new ConcurrentHashMap<>();

    private final KerasModelFile file;
    private final KerasArchitecture architecture;
    private final ImportOptions options;
    private final KerasGraph definition;
    private final WeightAssignment assigned;
    private final WeightForms forms;
    private final List<Finding> findings = new ArrayList<>();

    /// @param architecture the file's own, or another's
    KerasImport(KerasModelFile file, KerasArchitecture architecture, ImportOptions options) {
        this.file = file;
        this.architecture = architecture;
        this.options = options;
        this.definition = KerasGraph.read(architecture.config(), architecture.kerasMajor());
        this.assigned = new WeightAssignment(options.byName());
        final Boolean flip = options.flipKernels();
        this.forms = new WeightForms(
                file.kerasMajor(), flip == null ? file.backend().equals("theano") && file.kerasMajor() < 3 : flip);
    }

    /// Makes a class known that is not Keras' own: layers of this name are made by the factory. That the
    /// model can be
    /// saved, the layer's type must be known to [dev.lanewise.nn.Layers] too.
    ///
    /// @param name as Keras registers it, `pkg>Name`; without a package where none was given: `Name`
    /// @throws IllegalArgumentException if the name is taken, or one of Keras' own
    public static void register(String name, LayerFactory factory) {
        if (name.isBlank() || KerasLayers.isOwn(name)) {
            throw new IllegalArgumentException("KerasImport: '" + name + "' is no name for a class of one's own");
        }
        if (FACTORIES.putIfAbsent(name, factory) != null) {
            throw new IllegalArgumentException("KerasImport: '" + name + "' is registered already");
        }
    }

    /// The factory for a layer's class; null where there is none.
    static @Nullable LayerFactory factory(LayerConfig config) {
        final LayerFactory registered = FACTORIES.get(config.registeredName());
        return registered == null ? FACTORIES.get(config.className()) : registered;
    }

    /// @throws UnsupportedLayerException if there is something that cannot be computed here
    /// @throws ModelFormatException if the file is damaged
    ImportedModel run() {
        final KerasFlattening.Flat flat = KerasFlattening.of(definition);
        final Graph graph = flat == null ? null : flat.graph();
        final ParameterLayout layout = graph == null ? null : layout(graph);
        final ParameterLayout whole = layout == null || flat == null || flat.isWhole() ? layout : layout(flat.whole());
        file.weights().assign(definition, whole, assigned);
        if (layout != null) {
            compare(layout);
        }
        noteTheano();
        final String warning = ImageNetBases.warning(definition);
        if (warning != null) {
            findings.add(new Finding(Reason.NEEDS_PREPROCESSING, warning));
        }
        final ImportReport before = report(layout, noTraining());
        if (graph == null || layout == null || !before.loadable()) {
            throw new UnsupportedLayerException(sentence(before), before);
        }
        final Model model = options.partial() ? Model.create(graph, options.seed()) : Model.blank(graph);
        try {
            fill(model);
            keep(model);
            final TrainingReport training =
                    new KerasTraining(file, architecture, model, places(layout), isWhole()).restore();
            keepTraining(model, training);
            return new ImportedModel(model, report(layout, training));
        } catch (RuntimeException | OutOfMemoryError e) {
            model.close();
            throw e;
        }
    }

    /// Files of Keras 1 do not say which back end wrote them, but Theano's names do not end with a number.
    private void noteTheano() {
        if (file.kerasMajor() > 1 || options.flipKernels() != null) {
            return;
        }
        for (KerasNode node : definition.leaves()) {
            final boolean convolves = WeightForms.isConvolution(node.config().className());
            if (convolves
                    && !assigned.weights(node).isEmpty()
                    && assigned.weights(node).stream()
                            .noneMatch(weight -> weight.name().matches(".*:[0-9]+"))) {
                node.config()
                        .find(
                                Reason.KERNELS_OF_THEANO,
                                "its weights are named as Theano's are; if it convolves with kernels that run the other way,"
                                        + " they are to be turned round (--flip-kernels)");
            }
        }
    }

    private static TrainingReport noTraining() {
        return new TrainingReport(null, null, 0, List.of(), false, List.of());
    }

    private @Nullable ParameterLayout layout(Graph graph) {
        try {
            return new ParameterLayout(graph);
        } catch (ArithmeticException | IllegalArgumentException e) {
            findings.add(new Finding(Reason.TOO_LARGE, "the model's weights are larger than any file"));
            return null;
        }
    }

    /// Compares numbers and shapes of weights with what the layers need, before any value is read.
    private void compare(ParameterLayout layout) {
        int owners = 0;
        for (KerasNode node : definition.leaves()) {
            final List<ParameterLayout.Place> places = layout.places(node.path());
            if (places.isEmpty()) {
                continue;
            }
            owners++;
            if (!assigned.has(node)) {
                node.config()
                        .find(
                                options.partial() ? Reason.NOT_LOADED : Reason.MISSING_WEIGHTS,
                                options.byName()
                                        ? "the file has no weights of its name"
                                        : "the file has no weights for it");
                continue;
            }
            final List<Finding> found = compare(node, assigned.weights(node), places);
            final boolean bad =
                    found.stream().anyMatch(finding -> finding.reason().refuses());
            if (bad && options.skipMismatch()) {
                assigned.remove(node);
                node.config()
                        .find(
                                Reason.NOT_LOADED,
                                found.stream()
                                        .filter(finding -> finding.reason().refuses())
                                        .findFirst()
                                        .orElseThrow()
                                        .detail());
            } else {
                found.forEach(finding -> node.config().find(finding.reason(), finding.detail()));
            }
        }
        final boolean none = definition.leaves().stream().noneMatch(assigned::has);
        if (owners > 0 && none && options.partial()) {
            findings.add(new Finding(
                    Reason.MISSING_WEIGHTS,
                    "none of its weights fits one of the model's " + owners + " layers with weights"));
        }
        final long bytes = Math.multiplyExact(layout.trainableSize() + layout.fixedSize(), Float.BYTES);
        if (!options.partial() && (bytes - FREE_BYTES) / MOST_EXPANSION > file.size()) {
            findings.add(new Finding(Reason.TOO_LARGE, "weights of " + bytes + " bytes from a file of " + file.size()));
        }
    }

    private List<Finding> compare(KerasNode node, List<KerasWeight> weights, List<ParameterLayout.Place> places) {
        final List<Finding> found = new ArrayList<>();
        final RecurrentWeights other = RecurrentWeights.of(node.config().className(), weights, places);
        if (other == null && weights.size() != places.size()) {
            found.add(new Finding(
                    Reason.BAD_WEIGHTS,
                    "the file has " + weights.size() + " weights for it, expected " + places.size() + ": "
                            + String.join(
                                    ", ",
                                    places.stream()
                                            .map(place -> place.spec().name() + " "
                                                    + place.spec().shape())
                                            .toList())));
            return found;
        }
        for (int i = 0; i < weights.size(); i++) {
            final String name = KerasJson.shown(weights.get(i).name());
            final H5Dataset data = weights.get(i).data();
            if (data == null) {
                found.add(new Finding(Reason.MISSING_WEIGHTS, "weight '" + name + "' is missing in the file"));
                continue;
            }
            final List<Long> expected = other != null
                    ? other.fileDims().get(i)
                    : fileDims(node, i, places.get(i).spec().shape(), data);
            if (!data.dims().equals(expected)) {
                found.add(new Finding(
                        Reason.BAD_WEIGHTS,
                        "weight '" + name + "' has the shape " + data.dims() + ", expected " + expected));
            } else if (!data.type().isFloatingPoint() && !isCounter(data)) {
                found.add(new Finding(
                        Reason.BAD_WEIGHTS,
                        "weight '" + name + "' has the type " + data.type().title() + ", expected floating point"));
            } else {
                data.file().check(data);
                if (data.type() != H5Type.FLOAT32 && !isCounter(data)) {
                    found.add(new Finding(
                            Reason.CONVERTED_DTYPE,
                            "weight '" + name + "' converted from "
                                    + data.type().title() + " to float32"));
                }
            }
        }
        return found;
    }

    private List<Long> fileDims(KerasNode node, int index, Shape shape, H5Dataset data) {
        return forms.form(node, index, shape, data).fileDims(shape);
    }

    /// Whether a weight is one whole number, as that of samples that statistics were made of.
    private static boolean isCounter(H5Dataset data) {
        return data.isScalar() && data.type() != H5Type.OTHER && !data.type().isFloatingPoint();
    }

    /// All weights in Keras' order.
    private List<ParameterLayout.Place> places(ParameterLayout layout) {
        return definition.leaves().stream()
                .flatMap(node -> layout.places(node.path()).stream())
                .toList();
    }

    /// Whether training does all that Keras' does.
    private boolean isWhole() {
        return definition.all().stream()
                .flatMap(node -> node.config().findings().stream())
                .noneMatch(finding -> finding.reason() == Reason.TRAINING_ONLY);
    }

    private void fill(Model model) {
        for (KerasNode node : definition.leaves()) {
            final List<ParameterLayout.Place> places = model.layout().places(node.path());
            final List<KerasWeight> weights = assigned.weights(node);
            final RecurrentWeights other = RecurrentWeights.of(node.config().className(), weights, places);
            if (other != null) {
                final List<float[]> arrays = new ArrayList<>();
                weights.forEach(weight -> arrays.add(values(weight)));
                final float[][] own = other.apply(arrays);
                for (int i = 0; i < own.length; i++) {
                    model.parameter(places.get(i)).copyFrom(own[i]);
                }
            }
            for (int i = 0; i < Math.min(places.size(), weights.size()); i++) {
                final Tensor target = model.parameter(places.get(i));
                if (other == null) {
                    fill(node, i, weights.get(i), target);
                }
                final long notFinite = notFinite(target);
                if (notFinite > 0) {
                    node.config()
                            .find(
                                    Reason.NOT_FINITE,
                                    "weight '" + KerasJson.shown(weights.get(i).name()) + "' has " + notFinite
                                            + " values that are NaN or infinite");
                }
            }
        }
    }

    private void fill(KerasNode node, int index, KerasWeight weight, Tensor target) {
        final H5Dataset data = data(weight);
        data.file().readFloats(data, target.segment());
        final WeightForm form = forms.form(node, index, target.shape(), data);
        if (!form.isPlain()) {
            target.copyFrom(form.apply(target.toArray(), target.shape()));
        }
    }

    private static H5Dataset data(KerasWeight weight) {
        final H5Dataset data = weight.data();
        if (data == null) {
            throw new IllegalStateException(weight.name() + " was there before");
        }
        return data;
    }

    private float[] values(KerasWeight weight) {
        final H5Dataset data = data(weight);
        try (Memory memory = new Memory("KerasImport")) {
            final MemorySegment values = memory.floats(data.size());
            data.file().readFloats(data, values);
            return values.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static long notFinite(Tensor tensor) {
        long count = 0;
        for (int i = 0; i < tensor.size(); i++) {
            count += Float.isFinite(tensor.get(i)) ? 0 : 1;
        }
        return count;
    }

    /// Keeps what the file said in the model's attributes, unknown keys included.
    private void keep(Model model) {
        final JsonObject kept = new JsonObject();
        kept.addProperty("format", file.format().title());
        kept.addProperty("keras_version", architecture.kerasVersion());
        kept.addProperty("keras_major", architecture.kerasMajor());
        kept.addProperty("backend", architecture.backend());
        kept.addProperty("class_name", definition.className());
        kept.addProperty("name", definition.name());
        final JsonObject layers = new JsonObject();
        for (KerasNode node : definition.all()) {
            // A model's layers have entries of their own.
            final JsonObject entry = entry(node, model.graph());
            final JsonElement calls = entry.remove("inbound_nodes");
            if (calls instanceof JsonArray list && !list.isEmpty() && KerasOperations.isOperation(node.json())) {
                entry.add(KeptConfig.CALL, list.get(0));
            }
            if (node.model() == null) {
                final JsonArray names = new JsonArray();
                assigned.weights(node).forEach(weight -> names.add(weight.name()));
                entry.add("weight_names", names);
            }
            layers.add(node.path(), entry);
        }
        kept.add("layers", layers);
        kept.add("model_config", withoutLayers(architecture.config()));
        kept.add("training_config", architecture.training());
        model.attributes().put(ATTRIBUTE, kept.toString());
    }

    /// The entry of a layer as one of the flat graph: of a model that TimeDistributed calls at each step the
    /// model's own, and its layers are in a TimeDistributed each.
    private static JsonObject entry(KerasNode node, Graph graph) {
        final KerasGraph model = node.model();
        if (model != null) {
            return node.isAtEachStep() ? modelAtEachStep(node, model) : withoutLayers(node.json());
        }
        JsonObject entry = node.json().deepCopy();
        final Layer own = node.layer();
        final Layer flat = graph.layers().get(node.path());
        for (int i = own == null ? 0 : stepAxes(flat) - stepAxes(own); i > 0; i--) {
            final JsonObject config = new JsonObject();
            config.addProperty("name", node.name());
            config.addProperty("trainable", node.isTrainable());
            config.add("layer", entry);
            entry = new JsonObject();
            entry.addProperty("class_name", "TimeDistributed");
            entry.add("config", config);
        }
        return entry;
    }

    private static int stepAxes(@Nullable Layer layer) {
        return layer instanceof TimeDistributed each ? 1 + stepAxes(each.layer()) : 0;
    }

    private static JsonObject modelAtEachStep(KerasNode node, KerasGraph model) {
        final JsonObject config = KerasJson.member(node.json(), "config");
        final JsonObject layer = config == null ? null : KerasJson.member(config, "layer");
        final JsonObject entry = withoutLayers(layer == null ? new JsonObject() : layer);
        entry.remove("build_config");
        entry.addProperty(KeptConfig.AT_EACH_STEP, true);
        final JsonObject own = KerasJson.member(entry, "config");
        if (own != null) {
            own.addProperty("name", node.name());
            own.remove("build_input_shape");
            if (!node.isTrainable() || !model.isTrainable()) {
                own.addProperty("trainable", false);
            }
        }
        return entry;
    }

    /// Notes how the file says that the model is trained, so that an export sees whether that was changed.
    private static void keepTraining(Model model, TrainingReport training) {
        final String config = model.attributes().get("training_config");
        final String text = model.attributes().get(ATTRIBUTE);
        if (config != null && text != null) {
            final JsonObject kept = KerasJson.object(text, ATTRIBUTE);
            kept.addProperty("imported_training", config);
            if (training.findings().stream().anyMatch(finding -> finding.reason() == Reason.UNSUPPORTED_METRIC)) {
                kept.addProperty("unknown_metrics", true);
            }
            model.attributes().put(ATTRIBUTE, kept.toString());
        }
    }

    /// The keys of the model itself.
    private static JsonObject withoutLayers(JsonObject model) {
        final JsonObject own = new JsonObject();
        model.entrySet().forEach(entry -> {
            if (!entry.getKey().equals("config")) {
                own.add(entry.getKey(), entry.getValue());
            }
        });
        final JsonObject config = KerasJson.member(model, "config");
        if (config != null) {
            final JsonObject inner = new JsonObject();
            config.entrySet().forEach(entry -> {
                if (!entry.getKey().equals("layers")) {
                    inner.add(entry.getKey(), entry.getValue());
                }
            });
            own.add("config", inner);
        }
        return own;
    }

    private ImportReport report(@Nullable ParameterLayout layout, TrainingReport training) {
        final List<LayerReport> layers = new ArrayList<>();
        for (KerasNode node : definition.all()) {
            final LayerConfig config = node.config();
            final List<ParameterLayout.Place> places = layout == null ? List.of() : layout.places(node.path());
            final List<KerasWeight> weights = assigned.weights(node);
            final List<WeightReport> reports = new ArrayList<>();
            for (int i = 0; i < weights.size(); i++) {
                final H5Dataset data = weights.get(i).data();
                final String target =
                        weights.size() == places.size() ? places.get(i).path() : null;
                reports.add(new WeightReport(
                        weights.get(i).name(),
                        data == null ? List.of() : data.dims(),
                        data == null ? "missing" : data.type().title(),
                        target));
            }
            layers.add(new LayerReport(
                    node.path(),
                    config.className(),
                    (node.model() != null || node.layer() != null || isInnerInput(node)) && !config.refused(),
                    reports,
                    config.findings()));
        }
        final List<Finding> all = new ArrayList<>(definition.findings());
        all.addAll(assigned.findings());
        all.addAll(findings);
        return new ImportReport(
                file.name(),
                file.format().title(),
                architecture.kerasVersion(),
                architecture.backend(),
                definition.className(),
                definition.name(),
                layers,
                training,
                all);
    }

    /// An input of a model within the model may be without a shape.
    private static boolean isInnerInput(KerasNode node) {
        return KerasGraph.isInput(node.config().className());
    }

    /// All refusals by name in a sentence, those of one kind together.
    private static String sentence(ImportReport report) {
        final List<String> parts = new ArrayList<>();
        report.findings().stream().filter(f -> f.reason().refuses()).forEach(f -> parts.add(f.toString()));
        final Map<String, List<String>> byText = new LinkedHashMap<>();
        for (LayerReport layer : report.layers()) {
            for (Finding finding : layer.findings()) {
                if (finding.reason().refuses()) {
                    // Those that only name the type have a long list of types with them.
                    final boolean unknown = finding.reason() == Reason.UNKNOWN_LAYER
                            && finding.detail().startsWith("type ");
                    byText.computeIfAbsent(
                                    unknown ? Reason.UNKNOWN_LAYER.sentence() : finding.toString(),
                                    key -> new ArrayList<>())
                            .add("'" + KerasJson.shown(layer.name()) + "' (" + KerasJson.shown(layer.className())
                                    + ")");
                }
            }
        }
        byText.forEach((text, names) -> {
            final String more = names.size() <= SHOWN_NAMES ? "" : " and " + (names.size() - SHOWN_NAMES) + " more";
            parts.add((names.size() == 1 ? "layer " : "layers ")
                    + String.join(", ", names.subList(0, Math.min(names.size(), SHOWN_NAMES))) + more + ": " + text);
        });
        final String more = parts.size() <= SHOWN_PARTS ? "" : "; and " + (parts.size() - SHOWN_PARTS) + " more";
        return report.file() + ": cannot be loaded: "
                + String.join("; ", parts.subList(0, Math.min(parts.size(), SHOWN_PARTS))) + more;
    }
}
