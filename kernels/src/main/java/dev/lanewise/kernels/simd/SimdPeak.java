package dev.lanewise.kernels.simd;

import java.util.function.IntToDoubleFunction;
import jdk.incubator.vector.FloatVector;

/// The fastest that fused multiply-adds go: twelve independent chains in registers, no memory. Twelve hide the
/// latency of 4 cycles on two ports with room to spare.
public final class SimdPeak implements IntToDoubleFunction {
    private static final int CHAINS = 12;

    /// Written out: the method is larger than what HotSpot inlines, since within the loop of its caller the
    /// chains were seen to run at half the rate.
    private static final int ROUNDS = 3;

    /// Floating-point operations of one turn: a multiplication and an addition in each lane of each chain.
    public static long flopsPerTurn() {
        return 2L * ROUNDS * CHAINS * Simd.LANES;
    }

    /// Runs `turns` turns; the result keeps the work from being dropped.
    @Override
    public double applyAsDouble(int turns) {
        final FloatVector x = FloatVector.broadcast(Simd.SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(Simd.SPECIES, 1e-6f);
        FloatVector c0 = x;
        FloatVector c1 = x;
        FloatVector c2 = x;
        FloatVector c3 = x;
        FloatVector c4 = x;
        FloatVector c5 = x;
        FloatVector c6 = x;
        FloatVector c7 = x;
        FloatVector c8 = x;
        FloatVector c9 = x;
        FloatVector c10 = x;
        FloatVector c11 = x;
        for (int i = 0; i < turns; i++) {
            c0 = c0.fma(x, y);
            c1 = c1.fma(x, y);
            c2 = c2.fma(x, y);
            c3 = c3.fma(x, y);
            c4 = c4.fma(x, y);
            c5 = c5.fma(x, y);
            c6 = c6.fma(x, y);
            c7 = c7.fma(x, y);
            c8 = c8.fma(x, y);
            c9 = c9.fma(x, y);
            c10 = c10.fma(x, y);
            c11 = c11.fma(x, y);
            c0 = c0.fma(x, y);
            c1 = c1.fma(x, y);
            c2 = c2.fma(x, y);
            c3 = c3.fma(x, y);
            c4 = c4.fma(x, y);
            c5 = c5.fma(x, y);
            c6 = c6.fma(x, y);
            c7 = c7.fma(x, y);
            c8 = c8.fma(x, y);
            c9 = c9.fma(x, y);
            c10 = c10.fma(x, y);
            c11 = c11.fma(x, y);
            c0 = c0.fma(x, y);
            c1 = c1.fma(x, y);
            c2 = c2.fma(x, y);
            c3 = c3.fma(x, y);
            c4 = c4.fma(x, y);
            c5 = c5.fma(x, y);
            c6 = c6.fma(x, y);
            c7 = c7.fma(x, y);
            c8 = c8.fma(x, y);
            c9 = c9.fma(x, y);
            c10 = c10.fma(x, y);
            c11 = c11.fma(x, y);
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        return c0.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }
}
