package dev.lanewise.nn.layer;

/// Places of elements in memory, along axes of given sizes and strides.
final class Places {
    private Places() {}

    /// Strides of a row-major tensor with these sizes, in elements.
    static int[] strides(int... dims) {
        final int[] strides = new int[dims.length];
        int stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        return strides;
    }

    /// The place of each element, the last axis first: `first + Σ index · stride`.
    static int[] of(int first, int[] dims, int[] strides) {
        int size = 1;
        for (int dim : dims) {
            size *= dim;
        }
        final int[] places = new int[size];
        for (int i = 0; i < size; i++) {
            int rest = i;
            int at = first;
            for (int axis = dims.length - 1; axis >= 0; axis--) {
                at += rest % dims[axis] * strides[axis];
                rest /= dims[axis];
            }
            places[i] = at;
        }
        return places;
    }
}
