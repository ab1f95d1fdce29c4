package dev.lanewise.kernels;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// What the contract tests run against, and on which sizes.
final class Tested {
    /// The implementation that `lanewise.simd` asks for.
    static final Kernels KERNELS = Kernels.best();

    /// The definition.
    static final Kernels SCALAR = Kernels.scalar();

    /// Around the multiples of 4, 8 and 16 lanes and of 64 virtual ones, primes, and none.
    static final List<Integer> SIZES =
            List.of(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 67, 127, 128, 129, 191, 1009);

    /// Offsets of the operands, in floats; a further operand is shifted further.
    static final List<Integer> OFFSETS = List.of(1, 16, 37);

    private Tested() {}

    static void print(Class<?> test, Object implementation) {
        System.out.println(
                test.getSimpleName() + ": " + implementation.getClass().getSimpleName() + ", " + KERNELS.vectorBits()
                        + " bits (lanewise.simd=" + System.getProperty("lanewise.simd", "auto") + ")");
    }

    /// A call of a kernel with its operands.
    interface Call {
        void on(Kernels kernels, Guarded... operands);
    }

    /// Runs a call with the definition and with the implementation under test.
    ///
    /// @return the operands as the implementation under test left them
    /// @throws AssertionError if they differ by a bit from those of the definition, or something else was
    ///     written
    static List<float[]> sameBits(String what, int offset, Call call, float[]... operands) {
        try (Arena arena = Arena.ofConfined()) {
            Guarded[] expected = operands(arena, offset, operands);
            Guarded[] actual = operands(arena, offset, operands);
            call.on(SCALAR, expected);
            call.on(KERNELS, actual);
            List<float[]> results = new ArrayList<>();
            for (int i = 0; i < operands.length; i++) {
                actual[i].checkSameBits(what + ", operand " + i, expected[i]);
                actual[i].checkGuards(what + ", operand " + i);
                expected[i].checkGuards(what + ", operand " + i + " of the definition");
                results.add(actual[i].values());
            }
            return results;
        }
    }

    private static Guarded[] operands(Arena arena, int offset, float[]... values) {
        Guarded[] operands = new Guarded[values.length];
        for (int i = 0; i < values.length; i++) {
            operands[i] = Guarded.of(arena, offset + 3L * i, values[i]);
        }
        return operands;
    }
}
