package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;

/// Builds the graph of a chain of layers.
public final class Sequential {
    private final Graph.Builder builder = Graph.builder();
    private Graph.Value last;

    private Sequential(Shape sample) {
        last = builder.input(sample);
    }

    /// Starts with samples of this shape, the batch not counted: `input(28, 28, 1)`.
    public static Sequential input(int... sample) {
        return new Sequential(Shape.of(sample));
    }

    public static Sequential input(Shape sample) {
        return new Sequential(sample);
    }

    /// Appends a layer, named after its type (`dense`, `dense_1`).
    public Sequential add(Layer layer) {
        last = builder.add(layer, last);
        return this;
    }

    /// Appends a layer with a name.
    public Sequential add(String name, Layer layer) {
        last = builder.add(name, layer, last);
        return this;
    }

    public Graph build() {
        return builder.build(last);
    }
}
