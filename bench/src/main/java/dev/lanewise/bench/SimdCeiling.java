package dev.lanewise.bench;

import dev.lanewise.kernels.Kernels;
import dev.lanewise.kernels.PeakProbe;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Fused multiply-adds in registers alone, in several numbers of chains that do not wait for each other. Too
/// few do
/// not fill the units, too many leave the registers: where neighbours agree, the rate is the CPU's own.
final class SimdCeiling {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.withShape(
            VectorShape.forBitSize(Kernels.simd().vectorBits()));

    /// Numbers of chains that there are loops for.
    static final List<Integer> CHAINS = List.of(4, 8, 12, 16, 24);

    private static final int TURNS = 60_000;

    private SimdCeiling() {}

    /// Compiles all loops; for a process whose machine code is looked at.
    public static void main(String[] args) {
        float sum = 0;
        for (int i = 0; i < 200; i++) {
            for (int chains : CHAINS) {
                sum += run(chains, TURNS / 10);
            }
        }
        System.out.println(sum);
    }

    /// GFLOP/s of so many chains on so many threads at once.
    static double gflops(int chains, int threads, long millis) {
        return PeakProbe.gflops(threads, millis, 2L * chains * SPECIES.length(), turns -> run(chains, turns));
    }

    /// Runs some turns with so many chains.
    static float run(int chains, int turns) {
        return switch (chains) {
            case 4 -> chains4(turns);
            case 8 -> chains8(turns);
            case 12 -> chains12(turns);
            case 16 -> chains16(turns);
            case 24 -> chains24(turns);
            default -> throw new IllegalArgumentException("no loop of " + chains + " chains");
        };
    }

    private static float chains4(int turns) {
        final FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(SPECIES, 1e-6f);
        FloatVector c0 = x;
        FloatVector c1 = x;
        FloatVector c2 = x;
        FloatVector c3 = x;
        for (int i = 0; i < turns; i++) {
            c0 = c0.fma(x, y);
            c1 = c1.fma(x, y);
            c2 = c2.fma(x, y);
            c3 = c3.fma(x, y);
        }
        c0 = c0.add(c1).add(c2).add(c3);
        return c0.lane(0);
    }

    private static float chains8(int turns) {
        final FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(SPECIES, 1e-6f);
        FloatVector c0 = x;
        FloatVector c1 = x;
        FloatVector c2 = x;
        FloatVector c3 = x;
        FloatVector c4 = x;
        FloatVector c5 = x;
        FloatVector c6 = x;
        FloatVector c7 = x;
        for (int i = 0; i < turns; i++) {
            c0 = c0.fma(x, y);
            c1 = c1.fma(x, y);
            c2 = c2.fma(x, y);
            c3 = c3.fma(x, y);
            c4 = c4.fma(x, y);
            c5 = c5.fma(x, y);
            c6 = c6.fma(x, y);
            c7 = c7.fma(x, y);
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        c0 = c0.add(c6).add(c7);
        return c0.lane(0);
    }

    private static float chains12(int turns) {
        final FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(SPECIES, 1e-6f);
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
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        c0 = c0.add(c6).add(c7).add(c8).add(c9).add(c10);
        c0 = c0.add(c11);
        return c0.lane(0);
    }

    private static float chains16(int turns) {
        final FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(SPECIES, 1e-6f);
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
        FloatVector c12 = x;
        FloatVector c13 = x;
        FloatVector c14 = x;
        FloatVector c15 = x;
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
            c12 = c12.fma(x, y);
            c13 = c13.fma(x, y);
            c14 = c14.fma(x, y);
            c15 = c15.fma(x, y);
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        c0 = c0.add(c6).add(c7).add(c8).add(c9).add(c10);
        c0 = c0.add(c11).add(c12).add(c13).add(c14).add(c15);
        return c0.lane(0);
    }

    private static float chains24(int turns) {
        final FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        final FloatVector y = FloatVector.broadcast(SPECIES, 1e-6f);
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
        FloatVector c12 = x;
        FloatVector c13 = x;
        FloatVector c14 = x;
        FloatVector c15 = x;
        FloatVector c16 = x;
        FloatVector c17 = x;
        FloatVector c18 = x;
        FloatVector c19 = x;
        FloatVector c20 = x;
        FloatVector c21 = x;
        FloatVector c22 = x;
        FloatVector c23 = x;
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
            c12 = c12.fma(x, y);
            c13 = c13.fma(x, y);
            c14 = c14.fma(x, y);
            c15 = c15.fma(x, y);
            c16 = c16.fma(x, y);
            c17 = c17.fma(x, y);
            c18 = c18.fma(x, y);
            c19 = c19.fma(x, y);
            c20 = c20.fma(x, y);
            c21 = c21.fma(x, y);
            c22 = c22.fma(x, y);
            c23 = c23.fma(x, y);
        }
        c0 = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        c0 = c0.add(c6).add(c7).add(c8).add(c9).add(c10);
        c0 = c0.add(c11).add(c12).add(c13).add(c14).add(c15);
        c0 = c0.add(c16).add(c17).add(c18).add(c19).add(c20);
        c0 = c0.add(c21).add(c22).add(c23);
        return c0.lane(0);
    }
}
