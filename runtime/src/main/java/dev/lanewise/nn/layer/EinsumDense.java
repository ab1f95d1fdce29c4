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
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A dense layer over several axes, by an equation `input,kernel->output` as `abc,cde->abde`:
/// `y = activation(einsum(equation, x, kernel) + bias)`. Equal letters are one axis; those that the output has
/// not are summed; `...` in front of input and output, or behind them, stands for axes that both have. The
/// input's first axis, the batch, is the output's first.
///
/// @param outputShape the output's, without the batch and what dots stand for; unknown where the input says it
/// @param biasAxes the output's axes that the bias differs by; null for no bias. Its shape is that of the
///     output from the first of them on, 1 for others
public record EinsumDense(
        String equation,
        Shape outputShape,
        Activation activation,
        @Nullable String biasAxes,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements Layer {
    public EinsumDense {
        final EinsumEquation of = EinsumEquation.of(equation);
        if (biasAxes != null) {
            of.firstOf(biasAxes);
        }
        if (activation.outputCols(1 << 10) != 1 << 10) {
            throw new IllegalArgumentException(
                    "EinsumDense: the activation " + activation.name() + " needs an Activation layer of its own");
        }
    }

    EinsumAxes axes(Shape x) {
        return EinsumAxes.of(EinsumEquation.of(equation), outputShape, x);
    }

    private EinsumAxes axes(List<Shape> inputs) {
        return axes(Shapes.single("EinsumDense", inputs));
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(axes(inputs).y());
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final EinsumAxes axes = axes(inputs);
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", axes.kernel(), kernelInitializer));
        if (biasAxes != null) {
            specs.add(new ParameterSpec("bias", axes.bias(biasAxes), biasInitializer));
        }
        return specs;
    }

    /// Whether it is a dense layer over rows as they lie.
    private boolean isDense(EinsumAxes axes) {
        return axes.isOfRows(biasAxes) && (!activation.rowwise() || axes.fresh().length() == 1);
    }

    private Dense dense(EinsumAxes axes) {
        return new Dense(axes.size(axes.fresh()), activation, biasAxes != null, kernelInitializer, biasInitializer);
    }

    private static Shape rows(EinsumAxes axes) {
        return Shape.of(axes.size(axes.stays()), axes.size(axes.summed()));
    }

    /// Whether the value before the activation is kept beside the output.
    boolean keepsZ() {
        return activation.gradientFrom() == GradientFrom.INPUT || !activation.worksInPlace();
    }

    @Override
    public List<Shape> saved(List<Shape> inputs) {
        final EinsumAxes axes = axes(inputs);
        return isDense(axes) ? dense(axes).saved(List.of(rows(axes))) : EinsumCall.saved(this, axes);
    }

    @Override
    public long scratch(List<Shape> inputs) {
        final EinsumAxes axes = axes(inputs);
        return isDense(axes) ? 0 : EinsumCall.scratch(this, axes);
    }

    @Override
    public long backwardScratch(List<Shape> inputs) {
        final EinsumAxes axes = axes(inputs);
        return isDense(axes) ? 0 : EinsumCall.backwardScratch(this, axes);
    }

    private static InnerCall inner(EinsumDense of, LayerBuffers b) {
        final EinsumAxes axes = of.axes(b.x(0).shape());
        final Shape x = rows(axes);
        final Shape y = Shape.of(x.dim(0), axes.size(axes.fresh()));
        final Tensor dx = b.dx(0);
        return new InnerCall.Builder(of.dense(axes), b, 0, List.of(b.x(0).reshape(x)), List.of(b.y(0).reshape(y)))
                .gradients(
                        Arrays.asList(b.hasDy(0) ? b.dy(0).reshape(y) : null),
                        Arrays.asList(dx == null ? null : dx.reshape(x)),
                        b.accumulateDx(0))
                .build(0, 0, 0, null);
    }

    /// A call: one of the two is there.
    private record Work(@Nullable InnerCall dense, @Nullable EinsumCall other) {}

    private static Work work(EinsumDense of, LayerBuffers b) {
        return of.isDense(of.axes(b.x(0).shape()))
                ? new Work(inner(of, b), null)
                : new Work(null, new EinsumCall(of, b));
    }

    @Override
    public void forward(LayerBuffers b) {
        final Work work = b.kept(Work.class, "call", this, EinsumDense::work);
        if (work.dense() != null) {
            work.dense().forward();
        } else if (work.other() != null) {
            work.other().forward();
        }
    }

    @Override
    public void backward(LayerBuffers b) {
        final Work work = b.kept(Work.class, "call", this, EinsumDense::work);
        if (work.dense() != null) {
            work.dense().backward();
        } else if (work.other() != null) {
            work.other().backward();
        }
    }
}
