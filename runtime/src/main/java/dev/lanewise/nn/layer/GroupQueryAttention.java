package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import org.jspecify.annotations.Nullable;

/// Attention of several heads of which some share keys and values: head `h` takes those of group
/// `h · groups / heads`.
/// See
/// [HeadsLayer] for inputs and formula.
///
/// @param headDim size of a head's query, key and value
/// @param numQueryHeads a multiple of `numKeyValueHeads`
/// @param dropout share of the attention that training drops
/// @param useCausalMask whether a row attends to no key after its own place
/// @param slidingWindow how many places from its own on, on either side, a row does not see any more; null
///     for none
/// @param useGate whether the heads' results are multiplied by `sigmoid(query · W_g + b_g)`
/// @param returnAttentionScores whether the softmax is a second output, `[batch, heads, rows, keys]`
public record GroupQueryAttention(
        int headDim,
        int numQueryHeads,
        int numKeyValueHeads,
        float dropout,
        boolean useBias,
        boolean useCausalMask,
        @Nullable Integer slidingWindow,
        boolean useGate,
        boolean returnAttentionScores,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements HeadsLayer {
    public GroupQueryAttention {
        if (headDim <= 0 || numKeyValueHeads <= 0 || numQueryHeads <= 0 || numQueryHeads % numKeyValueHeads != 0) {
            throw new IllegalArgumentException("GroupQueryAttention: head_dim must be positive and num_query_heads a"
                    + " multiple of num_key_value_heads, got " + headDim + ", " + numQueryHeads + " and "
                    + numKeyValueHeads);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException(
                    "GroupQueryAttention: dropout must be from 0 to below 1, got " + dropout);
        }
        HeadsLayer.check("GroupQueryAttention", slidingWindow);
    }

    /// With Keras' defaults.
    public GroupQueryAttention(int headDim, int numQueryHeads, int numKeyValueHeads) {
        this(
                headDim,
                numQueryHeads,
                numKeyValueHeads,
                0,
                true,
                false,
                null,
                false,
                false,
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    private GroupQueryAttention with(boolean causal, @Nullable Integer window, boolean gate, boolean returns) {
        return new GroupQueryAttention(
                headDim,
                numQueryHeads,
                numKeyValueHeads,
                dropout,
                useBias,
                causal,
                window,
                gate,
                returns,
                kernelInitializer,
                biasInitializer);
    }

    /// With a causal mask or without.
    public GroupQueryAttention useCausalMask(boolean causal) {
        return with(causal, slidingWindow, useGate, returnAttentionScores);
    }

    /// With this window.
    public GroupQueryAttention slidingWindow(int window) {
        return with(useCausalMask, window, useGate, returnAttentionScores);
    }

    /// With a gate or without.
    public GroupQueryAttention useGate(boolean gate) {
        return with(useCausalMask, slidingWindow, gate, returnAttentionScores);
    }

    /// With the softmax as a second output or without.
    public GroupQueryAttention returnAttentionScores(boolean returns) {
        return with(useCausalMask, slidingWindow, useGate, returns);
    }

    @Override
    public int heads() {
        return numQueryHeads;
    }

    @Override
    public int groups() {
        return numKeyValueHeads;
    }

    @Override
    public int size() {
        return headDim;
    }

    @Override
    public int valueSize() {
        return headDim;
    }
}
