package dev.lanewise.nn;

import dev.lanewise.nn.layer.AveragePooling1D;
import dev.lanewise.nn.layer.AveragePooling2D;
import dev.lanewise.nn.layer.AveragePooling3D;
import dev.lanewise.nn.layer.Cropping1D;
import dev.lanewise.nn.layer.Cropping2D;
import dev.lanewise.nn.layer.Cropping3D;
import dev.lanewise.nn.layer.GlobalAveragePooling1D;
import dev.lanewise.nn.layer.GlobalAveragePooling2D;
import dev.lanewise.nn.layer.GlobalAveragePooling3D;
import dev.lanewise.nn.layer.GlobalMaxPooling1D;
import dev.lanewise.nn.layer.GlobalMaxPooling2D;
import dev.lanewise.nn.layer.GlobalMaxPooling3D;
import dev.lanewise.nn.layer.MaxPooling1D;
import dev.lanewise.nn.layer.MaxPooling2D;
import dev.lanewise.nn.layer.MaxPooling3D;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.RepeatVector;
import dev.lanewise.nn.layer.UpSampling1D;
import dev.lanewise.nn.layer.UpSampling2D;
import dev.lanewise.nn.layer.UpSampling3D;
import dev.lanewise.nn.layer.ZeroPadding1D;
import dev.lanewise.nn.layer.ZeroPadding2D;
import dev.lanewise.nn.layer.ZeroPadding3D;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The formulas of layers that move cells about once more: in double, each output element by itself, from
/// its index
/// along every axis.
final class SpatialFormulas {
    private SpatialFormulas() {}

    /// An output element from the input's elements.
    private interface Element {
        double of(double[] x, int[] index);
    }

    /// The formula of a layer, or null if it is none of these.
    static GradientCheck.Formula of(Layer layer, List<Shape> inputs) {
        final Shape in = inputs.getFirst();
        final Shape out = layer.outputShapes(inputs).getFirst();
        final Element element = element(layer, in, out);
        return element == null ? null : (x, w) -> new double[][] {every(out, x[0], element)};
    }

    private static double[] every(Shape out, double[] x, Element element) {
        final double[] y = new double[(int) out.size()];
        for (int i = 0; i < y.length; i++) {
            y[i] = element.of(x, index(out, i));
        }
        return y;
    }

    static int[] index(Shape shape, int flat) {
        final int[] index = new int[shape.rank()];
        int rest = flat;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            index[axis] = rest % shape.dim(axis);
            rest /= shape.dim(axis);
        }
        return index;
    }

    /// Place of an index; -1 outside of the shape.
    static int flat(Shape shape, int... index) {
        int flat = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (index[axis] < 0 || index[axis] >= shape.dim(axis)) {
                return -1;
            }
            flat = flat * shape.dim(axis) + index[axis];
        }
        return flat;
    }

    private static Element element(Layer layer, Shape in, Shape out) {
        final String type = layer.typeName();
        if (type.matches("(Max|Average)Pooling.D")) {
            return pooled(layer, in, out);
        } else if (type.matches("Global(Max|Average)Pooling.D")) {
            return (x, index) -> {
                final int channel = index[index.length - 1];
                final int per = x.length / in.dim(0);
                final int cells = per / in.last();
                double sum = 0;
                double max = Double.NEGATIVE_INFINITY;
                for (int i = channel; i < per; i += in.last()) {
                    sum += x[index[0] * per + i];
                    max = Math.max(max, x[index[0] * per + i]);
                }
                return type.contains("Max") ? max : sum / cells;
            };
        } else if (type.matches("(ZeroPadding|Cropping).D")) {
            return moved(layer, in);
        } else if (type.matches("UpSampling.D")) {
            if (layer instanceof UpSampling2D up && up.interpolation().equals("bilinear")) {
                return (x, index) -> {
                    double sum = 0;
                    for (int i = 0; i < in.dim(1); i++) {
                        for (int j = 0; j < in.dim(2); j++) {
                            sum += triangle(index[1], i, in.dim(1), out.dim(1))
                                    * triangle(index[2], j, in.dim(2), out.dim(2))
                                    * x[flat(in, index[0], i, j, index[3])];
                        }
                    }
                    return sum;
                };
            }
            final int[] size = numbers(layer.toString(), "size");
            return (x, index) -> {
                final int[] from = index.clone();
                for (int axis = 1; axis < from.length - 1; axis++) {
                    from[axis] /= size[axis - 1];
                }
                return x[flat(in, from)];
            };
        } else if (type.equals("RepeatVector")) {
            return (x, index) -> x[flat(in, index[0], index[2])];
        } else if (type.equals("Permute")) {
            final int[] dims = numbers(layer.toString(), "dims");
            return (x, index) -> {
                final int[] from = index.clone();
                for (int axis = 1; axis < from.length; axis++) {
                    from[dims[axis - 1]] = index[axis];
                }
                return x[flat(in, from)];
            };
        }
        return null;
    }

    private static double triangle(int to, int from, int fromSize, int toSize) {
        final double at = Math.clamp((to + 0.5) * fromSize / toSize - 0.5, 0, fromSize - 1);
        return Math.max(0, 1 - Math.abs(at - from));
    }

    /// The numbers of a setting in a record's text: `pool_size=[2, 2]`, `padding=[[1, 2], [3, 4]]`.
    static int[] numbers(String record, String name) {
        final int start = record.indexOf(name + "=[") + name.length() + 1;
        int depth = 0;
        int end = start;
        do {
            depth += record.charAt(end) == '[' ? 1 : record.charAt(end) == ']' ? -1 : 0;
            end++;
        } while (depth > 0);
        return Stream.of(record.substring(start, end).split("[^-0-9]+"))
                .filter(text -> !text.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private static Element moved(Layer layer, Shape in) {
        final boolean pads = layer.typeName().startsWith("Zero");
        final int[] edges = numbers(layer.toString(), pads ? "padding" : "cropping");
        return (x, index) -> {
            final int[] from = index.clone();
            for (int axis = 1; axis < from.length - 1; axis++) {
                from[axis] += pads ? -edges[2 * axis - 2] : edges[2 * axis - 2];
            }
            final int flat = flat(in, from);
            return flat < 0 ? 0 : x[flat];
        };
    }

    /// Each cell is asked whether it lies in the window.
    private static Element pooled(Layer layer, Shape in, Shape out) {
        final String text = layer.toString();
        final int[] size = numbers(text, "poolSize");
        final int[] strides = text.contains("strides=null") ? size : numbers(text, "strides");
        final boolean same = text.contains("padding=same");
        final boolean max = text.startsWith("Max");
        final int axes = size.length;
        return (x, index) -> {
            double sum = 0;
            double largest = Double.NEGATIVE_INFINITY;
            int cells = 0;
            for (int i = 0; i < x.length; i++) {
                final int[] cell = index(in, i);
                boolean inside = cell[0] == index[0] && cell[axes + 1] == index[axes + 1];
                for (int axis = 1; axis <= axes; axis++) {
                    final int step = strides[axis - 1];
                    final int window = size[axis - 1];
                    final int total = Math.max((out.dim(axis) - 1) * step + window - in.dim(axis), 0);
                    final int first = index[axis] * step - (same ? total / 2 : 0);
                    inside &= cell[axis] >= first && cell[axis] < first + window;
                }
                if (inside) {
                    sum += x[i];
                    largest = Math.max(largest, x[i]);
                    cells++;
                }
            }
            return max ? largest : sum / cells;
        };
    }

    /// Layers of this kind with inputs to check them on.
    static List<LayerGradientTest.Case> cases() {
        final List<LayerGradientTest.Case> cases = new ArrayList<>();
        for (String padding : List.of("valid", "same")) {
            for (int channels : new int[] {1, 3, 18}) {
                final Shape sequence = Shape.of(2, 7, channels);
                cases.add(of(new MaxPooling1D(List.of(2), null, padding), sequence));
                cases.add(of(new MaxPooling1D(List.of(3), List.of(1), padding), sequence));
                cases.add(of(new AveragePooling1D(List.of(3), List.of(2), padding), sequence));
                cases.add(of(new AveragePooling1D(List.of(2), List.of(4), padding), sequence));
            }
            final Shape images = Shape.of(2, 5, 6, 2);
            cases.add(of(new MaxPooling2D(List.of(2, 2), null, padding), images));
            cases.add(of(new MaxPooling2D(List.of(3, 2), List.of(2, 1), padding), images));
            cases.add(of(new AveragePooling2D(List.of(3, 3), List.of(2, 2), padding), images));
            cases.add(of(new AveragePooling2D(List.of(2, 3), List.of(1, 1), padding), images));
            final Shape volumes = Shape.of(1, 4, 3, 5, 2);
            cases.add(of(new MaxPooling3D(List.of(2, 2, 2), null, padding), volumes));
            cases.add(of(new MaxPooling3D(List.of(3, 2, 3), List.of(1, 2, 2), padding), volumes));
            cases.add(of(new AveragePooling3D(List.of(2, 3, 2), List.of(2, 1, 3), padding), volumes));
        }
        for (boolean keepdims : new boolean[] {false, true}) {
            cases.add(of(new GlobalMaxPooling1D(keepdims), Shape.of(2, 5, 3)));
            cases.add(of(new GlobalMaxPooling2D(keepdims), Shape.of(2, 3, 2, 17)));
            cases.add(of(new GlobalMaxPooling3D(keepdims), Shape.of(1, 2, 3, 2, 4)));
            cases.add(of(new GlobalAveragePooling1D(keepdims), Shape.of(2, 5, 3)));
            cases.add(of(new GlobalAveragePooling2D(keepdims), Shape.of(2, 3, 2, 70)));
            cases.add(of(new GlobalAveragePooling3D(keepdims), Shape.of(1, 2, 3, 2, 4)));
        }
        cases.add(of(new ZeroPadding1D(List.of(2, 1)), Shape.of(2, 4, 3)));
        cases.add(of(new ZeroPadding2D(List.of(List.of(0, 1), List.of(2, 3))), Shape.of(2, 4, 3, 2)));
        cases.add(of(new ZeroPadding3D(1, 0, 2), Shape.of(1, 2, 3, 2, 2)));
        cases.add(of(new Cropping1D(List.of(1, 2)), Shape.of(2, 5, 3)));
        cases.add(of(new Cropping2D(List.of(List.of(1, 0), List.of(2, 1))), Shape.of(2, 4, 5, 2)));
        cases.add(of(new Cropping3D(1, 0, 1), Shape.of(1, 4, 2, 4, 2)));
        cases.add(of(new UpSampling1D(3), Shape.of(2, 4, 3)));
        cases.add(of(new UpSampling2D(2, 3), Shape.of(2, 3, 2, 17)));
        cases.add(of(new UpSampling2D(List.of(2, 3), "bilinear"), Shape.of(2, 3, 2, 2)));
        cases.add(of(new UpSampling3D(2, 1, 3), Shape.of(1, 2, 2, 2, 2)));
        cases.add(of(new RepeatVector(4), Shape.of(3, 5)));
        cases.add(of(new Permute(2, 1), Shape.of(2, 3, 4)));
        cases.add(of(new Permute(List.of(3, 1, 2)), Shape.of(2, 3, 4, 5)));
        cases.add(of(new Permute(List.of(2, 1, 3)), Shape.of(2, 3, 4, 5)));
        return cases;
    }

    private static LayerGradientTest.Case of(Layer layer, Shape input) {
        return LayerGradientTest.Case.of(layer, input);
    }
}
