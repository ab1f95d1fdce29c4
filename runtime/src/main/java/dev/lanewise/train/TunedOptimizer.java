package dev.lanewise.train;

import java.util.ArrayList;
import java.util.List;

/// An optimizer with options; the options are the trainer's work.
record TunedOptimizer(Optimizer plain, OptimizerOptions options) implements Optimizer {
    @Override
    public String name() {
        return plain.name();
    }

    @Override
    public double learningRate() {
        final LearningRateSchedule schedule = options.schedule();
        return schedule == null ? plain.learningRate() : schedule.at(0);
    }

    /// In the order of Keras' files.
    @Override
    public List<String> slots() {
        final List<String> slots = new ArrayList<>();
        if (options.useEma()) {
            slots.add(WeightUpdate.AVERAGE);
        }
        if (options.gradientAccumulationSteps() > 1) {
            slots.add(WeightUpdate.ACCUMULATOR);
        }
        slots.addAll(plain.slots());
        return slots;
    }

    @Override
    public float initialValue(String slot) {
        return slot.equals(WeightUpdate.AVERAGE) || slot.equals(WeightUpdate.ACCUMULATOR)
                ? 0
                : plain.initialValue(slot);
    }

    @Override
    public void begin(UpdateBuffers b) {
        plain.begin(b);
    }

    @Override
    public void update(UpdateBuffers b, long from, int n) {
        plain.update(b, from, n);
    }

    @Override
    public Optimizer with(OptimizerOptions other) {
        return plain.with(other);
    }
}
