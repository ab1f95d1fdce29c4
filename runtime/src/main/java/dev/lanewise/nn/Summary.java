package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Keras' `summary()`: a row for each layer, where a model within the model is one row, or one and its
/// layers below.
/// Where layers have several inputs or several readers, a column says what each is connected to.
final class Summary {
    private static final List<String> HEADER = List.of("Layer (type)", "Output Shape", "Param #", "Connected to");
    private static final int NUMBERS = 2;

    /// A call of a layer or of a group.
    private record Call(List<Graph.Value> inputs, List<Graph.Value> outputs) {}

    /// A layer or a group, and how it is called.
    private record Item(String name, String type, long parameters, List<Call> calls) {}

    private final Model model;
    private final Graph graph;
    private final Map<String, Graph.Group> groups = new LinkedHashMap<>();

    /// Names of members of groups.
    private final Set<String> inside = new HashSet<>();

    /// What a value is called where it is made: as `dense[0][0]`.
    private final Map<Graph.Value, String> sources = new HashMap<>();

    private Summary(Model model) {
        this.model = model;
        this.graph = model.graph();
        for (Graph.Group group : graph.groups()) {
            groups.put(group.name(), group);
            inside.addAll(group.members());
        }
    }

    static String of(Model model, boolean expandNested) {
        return new Summary(model).text(expandNested);
    }

    /// Items of the model itself, in the order of their first calls.
    private List<Item> top() {
        final Map<String, String> tops = new HashMap<>();
        for (String name : groups.keySet()) {
            if (!inside.contains(name)) {
                graph.layersOf(name).forEach(layer -> tops.put(layer, name));
            }
        }
        final Set<String> names = new java.util.LinkedHashSet<>();
        graph.layers().keySet().forEach(layer -> names.add(tops.getOrDefault(layer, layer)));
        return names.stream().map(this::item).toList();
    }

    private Item item(String name) {
        final Graph.Group group = groups.get(name);
        if (group != null) {
            return new Item(
                    name,
                    group.type(),
                    graph.layersOf(name).stream().mapToLong(this::parameters).sum(),
                    group.calls().stream()
                            .map(call -> new Call(call.inputs(), call.outputs()))
                            .toList());
        }
        return new Item(
                name,
                graph.layer(name).typeName(),
                parameters(name),
                graph.calls().stream()
                        .filter(call -> call.layer().equals(name))
                        .map(call -> new Call(call.inputs(), call.outputs()))
                        .toList());
    }

    private long parameters(String layer) {
        long count = 0;
        for (ParameterLayout.Place place : model.layout().places(layer)) {
            count += place.spec().shape().size();
        }
        return count;
    }

    private String text(boolean expandNested) {
        final List<Item> top = top();
        name(top);
        final boolean chain = isChain(top);
        final List<List<String>> rows = new ArrayList<>();
        rows.add(chain ? HEADER.subList(0, NUMBERS + 1) : HEADER);
        top.forEach(item -> rows(item, 0, expandNested, chain, rows));
        final StringBuilder out = new StringBuilder();
        table(out, rows);
        total(out, "Total params", model.parameterCount());
        total(out, "Trainable params", model.layout().trainableSize());
        total(out, "Non-trainable params", model.layout().fixedSize());
        if (!model.slots().isEmpty()) {
            total(out, "Optimizer params", model.slots().size() * model.layout().trainableSize() + 2);
        }
        return out.toString();
    }

    /// Whether each item is called once, on the one output of the item before.
    private static boolean isChain(List<Item> items) {
        final Set<Graph.Value> read = new HashSet<>();
        for (Item item : items) {
            if (item.calls().size() > 1) {
                return false;
            }
            for (Call call : item.calls()) {
                if (call.inputs().size() > 1
                        || (!read.addAll(call.inputs()) && !call.inputs().isEmpty())) {
                    return false;
                }
            }
        }
        return items.stream()
                        .filter(item ->
                                item.calls().stream().allMatch(c -> c.inputs().isEmpty()))
                        .count()
                <= 1;
    }

    /// Says of each value which of these items makes it.
    private void name(List<Item> items) {
        for (Item item : items) {
            for (int i = 0; i < item.calls().size(); i++) {
                final Call call = item.calls().get(i);
                for (int o = 0; o < call.outputs().size(); o++) {
                    if (!call.inputs().contains(call.outputs().get(o))) {
                        sources.put(call.outputs().get(o), item.name() + "[" + i + "][" + o + "]");
                    }
                }
            }
        }
    }

    private void rows(Item item, int level, boolean expandNested, boolean chain, List<List<String>> rows) {
        final String indent = level == 0 ? "" : "   ".repeat(level) + "└ ";
        final List<String> shapes = item.calls().getFirst().outputs().stream()
                .map(value -> tuple(value.shape()))
                .toList();
        final List<String> row = new ArrayList<>(List.of(
                indent + item.name() + " (" + item.type() + ")",
                shapes.size() == 1 ? shapes.getFirst() : "[" + String.join(", ", shapes) + "]",
                String.format(Locale.ROOT, "%,d", item.parameters())));
        if (!chain) {
            final List<String> from = new ArrayList<>();
            for (Call call : item.calls()) {
                call.inputs().forEach(value -> from.add(sources.getOrDefault(value, "?")));
            }
            row.add(from.isEmpty() ? "-" : String.join(", ", from));
        }
        rows.add(row);
        final Graph.Group group = groups.get(item.name());
        if (expandNested && group != null) {
            final List<Item> members = group.members().stream().map(this::item).toList();
            name(members);
            members.forEach(member -> rows(member, level + 1, true, chain, rows));
            name(List.of(item));
        }
    }

    private static void table(StringBuilder out, List<List<String>> rows) {
        final int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        line(out, "┏", "━", "┳", "┓", widths);
        for (int r = 0; r < rows.size(); r++) {
            final String bar = r == 0 ? "┃" : "│";
            for (int i = 0; i < widths.length; i++) {
                final String cell = rows.get(r).get(i);
                final String pad = " ".repeat(widths[i] - cell.length());
                out.append(bar)
                        .append(' ')
                        .append(i == NUMBERS ? pad + cell : cell + pad)
                        .append(' ');
            }
            out.append(bar).append('\n');
            if (r == 0) {
                line(out, "┡", "━", "╇", "┩", widths);
            } else if (r < rows.size() - 1) {
                line(out, "├", "─", "┼", "┤", widths);
            } else {
                line(out, "└", "─", "┴", "┘", widths);
            }
        }
    }

    private static String tuple(Shape shape) {
        final String s = shape.toString();
        return "(" + s.substring(1, s.length() - 1) + ")";
    }

    private static void line(StringBuilder out, String left, String bar, String cross, String right, int[] widths) {
        for (int i = 0; i < widths.length; i++) {
            out.append(i == 0 ? left : cross).append(bar.repeat(widths[i] + 2));
        }
        out.append(right).append('\n');
    }

    private static void total(StringBuilder out, String what, long count) {
        final double bytes = 4.0 * count;
        final String size = bytes < 1024
                ? String.format(Locale.ROOT, "%.2f B", bytes)
                : bytes < 1024 * 1024
                        ? String.format(Locale.ROOT, "%.2f KB", bytes / 1024)
                        : String.format(Locale.ROOT, "%.2f MB", bytes / (1024 * 1024));
        out.append(String.format(Locale.ROOT, " %s: %,d (%s)%n", what, count, size));
    }
}
