package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Window;
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

/// What [DepthwiseConv1D] and [DepthwiseConv2D] share.
interface DepthwiseLayer extends Layer {
    List<Integer> kernelSize();

    List<Integer> strides();

    String padding();

    int depthMultiplier();

    List<Integer> dilationRate();

    Activation activation();

    boolean useBias();

    Initializer depthwiseInitializer();

    Initializer biasInitializer();

    /// Checks of the settings that are not lists.
    static void check(String type, int depthMultiplier) {
        if (depthMultiplier <= 0) {
            throw new IllegalArgumentException(type + ": depth_multiplier must be positive, got " + depthMultiplier);
        }
    }

    private int channels(Shape x) {
        return Math.multiplyExact(x.last(), depthMultiplier());
    }

    private Shape input(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        Activated.requireSameWidth(typeName(), activation(), channels(x));
        return x;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = input(inputs);
        return List.of(Spatial.output(typeName(), x, kernelSize(), strides(), dilationRate(), padding(), channels(x)));
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape x = input(inputs);
        final Shape kernel = Shape.of(
                        kernelSize().stream().mapToInt(Integer::intValue).toArray())
                .append(x.last())
                .append(depthMultiplier());
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", kernel, depthwiseInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("bias", Shape.of(channels(x)), biasInitializer()));
        }
        return specs;
    }

    /// The pre-activation, for an activation whose gradient needs it, or that cannot write over it.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        return Activated.keepsZ(activation()) ? outputShapes(inputs) : List.of();
    }

    @Override
    default long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        return Depthwise.work(window(x), x.dim(0), depthMultiplier(), false);
    }

    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Window window = window(x);
        return Math.max(
                Depthwise.work(window, x.dim(0), depthMultiplier(), true),
                ColumnSums.work(window.positions() * x.dim(0), channels(x)));
    }

    private Window window(Shape x) {
        return Spatial.window(typeName(), x, kernelSize(), strides(), dilationRate(), padding());
    }

    private static Depthwise depthwise(DepthwiseLayer layer, LayerBuffers b) {
        final Window window = layer.window(b.x(0).shape());
        final MemorySegment dy = b.hasDy(0) ? b.dy(0).segment() : null;
        final Tensor dx = b.dx(0);
        final Tensor dKernel = b.gradient(0);
        final Depthwise.@Nullable Targets targets = dy == null
                ? null
                : new Depthwise.Targets(
                        dy,
                        dx == null ? null : dx.segment(),
                        b.accumulateDx(0),
                        dKernel == null ? null : dKernel.segment(),
                        b.accumulateGradient(0));
        return new Depthwise(
                b.compute(),
                window,
                b.batch(),
                layer.depthMultiplier(),
                b.x(0).segment(),
                b.parameter(0).segment(),
                layer.useBias() ? b.parameter(1).segment() : null,
                Activated.z(layer.activation(), b),
                targets,
                targets != null || layer.depthMultiplier() > 1 ? b.scratch() : null,
                0);
    }

    @Override
    default void forward(LayerBuffers b) {
        b.kept(Depthwise.class, "depthwise", this, DepthwiseLayer::depthwise).forward();
        if (Activated.isRelu(activation())) {
            final Tensor y = b.y(0);
            b.compute()
                    .forward(
                            Activations.RELU,
                            y.segment(),
                            y.segment(),
                            Spatial.rows(y.shape()),
                            y.shape().last());
        }
        Activated.forward(activation(), b);
    }

    @Override
    default void backward(LayerBuffers b) {
        Activated.backward(activation(), b);
        final Tensor dBias = useBias() ? b.gradient(1) : null;
        if (dBias != null) {
            b.kept(ColumnSums.class, "dBias", this, DepthwiseLayer::biasGradient)
                    .run(dBias.segment(), 0, b.accumulateGradient(1));
        }
        b.kept(Depthwise.class, "depthwise", this, DepthwiseLayer::depthwise).backward();
    }

    private static ColumnSums biasGradient(DepthwiseLayer layer, LayerBuffers b) {
        final Tensor dy = b.dy(0);
        final int cols = dy.shape().last();
        return ColumnSums.of(b.compute(), dy.segment(), 0, Spatial.rows(dy.shape()), cols, b.scratch(), 0);
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
