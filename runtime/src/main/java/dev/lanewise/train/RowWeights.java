package dev.lanewise.train;

import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The weights of an output's rows (all its dimensions but the last): those of their samples, times what the output's
/// mask says of them. As in Keras, rows that do not count weigh nothing, the others `rows / rows that count`: so the
/// loss
/// of a batch is the sum of the weighted losses over the number of rows that count, and 0 where none does.
///
/// @param weights of the rows, filled for each batch
/// @param counts for each row 1 or 0, filled for each batch; null where there is no mask
record RowWeights(
        Tensor weights,
        @Nullable Tensor counts,
        @Nullable Tensor sampleWeights,
        @Nullable Tensor mask,
        int samples) {
    /// @param sampleWeights one per sample, or null
    /// @param mask of the output, or null
    /// @return null where the rows are the samples and have no mask
    /// @throws IllegalArgumentException if the mask is not one of the output's leading dimensions
    static @Nullable RowWeights of(
            Memory memory, Tensor y, int rows, @Nullable Tensor sampleWeights, @Nullable Tensor mask) {
        final int samples = y.shape().dim(0);
        if (mask == null && (sampleWeights == null || rows == samples)) {
            return null;
        }
        for (int i = 0; mask != null && i < mask.shape().rank(); i++) {
            if (i >= y.shape().rank() - 1 || mask.shape().dim(i) != y.shape().dim(i)) {
                throw new IllegalArgumentException(
                        "an output of shape " + y.shape() + " has a mask of shape " + mask.shape());
            }
        }
        return new RowWeights(
                Tensor.zeros(memory, Shape.of(rows)),
                mask == null ? null : Tensor.zeros(memory, Shape.of(rows)),
                sampleWeights,
                mask,
                samples);
    }

    /// Fills the rows' weights from the batch's.
    void fill() {
        final int rows = weights.size();
        int counting = rows;
        if (mask != null && counts != null) {
            final int each = rows / mask.size();
            for (int r = 0; r < rows; r++) {
                counts.set(r, mask.get(r / each) != 0 ? 1 : 0);
            }
            counting = Rows.counting(counts, rows);
        }
        final float share = (float) rows / Math.max(1, counting);
        for (int r = 0; r < rows; r++) {
            final float sample = sampleWeights == null ? 1 : sampleWeights.get(r / (rows / samples));
            weights.set(r, Rows.counts(counts, r) ? sample * share : 0);
        }
    }
}
