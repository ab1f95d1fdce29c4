package dev.lanewise.nn;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.LayerGradientTest.Case;
import dev.lanewise.nn.layer.EinsumDense;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The formula of a dense layer by an equation once more, in double: the sum over all places of all letters.
final class EinsumFormulas {
    private static final int OPEN = Shape.UNKNOWN;

    private EinsumFormulas() {}

    private static Case of(String equation, @Nullable String biasAxes, Activation activation, Shape out, int... input) {
        final Initializer zeros = new Initializers.Zeros();
        return Case.of(new EinsumDense(equation, out, activation, biasAxes, zeros, zeros), Shape.of(input));
    }

    static List<Case> cases() {
        final Activation tanh = Activations.TANH;
        final Activation linear = Activations.LINEAR;
        final List<Case> cases = new ArrayList<>();
        // Rows as they lie.
        cases.add(of("abc,cde->abde", "de", tanh, Shape.of(OPEN, 3, 2), 4, 3, 4));
        cases.add(of("abcd,cdef->abef", "ef", tanh, Shape.of(OPEN, 3, 2), 2, 3, 4, 2));
        cases.add(of("...x,xy->...y", "y", tanh, Shape.of(5), 2, 3, 2, 4));
        // Kernels the other way round, and two summed axes in another order.
        cases.add(of("abc,dc->abd", "d", linear, Shape.of(OPEN, 5), 2, 3, 4));
        cases.add(of("abcd,edc->abe", "e", tanh, Shape.of(3, 5), 2, 3, 4, 2));
        // Axes of the output in any order, summed ones not the last.
        cases.add(of("abc,bd->adc", "d", tanh, Shape.of(5, OPEN), 2, 3, 4));
        cases.add(of("abc,bd->adc", "c", linear, Shape.of(5, 4), 2, 3, 4));
        cases.add(of("abc,cd->adb", "bd", linear, Shape.of(5, 3), 2, 3, 4));
        cases.add(of("abc,cde->aebd", "e", tanh, Shape.of(2, 3, 5), 2, 3, 4));
        cases.add(of("abc,cde->aebd", "db", tanh, Shape.of(2, 3, 5), 2, 3, 4));
        // A kernel for each place of an axis.
        cases.add(of("abc,bcd->abd", "bd", tanh, Shape.of(3, 5), 2, 3, 4));
        cases.add(of("abc,bcd->abd", null, linear, Shape.of(OPEN, 5), 19, 3, 4));
        cases.add(of("ab,b->ab", "b", linear, Shape.of(4), 3, 4));
        cases.add(of("abc,dbec->adeb", "e", tanh, Shape.of(2, 5, 3), 2, 3, 4));
        // Nothing summed, nothing new, and a sum that the kernel has no part in.
        cases.add(of("ab,bc->abc", "c", linear, Shape.of(4, 3), 3, 4));
        cases.add(of("abc,cd->ad", "d", tanh, Shape.of(5), 2, 3, 4));
        cases.add(of("abc,d->abd", null, linear, Shape.of(3, 5), 2, 3, 4));
        cases.add(of("abc,bc->a", null, tanh, Shape.of(), 2, 3, 4));
        // Diagonals.
        cases.add(of("abb,bc->ac", "c", tanh, Shape.of(5), 2, 3, 3));
        cases.add(of("abc,cc->ab", "b", linear, Shape.of(3), 2, 3, 4));
        // Dots.
        cases.add(of("...bc,cd->...db", "d", tanh, Shape.of(5, 3), 2, 2, 3, 4));
        cases.add(of("...bc,cd->...bd", "d", linear, Shape.of(5), 2, 4));
        cases.add(of("ab...,bc->ac...", "c", tanh, Shape.of(5), 2, 3, 2, 2));
        cases.add(of("ab...,bc->ac...", "c", linear, Shape.of(5), 2, 3));
        // What goes over rows goes over the output's last axis.
        cases.add(of("abc,cde->abde", "de", Activations.SOFTMAX, Shape.of(OPEN, 3, 2), 2, 3, 4));
        cases.add(of("abc,cde->adbe", "e", Activations.of("gelu"), Shape.of(3, OPEN, 2), 2, 3, 4));
        cases.add(of("abc,bd->adc", "dc", Activations.of("log_softmax"), Shape.of(17, 19), 3, 21, 19));
        return cases;
    }

    private static String[] parts(String equation, int rank) {
        final String[] parts = equation.split(",|->", -1);
        final StringBuilder dots = new StringBuilder();
        for (int i = parts[0].replace("...", "").length(); i < rank; i++) {
            dots.append(i);
        }
        for (int i = 0; i < parts.length; i++) {
            parts[i] = parts[i].replace("...", dots);
        }
        return parts;
    }

    /// Where the letters of a tensor stand.
    private static int at(String axes, Map<Character, Integer> sizes, Map<Character, Integer> places) {
        int at = 0;
        for (int i = 0; i < axes.length(); i++) {
            at = at * sizes.get(axes.charAt(i)) + places.get(axes.charAt(i));
        }
        return at;
    }

    static GradientCheck.Formula of(EinsumDense dense, Shape x) {
        final String[] parts = parts(dense.equation(), x.rank());
        final Shape kernel = dense.parameters(List.of(x)).getFirst().shape();
        final Map<Character, Integer> sizes = new LinkedHashMap<>();
        for (int i = 0; i < x.rank(); i++) {
            sizes.put(parts[0].charAt(i), x.dim(i));
        }
        for (int i = 0; i < kernel.rank(); i++) {
            sizes.put(parts[1].charAt(i), kernel.dim(i));
        }
        int all = 1;
        int outputs = 1;
        for (Map.Entry<Character, Integer> axis : sizes.entrySet()) {
            all *= axis.getValue();
            outputs *= parts[2].indexOf(axis.getKey()) < 0 ? 1 : axis.getValue();
        }
        final int terms = all;
        final int size = outputs;
        final StringBuilder bias = new StringBuilder();
        for (int i = 0; i < parts[2].length(); i++) {
            final char axis = parts[2].charAt(i);
            bias.append(dense.biasAxes() != null && dense.biasAxes().indexOf(axis) >= 0 ? String.valueOf(axis) : "");
        }
        final int last = sizes.get(parts[2].charAt(parts[2].length() - 1));
        return (values, w) -> {
            final double[] z = new double[size];
            final boolean[] hasBias = new boolean[size];
            for (int term = 0; term < terms; term++) {
                final Map<Character, Integer> places = new LinkedHashMap<>();
                int rest = term;
                for (Map.Entry<Character, Integer> axis : sizes.entrySet()) {
                    places.put(axis.getKey(), rest % axis.getValue());
                    rest /= axis.getValue();
                }
                final int y = at(parts[2], sizes, places);
                if (!hasBias[y] && !bias.isEmpty()) {
                    z[y] += w[1][at(bias.toString(), sizes, places)];
                    hasBias[y] = true;
                }
                z[y] += values[0][at(parts[0], sizes, places)] * w[0][at(parts[1], sizes, places)];
            }
            return new double[][] {DoubleFormulas.activation(dense.activation(), z, last)};
        };
    }
}
