package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
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

/// A dense layer over several axes, by an equation as `abc,cde->abde`: the input's last axes are summed with
/// the kernel's first ones, and the kernel's other axes stand for them in the output. Equations of other
/// kinds are an error.
///
/// @param outputShape the output's, without the batch; unknown where the input says it
/// @param biasAxes the kernel's other axes, for a bias over all of them; null for none
public record EinsumDense(
        String equation,
        Shape outputShape,
        Activation activation,
        @Nullable String biasAxes,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements Layer {
    public EinsumDense {
        final String made = made(equation);
        if (biasAxes != null && !biasAxes.equals(made)) {
            throw new IllegalArgumentException("EinsumDense: bias_axes must be the axes '" + made
                    + "' that the kernel brings in, got '" + biasAxes + "'");
        }
        if (activation.outputCols(1 << 10) != 1 << 10 || (activation.rowwise() && made.length() > 1)) {
            throw new IllegalArgumentException(
                    "EinsumDense: the activation " + activation.name() + " needs an Activation layer of its own");
        }
    }

    /// The axes that the kernel brings in; checks that the equation is one of a dense layer.
    private static String made(String equation) {
        final String[] parts = equation.replace(" ", "").split(",|->", -1);
        if (parts.length == 3) {
            // The dots stand for axes of the input that stay, in front.
            final String input = parts[0].replace("...", ".");
            final String kernel = parts[1];
            final String output = parts[2].replace("...", ".");
            for (int summed = 1; summed < Math.min(input.length(), kernel.length() + 1); summed++) {
                final String stays = input.substring(0, input.length() - summed);
                final String fresh = kernel.substring(summed);
                if (kernel.startsWith(input.substring(stays.length())) && output.equals(stays + fresh)) {
                    return fresh;
                }
            }
        }
        throw new IllegalArgumentException("EinsumDense: the equation '" + equation
                + "' is not supported; supported are those that sum the input's last axes with the kernel's first ones,"
                + " as 'abc,cde->abde'");
    }

    private int summed() {
        final String kernel = equation.replace(" ", "").split(",|->", -1)[1];
        return kernel.length() - made(equation).length();
    }

    /// Axes of the input that stay.
    private int stays(Shape x) {
        final int stays = x.rank() - summed();
        if (stays < 1) {
            throw new IllegalArgumentException(
                    "EinsumDense: the equation '" + equation + "' needs an input of more axes, got " + x);
        }
        return stays;
    }

    private Shape fresh() {
        final int count = made(equation).length();
        final int[] dims = new int[count];
        for (int i = 0; i < count; i++) {
            dims[i] = outputShape.dim(outputShape.rank() - count + i);
            if (dims[i] == Shape.UNKNOWN) {
                throw new IllegalArgumentException(
                        "EinsumDense: output_shape " + outputShape + " leaves an axis open that the kernel brings in");
            }
        }
        return Shape.of(dims);
    }

    private static Shape input(List<Shape> inputs) {
        return Shapes.single("EinsumDense", inputs);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = input(inputs);
        Shape y = Shape.of();
        for (int i = 0; i < stays(x); i++) {
            y = y.append(x.dim(i));
        }
        for (int dim : fresh().toArray()) {
            y = y.append(dim);
        }
        return List.of(y);
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final Shape x = input(inputs);
        Shape kernel = Shape.of();
        for (int i = stays(x); i < x.rank(); i++) {
            if (x.dim(i) == Shape.UNKNOWN) {
                throw new IllegalArgumentException("EinsumDense: the summed axes must be known, got " + x);
            }
            kernel = kernel.append(x.dim(i));
        }
        for (int dim : fresh().toArray()) {
            kernel = kernel.append(dim);
        }
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", kernel, kernelInitializer));
        if (biasAxes != null) {
            specs.add(new ParameterSpec("bias", fresh(), biasInitializer));
        }
        return specs;
    }

    /// The dense layer over rows that this is.
    private Dense dense() {
        return new Dense((int) fresh().size(), activation, biasAxes != null, kernelInitializer, biasInitializer);
    }

    /// The input as rows of what is summed.
    private List<Shape> rows(Shape x) {
        int columns = 1;
        for (int i = stays(x); i < x.rank(); i++) {
            columns = Math.multiplyExact(columns, x.dim(i));
        }
        return List.of(Shape.of(Math.toIntExact(x.size() / Math.max(1, columns)), columns));
    }

    @Override
    public List<Shape> saved(List<Shape> inputs) {
        return dense().saved(rows(input(inputs)));
    }

    private static InnerCall call(EinsumDense of, LayerBuffers b) {
        final Shape x = of.rows(b.x(0).shape()).getFirst();
        final Shape y = Shape.of(x.dim(0), (int) of.fresh().size());
        final Tensor dx = b.dx(0);
        return new InnerCall.Builder(of.dense(), b, 0, List.of(b.x(0).reshape(x)), List.of(b.y(0).reshape(y)))
                .gradients(
                        Arrays.asList(b.hasDy(0) ? b.dy(0).reshape(y) : null),
                        Arrays.asList(dx == null ? null : dx.reshape(x)),
                        b.accumulateDx(0))
                .build(0, 0, 0, null);
    }

    private InnerCall work(LayerBuffers b) {
        return b.kept(InnerCall.class, "call", this, EinsumDense::call);
    }

    @Override
    public void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        work(b).backward();
    }
}
