package dev.lanewise.train;

import dev.lanewise.data.Dataset;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Loss and metrics of a model on a data set.
public final class Evaluator {
    private Evaluator() {}

    /// Evaluates on [Compute#shared()].
    ///
    /// @return `loss` and each metric by its name
    /// @throws IllegalArgumentException if data, model and loss do not go together
    public static Map<String, Double> evaluate(Model model, Dataset data, int batchSize, Loss loss, Metric... metrics) {
        return evaluate(Compute.shared(), model, data, batchSize, loss, metrics);
    }

    /// As [#evaluate(Model, Dataset, int, Loss, Metric...)], on given threads.
    public static Map<String, Double> evaluate(
            Compute compute, Model model, Dataset data, int batchSize, Loss loss, Metric... metrics) {
        return evaluate(compute, model, data, batchSize, loss, List.of(metrics), FitListener.NONE);
    }

    /// As [#evaluate(Compute, Model, Dataset, int, Loss, Metric...)], with progress.
    ///
    /// @param listener told of one epoch, its steps and its end, as if it were of training
    public static Map<String, Double> evaluate(
            Compute compute,
            Model model,
            Dataset data,
            int batchSize,
            Loss loss,
            List<Metric> metrics,
            FitListener listener) {
        return evaluate(compute, model, data, batchSize, List.of(new Objective(loss, 1, metrics)), listener);
    }

    /// As [#evaluate(Compute, Model, Dataset, int, Loss, List, FitListener)], of a model of several outputs.
    ///
    /// @param objectives one for each output
    /// @return also each output's loss, as `age_loss`, and its metrics, as `age_accuracy`
    public static Map<String, Double> evaluate(
            Compute compute,
            Model model,
            Dataset data,
            int batchSize,
            List<Objective> objectives,
            FitListener listener) {
        try (Pass pass = new Pass(model, compute, objectives, false)) {
            pass.check(data);
            final Meter meter = Meter.of(pass, data);
            listener.epochBegins(0, 1, (data.size() + batchSize - 1) / Math.max(1, batchSize));
            final Map<String, Double> figures = evaluate(pass, data, batchSize, meter, listener);
            listener.epochEnds(0, figures);
            return figures;
        }
    }

    static Map<String, Double> evaluate(Pass pass, Dataset data, int batchSize, Meter meter) {
        return evaluate(pass, data, batchSize, meter, FitListener.NONE);
    }

    private static Map<String, Double> evaluate(
            Pass pass, Dataset data, int batchSize, Meter meter, FitListener listener) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("evaluate: batch_size must be positive, got " + batchSize);
        }
        final int[] order = inOrder(data.size());
        meter.reset();
        for (int from = 0; from < order.length; from += batchSize) {
            final int count = Math.min(batchSize, order.length - from);
            pass.gather(data, order, from, count);
            meter.update(pass.evaluate(), count, pass);
            listener.stepEnds(from / batchSize, meter);
        }
        return meter.results(new LinkedHashMap<>(), "");
    }

    static int[] inOrder(int n) {
        final int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        return order;
    }
}
