package dev.lanewise.nn.layer;

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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Maxout (Goodfellow et al. 2013), a layer of Keras 1:
/// `y[batch, units] = max_f (x[batch, in] · kernel[f, in, units] + bias[f, units])` over `nb_feature` features.
///
/// The gradient goes to the first feature that is the largest.
public record MaxoutDense(
        int units, int nbFeature, boolean useBias, Initializer kernelInitializer, Initializer biasInitializer)
        implements Layer {
    public MaxoutDense {
        if (units <= 0 || nbFeature <= 0) {
            throw new IllegalArgumentException(
                    "MaxoutDense: units and nb_feature must be positive, got " + units + " and " + nbFeature);
        }
    }

    /// With bias, Glorot's uniform distribution for the kernel and zeros for the bias.
    public MaxoutDense(int units, int nbFeature) {
        this(units, nbFeature, true, new Initializers.GlorotUniform(), new Initializers.Zeros());
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(input(inputs).withoutLast().append(units));
    }

    private static Shape input(List<Shape> inputs) {
        final Shape x = Shapes.single("MaxoutDense", inputs);
        if (x.rank() != 2 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(
                    "MaxoutDense: input must have two dimensions and a known last one, got " + x);
        }
        return x;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final List<ParameterSpec> specs = new ArrayList<>();
        specs.add(new ParameterSpec("kernel", Shape.of(nbFeature, input(inputs).last(), units), kernelInitializer));
        if (useBias) {
            specs.add(new ParameterSpec("bias", Shape.of(nbFeature, units), biasInitializer));
        }
        return specs;
    }

    /// The features, of which y is the maximum.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        return List.of(outputShapes(inputs).getFirst().prepend(nbFeature));
    }

    /// The gradient by one feature.
    @Override
    public long backwardScratch(List<Shape> inputs) {
        return outputShapes(inputs).getFirst().size();
    }

    @Override
    public void forward(LayerBuffers b) {
        b.kept(Features.class, "features", this, Features::new).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        b.kept(Features.class, "features", this, Features::new).backward();
    }

    /// The features of one call, and its loops.
    private static final class Features {
        private final LayerBuffers b;
        private final int count;
        private final int rows;
        private final int in;
        private final int units;
        private final List<MemorySegment> values = new ArrayList<>();
        private final List<MemorySegment> kernels = new ArrayList<>();
        private final List<@Nullable MemorySegment> biases = new ArrayList<>();
        private final List<@Nullable MemorySegment> kernelGradients = new ArrayList<>();
        private final RangeTask maximum = this::maximum;
        private final RangeTask take = this::take;

        /// The feature whose gradient is taken.
        private int current;

        Features(MaxoutDense layer, LayerBuffers b) {
            this.b = b;
            count = layer.nbFeature;
            units = layer.units;
            in = b.x(0).shape().last();
            rows = b.y(0).size() / units;
            final Tensor dKernel = b.gradient(0);
            for (int f = 0; f < count; f++) {
                values.add(part(b.saved(0).segment(), f, (long) rows * units));
                kernels.add(part(b.parameter(0).segment(), f, (long) in * units));
                biases.add(layer.useBias ? part(b.parameter(1).segment(), f, units) : null);
                kernelGradients.add(dKernel == null ? null : part(dKernel.segment(), f, (long) in * units));
            }
        }

        private static MemorySegment part(MemorySegment all, int f, long floats) {
            return all.asSlice(f * floats * Float.BYTES, floats * Float.BYTES);
        }

        void forward() {
            for (int f = 0; f < count; f++) {
                Product.forward(b, rows, in, units, b.x(0).segment(), kernels.get(f), biases.get(f), values.get(f));
            }
            b.compute().run(maximum, rows * units, Elementwise.QUANTUM, (long) rows * units * count / 8);
        }

        private void maximum(int from, int to) {
            final ElementwiseKernel k = b.compute().kernels().elementwise();
            final MemorySegment y = b.y(0).segment();
            // The maximum of the first with itself is its copy.
            for (int f = 0; f < count; f++) {
                k.maximum(f == 0 ? values.getFirst() : y, from, values.get(f), from, y, from, to - from);
            }
        }

        /// What is left of dy goes to the feature where it is y.
        private void take(int from, int to) {
            b.compute()
                    .kernels()
                    .elementwise()
                    .takeEqual(
                            values.get(current),
                            from,
                            b.y(0).segment(),
                            from,
                            b.dy(0).segment(),
                            from,
                            b.scratch(),
                            from,
                            to - from,
                            false);
        }

        void backward() {
            final MemorySegment dz = b.scratch();
            final Tensor dx = b.dx(0);
            final Tensor dBias = biases.getFirst() == null ? null : b.gradient(1);
            for (int f = 0; f < count; f++) {
                current = f;
                b.compute().run(take, rows * units, Elementwise.QUANTUM, (long) rows * units / 4);
                final MemorySegment dKernel = kernelGradients.get(f);
                if (dKernel != null) {
                    Product.kernelGradient(b, rows, in, units, b.x(0).segment(), dz, dKernel, b.accumulateGradient(0));
                }
                if (dBias != null) {
                    b.compute()
                            .kernels()
                            .reduction()
                            .columnSums(
                                    dz,
                                    0,
                                    rows,
                                    units,
                                    units,
                                    dBias.segment(),
                                    (long) f * units,
                                    b.accumulateGradient(1));
                }
                if (dx != null) {
                    Product.inputGradient(
                            b, rows, in, units, dz, kernels.get(f), dx.segment(), f > 0 || b.accumulateDx(0));
                }
            }
        }
    }
}
