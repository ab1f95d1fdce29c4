package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// Attention of one head: `y[batch, rows, values] = softmax(scores) · value`, where the scores are with
/// `scoreMode` `dot` `scale · query · keyᵀ`, and with `concat` `concat_score_weight · Σ tanh(scale · (query
/// + key))` over the features. See [PlainAttention] for inputs and masks.
///
/// @param useScale whether the scores have a factor that is trained, 1 at first
/// @param scoreMode `dot` or `concat`
/// @param dropout share of the attention that training drops
/// @param useCausalMask whether a row attends to no key after its own place
/// @param returnAttentionScores whether the softmax is a second output, `[batch, rows, keys]`
public record Attention(
        boolean useScale, String scoreMode, float dropout, boolean useCausalMask, boolean returnAttentionScores)
        implements PlainAttention {
    public Attention {
        PlainAttention.checkDropout("Attention", dropout);
        if (!scoreMode.equals("dot") && !scoreMode.equals("concat")) {
            throw new IllegalArgumentException("Attention: score_mode must be dot or concat, got '" + scoreMode + "'");
        }
    }

    /// With one output.
    public Attention(boolean useScale, String scoreMode, float dropout, boolean useCausalMask) {
        this(useScale, scoreMode, dropout, useCausalMask, false);
    }

    /// By products.
    public Attention(boolean useScale, float dropout, boolean useCausalMask) {
        this(useScale, "dot", dropout, useCausalMask);
    }

    /// By products, without scale, dropout and causal mask.
    public Attention() {
        this(false, 0, false);
    }

    /// With the softmax as a second output or without.
    public Attention returnAttentionScores(boolean returns) {
        return new Attention(useScale, scoreMode, dropout, useCausalMask, returns);
    }

    @Override
    public boolean isProduct() {
        return scoreMode.equals("dot");
    }

    @Override
    public boolean isScaled() {
        return useScale;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final List<ParameterSpec> specs = new ArrayList<>();
        if (useScale) {
            specs.add(new ParameterSpec("scale", Shape.of(), new Initializers.Ones()));
        }
        if (!isProduct()) {
            specs.add(new ParameterSpec("concat_score_weight", Shape.of(), new Initializers.Ones()));
        }
        return specs;
    }
}
