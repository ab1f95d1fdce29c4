package dev.lanewise.kernels.simd;

import java.lang.foreign.MemorySegment;

/// The JDK's classes of memory segments: native memory, mapped files, arrays.
///
/// As long as a process has but one of them, HotSpot compiles each loop for that one alone, and throws all of
/// this code away when the next turns up: with the first file that is mapped, or the first array that is used
/// as a segment, every kernel falls back to a loop over objects, hundreds of times slower, for as long as it
/// takes to compile them all again (measured: 0.5 to 4.5 s). So all kinds are there before the first loop is.
final class SegmentClasses {
    private SegmentClasses() {}

    static void initialize() {
        MemorySegment.ofArray(new float[1]);
        try {
            // The one kind that cannot be had without a file.
            Class.forName("jdk.internal.foreign.MappedMemorySegmentImpl", true, null);
        } catch (ClassNotFoundException e) {
            // A JDK that names it otherwise: kernels work, and are compiled again after the first mapped file.
            return;
        }
    }
}
