package dev.lanewise.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Keras' `summary()`.
final class Summary {
    private Summary() {}

    static String of(Model model) {
        final List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"Layer (type)", "Output Shape", "Param #"});
        final Graph graph = model.graph();
        for (Map.Entry<String, Layer> entry : graph.layers().entrySet()) {
            String shape = "";
            for (Graph.Call call : graph.calls()) {
                if (call.layer().equals(entry.getKey())) {
                    final List<String> shapes =
                            call.outputs().stream().map(v -> tuple(v.shape())).toList();
                    shape = shapes.size() == 1 ? shapes.getFirst() : String.join(", ", shapes);
                    break;
                }
            }
            long count = 0;
            for (ParameterLayout.Place place : model.layout().places(entry.getKey())) {
                count += place.spec().shape().size();
            }
            rows.add(new String[] {
                entry.getKey() + " (" + entry.getValue().typeName() + ")",
                shape,
                String.format(Locale.ROOT, "%,d", count)
            });
        }
        final int[] widths = new int[3];
        for (String[] row : rows) {
            for (int i = 0; i < 3; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        final StringBuilder out = new StringBuilder();
        line(out, "┏", "━", "┳", "┓", widths);
        for (int r = 0; r < rows.size(); r++) {
            final String[] row = rows.get(r);
            final String bar = r == 0 ? "┃" : "│";
            out.append(bar).append(' ').append(pad(row[0], widths[0])).append(' ');
            out.append(bar).append(' ').append(pad(row[1], widths[1])).append(' ');
            out.append(bar)
                    .append(' ')
                    .append(" ".repeat(widths[2] - row[2].length()))
                    .append(row[2])
                    .append(' ');
            out.append(bar).append('\n');
            if (r == 0) {
                line(out, "┡", "━", "╇", "┩", widths);
            } else if (r < rows.size() - 1) {
                line(out, "├", "─", "┼", "┤", widths);
            } else {
                line(out, "└", "─", "┴", "┘", widths);
            }
        }
        total(out, "Total params", model.parameterCount());
        total(out, "Trainable params", model.layout().trainableSize());
        total(out, "Non-trainable params", model.layout().fixedSize());
        if (!model.slots().isEmpty()) {
            total(out, "Optimizer params", model.slots().size() * model.layout().trainableSize() + 2);
        }
        return out.toString();
    }

    private static String tuple(dev.lanewise.tensor.Shape shape) {
        final String s = shape.toString();
        return "(" + s.substring(1, s.length() - 1) + ")";
    }

    private static void line(StringBuilder out, String left, String bar, String cross, String right, int[] widths) {
        out.append(left)
                .append(bar.repeat(widths[0] + 2))
                .append(cross)
                .append(bar.repeat(widths[1] + 2))
                .append(cross)
                .append(bar.repeat(widths[2] + 2))
                .append(right)
                .append('\n');
    }

    private static String pad(String s, int width) {
        return s + " ".repeat(width - s.length());
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
