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
public record MultiHeadAttention(
        int numHeads,
        int keyDim,
        @Nullable Integer valueDim,
        float dropout,
        boolean useBias,
        @Nullable List<Integer> outputShape,
        boolean useCausalMask,
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
        if (outputShape != null && (outputShape.size() != 1 || outputShape.getFirst() <= 0)) {
            throw new IllegalArgumentException(
                    "MultiHeadAttention: output_shape must be one positive number, got " + outputShape);
        }
    }

    /// With Keras' defaults.
    public MultiHeadAttention(int numHeads, int keyDim) {
        this(numHeads, keyDim, null, 0, true, null, false, new Initializers.GlorotUniform(), new Initializers.Zeros());
    }

    /// With a causal mask or without.
    public MultiHeadAttention useCausalMask(boolean causal) {
        return new MultiHeadAttention(
                numHeads, keyDim, valueDim, dropout, useBias, outputShape, causal, kernelInitializer, biasInitializer);
    }

    /// With this dropout.
    public MultiHeadAttention dropout(float rate) {
        return new MultiHeadAttention(
                numHeads,
                keyDim,
                valueDim,
                rate,
                useBias,
                outputShape,
                useCausalMask,
                kernelInitializer,
                biasInitializer);
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
