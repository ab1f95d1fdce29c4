package dev.lanewise.data;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Samples that can be read in any order: one or more inputs each, perhaps targets and a weight.
///
/// The factories copy nothing: the arrays and segments stay the caller's, later changes of them show, and a
/// segment must stay alive while it is read. There is nothing to close. Everything is gathered as float32,
/// row-major, one sample after the other; labels become whole floats, image bytes stay bytes until then.
/// Reading allocates nothing and is safe from many threads at once. All views ([#slice], [#split] ...) read the
/// same memory.
///
/// An implementation of one's own needs the abstract methods; it may be asked by several threads at once.
public interface Dataset {
    /// The number of samples, at least 1.
    int size();

    /// The shape of each input of one sample, without the batch.
    List<Shape> inputShapes();

    /// Whether there are targets or labels.
    boolean hasTargets();

    /// The shape of one sample's target, the first if there are several; `[]` for a label.
    ///
    /// @throws IllegalStateException if there are no targets
    Shape targetShape();

    /// How many targets a sample has, one for each output of a model; 0 for none.
    default int targets() {
        return hasTargets() ? 1 : 0;
    }

    /// The shape of one sample's target `target`.
    ///
    /// @throws IllegalStateException if there is no such target
    default Shape targetShape(int target) {
        DatasetChecks.onlyTarget(target);
        return targetShape();
    }

    /// Whether samples have weights.
    boolean hasWeights();

    /// Shape of a sample's weights: of one number, or the first dimensions of its outputs, as one for each
    /// step.
    default Shape weightShape() {
        return Shape.of();
    }

    /// Writes input `input` of the `count` samples `order[from]`, `order[from + 1]` ... from float
    /// `dstOffset` of `dst` on.
    ///
    /// @throws IllegalArgumentException if there is no such input or sample, or too little room in `dst`;
    ///     nothing is written then
    void gatherInput(int input, int[] order, int from, int count, MemorySegment dst, long dstOffset);

    /// The same into native memory, with a kernel for data that is to be converted, as bytes are. What a
    /// data set that passes another's samples on overrides as well, for speed alone: the values are the
    /// same.
    default void gatherInput(
            int input, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        gatherInput(input, order, from, count, dst, dstOffset);
    }

    /// The same for targets, the first if a sample has several.
    ///
    /// @throws IllegalStateException if there are no targets
    void gatherTargets(int[] order, int from, int count, MemorySegment dst, long dstOffset);

    /// The same for target `target`.
    ///
    /// @throws IllegalStateException if there is no such target
    default void gatherTarget(int target, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        DatasetChecks.onlyTarget(target);
        gatherTargets(order, from, count, dst, dstOffset);
    }

    /// The same for weights, [#weightShape] of them a sample.
    ///
    /// @throws IllegalStateException if there are no weights
    void gatherWeights(int[] order, int from, int count, MemorySegment dst, long dstOffset);

    /// Reads everything once and remembers the answer for later calls on the same object.
    ///
    /// @throws IllegalArgumentException if an input, target or weight is NaN or infinite, with their number and
    /// the first
    default void check() {
        ColumnDataset.of(this).check();
    }

    /// The samples `from` to `to - 1`.
    ///
    /// @throws IllegalArgumentException if that is not at least one sample of this data set
    default Dataset slice(int from, int to) {
        return ColumnDataset.of(this).slice(from, to);
    }

    /// The first `n` samples.
    ///
    /// @throws IllegalArgumentException if `n` is less than 1 or more than there are
    default Dataset take(int n) {
        return slice(0, n);
    }

    /// Cuts off the last `validationFraction` of the samples for validation, as Keras' `validation_split` does:
    /// without shuffling, at sample `floor(size · (1 - validationFraction))`.
    ///
    /// @throws IllegalArgumentException if one of the two parts would be empty
    default Split split(double validationFraction) {
        int at = (int) Math.floor(size() * (1.0 - validationFraction));
        if (!(validationFraction > 0 && validationFraction < 1) || at == 0 || at == size()) {
            throw new IllegalArgumentException("Dataset: the last " + validationFraction + " of " + size()
                    + " samples cannot be split off, both parts need at least one sample");
        }
        return new Split(slice(0, at), slice(at, size()));
    }

    /// Both parts of [#split].
    record Split(Dataset train, Dataset validation) {}

    /// This data set with a weight for each sample, in place of those it may have.
    ///
    /// @throws IllegalArgumentException if there are not as many weights as samples
    default Dataset withWeights(float[] weights) {
        return withWeights(weights, Shape.of());
    }

    /// This data set with weights for the parts of each sample, as for steps of a sequence, in place of
    /// those it may have.
    ///
    /// @param sample shape of a sample's weights: the first dimensions of a sample's outputs
    /// @throws IllegalArgumentException if there are not as many weights as samples have
    default Dataset withWeights(float[] weights, Shape sample) {
        return ColumnDataset.of(this).withWeights(weights, sample);
    }

    /// This data set with other targets, for a model of several outputs: all inputs of these data sets, in
    /// order.
    ///
    /// ```java
    /// Dataset.of(images, Shape.of(28, 28)).withTargets(Dataset.of(boxes, Shape.of(4)), Dataset.of(labels,
    /// Shape.of()))
    /// ```
    ///
    /// @throws IllegalArgumentException if there are not as many targets as samples
    default Dataset withTargets(Dataset... targets) {
        return ColumnDataset.of(this).withTargets(targets);
    }

    /// This data set with another shape of the same size for one input, such as `[784]` for images of `[28,
    /// 28]`.
    ///
    /// @throws IllegalArgumentException if there is no such input or the sizes differ
    default Dataset reshapeInput(int input, Shape shape) {
        return ColumnDataset.of(this).reshapeInput(input, shape);
    }

    /// This data set with another factor for inputs that are bytes; other inputs stay as they are.
    ///
    /// @throws IllegalArgumentException if the factor is not finite
    default Dataset withByteScale(float scale) {
        return ColumnDataset.of(this).withByteScale(scale);
    }

    /// Rows without targets, to predict for.
    ///
    /// @throws IllegalArgumentException as all factories: if there are no samples, rows are null or differ in
    /// length, or counts differ
    static Dataset of(float[][] x) {
        return new ColumnDataset(List.of(new FloatRowsColumn("x", x)), null, null);
    }

    /// Rows with labels, class numbers from 0 on.
    static Dataset of(float[][] x, int[] labels) {
        return new ColumnDataset(List.of(new FloatRowsColumn("x", x)), new LabelsColumn(labels), null);
    }

    /// Rows with rows of targets.
    static Dataset of(float[][] x, float[][] y) {
        return new ColumnDataset(List.of(new FloatRowsColumn("x", x)), new FloatRowsColumn("y", y), null);
    }

    /// Samples of shape `sample`, one after the other, without targets.
    static Dataset of(float[] x, Shape sample) {
        return new ColumnDataset(List.of(new FloatsColumn("x", x, sample)), null, null);
    }

    /// Samples of shape `sample`, one after the other, with labels.
    static Dataset of(float[] x, Shape sample, int[] labels) {
        return new ColumnDataset(List.of(new FloatsColumn("x", x, sample)), new LabelsColumn(labels), null);
    }

    /// Samples of shape `sample` with targets of shape `target`, both one after the other.
    static Dataset of(float[] x, Shape sample, float[] y, Shape target) {
        return new ColumnDataset(List.of(new FloatsColumn("x", x, sample)), new FloatsColumn("y", y, target), null);
    }

    /// `count` samples of native or heap float32 memory without targets.
    static Dataset of(MemorySegment x, Shape sample, int count) {
        return new ColumnDataset(List.of(new FloatSegmentColumn("x", x, sample, count)), null, null);
    }

    /// `count` samples of native or heap float32 memory; labels are targets of shape `[]`.
    static Dataset of(MemorySegment x, Shape sample, int count, MemorySegment y, Shape target) {
        return new ColumnDataset(
                List.of(new FloatSegmentColumn("x", x, sample, count)),
                new FloatSegmentColumn("y", y, target, count),
                null);
    }

    /// Images of one byte a value, without labels; see [#images(MemorySegment, Shape, float, int\[\])].
    static Dataset images(MemorySegment bytes, Shape sample, float scale) {
        return new ColumnDataset(List.of(new BytesColumn("x", bytes, sample, scale)), null, null);
    }

    /// Images of one unsigned byte a value in any segment, with labels. A gathered value is `byte * scale`;
    /// 1/255 gives 0 to 1.
    static Dataset images(MemorySegment bytes, Shape sample, float scale, int[] labels) {
        return new ColumnDataset(List.of(new BytesColumn("x", bytes, sample, scale)), new LabelsColumn(labels), null);
    }

    /// Images of one unsigned byte a value in an array, with labels.
    static Dataset images(byte[] bytes, Shape sample, float scale, int[] labels) {
        return images(MemorySegment.ofArray(bytes), sample, scale, labels);
    }

    /// Many inputs: those of all parts in order, with the targets and the weights of the one part that has
    /// them.
    ///
    /// ```java
    /// Dataset.of(List.of(Dataset.of(ages), Dataset.images(pixels, Shape.of(28, 28), 1 / 255f, labels)))
    /// ```
    ///
    /// @throws IllegalArgumentException if the parts differ in size or two of them have targets or weights
    static Dataset of(List<Dataset> parts) {
        return ColumnDataset.join(parts);
    }
}
