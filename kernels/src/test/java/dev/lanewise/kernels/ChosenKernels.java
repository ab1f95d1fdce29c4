package dev.lanewise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Chooses twice, runs a little of each family, and prints what was chosen.
final class ChosenKernels {
    private ChosenKernels() {}

    public static void main(String... args) {
        Kernels first = Kernels.best();
        Kernels second = Kernels.best();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(400, 64);
            first.elementwise().fill(x, 0, 100, 1);
            first.activation(Activations.TANH).forward(x, 0, x, 0, 1, 100);
            first.activation(Activations.SOFTMAX).forward(x, 0, x, 0, 10, 10);
            first.optimizer().sgd(x, x, 0, 100, 0.5f);
            first.loss().meanSquaredError(x, 0, x, 10, null, 0, x, 90, null, 0, 1, 10, 1);
            if (!(first.reduction().sum(x, 0, 90) > 0) || x.getAtIndex(JAVA_FLOAT, 90) != 0) {
                throw new AssertionError();
            }
        }
        System.out.println("fused " + MultiplyAdd.isFused() + " hardware " + MultiplyAdd.isInHardware() + " slowdown "
                + MultiplyAdd.slowdown());
        System.out.println("chosen " + first.name() + ", " + second.name());
    }
}
