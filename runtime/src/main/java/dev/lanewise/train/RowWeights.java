package dev.lanewise.train;

import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The weights of an output's rows (all its dimensions but the last): those of their samples, or of their
/// own, times what the output's mask says of them. As in Keras, rows that do not count weigh nothing, the
/// others `rows / rows that count`: so the loss of a batch is the sum of the weighted losses over the number
/// of rows that count, and 0 where none does.
///
/// Without the default reduction there is no such share: then the weights are those by which `sum of weight ·
/// loss / rows` is the reduction of [ReducedLoss].
///
/// @param weights of the rows, filled for each batch
/// @param counts for each row 1 or 0, filled for each batch; null where there is no mask
record RowWeights(
        Tensor weights,
        @Nullable Tensor counts,
        @Nullable Tensor sampleWeights,
        @Nullable Tensor mask,
        String reduction) {
    /// @param sampleWeights one per sample, or for some of the output's first dimensions; null for none
    /// @param mask of the output, or null
    /// @param reduction the loss's
    /// @return null where the rows are the samples and have no mask, and the reduction is the default
    /// @throws IllegalArgumentException if mask or weights are not of the output's leading dimensions
    static @Nullable RowWeights of(
            Memory memory,
            Tensor y,
            int rows,
            @Nullable Tensor sampleWeights,
            @Nullable Tensor mask,
            String reduction) {
        if (sampleWeights != null) {
            requireLeading("weights", y.shape(), sampleWeights.shape().withoutFirst());
        }
        final boolean usual = reduction.equals(ReducedLoss.USUAL);
        if (usual && mask == null && (sampleWeights == null || rows == sampleWeights.size())) {
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
                reduction);
    }

    /// Checks that something of a sample, as its weights, is of an output's first dimensions, and not of the
    /// last one.
    ///
    /// @param y of the output, with the batch
    static void requireLeading(String what, Shape y, Shape sample) {
        boolean fits = sample.rank() == 0 || sample.rank() < y.rank() - 1;
        for (int i = 0; fits && i < sample.rank(); i++) {
            fits = y.dim(i + 1) == sample.dim(i) || y.dim(i + 1) == Shape.UNKNOWN;
        }
        if (!fits) {
            throw new IllegalArgumentException("the data has " + what + " of shape " + sample
                    + " for each sample, expected" + " one number or the first dimensions of the output " + y);
        }
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
        final float share = reduction.equals(ReducedLoss.USUAL) ? (float) rows / Math.max(1, counting) : 1;
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            final float sample = sampleWeights == null ? 1 : sampleWeights.get(r / (rows / sampleWeights.size()));
            weights.set(r, Rows.counts(counts, r) ? sample * share : 0);
            sum += weights.get(r);
        }
        if (!reduction.equals(ReducedLoss.USUAL)) {
            final double by = reduction.equals("sum") ? 1 : sum;
            final float factor = by == 0 ? 0 : (float) (rows / by);
            for (int r = 0; r < rows; r++) {
                weights.set(r, factor * weights.get(r));
            }
        }
    }
}
