package dev.lanewise.train;

import dev.lanewise.data.Dataset;
import dev.lanewise.io.Samples;
import dev.lanewise.io.TrainingConfig;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.RandomStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// Trains a model. It owns a workspace and must be closed; the model stays open. For one thread at a time, and
/// while it trains no one else reads the model's weights (a [dev.lanewise.nn.Predictor] has its own).
///
/// ```
/// input buffer -> forward of each layer -> loss.forwardBackward
///   -> backward of each layer in reverse -> regularizers -> optimizer.update -> constraints -> updateState
/// ```
public final class Trainer implements AutoCloseable {
    /// Purpose number of the random streams that order the samples of an epoch.
    private static final long SHUFFLE = 0x5348554646L;

    private final Model model;
    private final Optimizer optimizer;
    private final Pass pass;
    private final WeightUpdate update;
    private final List<WeightProjection> projections;
    private double learningRate;

    private Trainer(Compute compute, Model model, Optimizer optimizer, List<Objective> objectives) {
        this.model = model;
        this.optimizer = optimizer;
        learningRate = Double.isNaN(model.learningRate()) ? optimizer.learningRate() : model.learningRate();
        TrainingConfig.store(model, optimizer, objectives);
        Samples.forget(model);
        // Last of all that may fail: it takes memory.
        pass = new Pass(model, compute, objectives, true);
        try {
            update = new WeightUpdate(model, optimizer, pass.workspace().gradients(), compute);
            projections = WeightProjection.of(model);
        } catch (RuntimeException | OutOfMemoryError e) {
            pass.close();
            throw e;
        }
    }

    /// Compiles a model, in Keras' word, on [Compute#shared()]: the optimizer starts anew.
    ///
    /// @throws IllegalArgumentException if the model has more than one output
    public static Trainer of(Model model, Optimizer optimizer, Loss loss, Metric... metrics) {
        return of(Compute.shared(), model, optimizer, loss, metrics);
    }

    /// As [#of(Model, Optimizer, Loss, Metric...)], on given threads.
    public static Trainer of(Compute compute, Model model, Optimizer optimizer, Loss loss, Metric... metrics) {
        return of(compute, model, optimizer, List.of(new Objective(loss, metrics)));
    }

    /// Compiles a model of several outputs on [Compute#shared()]: what is made small is the sum of the
    /// outputs' losses,
    /// each times its weight. [History] also has each output's loss without the weight, as `age_loss`, and
    /// its metrics
    /// as `age_accuracy`, by the names of the layers that the outputs come from.
    ///
    /// @param objectives one for each output, in the model's order
    /// @throws IllegalArgumentException if there are not as many as outputs
    public static Trainer of(Model model, Optimizer optimizer, List<Objective> objectives) {
        return of(Compute.shared(), model, optimizer, objectives);
    }

    /// As [#of(Model, Optimizer, List)], on given threads.
    public static Trainer of(Compute compute, Model model, Optimizer optimizer, List<Objective> objectives) {
        model.requireOpen();
        requireTrainable(model);
        model.resetOptimizer();
        return new Trainer(compute, model, optimizer, objectives);
    }

    /// Goes on with a model that was trained and perhaps saved: the same optimizer with its memory, the same
    /// loss and metrics, so that the bits are those of training without the break.
    ///
    /// @throws IllegalStateException if the model was never trained
    public static Trainer resume(Model model) {
        return resume(Compute.shared(), model);
    }

    /// As [#resume(Model)], on given threads.
    public static Trainer resume(Compute compute, Model model) {
        model.requireOpen();
        requireTrainable(model);
        final TrainingConfig config = TrainingConfig.of(model);
        return new Trainer(compute, model, config.optimizer(), config.objectives());
    }

    private static void requireTrainable(Model model) {
        for (Map.Entry<String, Layer> entry : model.graph().layers().entrySet()) {
            final Layer layer = entry.getValue();
            final String reason = layer.untrainable();
            if (reason != null) {
                throw new IllegalArgumentException(
                        "Trainer: " + layer.typeName() + " '" + entry.getKey() + "': " + reason);
            }
        }
    }

    /// Trains for some epochs.
    ///
    /// @throws IllegalArgumentException if data, model and loss do not go together, values are not finite,
    ///     or no weight is to be trained; before the first step, the model is as it was
    public History fit(Dataset data, Fit fit) {
        Dataset train = data;
        Dataset validation = fit.validation();
        if (fit.validationSplit() > 0) {
            final Dataset.Split split = data.split(fit.validationSplit());
            train = split.train();
            validation = split.validation();
        }
        if (model.trainable().byteSize() == 0) {
            throw new IllegalArgumentException("Trainer: the model has no weights to train"
                    + (model.graph().frozen().isEmpty()
                            ? ""
                            : " (frozen layers: "
                                    + String.join(
                                            ", ", new TreeSet<>(model.graph().frozen())) + ")"));
        }
        train = ClassWeights.apply(train, fit.classWeight());
        pass.check(train);
        if (validation != null) {
            pass.check(validation);
        }
        final Meter meter = Meter.of(pass, train);
        final Meter validationMeter = validation == null ? null : Meter.of(pass, validation);
        final int batchSize = fit.batchSize();
        pass.reserve(train, batchSize);
        if (validation != null) {
            pass.reserve(validation, batchSize);
        }
        // Nothing that may fail for the call's arguments comes after the model's first change.
        final Long seed = fit.seed();
        if (seed != null && seed != model.seed()) {
            model.setProgress(seed, model.iteration(), model.epoch());
            pass.workspace().forgetPlans();
        }
        final int steps = (train.size() + batchSize - 1) / batchSize;
        final List<Long> epochs = new ArrayList<>();
        final Map<String, List<Double>> values = new LinkedHashMap<>();
        for (int epoch = 0; epoch < fit.epochs(); epoch++) {
            fit.listener().epochBegins(epoch, fit.epochs(), steps);
            final int[] order = Evaluator.inOrder(train.size());
            if (fit.shuffle()) {
                RandomStream.of(model.seed(), SHUFFLE, model.epoch()).shuffle(order);
            }
            meter.reset();
            for (int step = 0; step < steps; step++) {
                final int from = step * batchSize;
                final int count = Math.min(batchSize, order.length - from);
                gather(train, order, from, count);
                meter.update(step(), count, pass);
                fit.listener().stepEnds(step, meter);
            }
            final Map<String, Double> figures = meter.results(new LinkedHashMap<>(), "");
            if (validation != null && validationMeter != null) {
                Evaluator.evaluate(pass, validation, batchSize, validationMeter);
                validationMeter.results(figures, "val_");
            }
            epochs.add(model.epoch());
            model.setProgress(model.seed(), model.iteration(), model.epoch() + 1);
            figures.forEach((name, value) ->
                    values.computeIfAbsent(name, key -> new ArrayList<>()).add(value));
            fit.listener().epochEnds(epoch, figures);
        }
        if (fit.epochs() > 0) {
            update.finish(model.iteration());
        }
        return new History(epochs, values);
    }

    /// Fills the inputs and targets of the next [#step] with the samples `order[from .. from + count]`; for
    /// loops of one's own. Nothing about the values is checked here.
    ///
    /// @throws IllegalArgumentException if the data does not fit the model
    public void gather(Dataset data, int[] order, int from, int count) {
        pass.gather(data, order, from, count);
    }

    /// One step on the batch that was gathered last: forward, loss, backward, update. Allocates nothing.
    ///
    /// @return the loss before the update
    public double step() {
        final double loss = pass.forwardBackward(model.iteration());
        update.run(model.iteration(), learningRate);
        for (int i = 0; i < projections.size(); i++) {
            projections.get(i).apply();
        }
        pass.workspace().updateState();
        model.setProgress(model.seed(), model.iteration() + 1, model.epoch());
        return loss;
    }

    /// Loss and metrics on a data set, by name.
    ///
    /// @throws IllegalArgumentException if data, model and loss do not go together
    public Map<String, Double> evaluate(Dataset data, int batchSize) {
        pass.check(data);
        return Evaluator.evaluate(pass, data, batchSize, Meter.of(pass, data));
    }

    /// The rate of the next step.
    public double learningRate() {
        return update.learningRate(model.iteration(), learningRate);
    }

    /// Changes the rate from the next step on; the model keeps it.
    ///
    /// @throws IllegalArgumentException if it is negative, or a schedule gives the rate
    public void learningRate(double rate) {
        final LearningRateSchedule schedule = optimizer.options().schedule();
        if (schedule != null) {
            throw new IllegalArgumentException(
                    "Trainer: the learning rate follows " + schedule.name() + " and cannot be set");
        }
        if (!(rate >= 0)) {
            throw new IllegalArgumentException("Trainer: learning_rate must not be negative, got " + rate);
        }
        learningRate = rate;
        model.setLearningRate(rate);
    }

    /// Frees the workspace; the model stays open.
    @Override
    public void close() {
        pass.close();
    }
}
