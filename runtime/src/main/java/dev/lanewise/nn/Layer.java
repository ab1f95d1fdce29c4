package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A layer's configuration, as an immutable record, and its formulas. It remembers nothing between calls:
/// all that
/// a call reads and writes is in [LayerBuffers]. Users write their own; [Layers#register] makes them known
/// to the model file.
///
/// Shapes hold the batch as their first dimension, which is [Shape#UNKNOWN] in a definition.
public interface Layer {
    /// Shapes of the outputs for shapes of the inputs.
    ///
    /// @throws IllegalArgumentException if the layer cannot take these inputs; the message names the layer's
    ///     type,
    ///     what was expected and what came. The graph puts the layer's name before it.
    List<Shape> outputShapes(List<Shape> inputs);

    /// The weights for shapes of the inputs, in Keras' order. They may not depend on the batch.
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        return List.of();
    }

    /// Shapes of what one call keeps from forward to backward beside its inputs and outputs.
    default List<Shape> saved(List<Shape> inputs) {
        return List.of();
    }

    /// Floats of memory that one call of forward or backward needs for itself.
    default long scratch(List<Shape> inputs) {
        return 0;
    }

    /// Floats of [LayerBuffers#scratch] that backward needs, where that is more than [#scratch].
    default long backwardScratch(List<Shape> inputs) {
        return 0;
    }

    /// Whether the first input's mask, where it has one, is also the first output's.
    default boolean passesMask() {
        return false;
    }

    /// Shapes of the masks that forward writes, one for each output, null for none; an empty list stands for
    /// none at
    /// all.
    ///
    /// @param masks shapes of the inputs' masks, null for none
    default List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        return List.of();
    }

    /// Shapes of what the workspace keeps for the layer from one pass to the next, all zeros at first. A
    /// pass outside
    /// training may write it in forward; training writes it in [#updateState].
    default List<Shape> state(List<Shape> inputs) {
        return List.of();
    }

    /// Computes `y` from `x`.
    void forward(LayerBuffers b);

    /// Computes from `dy` the gradients of all parameters and every `dx` that is not null, each overwritten or
    /// added to as its `accumulate` says.
    void backward(LayerBuffers b);

    /// Commits state (as moving statistics) after a step that went well; calls come in the order of the calls
    /// forward.
    default void updateState(LayerBuffers b) {}

    /// Whether `backward` reads `x`.
    default boolean backwardReadsInput() {
        return true;
    }

    /// Whether `backward` reads `y`.
    default boolean backwardReadsOutput() {
        return true;
    }

    /// Whether the one output is the one input in another shape: then they share memory, as their gradients do,
    /// and neither `forward` nor `backward` is called.
    default boolean isView() {
        return false;
    }

    /// Whether `forward` works with the first output in the first input's memory.
    default boolean worksInPlace() {
        return false;
    }

    /// The activation that the layer ends with, if it can be taken off by [#withoutActivation]: a loss may take
    /// both as one.
    default @Nullable Activation lastActivation() {
        return null;
    }

    /// The same layer, with the same weights, without [#lastActivation].
    default Layer withoutActivation() {
        return this;
    }

    /// What keeps a model with this layer from being trained, as a sentence about the layer; null for nothing.
    /// Such a layer serves prediction alone; a trainer refuses the model before anything else.
    default @Nullable String untrainable() {
        return null;
    }

    /// The layer's type as Keras names it.
    default String typeName() {
        return getClass().getSimpleName();
    }
}
