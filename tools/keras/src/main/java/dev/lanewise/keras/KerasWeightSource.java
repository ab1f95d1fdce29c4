package dev.lanewise.keras;

import dev.lanewise.nn.ParameterLayout;
import org.jspecify.annotations.Nullable;

/// Where a file has the weights of each layer.
sealed interface KerasWeightSource permits LegacyWeights, TreeWeights {
    /// Gives each layer its weights, as far as the file has them for it. Numbers and shapes are not compared
    /// yet, except where they decide which are whose.
    ///
    /// @param layout what the layers need; null where the model cannot be built and this is for a report
    void assign(KerasGraph model, @Nullable ParameterLayout layout, WeightAssignment to);
}
