package dev.lanewise.data;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Looks for NaN and infinities in all samples, once.
final class NonFiniteScan {
    /// Floats looked at in one go.
    private static final int BLOCK = 1 << 16;

    private final int samples;
    private long found;
    private String first = "";

    NonFiniteScan(int samples) {
        this.samples = samples;
    }

    /// What is wrong, as a sentence; empty if nothing is.
    String over(List<Column> inputs, List<Column> targets, @Nullable Column weights) {
        for (int i = 0; i < inputs.size(); i++) {
            scan(inputs.get(i), "input " + i);
        }
        for (int i = 0; i < targets.size(); i++) {
            scan(targets.get(i), targets.size() == 1 ? "targets" : "targets " + i);
        }
        scan(weights, "weights");
        if (found == 0) {
            return "";
        }
        return "dataset: " + found + (found == 1 ? " value is" : " values are") + " NaN or infinite, first in " + first;
    }

    private void scan(@Nullable Column column, String name) {
        if (column == null || column.alwaysFinite()) {
            return;
        }
        int size = (int) column.shape().size();
        int step = Math.max(1, BLOCK / size);
        var values = new float[step * size];
        var segment = MemorySegment.ofArray(values);
        var order = new int[step];
        for (long start = 0; start < samples; start += step) {
            int count = (int) Math.min(step, samples - start);
            for (int i = 0; i < count; i++) {
                order[i] = (int) start + i;
            }
            column.gather(0, order, 0, count, segment, 0);
            for (int i = 0; i < count * size; i++) {
                if (!Float.isFinite(values[i])) {
                    if (found++ == 0) {
                        first = "sample " + (start + i / size) + ", element " + i % size + " (" + name + ")";
                    }
                }
            }
        }
    }
}
