package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Dense layer: `y[…, units] = activation(x[…, in] · kernel[in, units] + bias[units])`.
public record Dense(
        int units, Activation activation, boolean useBias, Initializer kernelInitializer, Initializer biasInitializer)
        implements Layer {
    /// Columns that a split of the bias gradient is a multiple of.
    private static final int QUANTUM = 64;

    public Dense {
        if (units <= 0) {
            throw new IllegalArgumentException("Dense: units must be positive, got " + units);
        }
        if (activation.outputCols(units) != units) {
            throw new IllegalArgumentException("Dense: the activation " + activation.name() + " makes "
                    + activation.outputCols(units) + " columns of " + units
                    + ", which only a layer Activation of its own can do");
        }
    }

    /// With bias, Glorot's uniform distribution for the kernel and zeros for the bias.
    public Dense(int units, Activation activation) {
        this(units, activation, true, new Initializers.GlorotUniform(), new Initializers.Zeros());
    }

    /// Without activation.
    public Dense(int units) {
        this(units, Activations.LINEAR);
    }

    @Override
    public boolean passesMask() {
        return true;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(input(inputs).withoutLast().append(units));
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", Shape.of(input(inputs).last(), units), kernelInitializer));
        if (useBias) {
            specs.add(new ParameterSpec("bias", Shape.of(units), biasInitializer));
        }
        return specs;
    }

    private static Shape input(List<Shape> inputs) {
        final Shape x = Shapes.single("Dense", inputs);
        if (x.rank() < 2 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    "Dense: input must have two dimensions or more and a known last one, got " + x);
        }
        return x;
    }

    /// The pre-activation, for an activation whose gradient needs it, or that cannot write over it.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        return keepsZ() ? outputShapes(inputs) : List.of();
    }

    private boolean keepsZ() {
        return activation.gradientFrom() == GradientFrom.INPUT || !activation.worksInPlace();
    }

    @Override
    public void forward(LayerBuffers b) {
        final Tensor x = b.x(0);
        final Tensor y = b.y(0);
        final int in = x.shape().last();
        final int rows = b.y(0).size() / units;
        final MemorySegment z = keepsZ() ? b.saved(0).segment() : y.segment();
        final boolean relu = activation.equals(Activations.RELU);
        b.compute()
                .gemm(
                        false,
                        false,
                        rows,
                        units,
                        in,
                        x.segment(),
                        in,
                        b.parameter(0).segment(),
                        units,
                        0,
                        z,
                        units,
                        useBias ? b.parameter(1).segment() : null,
                        relu ? 0 : Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
        if (!relu && !activation.equals(Activations.LINEAR)) {
            b.compute().forward(activation, z, y.segment(), rows, units);
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor x = b.x(0);
        final int in = x.shape().last();
        final int rows = b.y(0).size() / units;
        // The gradient by the output is not needed again: it becomes that by the pre-activation in place.
        final MemorySegment dz = b.dy(0).segment();
        if (!activation.equals(Activations.LINEAR)) {
            final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
            b.compute()
                    .backward(
                            activation,
                            fromInput ? b.saved(0).segment() : null,
                            fromInput ? null : b.y(0).segment(),
                            dz,
                            dz,
                            rows,
                            units,
                            false);
        }
        final Tensor dKernel = b.gradient(0);
        if (dKernel != null) {
            product(b, true, false, in, units, rows, x.segment(), in, dz, units, b.accumulateGradient(0), dKernel);
        }
        if (useBias && b.gradient(1) != null) {
            b.compute().run(b.task("dBias", this, Dense::biasGradient), units, QUANTUM, (long) rows * units / 8);
        }
        final Tensor dx = b.dx(0);
        if (dx != null) {
            product(b, false, true, rows, in, units, dz, units, b.parameter(0).segment(), units, b.accumulateDx(0), dx);
        }
    }

    private static void product(
            LayerBuffers b,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment left,
            int lda,
            MemorySegment right,
            int ldb,
            boolean accumulate,
            Tensor result) {
        b.compute()
                .gemm(
                        transA,
                        transB,
                        m,
                        n,
                        k,
                        left,
                        lda,
                        right,
                        ldb,
                        accumulate ? 1 : 0,
                        result.segment(),
                        n,
                        null,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }

    private static RangeTask biasGradient(Dense layer, LayerBuffers b) {
        return (from, to) -> {
            final Tensor dz = b.dy(0);
            final @Nullable Tensor dBias = b.gradient(1);
            if (dBias != null) {
                b.compute()
                        .kernels()
                        .reduction()
                        .columnSums(
                                dz.segment(),
                                from,
                                dz.size() / layer.units,
                                to - from,
                                layer.units,
                                dBias.segment(),
                                from,
                                b.accumulateGradient(1));
            }
        };
    }

    @Override
    public boolean backwardReadsOutput() {
        return activation.gradientFrom() == GradientFrom.OUTPUT;
    }

    @Override
    public Activation lastActivation() {
        return activation;
    }

    @Override
    public Dense withoutActivation() {
        return new Dense(units, Activations.LINEAR, useBias, kernelInitializer, biasInitializer);
    }
}
