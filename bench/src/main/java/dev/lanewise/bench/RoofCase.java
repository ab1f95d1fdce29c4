package dev.lanewise.bench;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.Activations;
import dev.lanewise.kernels.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A kernel on rows of some columns, what it reads and writes, and how much it computes.
///
/// @param family what kernels of a kind share a colour by
/// @param cols columns of a row; 1 where rows mean nothing
/// @param flop floating-point operations for an element as the kernel does them, a fused multiply-add being
///     two; comparisons, choices and conversions are none
/// @param streams memory that it touches for an element; what it needs for a row or a column is left out
record RoofCase(String family, String name, int cols, double flop, Streams streams, Body body) {
    /// Operations of our exponential, logarithm and hyperbolic tangent, counted in the loops of the kernels.
    private static final double EXP = 23;

    private static final double LOG = 24;
    private static final double TANH = 24;

    /// Segments that cases work on, each with the elements of all rows.
    static final int SEGMENTS = 5;

    /// Runs a kernel.
    interface Body {
        /// Works on some rows.
        ///
        /// @param s [#SEGMENTS] segments of as many elements, and one of zeros for labels
        /// @param o the first element
        void run(List<MemorySegment> s, long o, int rows, int cols);
    }

    /// All cases.
    static List<RoofCase> all(Kernels kernels) {
        final List<RoofCase> cases = new ArrayList<>();
        elementwise(cases, kernels);
        activations(cases, kernels);
        softmax(cases, kernels);
        losses(cases, kernels);
        sums(cases, kernels);
        updates(cases, kernels);
        normalization(cases, kernels);
        return List.copyOf(cases);
    }

    /// Those that have one of these texts in their names; all, where there are no texts.
    static List<RoofCase> only(List<RoofCase> cases, List<String> texts) {
        return cases.stream().filter(one -> isNamed(one.name(), texts)).toList();
    }

    static boolean isNamed(String name, List<String> texts) {
        return texts.isEmpty() || texts.stream().anyMatch(name::contains);
    }

    private static void elementwise(List<RoofCase> to, Kernels k) {
        final String family = "elementwise";
        final var e = k.elementwise();
        to.add(new RoofCase(
                family, "add", 1, 1, Streams.TRIAD, (s, o, n, c) -> e.add(s.get(0), o, s.get(1), o, s.get(2), o, n)));
        to.add(new RoofCase(
                family,
                "multiply",
                1,
                1,
                Streams.TRIAD,
                (s, o, n, c) -> e.multiply(s.get(0), o, s.get(1), o, s.get(2), o, n)));
        to.add(new RoofCase(
                family, "accumulate", 1, 1, Streams.ADD, (s, o, n, c) -> e.accumulate(s.get(0), o, s.get(1), o, n)));
        to.add(new RoofCase(
                family, "axpy", 1, 2, Streams.ADD, (s, o, n, c) -> e.axpy(0.5f, s.get(0), o, s.get(1), o, n)));
        to.add(new RoofCase(
                family,
                "scale and shift",
                1,
                2,
                Streams.COPY,
                (s, o, n, c) -> e.scaleShift(s.get(0), o, s.get(1), o, n, 0.5f, 1)));
        to.add(new RoofCase(
                family, "clamp", 1, 0, Streams.COPY, (s, o, n, c) -> e.clamp(s.get(0), o, s.get(1), o, n, -1, 1)));
        to.add(new RoofCase(family, "fill", 1, 0, Streams.WRITE, (s, o, n, c) -> e.fill(s.get(0), o, n, 1)));
        to.add(new RoofCase(
                family,
                "dropout",
                1,
                1,
                Streams.COPY,
                (s, o, n, c) -> e.dropout(s.get(0), o, s.get(1), o, n, 0.5f, 1, 2, o, false)));
    }

    private static void activations(List<RoofCase> to, Kernels k) {
        to.add(forward("relu", 0, k));
        to.add(forward("leaky_relu", 1, k));
        to.add(forward("exponential", EXP, k));
        to.add(forward("sigmoid", EXP + 2, k));
        to.add(forward("tanh", TANH, k));
        to.add(forward("elu", EXP + 1, k));
        to.add(forward("silu", EXP + 4, k));
        to.add(forward("softplus", EXP + LOG + 2, k));
        to.add(backward("relu", 0, k));
        to.add(backward("sigmoid", 3, k));
        to.add(backward("tanh", 3, k));
    }

    /// All activations that work on each element alone, forward and backward, nothing counted.
    static List<RoofCase> everyActivation(Kernels k) {
        final List<RoofCase> cases = new ArrayList<>();
        for (String name : Activations.names()) {
            final Activation activation = name.equals("threshold")
                    ? Activations.of(name, Map.of("threshold", 1, "default_value", 0))
                    : Activations.of(name);
            if (!activation.rowwise()) {
                cases.add(forward(name, activation, 1, 0, k));
                cases.add(backward(name + " gradient", activation, 1, 0, k));
            }
        }
        return cases;
    }

    /// Activations over rows, forward and backward, and softmax with its loss, nothing counted.
    static List<RoofCase> everyRowwise(Kernels k) {
        final List<RoofCase> cases = new ArrayList<>();
        for (int cols : List.of(2, 10, 100, 1_000, 10_000, 100_000)) {
            for (String name : List.of("softmax", "log_softmax")) {
                final String title = name + ", rows of " + cols;
                cases.add(forward(title, Activations.of(name), cols, 0, k));
                cases.add(backward(title + ", gradient", Activations.of(name), cols, 0, k));
            }
            cases.add(crossEntropy(cols, 0, k));
        }
        return cases;
    }

    private static RoofCase forward(String name, double flop, Kernels k) {
        return forward(name, Activations.of(name), 1, flop, k);
    }

    private static RoofCase backward(String name, double flop, Kernels k) {
        return backward(name + " gradient", Activations.of(name), 1, flop, k);
    }

    private static RoofCase backward(String name, Activation activation, int cols, double flop, Kernels k) {
        final ActivationKernel kernel = k.activation(activation);
        final String family = activation.rowwise() ? "softmax" : "activation";
        if (activation.gradientFrom() == Activation.GradientFrom.NOTHING) {
            return new RoofCase(
                    family,
                    name,
                    cols,
                    flop,
                    Streams.COPY,
                    (s, o, rows, c) -> kernel.backward(null, 0, null, 0, s.get(0), o, s.get(1), o, rows, c, false));
        }
        return new RoofCase(
                family,
                name,
                cols,
                flop,
                Streams.TRIAD,
                (s, o, rows, c) -> kernel.backward(s.get(0), o, s.get(0), o, s.get(1), o, s.get(2), o, rows, c, false));
    }

    private static RoofCase crossEntropy(int cols, double flop, Kernels k) {
        final String name = "softmax cross-entropy, rows of " + cols;
        return new RoofCase(
                "loss",
                name,
                cols,
                flop,
                Streams.COPY,
                (s, o, rows, c) -> k.loss()
                        .softmaxCrossEntropySparse(
                                s.get(0),
                                o,
                                s.get(SEGMENTS),
                                0,
                                null,
                                0,
                                null,
                                0,
                                s.get(2),
                                o / c,
                                s.get(1),
                                o,
                                rows,
                                c,
                                1f));
    }

    private static RoofCase forward(String name, Activation activation, int cols, double flop, Kernels k) {
        final ActivationKernel kernel = k.activation(activation);
        return new RoofCase(
                activation.rowwise() ? "softmax" : "activation",
                name,
                cols,
                flop,
                Streams.COPY,
                (s, o, rows, c) -> kernel.forward(s.get(0), o, s.get(1), o, rows, c));
    }

    /// From a choice of two to a language model's words. A row is read again for its maximum, for the sum
    /// and to be
    /// divided; it is in a cache by then.
    private static void softmax(List<RoofCase> to, Kernels k) {
        for (int cols : List.of(2, 10, 100, 1_000, 10_000, 100_000)) {
            to.add(forward("softmax, rows of " + cols, Activations.SOFTMAX, cols, EXP + 3, k));
        }
    }

    private static void losses(List<RoofCase> to, Kernels k) {
        final String family = "loss";
        final var l = k.loss();
        to.add(crossEntropy(10, EXP + 4, k));
        to.add(crossEntropy(1_000, EXP + 4, k));
        to.add(new RoofCase(
                family,
                "mean squared error, rows of 64",
                64,
                4,
                Streams.TRIAD,
                (s, o, rows, c) -> l.meanSquaredError(
                        s.get(0), o, s.get(1), o, null, 0, s.get(3), o / c, s.get(2), o, rows, c, 1f)));
        to.add(new RoofCase(
                family,
                "mean absolute error, rows of 64",
                64,
                3,
                Streams.TRIAD,
                (s, o, rows, c) -> l.meanAbsoluteError(
                        s.get(0), o, s.get(1), o, null, 0, s.get(3), o / c, s.get(2), o, rows, c, 1f)));
    }

    private static void sums(List<RoofCase> to, Kernels k) {
        final String family = "reduction";
        final var r = k.reduction();
        to.add(new RoofCase(family, "sum", 1, 1, Streams.READ, (s, o, n, c) -> Sink.value = r.sum(s.get(0), o, n)));
        to.add(new RoofCase(family, "max", 1, 0, Streams.READ, (s, o, n, c) -> Sink.value = r.max(s.get(0), o, n)));
        for (int cols : List.of(10, 128, 1_024)) {
            to.add(new RoofCase(
                    family,
                    "column sums, rows of " + cols,
                    cols,
                    1,
                    Streams.READ,
                    (s, o, rows, c) -> r.columnSums(s.get(0), o, rows, c, c, s.get(1), o, false)));
        }
        for (int cols : List.of(10, 1_000)) {
            to.add(new RoofCase(
                    family,
                    "argmax, rows of " + cols,
                    cols,
                    0,
                    Streams.READ,
                    (s, o, rows, c) -> r.argmaxRows(s.get(0), o, rows, c, s.get(1), o)));
        }
    }

    private static void updates(List<RoofCase> to, Kernels k) {
        final String family = "optimizer";
        final var u = k.optimizer();
        to.add(new RoofCase(family, "sgd", 1, 2, Streams.ADD, (s, o, n, c) -> u.sgd(s.get(1), s.get(0), o, n, 1e-6f)));
        to.add(new RoofCase(
                family,
                "momentum",
                1,
                4,
                Streams.UPDATE,
                (s, o, n, c) -> u.momentum(s.get(1), s.get(0), s.get(2), o, n, 1e-6f, 0.9f, false)));
        to.add(new RoofCase(
                family,
                "rmsprop",
                1,
                9,
                Streams.UPDATE,
                (s, o, n, c) -> u.rmsprop(s.get(1), s.get(0), s.get(3), null, null, o, n, 1e-6f, 0.9f, 0, 1e-7f)));
        to.add(new RoofCase(
                family,
                "adam",
                1,
                12,
                Streams.UPDATE2,
                (s, o, n, c) -> u.adam(s.get(1), s.get(0), s.get(2), s.get(3), o, n, 1e-6f, 0.9f, 0.999f, 1e-7f)));
        to.add(new RoofCase(
                family,
                "adamw",
                1,
                14,
                Streams.UPDATE2,
                (s, o, n, c) ->
                        u.adamW(s.get(1), s.get(0), s.get(2), s.get(3), o, n, 1e-6f, 0.9f, 0.999f, 1e-7f, 1e-8f)));
    }

    private static void normalization(List<RoofCase> to, Kernels k) {
        final String family = "normalization";
        final var b = k.channel();
        for (int cols : List.of(64, 256)) {
            final String rows = ", " + cols + " channels";
            to.add(new RoofCase(
                    family,
                    "batch variance" + rows,
                    cols,
                    3,
                    Streams.READ,
                    (s, o, n, c) -> b.squaredDistances(s.get(0), o, n, c, s.get(4), 0, s.get(1), o)));
            to.add(new RoofCase(
                    family,
                    "batch normalize" + rows,
                    cols,
                    3,
                    Streams.COPY,
                    (s, o, n, c) ->
                            b.normalize(s.get(0), o, s.get(1), o, n, c, s.get(4), 0, s.get(4), c, s.get(4), 2L * c)));
            to.add(new RoofCase(
                    family,
                    "batch gradient sums" + rows,
                    cols,
                    3,
                    Streams.READ2,
                    (s, o, n, c) -> b.distanceProducts(s.get(0), o, s.get(1), o, n, c, s.get(4), 0, s.get(2), o)));
            to.add(new RoofCase(
                    family,
                    "batch gradient" + rows,
                    cols,
                    5,
                    Streams.TRIAD,
                    (s, o, n, c) -> b.normalizeGradient(
                            s.get(0), o, s.get(1), o, s.get(2), o, n, c, s.get(4), 0, s.get(4), c, s.get(4), 2L * c,
                            s.get(4), 3L * c, false)));
        }
        final var l = k.rowNormalization();
        final int cols = 768;
        to.add(new RoofCase(
                family,
                "layer moments, rows of 768",
                cols,
                4,
                Streams.READ,
                (s, o, n, c) -> l.moments(s.get(0), o, n, c, s.get(1), o / c, s.get(2), o / c)));
        to.add(new RoofCase(
                family,
                "layer normalize, rows of 768",
                cols,
                4,
                Streams.COPY,
                (s, o, n, c) -> l.normalize(
                        s.get(0), o, n, c, s.get(2), o / c, s.get(3), o / c, s.get(4), 0, s.get(4), c, s.get(1), o)));
        to.add(new RoofCase(
                family,
                "layer gradient, rows of 768",
                cols,
                6,
                Streams.TRIAD,
                (s, o, n, c) -> l.gradient(
                        s.get(0), o, s.get(1), o, n, c, s.get(3), o / c, s.get(4), o / c, s.get(4), 0, s.get(3), o / c,
                        s.get(4), o / c, s.get(2), o, false)));
    }
}
