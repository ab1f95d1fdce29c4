package dev.lanewise.nn;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// Small random graphs: branches, fan-out, views in the middle, shared layers, one or more inputs.
public final class RandomGraphs {
    private static final List<String> SMOOTH = List.of("linear", "sigmoid", "tanh", "softmax");

    private RandomGraphs() {}

    /// A graph with one output; all its functions are smooth except relu, which `kinks` allows.
    public static Graph of(long seed, boolean kinks) {
        final RandomStream random = RandomStream.of(seed, 71, 0);
        final Graph.Builder builder = Graph.builder();
        final List<Graph.Value> values = new ArrayList<>();
        final int inputs = 1 + random.nextInt(2);
        for (int i = 0; i < inputs; i++) {
            values.add(builder.input(random.nextInt(2) == 0 ? Shape.of(6) : Shape.of(2, 3)));
        }
        final List<Graph.Value> read = new ArrayList<>();
        String shared = null;
        final int calls = 3 + random.nextInt(9);
        for (int i = 0; i < calls; i++) {
            final Graph.Value x = values.get(random.nextInt(values.size()));
            final int before = values.size();
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> {
                    final int units = x.shape().rank() == 2 ? 6 : 3;
                    values.add(builder.add(new Dense(units, activation(random, kinks)), x));
                }
                case 3 -> values.add(builder.add(new Activation(activation(random, kinks)), x));
                case 4 -> values.add(builder.add(new Dropout(0.3f), x));
                case 5 -> values.add(builder.add(new Rescaling(-1.5f, 0.25f), x));
                case 6 -> values.add(builder.add(x.shape().rank() == 2 ? new Reshape(2, 3) : new Flatten(), x));
                case 7 -> values.add(builder.add(kinks ? new ReLU() : new Softmax(), x));
                case 8 -> {
                    if (x.shape().rank() == 2) {
                        if (shared == null) {
                            shared = builder.layer("shared", new Dense(6, Activations.TANH));
                        }
                        values.add(builder.call(shared, x).getFirst());
                    }
                }
                default -> {
                    final Graph.Value other = sameShape(values, x, random);
                    read.add(other);
                    values.add(builder.add(new Add(), x, other));
                }
            }
            if (values.size() > before) {
                read.add(x);
            }
        }
        // What leads nowhere is summed into the output.
        final List<Graph.Value> open = new ArrayList<>(values);
        open.removeAll(read);
        final List<Graph.Value> flat = new ArrayList<>();
        for (Graph.Value value : open) {
            flat.add(value.shape().rank() == 2 ? value : builder.add(new Flatten(), value));
        }
        Graph.Value output =
                flat.size() == 1 ? flat.getFirst() : builder.add(new Add(), flat.toArray(Graph.Value[]::new));
        output = builder.add("head", new Dense(3), output);
        return builder.build(output);
    }

    private static dev.lanewise.kernels.Activation activation(RandomStream random, boolean kinks) {
        return kinks && random.nextInt(3) == 0
                ? Activations.RELU
                : Activations.of(SMOOTH.get(random.nextInt(SMOOTH.size())));
    }

    private static Graph.Value sameShape(List<Graph.Value> values, Graph.Value as, RandomStream random) {
        final List<Graph.Value> same =
                values.stream().filter(v -> v.shape().equals(as.shape())).toList();
        return same.get(random.nextInt(same.size()));
    }
}
