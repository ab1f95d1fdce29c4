package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Attention of several heads over `query[batch, rows, …]`, `value[batch, keys, …]` and, where it is another,
/// `key[batch,
/// keys, …]`; see [HeadsLayer] for the formula.
///
/// @param keyDim size of a head's query and key
/// @param valueDim size of a head's value; null for `keyDim`
/// @param dropout share of the attention that training drops
/// @param outputShape features of the output, one number; null for the query's
/// @param useCausalMask whether a row attends to no key after its own place
/// @param slidingWindow how many places from its own on, on either side, a row does not see any more; null
///     for none
/// @param useGate whether the heads' results are multiplied by `sigmoid(query · W_g + b_g)`; `valueDim` is
///     `keyDim` then
/// @param returnAttentionScores whether the softmax is a second output, `[batch, heads, rows, keys]`
public record MultiHeadAttention(
        int numHeads,
        int keyDim,
        @Nullable Integer valueDim,
        float dropout,
        boolean useBias,
        @Nullable List<Integer> outputShape,
        boolean useCausalMask,
        @Nullable Integer slidingWindow,
        boolean useGate,
        boolean returnAttentionScores,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements HeadsLayer {
    public MultiHeadAttention {
        if (numHeads <= 0 || keyDim <= 0 || (valueDim != null && valueDim <= 0)) {
            throw new IllegalArgumentException(
                    "MultiHeadAttention: num_heads, key_dim and value_dim must be positive, got " + numHeads + ", "
                            + keyDim + " and " + valueDim);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("MultiHeadAttention: dropout must be from 0 to below 1, got " + dropout);
        }
        HeadsLayer.check("MultiHeadAttention", slidingWindow);
        if (useGate && valueDim != null && valueDim != keyDim) {
            throw new IllegalArgumentException("MultiHeadAttention: use_gate needs equal key_dim and value_dim, got "
                    + keyDim + " and " + valueDim);
        }
        if (outputShape != null && (outputShape.size() != 1 || outputShape.getFirst() <= 0)) {
            throw new IllegalArgumentException(
                    "MultiHeadAttention: output_shape must be one positive number, got " + outputShape);
        }
    }

    /// Without window and gate, with one output.
    public MultiHeadAttention(
            int numHeads,
            int keyDim,
            @Nullable Integer valueDim,
            float dropout,
            boolean useBias,
            @Nullable List<Integer> outputShape,
            boolean useCausalMask,
            Initializer kernelInitializer,
            Initializer biasInitializer) {
        this(
                numHeads,
                keyDim,
                valueDim,
                dropout,
                useBias,
                outputShape,
                useCausalMask,
                null,
                false,
                false,
                kernelInitializer,
                biasInitializer);
    }

    /// With Keras' defaults.
    public MultiHeadAttention(int numHeads, int keyDim) {
        this(numHeads, keyDim, null, 0, true, null, false, new Initializers.GlorotUniform(), new Initializers.Zeros());
    }

    private MultiHeadAttention with(
            float rate, boolean causal, @Nullable Integer window, boolean gate, boolean returns) {
        return new MultiHeadAttention(
                numHeads,
                keyDim,
                valueDim,
                rate,
                useBias,
                outputShape,
                causal,
                window,
                gate,
                returns,
                kernelInitializer,
                biasInitializer);
    }

    /// With a causal mask or without.
    public MultiHeadAttention useCausalMask(boolean causal) {
        return with(dropout, causal, slidingWindow, useGate, returnAttentionScores);
    }

    /// With this dropout.
    public MultiHeadAttention dropout(float rate) {
        return with(rate, useCausalMask, slidingWindow, useGate, returnAttentionScores);
    }

    /// With this window.
    public MultiHeadAttention slidingWindow(int window) {
        return with(dropout, useCausalMask, window, useGate, returnAttentionScores);
    }

    /// With a gate or without.
    public MultiHeadAttention useGate(boolean gate) {
        return with(dropout, useCausalMask, slidingWindow, gate, returnAttentionScores);
    }

    /// With the softmax as a second output or without.
    public MultiHeadAttention returnAttentionScores(boolean returns) {
        return with(dropout, useCausalMask, slidingWindow, useGate, returns);
    }

    @Override
    public boolean takesPlaces() {
        return true;
    }

    @Override
    public int heads() {
        return numHeads;
    }

    @Override
    public int groups() {
        return numHeads;
    }

    @Override
    public int size() {
        return keyDim;
    }

    @Override
    public int valueSize() {
        return valueDim == null ? keyDim : valueDim;
    }

    @Override
    public @Nullable Integer out() {
        return outputShape == null ? null : outputShape.getFirst();
    }
}
