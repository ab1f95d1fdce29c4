package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;

/// Each sample in another shape of equal size.
///
/// @param targetShape without the batch; one dimension may be -1, found from the size
public record Reshape(Shape targetShape) implements Layer {
    public Reshape {
        int unknown = 0;
        for (int i = 0; i < targetShape.rank(); i++) {
            unknown += targetShape.dim(i) == Shape.UNKNOWN ? 1 : 0;
        }
        if (unknown > 1) {
            throw new IllegalArgumentException("Reshape: only one dimension may be -1, got " + targetShape);
        }
    }

    /// With dimensions of which one may be -1.
    public Reshape(int... targetShape) {
        this(Shape.of(targetShape));
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("Reshape", inputs);
        final int size = Shapes.product(x, 1);
        if (size == Shape.UNKNOWN) {
            return List.of(targetShape.prepend(x.dim(0)));
        }
        Shape target = targetShape;
        for (int i = 0; i < target.rank(); i++) {
            if (target.dim(i) == Shape.UNKNOWN) {
                final long rest = target.with(i, 1).size();
                target = target.with(i, rest == 0 ? 0 : (int) (size / rest));
            }
        }
        if (target.size() != size) {
            throw new IllegalArgumentException("Reshape: input has " + size + " elements a sample " + x.withoutFirst()
                    + ", target shape is " + targetShape);
        }
        return List.of(target.prepend(x.dim(0)));
    }

    @Override
    public void forward(LayerBuffers b) {
        b.y(0).copyFrom(b.x(0));
    }

    @Override
    public void backward(LayerBuffers b) {
        copyGradient(b);
    }

    static void copyGradient(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx == null) {
            return;
        }
        if (b.accumulateDx(0)) {
            b.compute().kernels().elementwise().accumulate(b.dy(0).segment(), 0, dx.segment(), 0, dx.size());
        } else {
            dx.copyFrom(b.dy(0));
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

    @Override
    public boolean isView() {
        return true;
    }
}
