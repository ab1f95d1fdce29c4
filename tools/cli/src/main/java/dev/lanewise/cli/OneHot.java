package dev.lanewise.cli;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A data set with labels as rows of zeros and a one.
///
/// @param classes of each target, 0 where it stays as it is; labels are checked to be below
record OneHot(Dataset labelled, List<Integer> classes) implements Dataset {
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
        return targetShape(0);
    }

    @Override
    public int targets() {
        return labelled.targets();
    }

    @Override
    public Shape targetShape(int target) {
        return classes.get(target) > 0 ? Shape.of(classes.get(target)) : labelled.targetShape(target);
    }

    @Override
    public boolean hasWeights() {
        return labelled.hasWeights();
    }

    @Override
    public Shape weightShape() {
        return labelled.weightShape();
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

    @Override
    public void gatherTargets(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        gatherTarget(0, order, from, count, dst, dstOffset);
    }

    /// Labels are gathered into the front of the room and spread from the last one on.
    @Override
    public void gatherTarget(int target, int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        labelled.gatherTarget(target, order, from, count, dst, dstOffset);
        int width = classes.get(target);
        for (int i = count - 1; i >= 0 && width > 0; i--) {
            int label = (int) dst.getAtIndex(JAVA_FLOAT, dstOffset + i);
            long row = dstOffset + (long) i * width;
            dst.asSlice(row * Float.BYTES, (long) width * Float.BYTES).fill((byte) 0);
            dst.setAtIndex(JAVA_FLOAT, row + label, 1);
        }
    }

    @Override
    public void gatherWeights(int[] order, int from, int count, MemorySegment dst, long dstOffset) {
        labelled.gatherWeights(order, from, count, dst, dstOffset);
    }
}
