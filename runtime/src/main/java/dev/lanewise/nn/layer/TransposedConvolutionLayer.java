package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Window;
import dev.lanewise.kernels.Window.Axis;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What [Conv1DTranspose], [Conv2DTranspose] and [Conv3DTranspose] share: a convolution's gradient by its
/// input as
/// a layer. The window is that of the convolution from y to x.
interface TransposedConvolutionLayer extends Layer {
    int filters();

    List<Integer> kernelSize();

    List<Integer> strides();

    String padding();

    @Nullable
    List<Integer> outputPadding();

    List<Integer> dilationRate();

    Activation activation();

    boolean useBias();

    Initializer kernelInitializer();

    Initializer biasInitializer();

    /// Checks of the settings that are not lists.
    static void check(String type, int filters, Activation activation) {
        if (filters <= 0) {
            throw new IllegalArgumentException(type + ": filters must be positive, got " + filters);
        }
        Activated.requireSameWidth(type, activation, filters);
    }

    /// Output size and what is cut off before it along an axis, as Keras' JAX and TensorFlow back ends have
    /// them (`backend/common/backend_utils.py`): for `valid` `(size - 1) · stride + max(reach, stride)`,
    /// nothing cut; for `same` `size · stride`; with an output padding its number instead of what the
    /// maximum or the stride add.
    private int[] sizeAndCut(int axis, int size) {
        final int stride = strides().get(axis);
        final int reach = Spatial.reach(kernelSize().get(axis), dilationRate().get(axis));
        final List<Integer> extra = outputPadding();
        if (padding().equals("valid")) {
            final int more = extra == null ? Math.max(0, stride - reach) : extra.get(axis);
            return new int[] {Math.addExact(Math.multiplyExact(size - 1, stride), reach + more), 0};
        }
        final int padded = extra == null ? stride + reach - 2 : reach + reach % 2 - 2 + extra.get(axis);
        final int before = Math.min(Math.ceilDiv(padded, 2), reach - 1);
        final int out = extra == null
                ? Math.multiplyExact(size, stride)
                : Math.addExact(Math.multiplyExact(size - 1, stride), reach % 2 + extra.get(axis));
        return new int[] {out, reach - 1 - before};
    }

    private Window window(Shape x) {
        final int rank = kernelSize().size();
        final Axis[] axes = {Axis.ONE, Axis.ONE, Axis.ONE};
        for (int i = 0; i < rank; i++) {
            final int[] sizeAndCut = sizeAndCut(i, x.dim(i + 1));
            axes[3 - rank + i] = new Axis(
                    sizeAndCut[0],
                    x.dim(i + 1),
                    kernelSize().get(i),
                    -sizeAndCut[1],
                    strides().get(i),
                    dilationRate().get(i));
        }
        return new Window(axes[0], axes[1], axes[2], filters());
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        Shape y = x.with(-1, filters());
        for (int i = 0; i < kernelSize().size(); i++) {
            if (x.dim(i + 1) == Shape.UNKNOWN) {
                continue;
            }
            final int size = sizeAndCut(i, x.dim(i + 1))[0];
            if (size < 1) {
                throw new IllegalArgumentException(typeName() + ": kernel_size " + kernelSize() + ", strides "
                        + strides() + " and output_padding " + outputPadding() + " leave nothing of an input " + x);
            }
            y = y.with(i + 1, size);
        }
        return List.of(y);
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        final Shape kernel = Shape.of(
                        kernelSize().stream().mapToInt(Integer::intValue).toArray())
                .append(filters())
                .append(x.last());
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", kernel, kernelInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("bias", Shape.of(filters()), biasInitializer()));
        }
        return specs;
    }

    /// The pre-activation, for an activation whose gradient needs it, or that cannot write over it.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        return Activated.keepsZ(activation()) ? outputShapes(inputs) : List.of();
    }

    /// The kernel, transposed.
    @Override
    default long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        return TransposedCorrelation.work(window(x), 1, x.last());
    }

    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Window window = window(x);
        return Math.max(
                KernelGradient.work(window, x.dim(0), 1, x.last()),
                useBias() ? ColumnSums.work(window.pixels() * x.dim(0), filters()) : 0);
    }

    @Override
    default void forward(LayerBuffers b) {
        b.kept(TransposedCorrelation.class, "forward", this, TransposedConvolutionLayer::transposed)
                .run(b.gemmScratch());
        Activated.forward(activation(), b);
    }

    private static TransposedCorrelation transposed(TransposedConvolutionLayer layer, LayerBuffers b) {
        final Window window = layer.window(b.x(0).shape());
        final int channels = b.x(0).shape().last();
        return new TransposedCorrelation(
                b.compute(),
                window,
                b.batch(),
                1,
                channels,
                b.x(0).segment(),
                b.parameter(0).segment(),
                layer.useBias() ? b.parameter(1).segment() : null,
                Activated.z(layer.activation(), b),
                false,
                Activated.isRelu(layer.activation()),
                TransposedCorrelation.work(window, 1, channels) > 0 ? b.scratch() : null,
                0);
    }

    @Override
    default void backward(LayerBuffers b) {
        Activated.backward(activation(), b);
        if (b.gradient(0) != null) {
            b.kept(KernelGradient.class, "dKernel", this, TransposedConvolutionLayer::kernelGradient)
                    .run(b.gemmScratch());
        }
        final Tensor dBias = useBias() ? b.gradient(1) : null;
        if (dBias != null) {
            b.kept(ColumnSums.class, "dBias", this, TransposedConvolutionLayer::biasGradient)
                    .run(dBias.segment(), 0, b.accumulateGradient(1));
        }
        if (b.dx(0) != null) {
            b.kept(Correlation.class, "dx", this, TransposedConvolutionLayer::inputGradient)
                    .run(b.gemmScratch());
        }
    }

    private static KernelGradient kernelGradient(TransposedConvolutionLayer layer, LayerBuffers b) {
        final Window window = layer.window(b.x(0).shape());
        final int channels = b.x(0).shape().last();
        return new KernelGradient(
                b.compute(),
                window,
                b.batch(),
                1,
                channels,
                b.dy(0).segment(),
                b.x(0).segment(),
                Activated.required(b.gradient(0), b),
                b.accumulateGradient(0),
                KernelGradient.work(window, b.batch(), 1, channels) > 0 ? b.scratch() : null,
                0);
    }

    private static ColumnSums biasGradient(TransposedConvolutionLayer layer, LayerBuffers b) {
        final Tensor dy = b.dy(0);
        return ColumnSums.of(b.compute(), dy.segment(), 0, Spatial.rows(dy.shape()), layer.filters(), b.scratch(), 0);
    }

    private static Correlation inputGradient(TransposedConvolutionLayer layer, LayerBuffers b) {
        final MemorySegment dx = Activated.required(b.dx(0), b);
        return new Correlation(
                b.compute(),
                layer.window(b.x(0).shape()),
                b.batch(),
                1,
                b.x(0).shape().last(),
                b.dy(0).segment(),
                b.parameter(0).segment(),
                0,
                null,
                dx,
                null,
                b.accumulateDx(0),
                false);
    }

    @Override
    default boolean backwardReadsOutput() {
        return activation().gradientFrom() == GradientFrom.OUTPUT;
    }

    @Override
    default Activation lastActivation() {
        return activation();
    }
}
