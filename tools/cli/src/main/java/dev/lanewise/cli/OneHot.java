package dev.lanewise.cli;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A data set with its labels as rows of zeros and a one.
///
/// @param labelled checked to have labels below `classes`
record OneHot(Dataset labelled, int classes) implements Dataset {
    @Override
    public int size() {
        return labelled.size();
    }

    @Override
    public List<Shape> inputShapes() {
        return labelled.inputShapes();
    }

    @Override
    public boolean hasTargets() {
        return true;
    }

    @Override
    public Shape targetShape() {
        return Shape.of(classes);
    }

    @Override
    public boolean hasWeights() {
        return labelled.hasWeights();
    }

    @Override
    public void gatherInput(int input, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        labelled.gatherInput(input, order, from, count, dst, dstOffset);
    }

    @Override
    public void gatherInput(
            int input, int[] order, int from, int count, MemorySegment dst, long dstOffset, ElementwiseKernel kernel) {
        labelled.gatherInput(input, order, from, count, dst, dstOffset, kernel);
    }

    /// The labels are gathered into the front of the room and spread from the last one on.
    @Override
    public void gatherTargets(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        labelled.gatherTargets(order, from, count, dst, dstOffset);
        for (int i = count - 1; i >= 0; i--) {
            int label = (int) dst.getAtIndex(JAVA_FLOAT, dstOffset + i);
            long row = dstOffset + (long) i * classes;
            dst.asSlice(row * Float.BYTES, (long) classes * Float.BYTES).fill((byte) 0);
            dst.setAtIndex(JAVA_FLOAT, row + label, 1);
        }
    }

    @Override
    public void gatherWeights(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        labelled.gatherWeights(order, from, count, dst, dstOffset);
    }
}
