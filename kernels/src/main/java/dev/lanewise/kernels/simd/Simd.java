package dev.lanewise.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The vector species of every loop.
///
/// The species are constants of the class: HotSpot compiles a loop well only when it knows them, so the
/// width of a
/// process is fixed with the first use of this class, from [SimdOption].
///
/// Loops of vectors call **nothing but the JDK's own vector methods**, which HotSpot always inlines. A
/// helper of our own is inlined or not as the size of the whole compilation has it, and that may contain the
/// callers of the loop as well: what ran before decides. Where it is not, every vector crosses the call as
/// an object, some 20 times slower. Hence there are no helpers for loads, stores and folds, and polynomials
/// are written out, each in one loop.
///
/// And **no reinterpretation** (`reinterpretAsInts`, `viewAsIntegralLanes` and their like): as long as the
/// method that calls it is not compiled, the JDK does it by storing the vector in an array of its own,
/// through the very methods that all loops use. HotSpot notes that these have met memory on the heap, and
/// compiles every loop of the process for both kinds of memory, two to four times slower.
public final class Simd {
    /// The contracts' 16 and 64 virtual lanes are multiples of every width between these.
    private static final int MIN_BITS = 128;

    private static final int MAX_BITS = 512;

    static {
        SegmentClasses.initialize();
    }

    private static final int PREFERRED_BITS = FloatVector.SPECIES_PREFERRED.vectorBitSize();

    /// Whether this JVM compiles vectors to instructions of the CPU. Without, they work but are very slow.
    public static final boolean ACCELERATED = PREFERRED_BITS >= MIN_BITS;

    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED.withShape(shape());

    public static final VectorSpecies<Integer> INT_SPECIES = IntVector.SPECIES_PREFERRED.withShape(shape());

    /// Whether vectors are longer than the CPU's, as an option may ask for: they work but are very slow.
    public static final boolean EMULATED = SPECIES.vectorBitSize() > PREFERRED_BITS;

    /// Floats in a vector: 4, 8 or 16.
    public static final int LANES = SPECIES.length();

    /// Bytes in a vector.
    public static final long BYTES = SPECIES.vectorByteSize();

    /// Shuffles that swap lanes so many apart, for folds; not to be used where the vector is not longer than
    /// that.
    public static final VectorShuffle<Float> SWAP_1 = swap(1);

    public static final VectorShuffle<Float> SWAP_2 = swap(2);
    public static final VectorShuffle<Float> SWAP_4 = swap(4);
    public static final VectorShuffle<Float> SWAP_8 = swap(8);

    /// The machine's byte order, which is little-endian on every CPU that has vectors here.
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /// A single float at a byte offset; operands were checked for alignment before.
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private Simd() {}

    /// The length of the part of `n` elements that full vectors cover.
    public static int vectorBound(int n) {
        return n & -LANES;
    }

    /// Floats from an element of `y` on up to the first at which a vector is aligned; 0 also where one of 64 bytes
    /// begins in the middle of a cache line, since its halves lie in one each (measured on a Zen 4: read back as
    /// soon as if it were aligned).
    public static int toAligned(MemorySegment y, long yo) {
        long address = y.address() + 4 * yo;
        return address % Math.min(BYTES, 32) == 0 ? 0 : (int) (-address & (BYTES - 1)) / Float.BYTES;
    }

    /// Whether `n` floats here and there have none in common.
    public static boolean areApart(MemorySegment x, long xo, MemorySegment y, long yo, long n) {
        long from = x.address() + 4 * xo;
        long to = y.address() + 4 * yo;
        return from + 4 * n <= to || to + 4 * n <= from;
    }

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(SPECIES, lane -> lane ^ (distance & (LANES - 1)));
    }

    private static VectorShape shape() {
        int asked = SimdOption.current().bits();
        return VectorShape.forBitSize(asked != 0 ? asked : Math.clamp(PREFERRED_BITS, MIN_BITS, MAX_BITS));
    }
}
