package dev.lanewise.kernels.gemm;

import static dev.lanewise.kernels.gemm.TestedGemm.GEMM;
import static dev.lanewise.kernels.gemm.TestedGemm.INFINITY;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Calls that do not fit are refused, by the name of the operand, before anything is written.
class GemmRefusalsTest {
    private static String refusal(Runnable call) {
        return assertThrows(IllegalArgumentException.class, call::run).getMessage();
    }

    /// A valid call of `[3, 5] · [5, 4]` that tests spoil in one place.
    private static final class Call {
        int m = 3;
        int n = 4;
        int k = 5;
        long aOffset;
        long lda = 5;
        long bOffset;
        long ldb = 4;
        long cOffset;
        long ldc = 4;
        float beta;
        MemorySegment a;
        MemorySegment b;
        MemorySegment c;
        MemorySegment bias;
        MemorySegment scratch;

        Call(Arena arena) {
            a = arena.allocate(4 * 15, 64);
            b = arena.allocate(4 * 20, 64);
            c = arena.allocate(4 * 12, 64);
            scratch = arena.allocate(4 * GEMM.scratchSize(3, 4, 5), 64);
        }

        void run() {
            GEMM.multiply(
                    false, false, m, n, k, a, aOffset, lda, b, bOffset, ldb, beta, c, cOffset, ldc, bias, 0, -INFINITY,
                    INFINITY, scratch, 0);
        }

        void runWithRoutine() {
            GEMM.multiply(
                    false,
                    m,
                    n,
                    k,
                    a,
                    aOffset,
                    lda,
                    (k0, rows, j0, cols, panel, offset, ld) -> {},
                    beta,
                    c,
                    cOffset,
                    ldc,
                    bias,
                    0,
                    -INFINITY,
                    INFINITY,
                    scratch,
                    0);
        }
    }

    private interface Spoil {
        void of(Call call, Arena arena);
    }

    private static void assertRefused(String expected, Spoil spoil) {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.run();
            spoil.of(call, arena);
            final String message = refusal(call::run);
            assertTrue(message.startsWith("gemm: ") && message.contains(expected), message);
        }
    }

    @Test
    void negativeSizesAreRefused() {
        assertRefused("m=-1", (call, arena) -> call.m = -1);
        assertRefused("n=-2", (call, arena) -> call.n = -2);
        assertRefused("k=-3", (call, arena) -> call.k = -3);
    }

    @Test
    void operandsThatDoNotFitAreRefusedByName() {
        assertRefused("gemm: A: [3, 5]", (call, arena) -> call.aOffset = 1);
        assertRefused("gemm: A:", (call, arena) -> call.aOffset = -1);
        assertRefused("gemm: A:", (call, arena) -> call.aOffset = Long.MAX_VALUE);
        assertRefused("gemm: A:", (call, arena) -> call.lda = 6);
        assertRefused("gemm: A:", (call, arena) -> call.lda = Long.MAX_VALUE / 2);
        assertRefused("gemm: A:", (call, arena) -> call.lda = -1);
        assertRefused("gemm: B: [5, 4]", (call, arena) -> call.bOffset = 1);
        assertRefused("gemm: B:", (call, arena) -> call.ldb = 5);
        assertRefused("gemm: C: [3, 4]", (call, arena) -> call.cOffset = 1);
        assertRefused("gemm: C:", (call, arena) -> call.ldc = 3);
        assertRefused("gemm: C:", (call, arena) -> call.ldc = 5);
        assertRefused("gemm: C:", (call, arena) -> call.c = call.c.asSlice(0, 44));
        assertRefused("gemm: bias:", (call, arena) -> call.bias = arena.allocate(12, 64));
        assertRefused(
                "gemm: scratch:",
                (call, arena) -> call.scratch = call.scratch.asSlice(0, call.scratch.byteSize() - Float.BYTES));
    }

    @Test
    void biasWithBetaIsRefused() {
        assertRefused("bias needs beta 0, got 1.0", (call, arena) -> {
            call.bias = arena.allocate(16, 64);
            call.beta = 1;
        });
    }

    @Test
    void readOnlyTargetsAreRefused() {
        assertRefused("C", (call, arena) -> call.c = call.c.asReadOnly());
        assertRefused("scratch", (call, arena) -> call.scratch = call.scratch.asReadOnly());
    }

    @Test
    void heapSegmentsAreRefusedByName() {
        final MemorySegment heap = MemorySegment.ofArray(new float[8192]);
        assertRefused("gemm: A: expected native memory", (call, arena) -> call.a = heap);
        assertRefused("gemm: B: expected native memory", (call, arena) -> call.b = heap);
        assertRefused("gemm: C: expected native memory", (call, arena) -> call.c = heap);
        assertRefused("gemm: bias: expected native memory", (call, arena) -> call.bias = heap);
        assertRefused("gemm: scratch: expected native memory", (call, arena) -> call.scratch = heap);
    }

    @Test
    void mappedSegmentsAreRefusedByName(@TempDir Path folder) throws IOException {
        final Path file = folder.resolve("mapped");
        Files.write(file, new byte[1 << 18]);
        try (Arena shared = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            final MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 18, shared);
            assertRefused("gemm: A: expected native memory, got memory mapped", (call, arena) -> call.a = mapped);
            assertRefused("gemm: B: expected native memory, got memory mapped", (call, arena) -> call.b = mapped);
            assertRefused("gemm: C: expected native memory, got memory mapped", (call, arena) -> call.c = mapped);
        }
    }

    @Test
    void productsWithARoutineCheckTheirOperandsToo() {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.runWithRoutine();
            call.aOffset = 1;
            assertTrue(refusal(call::runWithRoutine).contains("gemm: A: [3, 5]"));
            call.aOffset = 0;
            call.cOffset = 1;
            assertTrue(refusal(call::runWithRoutine).contains("gemm: C: [3, 4]"));
            call.k = -1;
            assertTrue(refusal(call::runWithRoutine).contains("k=-1"));
        }
    }

    @Test
    void refusedCallHasWrittenNothing() {
        try (Arena arena = Arena.ofConfined()) {
            final Call call = new Call(arena);
            call.c.fill((byte) 1);
            final float[] before = call.c.toArray(JAVA_FLOAT);
            call.bOffset = 1;
            refusal(call::run);
            assertTrue(Arrays.equals(before, call.c.toArray(JAVA_FLOAT)));
        }
    }
}
