package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Window;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// What [Conv1D], [Conv2D] and [Conv3D] share.
interface ConvolutionLayer extends Layer {
    int filters();

    List<Integer> kernelSize();

    List<Integer> strides();

    String padding();

    List<Integer> dilationRate();

    int groups();

    Activation activation();

    boolean useBias();

    Initializer kernelInitializer();

    Initializer biasInitializer();

    /// Checks of the settings that are not lists.
    static void check(String type, int filters, int groups, Activation activation) {
        if (filters <= 0 || groups <= 0 || filters % groups != 0) {
            throw new IllegalArgumentException(type + ": filters and groups must be positive, and filters a multiple"
                    + " of groups, got filters " + filters + " and groups " + groups);
        }
        Activated.requireSameWidth(type, activation, filters);
    }

    private Shape input(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        if (x.last() % groups() != 0) {
            throw new IllegalArgumentException(
                    typeName() + ": " + groups() + " groups do not divide the " + x.last() + " channels of " + x);
        }
        return x;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = input(inputs);
        return List.of(Spatial.output(typeName(), x, kernelSize(), strides(), dilationRate(), padding(), filters()));
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape x = input(inputs);
        final Shape kernel = Shape.of(
                        kernelSize().stream().mapToInt(Integer::intValue).toArray())
                .append(x.last() / groups())
                .append(filters());
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

    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Window window = window(x);
        final long rows = window.positions() * x.dim(0);
        return Math.max(
                Math.max(
                        KernelGradient.work(window, x.dim(0), groups(), filters()),
                        TransposedCorrelation.work(window, groups(), filters())),
                useBias() ? ColumnSums.work(rows, filters()) : 0);
    }

    private Window window(Shape x) {
        return Spatial.window(typeName(), x, kernelSize(), strides(), dilationRate(), padding());
    }

    @Override
    default void forward(LayerBuffers b) {
        b.kept(Correlation.class, "forward", this, ConvolutionLayer::correlation)
                .run(b.gemmScratch());
        Activated.forward(activation(), b);
    }

    private static Correlation correlation(ConvolutionLayer layer, LayerBuffers b) {
        return new Correlation(
                b.compute(),
                layer.window(b.x(0).shape()),
                b.batch(),
                layer.groups(),
                layer.filters(),
                b.x(0).segment(),
                b.parameter(0).segment(),
                0,
                layer.useBias() ? b.parameter(1).segment() : null,
                Activated.z(layer.activation(), b),
                null,
                false,
                Activated.isRelu(layer.activation()));
    }

    @Override
    default void backward(LayerBuffers b) {
        Activated.backward(activation(), b);
        if (b.gradient(0) != null) {
            b.kept(KernelGradient.class, "dKernel", this, ConvolutionLayer::kernelGradient)
                    .run(b.gemmScratch());
        }
        final Tensor dBias = useBias() ? b.gradient(1) : null;
        if (dBias != null) {
            b.kept(ColumnSums.class, "dBias", this, ConvolutionLayer::biasGradient)
                    .run(dBias.segment(), 0, b.accumulateGradient(1));
        }
        if (b.dx(0) != null) {
            b.kept(TransposedCorrelation.class, "dx", this, ConvolutionLayer::inputGradient)
                    .run(b.gemmScratch());
        }
    }

    private static KernelGradient kernelGradient(ConvolutionLayer layer, LayerBuffers b) {
        final Window window = layer.window(b.x(0).shape());
        final boolean works = KernelGradient.work(window, b.batch(), layer.groups(), layer.filters()) > 0;
        return new KernelGradient(
                b.compute(),
                window,
                b.batch(),
                layer.groups(),
                layer.filters(),
                b.x(0).segment(),
                b.dy(0).segment(),
                Activated.required(b.gradient(0), b),
                b.accumulateGradient(0),
                works ? b.scratch() : null,
                0);
    }

    private static ColumnSums biasGradient(ConvolutionLayer layer, LayerBuffers b) {
        final Tensor dy = b.dy(0);
        return ColumnSums.of(b.compute(), dy.segment(), 0, Spatial.rows(dy.shape()), layer.filters(), b.scratch(), 0);
    }

    private static TransposedCorrelation inputGradient(ConvolutionLayer layer, LayerBuffers b) {
        final Window window = layer.window(b.x(0).shape());
        return new TransposedCorrelation(
                b.compute(),
                window,
                b.batch(),
                layer.groups(),
                layer.filters(),
                b.dy(0).segment(),
                b.parameter(0).segment(),
                null,
                Activated.required(b.dx(0), b),
                b.accumulateDx(0),
                false,
                TransposedCorrelation.work(window, layer.groups(), layer.filters()) > 0 ? b.scratch() : null,
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
