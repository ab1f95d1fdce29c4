package dev.lanewise.data;

import dev.lanewise.tensor.Shape;

/// What the columns ask of their arguments.
final class DatasetChecks {
    private DatasetChecks() {}

    static void notEmpty(String name, long count) {
        if (count <= 0) {
            throw new IllegalArgumentException("Dataset: " + name + " has no samples");
        }
    }

    /// A concrete shape with at least one element, whose size is an int.
    static Shape sampleShape(String name, Shape shape) {
        if (!shape.isConcrete()) {
            throw new IllegalArgumentException(
                    "Dataset: the shape of a sample of " + name + " is " + shape + ", expected known dimensions");
        }
        long size = shape.size();
        if (size == 0 || size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("Dataset: a sample of " + name + " has shape " + shape + " and so "
                    + size + " values, expected 1 to " + Integer.MAX_VALUE);
        }
        return shape;
    }

    static void wholeSamples(String name, long values, Shape shape) {
        notEmpty(name, values);
        if (values % shape.size() != 0) {
            throw new IllegalArgumentException("Dataset: " + name + " has " + values
                    + " values, which is not a multiple of the " + shape.size() + " of a sample of shape " + shape);
        }
    }

    static void sameCount(String name, int count, String other, int expected) {
        if (count != expected) {
            throw new IllegalArgumentException(
                    "Dataset: " + name + " has " + count + " samples, " + other + " has " + expected);
        }
    }

    /// Of a data set of one target.
    static void onlyTarget(int target) {
        if (target != 0) {
            throw new IllegalStateException("Dataset has one target, target " + target + " was asked for");
        }
    }
}
