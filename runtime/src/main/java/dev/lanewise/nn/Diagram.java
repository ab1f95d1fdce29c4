package dev.lanewise.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A picture of a graph: each call of a layer a box with name, type and output shape, arrows from what it
/// reads, and
/// frames around models within the model. As DOT for Graphviz, or as SVG laid out in layers from top to bottom.
final class Diagram {
    private static final int CHARACTER = 7;
    private static final int BOX_HEIGHT = 44;
    private static final int GAP = 28;
    private static final int MARGIN = 16;

    private final Graph graph;

    /// The groups that a layer is in, the outermost first.
    private final Map<String, List<String>> groupsOf = new HashMap<>();

    Diagram(Graph graph) {
        this.graph = graph;
        for (Graph.Group group : graph.groups()) {
            for (String layer : graph.layersOf(group.name())) {
                groupsOf.computeIfAbsent(layer, key -> new ArrayList<>()).add(group.name());
            }
        }
        // An outer group has more layers.
        groupsOf.values()
                .forEach(names -> names.sort((a, b) -> Integer.compare(
                        graph.layersOf(b).size(), graph.layersOf(a).size())));
    }

    private String name(Graph.Call call) {
        final boolean shared = graph.calls().stream().anyMatch(c -> c.layer().equals(call.layer()) && c.index() > 0);
        return shared ? call.layer() + " [" + call.index() + "]" : call.layer();
    }

    private String type(Graph.Call call) {
        return graph.layer(call.layer()).typeName();
    }

    private static String shapes(Graph.Call call) {
        return String.join(
                ", ", call.outputs().stream().map(v -> v.shape().toString()).toList());
    }

    // --- DOT

    String dot() {
        final StringBuilder out = new StringBuilder();
        out.append("digraph model {\n  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n");
        final Node root = new Node();
        for (int i = 0; i < graph.calls().size(); i++) {
            Node at = root;
            for (String group : groupsOf.getOrDefault(graph.calls().get(i).layer(), List.of())) {
                at = at.inner.computeIfAbsent(group, key -> new Node());
            }
            at.calls.add(i);
        }
        dot(root, out, "  ", new int[1]);
        for (int i = 0; i < graph.calls().size(); i++) {
            for (Graph.Value value : graph.calls().get(i).inputs()) {
                out.append("  n").append(value.call()).append(" -> n").append(i).append(";\n");
            }
        }
        return out.append("}\n").toString();
    }

    private static final class Node {
        private final List<Integer> calls = new ArrayList<>();
        private final Map<String, Node> inner = new LinkedHashMap<>();
    }

    private void dot(Node node, StringBuilder out, String indent, int[] count) {
        for (int i : node.calls) {
            final Graph.Call call = graph.calls().get(i);
            out.append(indent)
                    .append('n')
                    .append(i)
                    .append(" [label=\"")
                    .append(quoted(name(call)))
                    .append("\\n")
                    .append(quoted(type(call)))
                    .append(' ')
                    .append(quoted(shapes(call)))
                    .append("\"];\n");
        }
        node.inner.forEach((name, inner) -> {
            out.append(indent).append("subgraph cluster_").append(count[0]++).append(" {\n");
            out.append(indent).append("  label=\"").append(quoted(name)).append("\";\n");
            dot(inner, out, indent + "  ", count);
            out.append(indent).append("}\n");
        });
    }

    private static String quoted(String text) {
        return printable(text).replace("\\", "\\\\").replace("\"", "\\\"");
    }

    /// Names come from files.
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    // --- SVG

    private record Box(double x, double y, double width, String name, String detail) {
        double middle() {
            return x + width / 2;
        }
    }

    /// Calls stand in rows, each below all that it reads; within a row near what they read.
    String svg() {
        final int n = graph.calls().size();
        final int[] row = new int[n];
        final List<List<Integer>> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            for (Graph.Value value : graph.calls().get(i).inputs()) {
                row[i] = Math.max(row[i], row[value.call()] + 1);
            }
            while (rows.size() <= row[i]) {
                rows.add(new ArrayList<>());
            }
            rows.get(row[i]).add(i);
        }
        final double[] wanted = new double[n];
        final Box[] boxes = new Box[n];
        double right = 0;
        for (int r = 0; r < rows.size(); r++) {
            final List<Integer> members = rows.get(r);
            for (int i : members) {
                final List<Graph.Value> inputs = graph.calls().get(i).inputs();
                double sum = 0;
                for (Graph.Value value : inputs) {
                    sum += boxes[value.call()].middle();
                }
                wanted[i] = inputs.isEmpty() ? 0 : sum / inputs.size();
            }
            members.sort(
                    (a, b) -> wanted[a] != wanted[b] ? Double.compare(wanted[a], wanted[b]) : Integer.compare(a, b));
            double x = MARGIN;
            for (int i : members) {
                final Graph.Call call = graph.calls().get(i);
                final String name = printable(name(call));
                final String detail = printable(type(call) + " " + shapes(call));
                final double width = CHARACTER * Math.max(name.length(), detail.length()) + 2.0 * MARGIN;
                x = Math.max(x, wanted[i] - width / 2);
                boxes[i] = new Box(x, MARGIN + r * (BOX_HEIGHT + GAP), width, name, detail);
                x += width + GAP;
            }
            right = Math.max(right, x - GAP + MARGIN);
        }
        return draw(boxes, right, 2.0 * MARGIN + rows.size() * (BOX_HEIGHT + GAP) - GAP);
    }

    private String draw(Box[] boxes, double width, double height) {
        final StringBuilder out = new StringBuilder();
        out.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"Helvetica, Arial,"
                        + " sans-serif\" font-size=\"12\">%n",
                width, height));
        out.append("<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\""
                + " markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n");
        out.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (int i = 0; i < boxes.length; i++) {
            for (Graph.Value value : graph.calls().get(i).inputs()) {
                final Box from = boxes[value.call()];
                final double down = from.y() + BOX_HEIGHT;
                final double bend = GAP / 2.0;
                out.append(format(
                        "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" fill=\"none\" stroke=\"black\""
                                + " marker-end=\"url(#arrow)\"/>%n",
                        from.middle(),
                        down,
                        from.middle(),
                        down + bend,
                        boxes[i].middle(),
                        boxes[i].y() - bend,
                        boxes[i].middle(),
                        boxes[i].y()));
            }
        }
        for (Box box : boxes) {
            out.append(format(
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"6\" fill=\"#eef3fa\""
                            + " stroke=\"#33557a\"/>%n",
                    box.x(), box.y(), box.width(), BOX_HEIGHT));
            out.append(format(
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>%n",
                    box.middle(), box.y() + 18, escaped(box.name())));
            out.append(format(
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>%n",
                    box.middle(), box.y() + 35, escaped(box.detail())));
        }
        return out.append("</svg>\n").toString();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern.replace("%n", "\n"), values);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
