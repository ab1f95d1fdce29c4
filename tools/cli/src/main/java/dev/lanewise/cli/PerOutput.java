package dev.lanewise.cli;

import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Model;
import dev.lanewise.train.Loss;
import dev.lanewise.train.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// What an option says about the outputs of a model, as Keras' values, lists and dicts do: `mse` for all of
/// them, `mse,mae` in their order, or `age=mse,label=mae` by the names of the layers that they come from.
///
/// @param values in the option's order; by the empty name where no output is named
record PerOutput<T>(Map<String, List<T>> values) {
    /// Losses: `mse`, `mse,mae` or `age=mse,label=mae`.
    static final class LossConverter implements ITypeConverter<PerOutput<Loss>> {
        @Override
        public PerOutput<Loss> convert(String text) {
            return read(text, Loss::of);
        }
    }

    /// Metrics: `mae,mse` or `age=mae,mse,label=accuracy`, or `none`.
    static final class MetricsConverter implements ITypeConverter<PerOutput<Metric>> {
        @Override
        public PerOutput<Metric> convert(String text) {
            return text.equals("none") ? new PerOutput<>(Map.of()) : read(text, Metric::of);
        }
    }

    /// Weights of losses: `1,0.5` or `age=0.5`.
    static final class WeightsConverter implements ITypeConverter<PerOutput<Double>> {
        @Override
        public PerOutput<Double> convert(String text) {
            return read(text, number -> {
                double value = Double.parseDouble(number);
                if (!(value >= 0) || value == Double.POSITIVE_INFINITY) {
                    throw new IllegalArgumentException("a weight must be a number of at least 0, got " + number);
                }
                return value;
            });
        }
    }

    private static <T> PerOutput<T> read(String text, Function<String, T> reader) {
        Map<String, List<T>> values = new LinkedHashMap<>();
        String output = "";
        for (String part : text.split(",", -1)) {
            int at = part.lastIndexOf('=');
            if (at >= 0) {
                output = part.substring(0, at).strip();
                if (output.isEmpty() || values.containsKey("") || values.containsKey(output)) {
                    throw new TypeConversionException("'" + text
                            + "' names outputs in part, twice or not at all; expected as in out1=mse,out2=mae");
                }
            }
            try {
                values.computeIfAbsent(output, key -> new ArrayList<>())
                        .add(reader.apply(part.substring(at + 1).strip()));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
        return new PerOutput<>(values);
    }

    /// The layers that a model's outputs come from.
    static List<String> outputs(Model model) {
        Graph graph = model.graph();
        return graph.outputs().stream()
                .map(value -> graph.calls().get(value.call()).layer())
                .toList();
    }

    private boolean isNamed() {
        return !values.isEmpty() && !values.containsKey("");
    }

    private void requireKnown(String option, List<String> outputs) {
        for (String name : values.keySet()) {
            if (!name.isEmpty() && !outputs.contains(name)) {
                throw new CommandException(option + ": the model has no output '" + name + "' (outputs: "
                        + String.join(", ", outputs) + ")");
            }
        }
    }

    /// One value for each output.
    ///
    /// @param missing for outputs that are not named; null where each must be
    /// @throws CommandException if there are other outputs, or another number of them
    List<T> one(String option, List<String> outputs, @Nullable T missing) {
        requireKnown(option, outputs);
        List<T> given = values.getOrDefault("", List.of());
        if (!isNamed() && given.size() != 1 && given.size() != outputs.size()) {
            throw new CommandException(option + ": got " + given.size() + " for the model's " + outputs.size()
                    + " outputs (" + String.join(", ", outputs) + ")");
        }
        List<T> all = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            if (!isNamed()) {
                all.add(given.get(given.size() == 1 ? 0 : i));
                continue;
            }
            List<T> own = values.getOrDefault(outputs.get(i), List.of());
            if (own.size() > 1) {
                throw new CommandException(option + ": got " + own.size() + " for the output '" + outputs.get(i) + "'");
            }
            if (own.isEmpty() && missing == null) {
                throw new CommandException(option + ": says nothing about the output '" + outputs.get(i) + "'");
            }
            all.add(own.isEmpty() && missing != null ? missing : own.getFirst());
        }
        return all;
    }

    /// Any number of values for each output: those that are its own, or all where no output is named.
    List<List<T>> any(String option, List<String> outputs) {
        requireKnown(option, outputs);
        return outputs.stream()
                .map(name -> values.getOrDefault(isNamed() ? name : "", List.of()))
                .toList();
    }
}
