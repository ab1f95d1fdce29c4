package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

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

/// Highway layer (Srivastava et al. 2015), of Keras 1: with `a = activation(x · kernel + bias)` and the gate
/// `t = sigmoid(x · kernel_carry + bias_carry)`, `y = a · t + x · (1 - t)`, all `[batch, in]`.
public record Highway(Activation activation, boolean useBias, Initializer kernelInitializer) implements Layer {
    /// Places in [#saved]; a is z where there is no activation.
    private static final int Z = 0;

    private static final int A = 1;
    private static final int T = 2;

    /// With bias and Glorot's uniform distribution for the kernels.
    public Highway(Activation activation) {
        this(activation, true, new Initializers.GlorotUniform());
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(input(inputs));
    }

    private Shape input(List<Shape> inputs) {
        final Shape x = Shapes.single("Highway", inputs);
        if (x.rank() != 2 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    "Highway: input must have two dimensions and a known last one, got " + x);
        }
        Activated.requireSameWidth("Highway", activation, x.last());
        return x;
    }

    /// As in Keras 1 the bias of the gate begins with ones.
    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final int in = input(inputs).last();
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", Shape.of(in, in), kernelInitializer));
        specs.add(new ParameterSpec("kernel_carry", Shape.of(in, in), kernelInitializer));
        if (useBias) {
            specs.add(new ParameterSpec("bias", Shape.of(in), new Initializers.Zeros()));
            specs.add(new ParameterSpec("bias_carry", Shape.of(in), new Initializers.Ones()));
        }
        return specs;
    }

    /// What the activation gets, what it gives, and the gate.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        return List.of(input(inputs), input(inputs), input(inputs));
    }

    /// The gradients by what activation and gate get.
    @Override
    public long backwardScratch(List<Shape> inputs) {
        return 2 * input(inputs).size();
    }

    private boolean isLinear() {
        return activation.equals(Activations.LINEAR);
    }

    @Override
    public void forward(LayerBuffers b) {
        final int in = b.x(0).shape().last();
        final int rows = b.batch();
        final MemorySegment x = b.x(0).segment();
        final MemorySegment z = b.saved(Z).segment();
        final MemorySegment t = b.saved(T).segment();
        Product.forward(b, rows, in, in, x, b.parameter(0).segment(), bias(b, 2), z);
        if (!isLinear()) {
            b.compute().forward(activation, z, b.saved(A).segment(), rows, in);
        }
        Product.forward(b, rows, in, in, x, b.parameter(1).segment(), bias(b, 3), t);
        b.compute().forward(Activations.SIGMOID, t, t, rows, in);
        b.compute()
                .run(b.task("forward", this, Highway::forwardTask), rows * in, Elementwise.QUANTUM, (long) rows * in);
    }

    private @Nullable MemorySegment bias(LayerBuffers b, int i) {
        return useBias ? b.parameter(i).segment() : null;
    }

    private MemorySegment a(LayerBuffers b) {
        return b.saved(isLinear() ? Z : A).segment();
    }

    private static RangeTask forwardTask(Highway layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment a = layer.a(b);
        final MemorySegment t = b.saved(T).segment();
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final float gate = t.getAtIndex(JAVA_FLOAT, i);
                final float carried = x.getAtIndex(JAVA_FLOAT, i) * (1 - gate);
                y.setAtIndex(JAVA_FLOAT, i, a.getAtIndex(JAVA_FLOAT, i) * gate + carried);
            }
        };
    }

    /// `da = dy · t`, `dg = dy · (a - x) · t · (1 - t)` and `dx = dy · (1 - t)`.
    private static RangeTask backwardTask(Highway layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment a = layer.a(b);
        final MemorySegment t = b.saved(T).segment();
        final MemorySegment work = b.scratch();
        final int n = b.x(0).size();
        final Tensor dxTensor = b.dx(0);
        final MemorySegment dx = dxTensor == null ? null : dxTensor.segment();
        final boolean accumulate = b.accumulateDx(0);
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final float gate = t.getAtIndex(JAVA_FLOAT, i);
                final float d = dy.getAtIndex(JAVA_FLOAT, i);
                final float difference = a.getAtIndex(JAVA_FLOAT, i) - x.getAtIndex(JAVA_FLOAT, i);
                work.setAtIndex(JAVA_FLOAT, i, d * gate);
                work.setAtIndex(JAVA_FLOAT, (long) n + i, d * difference * (gate * (1 - gate)));
                if (dx != null) {
                    final float carried = d * (1 - gate);
                    dx.setAtIndex(JAVA_FLOAT, i, accumulate ? dx.getAtIndex(JAVA_FLOAT, i) + carried : carried);
                }
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final int in = b.x(0).shape().last();
        final int rows = b.batch();
        final int n = rows * in;
        b.compute().run(b.task("backward", this, Highway::backwardTask), n, Elementwise.QUANTUM, 2L * n);
        final Work work = b.kept(Work.class, "work", this, Work::of);
        if (!isLinear()) {
            final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
            b.compute()
                    .backward(
                            activation,
                            fromInput ? b.saved(Z).segment() : null,
                            fromInput ? null : b.saved(A).segment(),
                            work.dz(),
                            work.dz(),
                            rows,
                            in,
                            false);
        }
        gradients(b, rows, in, work.dz(), 0);
        gradients(b, rows, in, work.dGate(), 1);
    }

    /// The two halves of the scratch.
    private record Work(MemorySegment dz, MemorySegment dGate) {
        static Work of(Highway layer, LayerBuffers b) {
            final long bytes = (long) b.x(0).size() * Float.BYTES;
            return new Work(b.scratch().asSlice(0, bytes), b.scratch().asSlice(bytes, bytes));
        }
    }

    /// @param which 0 for the activation's kernel and bias, 1 for the gate's
    private void gradients(LayerBuffers b, int rows, int in, MemorySegment dz, int which) {
        final Tensor dKernel = b.gradient(which);
        if (dKernel != null) {
            Product.kernelGradient(
                    b, rows, in, in, b.x(0).segment(), dz, dKernel.segment(), b.accumulateGradient(which));
        }
        final Tensor dBias = useBias ? b.gradient(2 + which) : null;
        if (dBias != null) {
            b.compute()
                    .kernels()
                    .reduction()
                    .columnSums(dz, 0, rows, in, in, dBias.segment(), 0, b.accumulateGradient(2 + which));
        }
        final Tensor dx = b.dx(0);
        if (dx != null) {
            Product.inputGradient(b, rows, in, in, dz, b.parameter(which).segment(), dx.segment(), true);
        }
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
