package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// What [LocallyConnected1D] and [LocallyConnected2D] share: convolutions whose kernel and bias differ from
/// position to position.
interface LocallyConnectedLayer extends Layer {
    int filters();

    List<Integer> kernelSize();

    List<Integer> strides();

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

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Spatial.input(typeName(), inputs, kernelSize().size());
        if (!x.withoutFirst().isConcrete()) {
            throw new IllegalArgumentException(
                    typeName() + ": has weights for each position, so its input must have known sizes, got " + x);
        }
        final List<Integer> dense = kernelSize().stream().map(size -> 1).toList();
        return List.of(Spatial.output(typeName(), x, kernelSize(), strides(), dense, "valid", filters()));
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape y = outputShapes(inputs).getFirst().withoutFirst();
        int patch = inputs.getFirst().last();
        for (int size : kernelSize()) {
            patch = Math.multiplyExact(patch, size);
        }
        final int positions = Math.toIntExact(y.size() / filters());
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", Shape.of(positions, patch, filters()), kernelInitializer()));
        if (useBias()) {
            specs.add(new ParameterSpec("bias", y, biasInitializer()));
        }
        return specs;
    }

    /// The pre-activation, for an activation whose gradient needs it, or that cannot write over it.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        return Activated.keepsZ(activation()) ? outputShapes(inputs) : List.of();
    }

    /// For the sums of the bias.
    @Override
    default long backwardScratch(List<Shape> inputs) {
        final Shape y = outputShapes(inputs).getFirst();
        return useBias()
                ? ColumnSums.work(y.dim(0), Math.toIntExact(y.withoutFirst().size()))
                : 0;
    }

    @Override
    default void forward(LayerBuffers b) {
        b.kept(LocalProducts.class, "forward", this, LocalProducts::forward).run(b);
        Activated.forward(activation(), b);
    }

    @Override
    default void backward(LayerBuffers b) {
        Activated.backward(activation(), b);
        if (b.gradient(0) != null) {
            b.kept(LocalProducts.class, "dKernel", this, LocalProducts::kernelGradient)
                    .run(b);
        }
        final Tensor dBias = useBias() ? b.gradient(1) : null;
        if (dBias != null) {
            b.kept(ColumnSums.class, "dBias", this, LocallyConnectedLayer::biasGradient)
                    .run(dBias.segment(), 0, b.accumulateGradient(1));
        }
        if (b.dx(0) != null) {
            b.kept(LocalProducts.class, "dx", this, LocalProducts::inputGradient)
                    .run(b);
        }
    }

    private static ColumnSums biasGradient(LocallyConnectedLayer layer, LayerBuffers b) {
        final Shape y = b.dy(0).shape();
        final int cols = Math.toIntExact(y.withoutFirst().size());
        return ColumnSums.of(b.compute(), b.dy(0).segment(), 0, b.batch(), cols, b.scratch(), 0);
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
