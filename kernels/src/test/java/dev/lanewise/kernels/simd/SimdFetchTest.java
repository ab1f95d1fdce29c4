package dev.lanewise.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimdFetchTest {
    /// Rows apart, without gaps, overlapping, and one row for all.
    @ParameterizedTest
    @CsvSource({"70, 19, 67", "67, 19, 67", "20, 19, 67", "0, 19, 67", "1000, 1, 1", "5, 0, 5", "5, 3, 0", "16, 40, 16"
    })
    void readsThePartAndNothingBehind(int ld, int rows, int cols) {
        final int floats = rows == 0 || cols == 0 ? 0 : (rows - 1) * ld + cols;
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = arena.allocate(4L * (3 + floats), 64).asReadOnly();
            assertDoesNotThrow(() -> SimdFetch.fetch(memory, 3, ld, rows, cols));
        }
    }

    /// A segment that ends before the last row.
    @ParameterizedTest
    @CsvSource({"16, 19, 16", "17, 19, 16", "33, 40, 1", "100, 16, 100"})
    void reachesTheLastRow(int ld, int rows, int cols) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = arena.allocate(4L * (rows - 1) * ld, 64);
            assertThrows(IndexOutOfBoundsException.class, () -> SimdFetch.fetch(memory, 0, ld, rows, cols));
        }
    }
}
