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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What [SeparableConv1D] and [SeparableConv2D] share: a depthwise convolution, then one of 1 x 1.
interface SeparableLayer extends Layer {
    int filters();

    List<Integer> kernelSize();

    List<Integer> strides();

    String padding();

    List<Integer> dilationRate();

    int depthMultiplier();

    Activation activation();

    boolean useBias();

    Initializer depthwiseInitializer();

    Initializer pointwiseInitializer();

    Initializer biasInitializer();

    /// Checks of the settings that are not lists.
    static void check(String type, int filters, int depthMultiplier, Activation activation) {
        if (filters <= 0) {
            throw new IllegalArgumentException(type + ": filters must be positive, got " + filters);
        }
        DepthwiseLayer.check(type, depthMultiplier);
        Activated.requireSameWidth(type, activation, filters);
    }

    private int channels(Shape x) {
        return Math.multiplyExact(x.last(), depthMultiplier());
    }

    private Shape between(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        return Spatial.output(typeName(), x, kernelSize(), strides(), dilationRate(), padding(), channels(x));
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(between(inputs).with(-1, filters()));
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        final int[] size = kernelSize().stream().mapToInt(Integer::intValue).toArray();
        final int[] ones = kernelSize().stream().mapToInt(taps -> 1).toArray();
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec(
                "depthwise_kernel", Shape.of(size).append(x.last()).append(depthMultiplier()), depthwiseInitializer()));
        specs.add(new ParameterSpec(
                "pointwise_kernel", Shape.of(ones).append(channels(x)).append(filters()), pointwiseInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("bias", Shape.of(filters()), biasInitializer()));
        }
        return specs;
    }

    /// The pre-activation, where it is kept, and what is between the two convolutions.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape between = between(inputs);
        return Activated.keepsZ(activation()) ? List.of(between.with(-1, filters()), between) : List.of(between);
    }

    private Tensor between(LayerBuffers b) {
        return b.saved(Activated.keepsZ(activation()) ? 1 : 0);
    }

    @Override
    default long scratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        return Depthwise.work(window(x), x.dim(0), depthMultiplier(), false);
    }

    /// The gradient by what is between, and behind it what the parts need in turn.
    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Shape between = between(inputs);
        final int rows = Spatial.rows(between);
        return between.size()
                + Math.max(
                        Math.max(
                                KernelGradient.work(pixels(rows, between.last()), 1, 1, filters()),
                                ColumnSums.work(rows, filters())),
                        Depthwise.work(window(x), x.dim(0), depthMultiplier(), true));
    }

    private Window window(Shape x) {
        return Spatial.window(typeName(), x, kernelSize(), strides(), dilationRate(), padding());
    }

    /// All pixels as positions of one sequence, for the second convolution.
    private static Window pixels(int rows, int channels) {
        return new Window(Axis.ONE, Axis.ONE, new Axis(rows, rows, 1, 0, 1, 1), channels);
    }

    private static Depthwise depthwise(SeparableLayer layer, LayerBuffers b) {
        final boolean backward = b.hasDy(0);
        final Tensor between = layer.between(b);
        final Tensor dx = b.dx(0);
        final Tensor dKernel = b.gradient(0);
        final Depthwise.@Nullable Targets targets = backward
                ? new Depthwise.Targets(
                        b.scratch(),
                        dx == null ? null : dx.segment(),
                        b.accumulateDx(0),
                        dKernel == null ? null : dKernel.segment(),
                        b.accumulateGradient(0))
                : null;
        return new Depthwise(
                b.compute(),
                layer.window(b.x(0).shape()),
                b.batch(),
                layer.depthMultiplier(),
                b.x(0).segment(),
                b.parameter(0).segment(),
                null,
                between.segment(),
                targets,
                backward || layer.depthMultiplier() > 1 ? b.scratch() : null,
                backward ? between.size() : 0);
    }

    private static Correlation pointwise(SeparableLayer layer, LayerBuffers b) {
        final Tensor between = layer.between(b);
        return new Correlation(
                b.compute(),
                pixels(Spatial.rows(between.shape()), between.shape().last()),
                1,
                1,
                layer.filters(),
                between.segment(),
                b.parameter(1).segment(),
                0,
                layer.useBias() ? b.parameter(2).segment() : null,
                Activated.z(layer.activation(), b),
                null,
                false,
                Activated.isRelu(layer.activation()));
    }

    @Override
    default void forward(LayerBuffers b) {
        b.kept(Depthwise.class, "depthwise", this, SeparableLayer::depthwise).forward();
        b.kept(Correlation.class, "pointwise", this, SeparableLayer::pointwise).run(b.gemmScratch());
        Activated.forward(activation(), b);
    }

    @Override
    default void backward(LayerBuffers b) {
        Activated.backward(activation(), b);
        if (b.gradient(1) != null) {
            b.kept(KernelGradient.class, "dPointwise", this, SeparableLayer::pointwiseGradient)
                    .run(b.gemmScratch());
        }
        final Tensor dBias = useBias() ? b.gradient(2) : null;
        if (dBias != null) {
            b.kept(ColumnSums.class, "dBias", this, SeparableLayer::biasGradient)
                    .run(dBias.segment(), 0, b.accumulateGradient(2));
        }
        if (b.gradient(0) != null || b.dx(0) != null) {
            b.kept(TransposedCorrelation.class, "dBetween", this, SeparableLayer::betweenGradient)
                    .run(b.gemmScratch());
            b.kept(Depthwise.class, "depthwise", this, SeparableLayer::depthwise)
                    .backward();
        }
    }

    private static KernelGradient pointwiseGradient(SeparableLayer layer, LayerBuffers b) {
        final Tensor between = layer.between(b);
        return new KernelGradient(
                b.compute(),
                pixels(Spatial.rows(between.shape()), between.shape().last()),
                1,
                1,
                layer.filters(),
                between.segment(),
                b.dy(0).segment(),
                Activated.required(b.gradient(1), b),
                b.accumulateGradient(1),
                b.scratch(),
                between.size());
    }

    private static ColumnSums biasGradient(SeparableLayer layer, LayerBuffers b) {
        final Tensor dy = b.dy(0);
        return ColumnSums.of(
                b.compute(),
                dy.segment(),
                0,
                Spatial.rows(dy.shape()),
                layer.filters(),
                b.scratch(),
                layer.between(b).size());
    }

    private static TransposedCorrelation betweenGradient(SeparableLayer layer, LayerBuffers b) {
        final Tensor between = layer.between(b);
        return new TransposedCorrelation(
                b.compute(),
                pixels(Spatial.rows(between.shape()), between.shape().last()),
                1,
                1,
                layer.filters(),
                b.dy(0).segment(),
                b.parameter(1).segment(),
                null,
                b.scratch(),
                false,
                false,
                null,
                0);
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
