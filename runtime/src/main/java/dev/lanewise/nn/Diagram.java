package dev.lanewise.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A picture of a graph: each call of a layer a box with name, type and output shape, arrows from what it
/// reads, and
/// frames around models within the model. As DOT for Graphviz, or as SVG ([SvgDiagram]).
final class Diagram {
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
    static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /// As SVG.
    String svg() {
        return new SvgDiagram(graph, this::name, call -> type(call) + " " + shapes(call), groupsOf).svg();
    }
}
