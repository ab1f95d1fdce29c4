package dev.lanewise.tensor;

import java.util.Arrays;

/// The dimensions of a tensor, outermost first: `[128, 784]`. Rank 0, `[]`, is a scalar with one element.
///
/// A dimension may be 0. In a definition, before sizes are known, it may also be [#UNKNOWN], printed as `None`;
/// such a shape
/// has no [#size()] and meets real data through [#matches(Shape)] or [#bind(Shape)].
public final class Shape {
    /// A dimension that a definition leaves open, such as the batch or a sequence's length.
    public static final int UNKNOWN = -1;

    private static final Shape SCALAR = new Shape(new int[0]);

    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
    }

    /// A shape of these dimensions; of none, a scalar.
    ///
    /// @throws IllegalArgumentException if a dimension is negative and not [#UNKNOWN]
    public static Shape of(int... dims) {
        if (dims.length == 0) {
            return SCALAR;
        }
        int[] copy = dims.clone();
        for (int i = 0; i < copy.length; i++) {
            if (copy[i] < UNKNOWN) {
                throw new IllegalArgumentException("Shape " + Arrays.toString(copy) + ": dimension " + i + " is "
                        + copy[i] + ", expected 0 or more, or Shape.UNKNOWN");
            }
        }
        return new Shape(copy);
    }

    public int rank() {
        return dims.length;
    }

    /// The dimension at `i`; a negative `i` counts from the end, -1 being the last.
    ///
    /// @throws IllegalArgumentException if there is no such dimension
    public int dim(int i) {
        int index = i < 0 ? i + dims.length : i;
        if (index < 0 || index >= dims.length) {
            throw new IllegalArgumentException(
                    "Shape " + this + " has " + dims.length + " dimensions, dimension " + i + " was asked for");
        }
        return dims[index];
    }

    /// The last dimension.
    ///
    /// @throws IllegalArgumentException for a scalar
    public int last() {
        return dim(-1);
    }

    /// A copy of the dimensions.
    public int[] toArray() {
        return dims.clone();
    }

    /// The number of elements: the product of the dimensions, 1 for a scalar.
    ///
    /// @throws IllegalArgumentException if a dimension is unknown, or if the product exceeds a `long`
    public long size() {
        requireConcrete();
        long size = 1;
        for (int dim : dims) {
            if (dim == 0) {
                return 0; // also where the other dimensions would overflow
            }
        }
        for (int dim : dims) {
            if (size > Long.MAX_VALUE / dim) {
                throw new IllegalArgumentException("Shape " + this + " has more than " + Long.MAX_VALUE + " elements");
            }
            size *= dim;
        }
        return size;
    }

    /// Whether every dimension is known.
    public boolean isConcrete() {
        for (int dim : dims) {
            if (dim == UNKNOWN) {
                return false;
            }
        }
        return true;
    }

    /// This shape, once it is sure that every dimension is known.
    ///
    /// @throws IllegalArgumentException if a dimension is unknown
    public Shape requireConcrete() {
        if (!isConcrete()) {
            throw new IllegalArgumentException("Shape " + this + " has a dimension that is not known yet");
        }
        return this;
    }

    /// Whether `concrete` has this rank, no unknown dimension, and equals this one in all known dimensions.
    public boolean matches(Shape concrete) {
        if (concrete.dims.length != dims.length || !concrete.isConcrete()) {
            return false;
        }
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] != UNKNOWN && dims[i] != concrete.dims[i]) {
                return false;
            }
        }
        return true;
    }

    /// This shape with the unknown dimensions taken from `concrete`, which is then equal to it.
    ///
    /// @throws IllegalArgumentException if `concrete` does not match
    public Shape bind(Shape concrete) {
        if (!matches(concrete)) {
            throw new IllegalArgumentException("Shape " + concrete + " does not fit, expected " + this);
        }
        return concrete;
    }

    /// This shape with one more dimension in front: `[784]` and 128 give `[128, 784]`.
    public Shape prepend(int dim) {
        int[] longer = new int[dims.length + 1];
        longer[0] = dim;
        System.arraycopy(dims, 0, longer, 1, dims.length);
        return of(longer);
    }

    /// This shape with one more dimension at the end.
    public Shape append(int dim) {
        int[] longer = Arrays.copyOf(dims, dims.length + 1);
        longer[dims.length] = dim;
        return of(longer);
    }

    /// This shape with the dimension at `i` replaced; a negative `i` counts from the end.
    ///
    /// @throws IllegalArgumentException if there is no such dimension
    public Shape with(int i, int dim) {
        dim(i); // range check
        int[] changed = dims.clone();
        changed[i < 0 ? i + dims.length : i] = dim;
        return of(changed);
    }

    /// This shape without its first dimension: a sample's shape from a batch's.
    ///
    /// @throws IllegalArgumentException for a scalar
    public Shape withoutFirst() {
        dim(0); // range check
        return of(Arrays.copyOfRange(dims, 1, dims.length));
    }

    /// This shape without its last dimension.
    ///
    /// @throws IllegalArgumentException for a scalar
    public Shape withoutLast() {
        dim(-1); // range check
        return of(Arrays.copyOf(dims, dims.length - 1));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /// As `[None, 784]`.
    @Override
    public String toString() {
        var text = new StringBuilder("[");
        for (int i = 0; i < dims.length; i++) {
            text.append(i == 0 ? "" : ", ");
            if (dims[i] == UNKNOWN) {
                text.append("None");
            } else {
                text.append(dims[i]);
            }
        }
        return text.append(']').toString();
    }
}
