package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// Attention of one head by addition (Bahdanau et al. 2014): `y[batch, rows, values] = softmax(scores) ·
/// value` with `scores[r, c] = Σ_i scale_i · tanh(query[r, i] + key[c, i])`. See [PlainAttention] for inputs
/// and masks.
///
/// @param useScale whether the features have factors that are trained; else they are 1
/// @param dropout share of the attention that training drops
/// @param useCausalMask whether a row attends to no key after its own place
/// @param returnAttentionScores whether the softmax is a second output, `[batch, rows, keys]`
public record AdditiveAttention(boolean useScale, float dropout, boolean useCausalMask, boolean returnAttentionScores)
        implements PlainAttention {
    public AdditiveAttention {
        PlainAttention.checkDropout("AdditiveAttention", dropout);
    }

    /// With one output.
    public AdditiveAttention(boolean useScale, float dropout, boolean useCausalMask) {
        this(useScale, dropout, useCausalMask, false);
    }

    /// With Keras' defaults: with factors, without dropout and causal mask.
    public AdditiveAttention() {
        this(true, 0, false);
    }

    /// With the softmax as a second output or without.
    public AdditiveAttention returnAttentionScores(boolean returns) {
        return new AdditiveAttention(useScale, dropout, useCausalMask, returns);
    }

    @Override
    public boolean isProduct() {
        return false;
    }

    @Override
    public boolean isScaled() {
        return false;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        return useScale
                ? List.of(new ParameterSpec(
                        "scale", Shape.of(inputs.getFirst().last()), new Initializers.GlorotUniform()))
                : List.of();
    }
}
