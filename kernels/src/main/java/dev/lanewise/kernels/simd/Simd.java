package dev.lanewise.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector species of every loop, and loads and stores counted in floats.
///
/// The species are constants of the class: HotSpot compiles a loop well only when it knows them, so the width of a
/// process is fixed with the first use of this class, from [SimdOption].
public final class Simd {
    /// The widest vectors used: the contracts' 16 and 64 virtual lanes are multiples of these.
    private static final int MAX_BITS = 512;

    private static final int MIN_BITS = 128;

    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.withShape(shape());

    public static final VectorSpecies<Integer> INT_SPECIES = IntVector.SPECIES_PREFERRED.withShape(shape());

    /// Floats in a vector: 4, 8 or 16.
    public static final int LANES = SPECIES.length();

    /// The machine's byte order, which is little-endian on every CPU that has vectors here.
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Simd() {}

    /// The length of the part of `n` elements that full vectors cover.
    public static int vectorBound(int n) {
        return n & -LANES;
    }

    /// Vector of the floats `index .. index + LANES - 1`.
    public static FloatVector load(MemorySegment segment, long index) {
        return FloatVector.fromMemorySegment(SPECIES, segment, index * Float.BYTES, ORDER);
    }

    /// Writes a vector to the floats `index .. index + LANES - 1`.
    public static void store(FloatVector vector, MemorySegment segment, long index) {
        vector.intoMemorySegment(segment, index * Float.BYTES, ORDER);
    }

    private static VectorShape shape() {
        int bits = SimdOption.current().bits();
        if (bits == 0) {
            bits = Math.min(MAX_BITS, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        }
        if (bits < MIN_BITS) {
            throw new IllegalStateException("this JVM has no vectors of " + MIN_BITS
                    + " bits or more (it prefers " + bits + "); pass -D" + SimdOption.PROPERTY + "=scalar");
        }
        return VectorShape.forBitSize(bits);
    }
}
