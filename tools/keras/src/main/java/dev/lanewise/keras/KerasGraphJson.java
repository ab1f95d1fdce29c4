package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lanewise.io.RecordJson;
import dev.lanewise.keras.ExportModel.Node;
import dev.lanewise.keras.ExportModel.Ref;
import dev.lanewise.keras.ExportOperations.Operation;
import dev.lanewise.nn.Graph;
import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.RNN;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A model as its configuration in Keras' files, models within it nested.
final class KerasGraphJson {
    /// Keys of a model's config that are written anew.
    private static final Set<String> OWN =
            Set.of("name", "trainable", "layers", "input_layers", "output_layers", "build_input_shape", "dtype");

    private final Graph graph;
    private final KeptConfig kept;
    private final boolean keras3;
    private final KerasLayerJson writer;
    private final ExportOperations operations;
    private final ExportReport.Notes notes;

    /// Whether the file is for tf.keras 2 alone, since a function means something else in Keras 3, or it
    /// has not such a layer.
    private final boolean ofKeras2;

    /// @param keras3 as in a `.keras` archive; else as Keras 2 wrote it
    KerasGraphJson(Graph graph, KeptConfig kept, boolean keras3, ExportReport.Notes notes) {
        this.graph = graph;
        this.kept = kept;
        this.keras3 = keras3;
        this.notes = notes;
        ofKeras2 = !keras3
                && graph.layers().values().stream()
                        .anyMatch(layer -> !(layer instanceof InputLayer)
                                && layer instanceof Record settings
                                && (KerasFunctionsJson.hasFormerHardSigmoid(settings)
                                        || ExportClasses.isOfKeras2(layer)));
        operations = new ExportOperations(kept);
        writer = new KerasLayerJson(kept, keras3, new KerasRulesJson(graph, keras3, notes), notes);
    }

    /// Whether the file must say that Keras 3 wrote it: it means something else, or nothing, to Keras 2.
    boolean needsKeras3() {
        return !ofKeras2 && (writer.needsKeras3() || notes.has(ExportReport.Kind.KERAS_3_ONLY));
    }

    /// The configuration, `class_name` and `config`, and in archives what goes with them.
    JsonObject write(ExportModel model) {
        return write(model, false);
    }

    /// @param above whether a model that it is in is not trained
    private JsonObject write(ExportModel model, boolean above) {
        final boolean trainable = isTrainable(model);
        final boolean frozen = above || !trainable;
        final JsonArray layers = new JsonArray();
        for (Node node : model.nodes()) {
            final Operation operation = model.isSequential() ? null : operations.of(node, keras3);
            if (operation != null) {
                layers.add(operation(node, operation));
                continue;
            }
            final ExportModel inner = node.model();
            final JsonObject json =
                    inner == null ? writer.entry(node, isTrainable(node, frozen)) : write(inner, frozen);
            if (inner != null && keras3) {
                json.add("compile_config", new JsonObject());
            }
            if (!model.isSequential()) {
                json.addProperty("name", node.name());
                json.add("inbound_nodes", calls(model, node));
            }
            layers.add(json);
        }
        final JsonObject before = kept.model(model.path());
        final JsonObject given = KerasJson.member(before, "config");
        final JsonObject config = new JsonObject();
        config.addProperty("name", model.name());
        if (keras3 || !trainable) {
            config.addProperty("trainable", trainable);
        }
        keep(given, config);
        config.add("layers", layers);
        if (!model.isSequential()) {
            config.add("input_layers", ends(model, model.inputs(), given == null ? null : given.get("input_layers")));
            config.add(
                    "output_layers", ends(model, model.outputs(), given == null ? null : given.get("output_layers")));
        } else if (keras3) {
            config.add("build_input_shape", built(model, given == null ? null : given.get("build_input_shape")));
        }
        final JsonObject json = new JsonObject();
        if (keras3) {
            json.addProperty("module", model.isSequential() ? "keras" : "keras.src.models.functional");
        }
        json.addProperty("class_name", model.type());
        json.add("config", config);
        if (keras3) {
            json.add("registered_name", model.isSequential() ? JsonNull.INSTANCE : new JsonPrimitive("Functional"));
            final JsonObject build = new JsonObject();
            final JsonObject was = KerasJson.member(before, "build_config");
            build.add(
                    "input_shape",
                    model.isSequential()
                            ? built(model, was == null ? null : was.get("input_shape"))
                            : JsonNull.INSTANCE);
            json.add("build_config", build);
        }
        return json;
    }

    /// An operation has its constants among the arguments of its calls.
    private JsonObject operation(Node node, Operation operation) {
        if (ofKeras2) {
            throw new IllegalArgumentException("layer '" + node.path() + "' is an operation (" + operation.type()
                    + ") of Keras 3, and the model has what Keras 3 lacks: no file can hold both");
        }
        if (!keras3) {
            notes.add(
                    ExportReport.Kind.KERAS_3_ONLY,
                    node.path(),
                    "is written as the operation " + operation.type() + ", which tf.keras 2 does not have");
        }
        final JsonArray calls = new JsonArray();
        for (List<Ref> inputs : node.calls()) {
            calls.add(operation.call(inputs.stream().map(KerasGraphJson::tensor).toList()));
        }
        final JsonObject json = operation.entry().deepCopy();
        json.addProperty("name", node.name());
        json.add("inbound_nodes", calls);
        return json;
    }

    private static JsonElement built(ExportModel model, @Nullable JsonElement before) {
        return KerasShapesJson.asWas(
                KerasShapesJson.shape(model.inputs().getFirst().shape()), before);
    }

    /// Keys of the model's own config that nobody here knows.
    private void keep(@Nullable JsonObject given, JsonObject config) {
        for (Map.Entry<String, JsonElement> entry :
                given == null ? Set.<Map.Entry<String, JsonElement>>of() : given.entrySet()) {
            final String key = entry.getKey();
            if (keras3 && key.equals("dtype") && kept.kerasMajor() == 3) {
                config.add(key, ConfigForms.today(key, entry.getValue()));
            } else if (!OWN.contains(key)) {
                config.add(
                        key, keras3 ? ConfigForms.today(key, entry.getValue()) : ConfigForms.legacy(entry.getValue()));
            }
        }
    }

    /// A layer's own flag. One that is frozen with the model that it is in keeps what it said itself.
    private boolean isTrainable(Node node, boolean frozen) {
        if (ExportMatrices.of(graph, node.path()) != null) {
            return false;
        }
        if (!graph.layers().containsKey(node.path()) || graph.isTrainable(node.path())) {
            return true;
        }
        final JsonObject entry = kept.entry(node.path());
        return frozen && entry != null && !isFalse(KerasJson.member(entry, "config"));
    }

    /// False where the file says that the model as a whole is not trained, and all its layers still are frozen.
    private boolean isTrainable(ExportModel model) {
        return !isFalse(KerasJson.member(kept.model(model.path()), "config"))
                || model.leaves().stream().anyMatch(node -> !node.isInput() && graph.isTrainable(node.path()));
    }

    private static boolean isFalse(@Nullable JsonObject config) {
        return config != null && String.valueOf(config.get("trainable")).equals("false");
    }

    /// The calls of a layer, each with what it is called on.
    private JsonArray calls(ExportModel model, Node node) {
        final JsonArray nodes = new JsonArray();
        final Layer layer = node.layer();
        final String type = layer == null ? "" : layer.typeName();
        final boolean heads = KerasAttention.isOfHeads(type);
        final JsonObject settings = layer instanceof Record record && !node.isInput() && KerasAttention.is(type)
                ? RecordJson.write(record)
                : new JsonObject();
        for (int i = 0; i < node.calls().size(); i++) {
            final List<Ref> inputs = node.calls().get(i);
            if (KerasAttention.is(type) && !heads && inputs.size() > 3) {
                throw new IllegalArgumentException("layer '" + node.path() + "' (" + type + "): is called with a mask"
                        + " of the scores that is not a causal one alone; Keras' layer takes none");
            }
            // tf.keras has the states among the inputs.
            final boolean states = KerasRecurrent.takesState(type) && inputs.size() > 1 && !ofKeras2;
            final JsonObject keywords = new JsonObject();
            for (String setting : KerasAttention.SETTINGS) {
                if (new JsonPrimitive(true).equals(settings.get(setting))) {
                    keywords.addProperty(setting, true);
                }
            }
            if (node.causal().get(i)) {
                keywords.addProperty(KerasAttention.CAUSAL, true);
            }
            final boolean elements = CallMasks.isOfElements(type) && inputs.size() > 1;
            final Map<Integer, Ref> masks =
                    elements ? Map.of(0, inputs.getLast()) : node.masks().get(i);
            final boolean legacy = !keras3 && !heads && !states && (masks.isEmpty() || ofKeras2);
            final Map<Integer, JsonElement> given = new TreeMap<>();
            masks.forEach((input, mask) -> given.put(input, legacy ? legacy(model, mask) : tensor(mask)));
            CallMasks.write(type, given, keywords);
            if (legacy) {
                if (node.model() != null && !ofKeras2) {
                    notes.add(
                            ExportReport.Kind.KERAS_3_ONLY,
                            node.path(),
                            "tf.keras 2 counts the calls of a model within a model otherwise");
                }
                final JsonArray tensors = new JsonArray();
                inputs.subList(0, elements ? 1 : inputs.size()).forEach(ref -> {
                    final JsonArray json = legacy(model, ref);
                    json.add(keywords);
                    tensors.add(json);
                });
                nodes.add(tensors);
                continue;
            }
            if (!keras3) {
                notes.add(
                        ExportReport.Kind.KERAS_3_ONLY,
                        node.path(),
                        "its call has several arguments, in a form that tf.keras 2 does not read");
            }
            final JsonArray args = new JsonArray();
            if (states) {
                args.add(tensor(inputs.getFirst()));
                keywords.add("initial_state", states(layer, inputs.subList(1, inputs.size())));
            } else if (heads) {
                // By position the fourth would be a mask of the query's rows.
                final int mask = KerasAttention.INPUTS.size() + 1;
                inputs.stream().limit(mask).forEach(ref -> args.add(tensor(ref)));
                inputs.stream().skip(mask).forEach(ref -> keywords.add(KerasAttention.MASK, tensor(ref)));
            } else if (inputs.size() == 1 || elements) {
                args.add(tensor(inputs.getFirst()));
            } else {
                final JsonArray list = new JsonArray();
                inputs.forEach(ref -> list.add(tensor(ref)));
                args.add(list);
            }
            final JsonObject call = new JsonObject();
            call.add("args", args);
            call.add("kwargs", keywords);
            nodes.add(call);
        }
        return nodes;
    }

    private JsonArray legacy(ExportModel model, Ref ref) {
        return reference(ref, ofKeras2 && isModel(model, ref.layer()) ? 1 : 0);
    }

    /// First states: of cells one on the other a list for each.
    private static JsonArray states(@Nullable Layer layer, List<Ref> states) {
        final JsonArray json = new JsonArray();
        if (!(layer instanceof RNN rnn)) {
            states.forEach(ref -> json.add(tensor(ref)));
            return json;
        }
        int at = 0;
        for (Layer cell : rnn.cells()) {
            final int parts = cell.typeName().equals("LSTM") ? 2 : 1;
            final JsonArray own = new JsonArray();
            for (int i = 0; i < parts && at < states.size(); i++) {
                own.add(tensor(states.get(at++)));
            }
            json.add(own);
        }
        return json;
    }

    /// Inputs or outputs in the form that the file had: one, a list, or an object by names.
    private JsonElement ends(ExportModel model, List<Ref> refs, @Nullable JsonElement before) {
        final List<JsonArray> own = new ArrayList<>();
        refs.forEach(ref -> own.add(reference(
                ref, isFunctional(model, ref.layer()) || (ofKeras2 && isModel(model, ref.layer())) ? 1 : 0)));
        if (before instanceof JsonObject named) {
            final JsonObject json = new JsonObject();
            final List<String> keys = named.keySet().stream().sorted().toList();
            if (keys.size() == own.size() && sameLayers(named, keys, own)) {
                for (int i = 0; i < keys.size(); i++) {
                    json.add(keys.get(i), own.get(i));
                }
                return json;
            }
        }
        final boolean list = before instanceof JsonArray array
                && !array.isEmpty()
                && KerasJson.string(array.get(0)) == null
                && kept.kerasMajor() == 3;
        if (own.size() == 1 && keras3 && !list) {
            return own.getFirst();
        }
        final JsonArray json = new JsonArray();
        own.forEach(json::add);
        return json;
    }

    /// Whether the names of the file still stand for the same layers.
    private static boolean sameLayers(JsonObject named, List<String> keys, List<JsonArray> own) {
        for (int i = 0; i < keys.size(); i++) {
            if (!(named.get(keys.get(i)) instanceof JsonArray ref)
                    || ref.isEmpty()
                    || !ref.get(0).equals(own.get(i).get(0))) {
                return false;
            }
        }
        return true;
    }

    /// Keras counts the calls of a functional model from 1 where it speaks of a model's ends.
    private static boolean isFunctional(ExportModel model, String layer) {
        return model.nodes().stream()
                .anyMatch(node -> node.name().equals(layer)
                        && node.model() != null
                        && !node.model().isSequential());
    }

    private static boolean isModel(ExportModel model, String layer) {
        return model.nodes().stream().anyMatch(node -> node.name().equals(layer) && node.model() != null);
    }

    private static JsonArray reference(Ref ref, int from) {
        final JsonArray json = new JsonArray();
        json.add(ref.layer());
        json.add(ref.call() + from);
        json.add(ref.output());
        return json;
    }

    private static JsonElement tensor(Ref ref) {
        final JsonObject config = new JsonObject();
        config.add("shape", KerasShapesJson.shape(ref.shape()));
        config.addProperty("dtype", "float32");
        config.add("keras_history", reference(ref, 0));
        final JsonObject json = new JsonObject();
        json.addProperty("class_name", "__keras_tensor__");
        json.add("config", config);
        return json;
    }
}
