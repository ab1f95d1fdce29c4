package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Sum of two or more inputs of equal shape, from the first to the last.
public record Add() implements Layer {
    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() < 2) {
            throw new IllegalArgumentException("Add: takes two inputs or more, got " + inputs.size());
        }
        for (Shape x : inputs) {
            if (!x.equals(inputs.getFirst())) {
                throw new IllegalArgumentException("Add: inputs must have equal shapes, got " + inputs);
            }
        }
        return List.of(inputs.getFirst());
    }

    @Override
    public void forward(LayerBuffers b) {
        final int n = b.y(0).size();
        b.compute().run(b.task("forward", this, Add::forwardTask), n, Elementwise.QUANTUM, Elementwise.nanos(n));
    }

    private static RangeTask forwardTask(Add layer, LayerBuffers b) {
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            kernel.add(b.x(0).segment(), from, b.x(1).segment(), from, y, from, to - from);
            for (int i = 2; i < b.inputs(); i++) {
                kernel.accumulate(b.x(i).segment(), from, y, from, to - from);
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dy = b.dy(0);
        for (int i = 0; i < b.inputs(); i++) {
            final Tensor dx = b.dx(i);
            if (dx == null) {
                continue;
            }
            if (b.accumulateDx(i)) {
                b.compute().kernels().elementwise().accumulate(dy.segment(), 0, dx.segment(), 0, dx.size());
            } else {
                dx.copyFrom(dy);
            }
        }
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
