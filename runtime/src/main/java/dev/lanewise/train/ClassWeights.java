package dev.lanewise.train;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import dev.lanewise.tensor.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// Sample weights from classes.
final class ClassWeights {
    private ClassWeights() {}

    /// The data set with weights by the class of each sample: its label, or the largest of its targets.
    ///
    /// @throws IllegalArgumentException if the samples have weights already, or more than one label each
    static Dataset apply(Dataset data, Map<Integer, Double> weights) {
        if (weights.isEmpty()) {
            return data;
        }
        if (data.hasWeights()) {
            throw new IllegalArgumentException("Fit: class_weight and sample weights exclude each other");
        }
        if (!data.hasTargets() || data.targetShape().rank() > 1) {
            throw new IllegalArgumentException("Fit: class_weight needs a label or one row of targets a sample"
                    + (data.hasTargets() ? ", got " + data.targetShape() : ""));
        }
        final int size = Math.toIntExact(data.targetShape().size());
        final int[] order = Evaluator.inOrder(data.size());
        final float[] of = new float[order.length];
        try (Memory memory = new Memory("Trainer")) {
            final MemorySegment target = memory.floats(size);
            for (int i = 0; i < of.length; i++) {
                data.gatherTargets(order, i, 1, target, 0);
                of[i] = weights.getOrDefault(classOf(target, size), 1.0).floatValue();
            }
        }
        return data.withWeights(of);
    }

    private static int classOf(MemorySegment target, int size) {
        if (size == 1) {
            return Math.round(target.getAtIndex(JAVA_FLOAT, 0));
        }
        int best = 0;
        for (int c = 1; c < size; c++) {
            best = target.getAtIndex(JAVA_FLOAT, c) > target.getAtIndex(JAVA_FLOAT, best) ? c : best;
        }
        return best;
    }
}
