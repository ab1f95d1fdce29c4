package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.kernels.ElementwiseKernel;
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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Rows of a table by their index: `y[…, outputDim] = embeddings[x[…], outputDim]`. Indices are whole
/// numbers of 0 to
/// below `inputDim`, as floats; others are an error.
///
/// @param maskZero whether index 0 is padding: the mask is 0 there and 1 elsewhere, for the layers behind
public record Embedding(int inputDim, int outputDim, Initializer embeddingsInitializer, boolean maskZero)
        implements Layer {
    /// Columns that a split of the gradient is a multiple of.
    private static final int QUANTUM = 16;

    public Embedding {
        if (inputDim <= 0 || outputDim <= 0) {
            throw new IllegalArgumentException(
                    "Embedding: input_dim and output_dim must be positive, got " + inputDim + " and " + outputDim);
        }
    }

    /// Uniform in -0.05 to 0.05 at first, as in Keras; without a mask.
    public Embedding(int inputDim, int outputDim) {
        this(inputDim, outputDim, new Initializers.RandomUniform(-0.05, 0.05), false);
    }

    /// The same with or without a mask.
    public Embedding maskZero(boolean mask) {
        return new Embedding(inputDim, outputDim, embeddingsInitializer, mask);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("Embedding", inputs).append(outputDim));
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        return List.of(new ParameterSpec("embeddings", Shape.of(inputDim, outputDim), embeddingsInitializer));
    }

    @Override
    public List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        return maskZero ? List.of(inputs.getFirst()) : List.of();
    }

    @Override
    public void forward(LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final int n = b.x(0).size();
        for (int i = 0; i < n; i++) {
            final float index = x.getAtIndex(JAVA_FLOAT, i);
            if (!(index > -1 && index < inputDim)) {
                throw new IllegalArgumentException("Embedding '" + b.name() + "': input has " + index
                        + ", expected an index of 0 to " + (inputDim - 1));
            }
        }
        final Tensor mask = b.outputMask(0);
        for (int i = 0; mask != null && i < n; i++) {
            mask.set(i, (int) x.getAtIndex(JAVA_FLOAT, i) == 0 ? 0 : 1);
        }
        b.compute().run(b.task("forward", this, Embedding::forwardTask), n, 1, (long) n * outputDim / 4);
    }

    private static RangeTask forwardTask(Embedding layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        final MemorySegment table = b.parameter(0).segment();
        final long row = (long) layer.outputDim * Float.BYTES;
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                MemorySegment.copy(table, ((int) x.getAtIndex(JAVA_FLOAT, i)) * row, y, i * row, row);
            }
        };
    }

    /// An index has no gradient.
    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null && !b.accumulateDx(0)) {
            b.compute().kernels().elementwise().fill(dx.segment(), 0, dx.size(), 0);
        }
        if (b.gradient(0) != null) {
            final long work = (long) b.y(0).size() + (long) inputDim * outputDim;
            b.compute().run(b.task("gradient", this, Embedding::gradientTask), outputDim, QUANTUM, work / 4);
        }
    }

    /// Some columns of the table's gradient: each row is a sum in the order of the indices.
    private static RangeTask gradientTask(Embedding layer, LayerBuffers b) {
        final MemorySegment x = b.x(0).segment();
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment gradient = Objects.requireNonNull(b.gradient(0), "no gradient is asked for")
                .segment();
        final int n = b.x(0).size();
        final int cols = layer.outputDim;
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            if (!b.accumulateGradient(0)) {
                for (int row = 0; row < layer.inputDim; row++) {
                    kernel.fill(gradient, (long) row * cols + from, to - from, 0);
                }
            }
            for (int i = 0; i < n; i++) {
                final long row = (int) x.getAtIndex(JAVA_FLOAT, i);
                kernel.accumulate(dy, (long) i * cols + from, gradient, row * cols + from, to - from);
            }
        };
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
