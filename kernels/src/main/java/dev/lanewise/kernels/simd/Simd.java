package dev.lanewise.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
    /// The contracts' 16 and 64 virtual lanes are multiples of every width between these.
    private static final int MIN_BITS = 128;

    private static final int MAX_BITS = 512;

    private static final int PREFERRED_BITS = FloatVector.SPECIES_PREFERRED.vectorBitSize();

    /// Whether this JVM compiles vectors to instructions of the CPU. Without, they work but are very slow.
    public static final boolean ACCELERATED = PREFERRED_BITS >= MIN_BITS;

    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.withShape(shape());

    public static final VectorSpecies<Integer> INT_SPECIES = IntVector.SPECIES_PREFERRED.withShape(shape());

    /// Floats in a vector: 4, 8 or 16.
    public static final int LANES = SPECIES.length();

    /// Bytes in a vector.
    public static final long BYTES = SPECIES.vectorByteSize();

    /// The machine's byte order, which is little-endian on every CPU that has vectors here.
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /// A single float at a byte offset; operands were checked for alignment before.
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

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
        int asked = SimdOption.current().bits();
        return VectorShape.forBitSize(asked != 0 ? asked : Math.clamp(PREFERRED_BITS, MIN_BITS, MAX_BITS));
    }
}
