package dev.lanewise.nn;

import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.GlobalAveragePooling1D;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Masking;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The formulas of layers over sequences once more, in double.
final class SequenceFormulas {
    private SequenceFormulas() {}

    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        cases.add(LayerGradientTest.Case.of(new Embedding(5, 3), Shape.of(4, 6)));
        cases.add(LayerGradientTest.Case.of(new Embedding(2, 33).maskZero(true), Shape.of(3, 2)));
        cases.add(LayerGradientTest.Case.of(new Masking(), Shape.of(2, 3, 4)));
        cases.add(LayerGradientTest.Case.of(new Masking(0.5f), Shape.of(5, 2)));
        cases.add(LayerGradientTest.Case.masked(new GlobalAveragePooling1D(), Shape.of(4, 5, 3)));
        for (Shape shape : List.of(Shape.of(4, 5, 3), Shape.of(3, 70, 37))) {
            final Layer normalization = new BatchNormalization(0.9f, 1.5f);
            cases.add(LayerGradientTest.Case.masked(normalization, shape));
            cases.add(LayerGradientTest.Case.masked(normalization, shape).training(3));
        }
        cases.add(LayerGradientTest.Case.of(new MaskedBy(), Shape.of(2, 3, 4), Shape.of(2, 3)));
        cases.add(LayerGradientTest.Case.of(new MaskedAs(), Shape.of(2, 3, 4), Shape.of(2, 3, 2)));
        cases.addAll(RecurrentCases.cases());
        cases.addAll(AttentionFormulas.cases());
        return cases;
    }

    /// Of each step, where there is more than one axis of places.
    static Shape maskShape(Shape x) {
        return x.rank() < 4 ? x.withoutLast() : Shape.of(x.dim(0), x.dim(1));
    }

    /// Which input is a mask; 0 for none.
    static int maskInput(Layer layer, List<Shape> inputs) {
        if (AttentionFormulas.hasMaskInput(layer, inputs)) {
            return 3;
        }
        return layer instanceof MaskedBy || (layer instanceof Softmax && inputs.size() == 2) ? 1 : 0;
    }

    /// Of the first input; of all of an attention's.
    static Shape[] maskShapes(Layer layer, List<Shape> inputs) {
        return inputs.subList(0, AttentionFormulas.is(layer) ? Math.min(3, inputs.size()) : 1).stream()
                .map(SequenceFormulas::maskShape)
                .toArray(Shape[]::new);
    }

    /// The formula of a layer whose first input has the mask of [GradientCheck#maskOf].
    static GradientCheck.Formula masked(Layer layer, List<Shape> inputs, LayerBuffers.RandomKey key, long step) {
        final double[] mask = GradientCheck.maskOf(maskShape(inputs.getFirst()));
        if (layer instanceof GlobalAveragePooling1D) {
            return (x, w) -> new double[][] {maskedMean(x[0], mask, inputs.getFirst())};
        }
        if (layer instanceof BatchNormalization of) {
            return (x, w) -> new double[][] {
                ConvolutionFormulas.batchNormalization(
                        x[0], inputs.getFirst().last(), w[0], w[1], w[2], w[3], of.epsilon(), step >= 0, mask)
            };
        }
        final GradientCheck.Formula formula = of(layer, inputs, mask, key, step);
        if (formula == null) {
            throw new IllegalArgumentException("no formula with a mask for " + layer.typeName());
        }
        return formula;
    }

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.@Nullable Formula of(
            Layer layer, List<Shape> inputs, double @Nullable [] mask, LayerBuffers.RandomKey key, long step) {
        return switch (layer.typeName()) {
            case "Embedding" -> (x, w) -> new double[][] {rows(x[0], w[0], ((Embedding) layer).outputDim())};
            case "MaskedBy", "MaskedAs" -> (x, w) -> new double[][] {x[0].clone()};
            case "Masking" ->
                (x, w) -> new double[][] {withoutMasked(x[0], inputs.getFirst().last(), ((Masking) layer).maskValue())};
            default -> {
                final GradientCheck.Formula formula = RecurrentFormulas.of(layer, inputs, mask, key, step);
                yield formula == null ? AttentionFormulas.of(layer, inputs, mask != null, key, step) : formula;
            }
        };
    }

    private static double[] rows(double[] indices, double[] table, int cols) {
        final double[] y = new double[indices.length * cols];
        for (int i = 0; i < y.length; i++) {
            y[i] = table[(int) Math.round(indices[i / cols]) * cols + i % cols];
        }
        return y;
    }

    private static double[] withoutMasked(double[] x, int features, double value) {
        final double[] y = x.clone();
        for (int row = 0; row < x.length / features; row++) {
            boolean all = true;
            for (int i = 0; i < features; i++) {
                all &= x[row * features + i] == value;
            }
            for (int i = 0; all && i < features; i++) {
                y[row * features + i] = 0;
            }
        }
        return y;
    }

    private static double[] maskedMean(double[] x, double[] mask, Shape shape) {
        final int steps = shape.dim(1);
        final int channels = shape.dim(2);
        final double[] y = new double[shape.dim(0) * channels];
        for (int i = 0; i < y.length; i++) {
            double sum = 0;
            double count = 0;
            for (int t = 0; t < steps; t++) {
                final int row = i / channels * steps + t;
                sum += mask[row] * x[row * channels + i % channels];
                count += mask[row];
            }
            y[i] = sum / count;
        }
        return y;
    }
}
