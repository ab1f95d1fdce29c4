package dev.lanewise.nn.layer;

import dev.lanewise.tensor.Shape;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The equation of an [EinsumDense], `input,kernel->output`, a letter for each axis: by the same letter axes
/// of different tensors are one, and what the output does not have is summed. The input and the output may
/// begin, or end, with the same axes that have no letters, `...`.
///
/// @param elides whether there are dots, in front or at the end
/// @param inFront whether the dots are in front
record EinsumEquation(String equation, String input, String kernel, String output, boolean elides, boolean inFront) {
    private static final Pattern PLAIN = Pattern.compile("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)");
    private static final Pattern FRONT = Pattern.compile("\\.\\.\\.([a-zA-Z]+),([a-zA-Z]+)->\\.\\.\\.([a-zA-Z]+)");
    private static final Pattern END = Pattern.compile("([a-zA-Z]{2,})\\.\\.\\.,([a-zA-Z]+)->([a-zA-Z]+)\\.\\.\\.");

    /// What stands for axes without letters: from here on.
    private static final char DOTS = '\uE000';

    /// @throws IllegalArgumentException if it is none of these, or letters do not go together
    static EinsumEquation of(String equation) {
        final Matcher plain = PLAIN.matcher(equation);
        if (plain.matches()) {
            return of(equation, plain, false, false);
        }
        final Matcher front = FRONT.matcher(equation);
        if (front.matches()) {
            return of(equation, front, true, true);
        }
        final Matcher end = END.matcher(equation);
        if (end.matches()) {
            return of(equation, end, true, false);
        }
        throw new IllegalArgumentException("EinsumDense: the equation must be of the form '[X],[Y]->[Z]',"
                + " '...[X],[Y]->...[Z]' or '[X]...,[Y]->[Z]...', got '" + equation + "'");
    }

    private static EinsumEquation of(String equation, Matcher parts, boolean elides, boolean inFront) {
        final EinsumEquation of =
                new EinsumEquation(equation, parts.group(1), parts.group(2), parts.group(3), elides, inFront);
        for (int i = 0; i < of.output.length(); i++) {
            final char axis = of.output.charAt(i);
            of.require(
                    of.output.indexOf(axis, i + 1) < 0,
                    "the output '" + of.output + "' has the axis '" + axis + "' twice");
            of.require(
                    of.input.indexOf(axis) >= 0 || of.kernel.indexOf(axis) >= 0,
                    "the output's axis '" + axis + "' is neither the input's '" + of.input + "' nor the kernel's '"
                            + of.kernel + "'");
        }
        for (int i = 0; i < of.kernel.length(); i++) {
            final char axis = of.kernel.charAt(i);
            of.require(
                    of.input.indexOf(axis) >= 0 || of.output.indexOf(axis) >= 0,
                    "the kernel's axis '" + axis + "' is neither the input's '" + of.input + "' nor the output's '"
                            + of.output + "'");
        }
        return of;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException("EinsumDense: in the equation '" + equation + "' " + otherwise);
        }
    }

    /// The places of a bias in the output: from the first of its axes on.
    ///
    /// @throws IllegalArgumentException if the output lacks one
    int firstOf(String biasAxes) {
        require(!biasAxes.isEmpty(), "bias_axes must name axes of the output, got ''");
        int first = output.length();
        for (int i = 0; i < biasAxes.length(); i++) {
            final char axis = biasAxes.charAt(i);
            final int at = output.indexOf(axis);
            require(at >= 0, "the output '" + output + "' lacks '" + axis + "' of bias_axes '" + biasAxes + "'");
            first = Math.min(first, at);
        }
        return first;
    }

    /// The same with letters for all axes of an input.
    ///
    /// @throws IllegalArgumentException if the input has not so many axes, or its batch would not stay first
    EinsumEquation whole(Shape x) {
        final int more = x.rank() - input.length();
        require(more == 0 || (elides && more > 0), "the input has the axes '" + input + "', got " + x);
        final StringBuilder dots = new StringBuilder();
        for (int i = 0; i < more; i++) {
            dots.append((char) (DOTS + i));
        }
        final EinsumEquation whole =
                new EinsumEquation(equation, at(input, dots), kernel, at(output, dots), false, false);
        final char batch = whole.input.charAt(0);
        require(
                whole.output.charAt(0) == batch && whole.input.indexOf(batch, 1) < 0 && kernel.indexOf(batch) < 0,
                "the input's first axis, the batch, must be the output's first, and neither twice nor the kernel's");
        return whole;
    }

    private String at(String axes, CharSequence dots) {
        return inFront ? dots + axes : axes + dots;
    }

    /// How many axes `output_shape` must have for an input, beside the batch and what the dots stand for.
    int said(Shape x) {
        return output.length() - (inFront && x.rank() > input.length() ? 0 : 1);
    }
}
