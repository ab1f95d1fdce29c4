package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Constraint;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A weight's constraint at work, after each update. It allocates nothing.
final class WeightProjection {
    private final Constraint constraint;
    private final MemorySegment weight;
    private final int size;

    /// The dimensions before the last, how far the place of the norm moves with each, and where each stands.
    private final int[] outer;

    private final int[] outerSteps;
    private final int[] at;

    /// The last dimension and its step.
    private final int last;

    private final int lastStep;

    /// One for each place in the dimensions that are not summed over: the norm, then the factor.
    private final double[] norms;

    private WeightProjection(Constraint constraint, Tensor weight) {
        this.constraint = constraint;
        this.weight = weight.segment();
        size = weight.size();
        final Shape shape = weight.shape();
        final int rank = shape.rank();
        final boolean[] summed = new boolean[rank];
        if (constraint instanceof Constraint.OfNorms ofNorms) {
            for (int axis : ofNorms.axis()) {
                summed[axis < 0 ? axis + rank : axis] = true;
            }
        }
        final int[] steps = new int[rank];
        int places = 1;
        for (int d = rank - 1; d >= 0; d--) {
            if (!summed[d]) {
                steps[d] = places;
                places *= shape.dim(d);
            }
        }
        outer = Arrays.copyOf(shape.toArray(), Math.max(0, rank - 1));
        outerSteps = Arrays.copyOf(steps, outer.length);
        at = new int[outer.length];
        last = rank == 0 ? 1 : shape.last();
        lastStep = rank == 0 ? 0 : steps[rank - 1];
        norms = new double[constraint instanceof Constraint.OfNorms ? places : 0];
    }

    /// The projections of all weights that are trained.
    static List<WeightProjection> of(Model model) {
        final List<WeightProjection> projections = new ArrayList<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            final WeightRule rule = model.graph().rules().get(place.path());
            final Constraint constraint = rule == null ? null : rule.constraint();
            if (constraint != null && place.spec().trainable()) {
                projections.add(new WeightProjection(constraint, model.parameter(place)));
            }
        }
        return projections;
    }

    void apply() {
        switch (constraint) {
            case Constraint.NonNeg nonNeg -> {
                for (int i = 0; i < size; i++) {
                    if (weight.getAtIndex(JAVA_FLOAT, i) < 0) {
                        weight.setAtIndex(JAVA_FLOAT, i, 0);
                    }
                }
            }
            case Constraint.OfNorms ofNorms -> {
                Arrays.fill(norms, 0);
                pass(false);
                for (int i = 0; i < norms.length; i++) {
                    norms[i] = ofNorms.factor(Math.sqrt(norms[i]));
                }
                pass(true);
            }
        }
    }

    /// Goes over all weights with the place of each one's norm: adds its square there, or multiplies it by
    /// what is
    /// there.
    private void pass(boolean scale) {
        Arrays.fill(at, 0);
        int place = 0;
        for (int from = 0; from < size; from += last) {
            for (int i = 0; i < last; i++) {
                final double w = weight.getAtIndex(JAVA_FLOAT, (long) from + i);
                if (scale) {
                    weight.setAtIndex(JAVA_FLOAT, (long) from + i, (float) (w * norms[place + i * lastStep]));
                } else {
                    norms[place + i * lastStep] += w * w;
                }
            }
            place = next(place);
        }
    }

    /// The place of the next row.
    private int next(int place) {
        int moved = place;
        for (int d = outer.length - 1; d >= 0; d--) {
            moved += outerSteps[d];
            if (++at[d] < outer[d]) {
                return moved;
            }
            moved -= outer[d] * outerSteps[d];
            at[d] = 0;
        }
        return moved;
    }
}
