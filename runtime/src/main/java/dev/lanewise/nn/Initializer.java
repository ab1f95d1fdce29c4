package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;

/// First values of a weight. Keras' initializers are in [Initializers]; users write their own.
public interface Initializer {
    /// Fills `values`, the elements of a weight of this shape in row-major order.
    void fill(float[] values, Shape shape, RandomStream random);
}
