package dev.lanewise.cli;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.data.Dataset;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Targets that are class numbers.
final class Labels {
    /// Numbers from here on are taken for something else than labels.
    private static final int MOST_CLASSES = 100_000;

    private static final int CHUNK = 4096;

    private Labels() {}

    /// Whether each sample has one number as its target.
    static boolean areIn(Dataset data) {
        return data.hasTargets() && areIn(data, 0);
    }

    /// Whether each sample has one number as this target.
    static boolean areIn(Dataset data, int target) {
        return data.targetShape(target).size() == 1;
    }

    /// One more than the largest label.
    ///
    /// @param name of the data set, for errors
    /// @throws CommandException if a target is no label
    static int classes(String name, Dataset data) {
        return classes(name, data, 0);
    }

    /// The same for one of several targets.
    static int classes(String name, Dataset data, int target) {
        int largest = -1;
        int[] order = new int[Math.min(CHUNK, data.size())];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_FLOAT, order.length);
            for (int from = 0; from < data.size(); from += order.length) {
                int count = Math.min(order.length, data.size() - from);
                for (int i = 0; i < count; i++) {
                    order[i] = from + i;
                }
                data.gatherTarget(target, order, 0, count, values, 0);
                for (int i = 0; i < count; i++) {
                    float value = values.getAtIndex(JAVA_FLOAT, i);
                    if (!(value >= 0 && value < MOST_CLASSES && value == (int) value)) {
                        throw new CommandException(name + ": the target of sample " + (from + i) + " is " + value
                                + ", a label must be a whole number from 0 to " + (MOST_CLASSES - 1)
                                + " (to train on numbers, use --loss mean_squared_error)");
                    }
                    largest = Math.max(largest, (int) value);
                }
            }
        }
        return largest + 1;
    }
}
