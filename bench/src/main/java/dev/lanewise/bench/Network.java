package dev.lanewise.bench;

import static dev.lanewise.kernels.Activations.RELU;
import static dev.lanewise.kernels.Activations.SOFTMAX;

import dev.lanewise.nn.Graph;
import dev.lanewise.nn.Sequential;
import dev.lanewise.nn.layer.Dense;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// Dense layers, relu between and softmax at the end, on batches of some size.
///
/// @param sizes of the input and of each layer
record Network(List<Integer> sizes, int batch) {
    /// The usual first network for small pictures, as Keras' own examples train it.
    static final Network SMALL = new Network(List.of(784, 128, 10), 128);

    Network {
        sizes = List.copyOf(sizes);
        if (sizes.size() < 2 || sizes.stream().anyMatch(size -> size < 1) || batch < 1) {
            throw new IllegalArgumentException("a network is its sizes, as in 784-128-10, on a batch of 1 or more");
        }
    }

    /// Reads `784-128-10`.
    static Network of(String sizes, int batch) {
        final List<Integer> list = new ArrayList<>();
        for (String size : sizes.split("-", -1)) {
            if (!size.matches("[1-9][0-9]{0,5}")) {
                throw new IllegalArgumentException(
                        "--network is sizes, as in 784-1024-1024-10, or lstm or transformer, got '" + sizes + "'");
            }
            list.add(Integer.parseInt(size));
        }
        return new Network(list, batch);
    }

    int inputs() {
        return sizes.getFirst();
    }

    int classes() {
        return sizes.getLast();
    }

    int layers() {
        return sizes.size() - 1;
    }

    long weights() {
        long weights = 0;
        for (int layer = 0; layer < layers(); layer++) {
            weights += (sizes.get(layer) + 1L) * sizes.get(layer + 1);
        }
        return weights;
    }

    /// FLOP of the prediction of a batch: 2 for each product and sum.
    double forwardFlop() {
        double flop = 0;
        for (int layer = 0; layer < layers(); layer++) {
            flop += 2.0 * batch * sizes.get(layer) * sizes.get(layer + 1);
        }
        return flop;
    }

    /// FLOP of a step: forward and the gradient by the weights of all layers, and the gradient by the inputs of
    /// all but the first, each as much as forward.
    double stepFlop() {
        return 3 * forwardFlop() - 2.0 * batch * sizes.get(0) * sizes.get(1);
    }

    Graph graph() {
        Sequential graph = Sequential.input(inputs());
        for (int layer = 1; layer < layers(); layer++) {
            graph = graph.add(new Dense(sizes.get(layer), RELU));
        }
        return graph.add(new Dense(classes(), SOFTMAX)).build();
    }

    String title() {
        return sizes.stream().map(String::valueOf).collect(Collectors.joining("-"));
    }
}
