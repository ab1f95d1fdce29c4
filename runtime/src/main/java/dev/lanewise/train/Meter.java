package dev.lanewise.train;

import dev.lanewise.data.Dataset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The loss, weighted by samples, and the metrics of an epoch; of several outputs each one's loss too,
/// without its
/// weight, and the metrics by the outputs' names, as `age_loss` and `age_accuracy`; a metric of several
/// numbers has each by its place, as `precision[0]`.
final class Meter implements RunningFigures {
    private final List<String> names = new ArrayList<>();

    /// Of the whole, and where there are several outputs of each.
    private final double[] lossSums;

    private final Metric.Accumulator[] accumulators;

    /// The output of each accumulator.
    private final int[] outputs;

    /// The accumulator of each figure behind the losses, and which of its numbers it is.
    private final int[] owners;

    private final int[] places;

    private long samples;

    private Meter(Pass pass, Dataset data) {
        final List<Objective> objectives = pass.objectives();
        final boolean several = objectives.size() > 1;
        final List<String> outputNames = pass.outputNames();
        final List<Metric.Accumulator> all = new ArrayList<>();
        final List<Integer> outputOf = new ArrayList<>();
        final List<int[]> figures = new ArrayList<>();
        names.add("loss");
        for (int i = 0; several && i < objectives.size(); i++) {
            names.add(outputNames.get(i) + "_loss");
        }
        lossSums = new double[names.size()];
        for (int i = 0; i < objectives.size(); i++) {
            for (Metric metric : objectives.get(i).metrics()) {
                final String name = several ? outputNames.get(i) + "_" + metric.name() : metric.name();
                final Metric.Accumulator accumulator = metric.accumulator(
                        pass.outputShape(i).with(0, 1), data.targetShape(i).prepend(1));
                for (int k = 0; k < accumulator.figures(); k++) {
                    names.add(accumulator.figures() == 1 ? name : name + "[" + k + "]");
                    figures.add(new int[] {all.size(), k});
                }
                all.add(accumulator);
                outputOf.add(i);
            }
        }
        accumulators = all.toArray(Metric.Accumulator[]::new);
        outputs = outputOf.stream().mapToInt(Integer::intValue).toArray();
        owners = figures.stream().mapToInt(figure -> figure[0]).toArray();
        places = figures.stream().mapToInt(figure -> figure[1]).toArray();
    }

    /// @throws IllegalArgumentException if a metric cannot compare an output with its targets
    static Meter of(Pass pass, Dataset data) {
        return new Meter(pass, data);
    }

    void reset() {
        Arrays.fill(lossSums, 0);
        samples = 0;
        for (Metric.Accumulator accumulator : accumulators) {
            accumulator.reset();
        }
    }

    void update(double loss, int count, Pass pass) {
        lossSums[0] += loss * count;
        for (int i = 1; i < lossSums.length; i++) {
            lossSums[i] += pass.outputLoss(i - 1) * count;
        }
        samples += count;
        for (int i = 0; i < accumulators.length; i++) {
            accumulators[i].update(pass.y(outputs[i]), pass.target(outputs[i]), pass.counts(outputs[i]));
        }
    }

    @Override
    public int count() {
        return names.size();
    }

    @Override
    public String name(int i) {
        return names.get(i);
    }

    @Override
    public double value(int i) {
        final int k = i - lossSums.length;
        return k < 0 ? lossSums[i] / samples : accumulators[owners[k]].figure(places[k]);
    }

    Map<String, Double> results(Map<String, Double> into, String prefix) {
        for (int i = 0; i < count(); i++) {
            into.put(prefix + name(i), value(i));
        }
        return into;
    }
}
