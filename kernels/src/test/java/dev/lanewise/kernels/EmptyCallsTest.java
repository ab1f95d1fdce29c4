package dev.lanewise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Calls on nothing, and loads of every kind, with memory of no more than they ask for: none reads beyond it,
/// where a segment would throw, and none writes.
class EmptyCallsTest {
    @BeforeAll
    static void needsVectors() {
        Assumptions.assumeTrue(Tested.KERNELS.vectorBits() > 0, "no vectors here");
    }

    static Stream<Object> families() {
        final Kernels kernels = Tested.KERNELS;
        return Stream.of(
                kernels.gemm(),
                kernels.activation(Activations.RELU),
                kernels.elementwise(),
                kernels.reduction(),
                kernels.optimizer(),
                kernels.loss());
    }

    @ParameterizedTest
    @MethodSource("families")
    void nothingIsWritten(Object family) {
        final EmptyCalls calls = assertInstanceOf(EmptyCalls.class, family);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = arena.allocate((long) EmptyCalls.FLOATS * Float.BYTES, 64);
            final byte[] before = new byte[(int) memory.byteSize()];
            Arrays.fill(before, (byte) 0x5a);
            MemorySegment.copy(before, 0, memory, JAVA_BYTE, 0, before.length);
            calls.loadEveryKind(memory);
            calls.callEmpty(memory, 1000);
            assertArrayEquals(before, memory.toArray(JAVA_BYTE));
            calls.loadEveryKind(memory.asReadOnly());
            calls.callEmpty(memory.asReadOnly(), 1000);
        }
    }
}
