package dev.lanewise.nn.layer;

import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;

/// Attention of several heads of which some share keys and values: head `h` takes those of group
/// `h · groups / heads`.
/// See
/// [HeadsLayer] for inputs and formula.
///
/// @param headDim size of a head's query, key and value
/// @param numQueryHeads a multiple of `numKeyValueHeads`
/// @param dropout share of the attention that training drops
/// @param useCausalMask whether a row attends to no key after its own place
public record GroupQueryAttention(
        int headDim,
        int numQueryHeads,
        int numKeyValueHeads,
        float dropout,
        boolean useBias,
        boolean useCausalMask,
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
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
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
