package dev.lanewise.keras;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A layer of a Keras configuration while it is being converted: what was read of it, and what was found.
final class LayerConfig {
    private final String name;
    private final String className;
    private final String registeredName;
    private final JsonObject config;
    private final int kerasMajor;
    private final Set<String> read;
    private final List<Finding> findings;

    /// What each call takes, tensors and other values.
    private final List<JsonArray> calls;

    /// Settings that calls have, not the layer.
    private final Set<String> settings;

    /// Masks that calls are given by name.
    private final List<CallMasks.Given> masks;

    /// Calls that have a causal mask where others have none.
    private final Set<Integer> causal;

    private int callInHand;

    LayerConfig(String name, String className, JsonObject config, int kerasMajor) {
        this(name, className, className, config, kerasMajor);
    }

    /// @param registeredName of a class that is not Keras' own, as `pkg>Name`; otherwise the class name
    LayerConfig(String name, String className, String registeredName, JsonObject config, int kerasMajor) {
        this(
                name,
                className,
                registeredName,
                config,
                kerasMajor,
                new HashSet<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new HashSet<>(),
                new ArrayList<>(),
                new HashSet<>());
    }

    private LayerConfig(
            String name,
            String className,
            String registeredName,
            JsonObject config,
            int kerasMajor,
            Set<String> read,
            List<Finding> findings,
            List<JsonArray> calls,
            Set<String> settings,
            List<CallMasks.Given> masks,
            Set<Integer> causal) {
        this.settings = settings;
        this.causal = causal;
        this.masks = masks;
        this.name = name;
        this.className = className;
        this.registeredName = registeredName;
        this.calls = calls;
        this.config = config;
        this.kerasMajor = kerasMajor;
        this.read = read;
        this.findings = findings;
    }

    /// The same with another value of a key; what is read and found in it counts here too.
    LayerConfig with(String key, JsonElement value) {
        final JsonObject changed = config.deepCopy();
        changed.add(key, value);
        return new LayerConfig(
                name, className, registeredName, changed, kerasMajor, read, findings, calls, settings, masks, causal);
    }

    /// Notes a call's arguments.
    void call(JsonArray arguments) {
        calls.add(arguments);
    }

    /// Notes a setting that a call has.
    void set(String setting) {
        settings.add(setting);
    }

    /// Whether a call has this setting.
    boolean isSet(String setting) {
        return settings.contains(setting);
    }

    /// Notes that a setting belongs to some calls alone.
    void unset(String setting) {
        settings.remove(setting);
    }

    /// Notes a call that has a causal mask where others have none.
    void causal(int call) {
        causal.add(call);
    }

    boolean isCausal(int call) {
        return causal.contains(call);
    }

    /// Begins the reading of a call.
    void beginCall(int call) {
        callInHand = call;
    }

    /// Notes a mask that the call in hand is given.
    ///
    /// @param input which of the call's inputs has it
    /// @param at place of the mask among what the call takes
    void mask(int input, int at) {
        masks.add(new CallMasks.Given(callInHand, input, at));
    }

    /// The masks that a call is given.
    List<CallMasks.Given> masks(int call) {
        return masks.stream().filter(mask -> mask.call() == call).toList();
    }

    /// The arguments of each call, where some are no tensors: for layers that take them. Whoever takes them
    /// answers
    /// for all of them.
    List<JsonArray> takeArguments() {
        final List<JsonArray> taken = List.copyOf(calls);
        calls.clear();
        return taken;
    }

    /// Refuses arguments of calls that nobody took.
    void refuseArguments() {
        calls.forEach(arguments -> arguments.forEach(this::refuseArgument));
        calls.clear();
    }

    private void refuseArgument(JsonElement argument) {
        if (argument.isJsonArray()) {
            argument.getAsJsonArray().forEach(this::refuseArgument);
        } else if (KerasGraph.isModel(className) && argument instanceof JsonObject named && !named.has("class_name")) {
            named.entrySet().forEach(entry -> refuseArgument(entry.getValue()));
        } else if (!KerasJson.isNeutral(argument) && !KerasCalls.isTensor(argument)) {
            find(Reason.UNSUPPORTED_CONNECTION, "is called with " + KerasJson.shown(argument));
        }
    }

    String name() {
        return name;
    }

    String className() {
        return className;
    }

    /// `pkg>Name` for a class that is not Keras' own; otherwise the class name.
    String registeredName() {
        return registeredName;
    }

    /// The whole config, as it is in the file.
    JsonObject config() {
        return config;
    }

    /// Whether channels come before places in what it takes and gives, in the file.
    boolean isChannelsFirst() {
        return "channels_first".equals(KerasJson.string(config, "data_format"));
    }

    /// 1, 2 or 3: some formulas changed.
    int kerasMajor() {
        return kerasMajor;
    }

    /// The value of the first of these keys that is there and not null.
    @Nullable
    JsonElement take(String... keys) {
        JsonElement found = null;
        for (String key : keys) {
            read.add(key);
            final JsonElement value = config.get(key);
            if (found == null && value != null && !value.isJsonNull()) {
                found = value;
            }
        }
        return found;
    }

    boolean has(String key) {
        return config.has(key);
    }

    /// Keys that nobody asked for, with their values.
    JsonObject rest() {
        final JsonObject rest = new JsonObject();
        for (String key : config.keySet()) {
            if (!read.contains(key)) {
                rest.add(key, config.get(key));
            }
        }
        return rest;
    }

    void find(Reason reason, String detail) {
        findings.add(new Finding(reason, detail));
    }

    List<Finding> findings() {
        return findings;
    }

    boolean refused() {
        return findings.stream().anyMatch(finding -> finding.reason().refuses());
    }
}
