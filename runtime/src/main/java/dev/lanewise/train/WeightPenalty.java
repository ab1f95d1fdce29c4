package dev.lanewise.train;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.Regularizer;
import dev.lanewise.nn.WeightRule;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A weight's regularizer at work. It allocates nothing, and its sums do not depend on the threads.
interface WeightPenalty {
    /// What the weight adds to the loss.
    ///
    /// @param withGradient whether the gradient is to be added to the weight's
    double value(boolean withGradient);

    /// The penalties of all weights that are trained.
    ///
    /// @param gradients in the layout of [Model#trainable()]; null where none will be asked for
    static List<WeightPenalty> of(Model model, @Nullable MemorySegment gradients, Compute compute) {
        final List<WeightPenalty> penalties = new ArrayList<>();
        for (ParameterLayout.Place place : model.layout().places()) {
            final WeightRule rule = model.graph().rules().get(place.path());
            final Regularizer regularizer = rule == null ? null : rule.regularizer();
            if (regularizer == null || !place.spec().trainable()) {
                continue;
            }
            final Tensor weight = model.parameter(place);
            final Tensor gradient = gradients == null ? null : Tensor.at(gradients, place.offset(), weight.shape());
            penalties.add(
                    switch (regularizer) {
                        case Regularizer.L1 r -> new ElementPenalty(r.l1(), 0, weight, gradient, compute);
                        case Regularizer.L2 r -> new ElementPenalty(0, r.l2(), weight, gradient, compute);
                        case Regularizer.L1L2 r -> new ElementPenalty(r.l1(), r.l2(), weight, gradient, compute);
                        case Regularizer.OrthogonalRegularizer r -> new OrthogonalPenalty(r, weight, gradient);
                    });
        }
        return penalties;
    }
}
