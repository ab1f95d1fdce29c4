package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models within a model: kept in files and edits, frozen as one, shown as Keras shows them.
class GroupsTest {
    @TempDir
    private Path folder;

    /// input -> [outer: stem, [outer/block: dense, add] twice] -> head.
    private static Graph graph() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("input", Shape.of(4));
        final Graph.Value stem = b.add("outer/stem", new Dense(4, Activations.RELU), x);
        final String dense = b.layer("outer/block/dense", new Dense(4, Activations.TANH));
        final String add = b.layer("outer/block/add", new Add());
        final Graph.Value first =
                b.call(add, b.call(dense, stem).getFirst(), stem).getFirst();
        final Graph.Value second =
                b.call(add, b.call(dense, first).getFirst(), first).getFirst();
        final Graph.Value head = b.add("head", new Dense(2), second);
        return b.build(head)
                .withGroups(List.of(
                        new Graph.Group(
                                "outer",
                                "Sequential",
                                List.of("outer/stem", "outer/block"),
                                List.of(new Graph.GroupCall(List.of(x), List.of(second)))),
                        new Graph.Group(
                                "outer/block",
                                "Functional",
                                List.of("outer/block/dense", "outer/block/add"),
                                List.of(
                                        new Graph.GroupCall(List.of(stem), List.of(first)),
                                        new Graph.GroupCall(List.of(first), List.of(second))))));
    }

    private static List<String> names(Graph graph) {
        return graph.groups().stream().map(Graph.Group::name).toList();
    }

    @Test
    void fileKeepsThem() {
        final Path file = folder.resolve("m.safetensors");
        try (Model model = Model.create(graph(), 1)) {
            model.save(file);
            try (Model again = Model.load(file)) {
                assertEquals(model.graph().groups(), again.graph().groups());
                assertEquals(model.summary(true), again.summary(true));
            }
        }
    }

    @Test
    void oneIsFrozenByItsName() {
        try (Model model = Model.create(graph(), 1)) {
            assertEquals(
                    Set.of("outer/stem", "outer/block/dense", "outer/block/add"),
                    model.freeze("outer").graph().frozen());
            assertEquals(
                    Set.of("outer/block/dense", "outer/block/add"),
                    model.freeze("outer/block").graph().frozen());
        }
    }

    @Test
    void editsKeepThoseThatAreWhole() {
        try (Model model = Model.create(graph(), 1)) {
            assertEquals(
                    List.of("outer", "outer/block"), names(model.withoutTop().graph()));
            final ModelEdit longer = model.edit().add(new Dense(3));
            assertEquals(List.of("outer", "outer/block"), names(longer.graph()));
            assertEquals(List.of(), names(model.upTo("outer/stem").graph()));
            final ModelEdit wider = model.edit().inFront(Shape.of(2, 2), List.of(new dev.lanewise.nn.layer.Flatten()));
            assertEquals(List.of("outer", "outer/block"), names(wider.graph()));
            try (Model built = wider.build(3)) {
                assertTrue(built.summary().contains("outer (Sequential)"), built.summary());
            }
        }
    }

    @Test
    void summaryShowsOneRowOrAll() {
        try (Model model = Model.create(graph(), 1)) {
            assertEquals("""
                    ┏━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
                    ┃ Layer (type)       ┃ Output Shape ┃ Param # ┃
                    ┡━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
                    │ input (InputLayer) │ (None, 4)    │       0 │
                    ├────────────────────┼──────────────┼─────────┤
                    │ outer (Sequential) │ (None, 4)    │      40 │
                    ├────────────────────┼──────────────┼─────────┤
                    │ head (Dense)       │ (None, 2)    │      10 │
                    └────────────────────┴──────────────┴─────────┘
                     Total params: 50 (200.00 B)
                     Trainable params: 50 (200.00 B)
                     Non-trainable params: 0 (0.00 B)
                    """, model.summary());
            final List<String> rows = model.summary(true)
                    .lines()
                    .filter(line -> line.startsWith("│"))
                    .map(line -> line.split("│", -1)[1].stripTrailing())
                    .toList();
            assertEquals(
                    List.of(
                            " input (InputLayer)",
                            " outer (Sequential)",
                            "    └ outer/stem (Dense)",
                            "    └ outer/block (Functional)",
                            "       └ outer/block/dense (Dense)",
                            "       └ outer/block/add (Add)",
                            " head (Dense)"),
                    rows);
        }
    }

    @Test
    void summarySaysWhatBranchesAreConnectedTo() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(3));
        final Graph.Value left = b.add("left", new Dense(2), x);
        final Graph.Value right = b.add("right", new Dense(2), x);
        try (Model model = Model.create(b.build(b.add("sum", new Add(), left, right)), 1)) {
            assertTrue(model.summary().contains("│ left[0][0], right[0][0] │"), model.summary());
            assertTrue(model.summary().contains("│ -                       │"), model.summary());
        }
    }

    @Test
    void picturesHaveAllCallsAndArrows() {
        final Graph graph = graph();
        final String dot = graph.dot();
        assertEquals(7, dot.lines().filter(line -> line.contains("[label=")).count(), dot);
        assertEquals(8, dot.lines().filter(line -> line.contains(" -> ")).count(), dot);
        assertEquals(
                2,
                dot.lines().filter(line -> line.contains("subgraph cluster_")).count(),
                dot);
        assertTrue(dot.contains("outer/block/dense [1]\\nDense [None, 4]"), dot);
        final String svg = graph.svg();
        assertEquals(1 + 7 + 2, svg.split("<rect ", -1).length - 1, svg);
        assertEquals(9, svg.split("<path ", -1).length - 1);
        assertTrue(svg.contains(">outer</text>"), svg);
        assertTrue(svg.contains(">outer/block</text>"), svg);
    }

    /// A line that skips a layer is not under that layer's box.
    @Test
    void linesRunBesideBoxes() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("x", Shape.of(3));
        final Graph.Value between = b.add("the_layer_that_is_skipped", new Dense(3), b.add("first", new Dense(3), x));
        final String svg = b.build(b.add("sum", new Add(), between, x)).svg();
        final Matcher line =
                Pattern.compile("L([0-9]+\\.[0-9]) ([0-9]+\\.[0-9])").matcher(svg);
        int lines = 0;
        while (line.find()) {
            lines++;
            final double at = Double.parseDouble(line.group(1));
            final double bottom = Double.parseDouble(line.group(2));
            final Matcher box = Pattern.compile(
                            "<rect x=\"([0-9.]+)\" y=\"([0-9.]+)\" width=\"([0-9.]+)\" height=\"44\"")
                    .matcher(svg);
            int beside = 0;
            while (box.find()) {
                if (Double.parseDouble(box.group(2)) + 44 == bottom) {
                    beside++;
                    final double left = Double.parseDouble(box.group(1));
                    assertTrue(at < left || at > left + Double.parseDouble(box.group(3)), svg);
                }
            }
            assertEquals(1, beside, svg);
        }
        assertEquals(2, lines, svg);
    }

    @Test
    void namesInPicturesAreQuoted() {
        final Graph.Builder b = Graph.builder();
        final Graph.Value x = b.input("a\"<&>\\\u001b", Shape.of(3));
        final Graph graph = b.build(b.add("b]]>", new Dense(2), x));
        assertTrue(graph.dot().contains("label=\"a\\\"<&>\\\\?\\n"), graph.dot());
        assertTrue(graph.svg().contains(">a\"&lt;&amp;&gt;\\?</text>"), graph.svg());
        assertTrue(graph.svg().contains(">b]]&gt;</text>"), graph.svg());
    }

    @Test
    void groupsThatCannotBeAreRefused() {
        final Graph graph = graph();
        final Graph.Group outer = graph.group("outer");
        final Graph.Group block = graph.group("outer/block");
        for (List<Graph.Group> wrong : List.of(
                List.of(outer),
                List.of(outer, block, block),
                List.of(block, new Graph.Group("other", "Sequential", List.of("outer/block/add"), List.of())),
                List.of(new Graph.Group("a", "Sequential", List.of("a"), List.of())),
                List.of(new Graph.Group("", "Sequential", List.of("head"), List.of())),
                List.of(new Graph.Group(
                        "a",
                        "Sequential",
                        List.of("head"),
                        List.of(new Graph.GroupCall(List.of(), List.of(new Graph.Value(99, 0, Shape.of(1))))))))) {
            assertThrows(IllegalArgumentException.class, () -> graph.withGroups(wrong), wrong::toString);
        }
        final List<Graph.Group> deep = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            deep.add(new Graph.Group("g" + i, "Sequential", List.of(i == 999 ? "head" : "g" + (i + 1)), List.of()));
        }
        assertThrows(IllegalArgumentException.class, () -> graph.withGroups(deep));
        assertThrows(IllegalArgumentException.class, () -> graph.layersOf("none"));
    }
}
