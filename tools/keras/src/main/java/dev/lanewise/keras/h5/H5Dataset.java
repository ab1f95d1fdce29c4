package dev.lanewise.keras.h5;

import java.nio.ByteOrder;
import java.util.List;

/// A data set's description; its values are read by [H5File].
///
/// @param file that has it
/// @param path from the root
/// @param dims sizes of its dimensions, as the file says them: they are not yet compared with anything
/// @param address of its header in the file
public record H5Dataset(H5File file, String path, List<Long> dims, H5Type type, ByteOrder order, long address) {
    public H5Dataset {
        dims = List.copyOf(dims);
    }

    /// Number of elements.
    ///
    /// @throws ArithmeticException if it is beyond a long
    public long size() {
        long size = 1;
        for (long dim : dims) {
            size = Math.multiplyExact(size, dim);
        }
        return size;
    }

    /// Bytes of all elements.
    ///
    /// @throws ArithmeticException if they are beyond a long
    long byteSize() {
        return Math.multiplyExact(size(), type.bytes());
    }

    public boolean isScalar() {
        return dims.isEmpty();
    }
}
