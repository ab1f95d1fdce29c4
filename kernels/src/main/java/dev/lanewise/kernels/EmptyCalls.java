package dev.lanewise.kernels;

import java.lang.foreign.MemorySegment;

/// Kernels whose loops can be called on nothing, so that HotSpot compiles them sooner.
///
/// A method has to be called some five thousand times, in the code of the first compiler, before the last one
/// takes it up. Until then a vector instruction is a loop over lanes that are objects, and each of the methods
/// of the JDK behind it is compiled for itself as it gets hot: work that nobody needs afterwards, and that the
/// loops themselves queue behind. Calls on nothing count as well, and run none of it. The compiler reads from
/// the calls with operands, a few of which must lie between them, which ways are taken.
public interface EmptyCalls {
    /// Floats that the calls want. [#callEmpty] reads and writes none of them, [#loadEveryKind] reads some.
    int FLOATS = 64;

    /// Loads vectors of every kind that kernels have, before the first loop is called.
    ///
    /// All loads without a mask go through one method of the JDK, which casts what it has loaded. When HotSpot
    /// compiles a loop of one kind while that method has loaded but another, the cast fails, five times, before
    /// the loop is compiled anew; and of every kernel that is compiled later HotSpot believes that its casts may
    /// fail, since it adds up these failures over all loads of the kernel. Such a kernel has a call behind each
    /// load, and is slower for as long as the process lives (measured: 95 instead of 220 GFLOP/s for
    /// 64 x 3072 x 768, in four of thirteen processes).
    ///
    /// @param memory at least [#FLOATS] floats
    default void loadEveryKind(MemorySegment memory) {}

    /// Calls each loop that a usual training step needs on nothing.
    ///
    /// @param memory at least [#FLOATS] floats
    void callEmpty(MemorySegment memory, int times);
}
