package dev.lanewise.keras;

import dev.lanewise.nn.InputLayer;
import dev.lanewise.nn.Layer;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A model as Keras' files list it: its layers in order, each with what it is called on, and models within it
/// among them. [ExportNesting] makes it of a graph.
///
/// @param path of the model in the graph; empty for the whole
/// @param name in the file
/// @param type `Sequential` or `Functional`
/// @param nodes in the order of the file, the input layers too
/// @param inputs in the model's order
/// @param outputs in the model's order
record ExportModel(String path, String name, String type, List<Node> nodes, List<Ref> inputs, List<Ref> outputs) {
    /// An output of a call of a layer of the same model.
    ///
    /// @param layer name in the file
    /// @param call which call of the layer
    /// @param shape with the batch first, as the file has it
    record Ref(String layer, int call, int output, Shape shape) {}

    /// A layer, or a model within the model.
    ///
    /// @param path in the graph; of an input layer of an inner model a path that the graph does not have
    /// @param name in the file
    /// @param layer null where it is a model
    /// @param model null where it is a layer
    /// @param calls what each call takes; an input layer has none
    /// @param masks those that each call is given by name, by the inputs that they are of
    /// @param causal which calls have a causal mask of their own
    /// @param folded what of the file's entry is in layers of the graph that follow or precede it
    record Node(
            String path,
            String name,
            @Nullable Layer layer,
            @Nullable ExportModel model,
            List<List<Ref>> calls,
            List<Map<Integer, Ref>> masks,
            List<Boolean> causal,
            ExportFolding.Folded folded) {
        Node {
            causal = List.copyOf(causal);
            calls = List.copyOf(calls);
            masks = List.copyOf(masks);
        }

        /// Without masks.
        Node(
                String path,
                String name,
                @Nullable Layer layer,
                @Nullable ExportModel model,
                List<List<Ref>> calls,
                ExportFolding.Folded folded) {
            this(
                    path,
                    name,
                    layer,
                    model,
                    calls,
                    calls.stream().map(call -> Map.<Integer, Ref>of()).toList(),
                    calls.stream().map(call -> false).toList(),
                    folded);
        }

        boolean isInput() {
            return layer instanceof InputLayer;
        }

        /// Shapes of what its first call takes.
        List<Shape> inputShapes() {
            return calls.isEmpty()
                    ? List.of()
                    : calls.getFirst().stream().map(Ref::shape).toList();
        }
    }

    ExportModel {
        nodes = List.copyOf(nodes);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    boolean isSequential() {
        return type.equals("Sequential");
    }

    /// The layers that Keras counts as the model's: a `Sequential` has none for its input.
    List<Node> layers() {
        return nodes.stream().filter(node -> !isSequential() || !node.isInput()).toList();
    }

    /// The plain layers, those of inner models too, depth first: Keras' order of weights.
    List<Node> leaves() {
        final List<Node> leaves = new ArrayList<>();
        for (Node node : nodes) {
            if (node.model() == null) {
                leaves.add(node);
            } else {
                leaves.addAll(node.model().leaves());
            }
        }
        return leaves;
    }

    /// Whether the nodes are a chain from one input to one output.
    static boolean isChain(List<Node> nodes, List<Ref> inputs, List<Ref> outputs) {
        if (inputs.size() != 1 || outputs.size() != 1 || nodes.isEmpty()) {
            return false;
        }
        String last = inputs.getFirst().layer();
        if (!nodes.getFirst().name().equals(last)) {
            return false;
        }
        for (Node node : nodes.subList(1, nodes.size())) {
            if (node.calls().size() != 1
                    || node.calls().getFirst().size() != 1
                    || !node.masks().getFirst().isEmpty()
                    || !node.calls().getFirst().getFirst().layer().equals(last)
                    || node.calls().getFirst().getFirst().output() != 0) {
                return false;
            }
            last = node.name();
        }
        return outputs.getFirst().layer().equals(last) && outputs.getFirst().output() == 0;
    }
}
