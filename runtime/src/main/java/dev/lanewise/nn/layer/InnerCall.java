package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Threefry;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A call of a layer within a layer: it works with parts of the outer call's buffers.
final class InnerCall {
    private final Layer layer;
    private final LayerBuffers outer;
    private final LayerBuffers b;

    /// Collects an inner call's buffers; what is a list of the outer call's begins at an index there.
    static final class Builder {
        private final Layer layer;
        private final LayerBuffers outer;
        private final int number;
        private final LayerBuffers.Builder builder;
        private final List<Shape> inputs;

        /// @param number of the inner layer, from 0; its random numbers are its own
        Builder(Layer layer, LayerBuffers outer, int number, List<Tensor> x, List<Tensor> y) {
            this.layer = layer;
            this.outer = outer;
            this.number = number;
            inputs = x.stream().map(Tensor::shape).toList();
            builder = LayerBuffers.builder(outer.name(), outer.compute(), outer.gemmScratch())
                    .values(x, y);
        }

        /// The gradients of backward.
        Builder gradients(List<@Nullable Tensor> dy, List<@Nullable Tensor> dx, boolean... accumulate) {
            builder.gradients(dy, dx, accumulate);
            return this;
        }

        Builder mask(@Nullable Tensor mask, int outputs) {
            final List<@Nullable Tensor> masks = new ArrayList<>();
            masks.add(mask);
            for (int i = 1; i < inputs.size(); i++) {
                masks.add(null);
            }
            final List<@Nullable Tensor> none = new ArrayList<>();
            for (int i = 0; i < outputs; i++) {
                none.add(null);
            }
            builder.masks(masks, none);
            return this;
        }

        InnerCall build(int firstParameter, int firstSaved, int firstState, @Nullable MemorySegment scratch) {
            final int parameters = layer.parameters(inputs).size();
            final List<Tensor> weights = new ArrayList<>();
            final List<@Nullable Tensor> gradients = new ArrayList<>();
            final boolean[] accumulate = new boolean[parameters];
            for (int i = 0; i < parameters; i++) {
                weights.add(outer.parameter(firstParameter + i));
                gradients.add(outer.gradient(firstParameter + i));
                accumulate[i] = outer.accumulateGradient(firstParameter + i);
            }
            final List<Tensor> saved = new ArrayList<>();
            for (int i = 0; i < layer.saved(inputs).size(); i++) {
                saved.add(outer.saved(firstSaved + i));
            }
            final List<Tensor> state = new ArrayList<>();
            for (int i = 0; i < layer.state(inputs).size(); i++) {
                state.add(outer.state(firstState + i));
            }
            final LayerBuffers.RandomKey key = outer.key();
            return new InnerCall(
                    layer,
                    outer,
                    builder.parameters(weights, gradients, accumulate)
                            .saved(saved)
                            .state(state)
                            .scratch(scratch)
                            .key(new LayerBuffers.RandomKey(
                                    Threefry.block(key.seed(), number + 1), key.layer(), key.call()))
                            .mode(outer.training(), outer.trainable(), outer.step())
                            .build());
        }
    }

    private InnerCall(Layer layer, LayerBuffers outer, LayerBuffers b) {
        this.layer = layer;
        this.outer = outer;
        this.b = b;
    }

    void forward() {
        b.follow(outer);
        layer.forward(b);
        outer.addLoss(b.auxiliaryLoss());
    }

    void backward() {
        layer.backward(b);
    }

    void updateState() {
        layer.updateState(b);
    }

    /// Memory for a layer within a layer, from a part of the outer one's scratch on.
    static @Nullable MemorySegment part(LayerBuffers b, long at, long floats) {
        return floats == 0 ? null : b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
    }
}
