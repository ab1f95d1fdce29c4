package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rectified linear unit with trained slopes: `y = x` for `x > 0`, else `alpha · x`, where each position in a
/// sample has its own `alpha`, or shares it along some axes.
///
/// Gradients: `dx = dy` for `x > 0`, else `alpha · dy`; `dAlpha` is the sum of `min(x, 0) · dy`, in order.
///
/// @param sharedAxes axes along which `alpha` is one, counted from 1 (0 is the batch): `[1, 2]` for one alpha a
///     channel of images; null for none
public record PReLU(Initializer alphaInitializer, @Nullable List<Integer> sharedAxes) implements Layer {
    public PReLU {
        sharedAxes = sharedAxes == null ? null : List.copyOf(sharedAxes);
        for (int axis : sharedAxes == null ? List.<Integer>of() : sharedAxes) {
            if (axis < 1) {
                throw new IllegalArgumentException("PReLU: shared_axes must be 1 or more, got " + sharedAxes);
            }
        }
    }

    /// Keras' defaults: zeros, no axis shared.
    public PReLU() {
        this(new Initializers.Zeros(), null);
    }

    private boolean isShared(int axis) {
        return sharedAxes != null && sharedAxes.contains(axis);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("PReLU", inputs);
        alphaShape(x);
        return List.of(x);
    }

    private Shape alphaShape(Shape x) {
        if (x.rank() < 2) {
            throw new IllegalArgumentException("PReLU: needs samples of one dimension or more, got input " + x);
        }
        Shape alpha = x.withoutFirst();
        for (int axis = 1; axis < x.rank(); axis++) {
            if (isShared(axis)) {
                alpha = alpha.with(axis - 1, 1);
            } else if (x.dim(axis) == Shape.UNKNOWN) {
                throw new IllegalArgumentException(
                        "PReLU: dimension " + axis + " of the input must be known or shared, got " + x);
            }
        }
        for (int axis : sharedAxes == null ? List.<Integer>of() : sharedAxes) {
            if (axis >= x.rank()) {
                throw new IllegalArgumentException("PReLU: shared_axes are " + sharedAxes + ", but the input is " + x);
            }
        }
        return alpha;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape alpha = alphaShape(Shapes.single("PReLU", inputs));
        return List.of(new ParameterSpec("alpha", alpha, alphaInitializer));
    }

    /// Where the alpha of each element is: the last axes that are all shared or all not make rows of
    /// `length`; the
    /// alphas of a row start at [#of] its number and are one or `length`.
    private static final class Rows {
        private final int length;
        private final boolean shared;
        private final int[] dims;
        private final int[] strides;

        Rows(PReLU layer, Shape x) {
            int axis = x.rank() - 1;
            shared = layer.isShared(axis);
            int inner = 1;
            for (; axis > 0 && layer.isShared(axis) == shared; axis--) {
                inner *= x.dim(axis);
            }
            length = inner;
            dims = new int[axis];
            strides = new int[axis];
            int stride = shared ? 1 : inner;
            for (; axis > 0; axis--) {
                final boolean one = layer.isShared(axis);
                dims[axis - 1] = x.dim(axis);
                strides[axis - 1] = one ? 0 : stride;
                stride *= one ? 1 : x.dim(axis);
            }
        }

        int of(int row) {
            int rest = row;
            int at = 0;
            for (int i = dims.length - 1; i >= 0; i--) {
                at += rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            return at;
        }
    }

    @Override
    public void forward(LayerBuffers b) {
        Elementwise.run(b, b.task("forward", this, PReLU::forwardTask));
    }

    private static RangeTask forwardTask(PReLU layer, LayerBuffers b) {
        final Rows rows = new Rows(layer, b.x(0).shape());
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment alpha = b.parameter(0).segment();
        return (from, to) -> {
            for (int i = from; i < to; ) {
                final int row = i / rows.length;
                final int end = (int) Math.min(to, (row + 1L) * rows.length);
                int at = rows.of(row) + (rows.shared ? 0 : i - row * rows.length);
                for (; i < end; i++) {
                    final float v = x.getAtIndex(JAVA_FLOAT, i);
                    y.setAtIndex(JAVA_FLOAT, i, v > 0 ? v : alpha.getAtIndex(JAVA_FLOAT, at) * v);
                    at += rows.shared ? 0 : 1;
                }
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dAlpha = b.gradient(0);
        if (dAlpha != null) {
            if (!b.accumulateGradient(0)) {
                b.compute().kernels().elementwise().fill(dAlpha.segment(), 0, dAlpha.size(), 0);
            }
            // An alpha's sum is not cut over threads.
            b.task("alpha", this, PReLU::alphaTask).run(0, b.x(0).size());
        }
        if (b.dx(0) != null) {
            Elementwise.run(b, b.task("backward", this, PReLU::backwardTask));
        }
    }

    private static RangeTask alphaTask(PReLU layer, LayerBuffers b) {
        final Rows rows = new Rows(layer, b.x(0).shape());
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dAlpha = required(b.gradient(0), b).segment();
        return (from, to) -> {
            for (int row = 0; row * (long) rows.length < to; row++) {
                int at = rows.of(row);
                final int end = (row + 1) * rows.length;
                for (int i = row * rows.length; i < end; i++) {
                    final float v = x.getAtIndex(JAVA_FLOAT, i);
                    final float term = v > 0 ? 0 : v * dy.getAtIndex(JAVA_FLOAT, i);
                    dAlpha.setAtIndex(JAVA_FLOAT, at, dAlpha.getAtIndex(JAVA_FLOAT, at) + term);
                    at += rows.shared ? 0 : 1;
                }
            }
        };
    }

    private static RangeTask backwardTask(PReLU layer, LayerBuffers b) {
        final Rows rows = new Rows(layer, b.x(0).shape());
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = required(b.dx(0), b).segment();
        final MemorySegment alpha = b.parameter(0).segment();
        final boolean accumulate = b.accumulateDx(0);
        return (from, to) -> {
            for (int i = from; i < to; ) {
                final int row = i / rows.length;
                final int end = (int) Math.min(to, (row + 1L) * rows.length);
                int at = rows.of(row) + (rows.shared ? 0 : i - row * rows.length);
                for (; i < end; i++) {
                    final float d = dy.getAtIndex(JAVA_FLOAT, i);
                    final float g = x.getAtIndex(JAVA_FLOAT, i) > 0 ? d : alpha.getAtIndex(JAVA_FLOAT, at) * d;
                    dx.setAtIndex(JAVA_FLOAT, i, accumulate ? dx.getAtIndex(JAVA_FLOAT, i) + g : g);
                    at += rows.shared ? 0 : 1;
                }
            }
        };
    }

    private static Tensor required(@Nullable Tensor gradient, LayerBuffers b) {
        if (gradient == null) {
            throw new IllegalStateException("PReLU '" + b.name() + "': no gradient is asked for");
        }
        return gradient;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }
}
