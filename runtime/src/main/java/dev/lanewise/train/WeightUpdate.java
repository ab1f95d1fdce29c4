package dev.lanewise.train;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.ParameterLayout;
import dev.lanewise.nn.RangeTask;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A step of an optimizer over all weights, with its [OptimizerOptions]: one pass over maximal runs of
/// weights of equal settings, in which options and update take turns over blocks that stay in cache. Norms
/// need a pass before.
final class WeightUpdate {
    static final String AVERAGE = "average";
    static final String ACCUMULATOR = "gradient_accumulator";

    /// Weights that a cut of the work is a multiple of.
    private static final int QUANTUM = 1024;

    /// Floats of a block: a handful of operands of it fit into the first cache.
    private static final int BLOCK = 1024;

    /// Floats whose squares are summed at once, whatever the number of threads.
    private static final int CHUNK = 8192;

    private final Optimizer plain;
    private final OptimizerOptions options;
    private final Compute compute;
    private final MemorySegment weights;
    private final MemorySegment gradients;
    private final @Nullable MemorySegment average;
    private final @Nullable MemorySegment accumulator;
    private final int n;
    private final List<UpdateBuffers> groups = new ArrayList<>();
    private final Run[] runs;
    private final boolean simple;
    private final Chunk[] chunks;
    private final RangeTask update = this::update;
    private final RangeTask squares = this::squares;

    // Of the present step.
    private boolean updates;
    private boolean overwrites;
    private float averageShare;

    /// Weights of equal settings, one after the other.
    private static final class Run {
        private final long from;
        private final UpdateBuffers buffers;
        private long to;
        private double squares;
        private float factor = 1;

        Run(long from, long to, UpdateBuffers buffers) {
            this.from = from;
            this.to = to;
            this.buffers = buffers;
        }
    }

    /// A part of a run whose squares are summed.
    private static final class Chunk {
        private final Run run;
        private final long from;
        private final int n;
        private float squares;

        Chunk(Run run, long from, int n) {
            this.run = run;
            this.from = from;
            this.n = n;
        }
    }

    /// Takes the model's slots, those that are new with their first values.
    WeightUpdate(Model model, Optimizer optimizer, MemorySegment gradients, Compute compute) {
        plain = optimizer.plain();
        options = optimizer.options();
        this.compute = compute;
        weights = model.trainable();
        this.gradients = gradients;
        n = Math.toIntExact(weights.byteSize() / Float.BYTES);
        average = options.useEma() ? slot(model, optimizer, AVERAGE) : null;
        accumulator = options.gradientAccumulationSteps() > 1 ? slot(model, optimizer, ACCUMULATOR) : null;
        final List<MemorySegment> slots = new ArrayList<>();
        for (String name : plain.slots()) {
            slots.add(slot(model, optimizer, name));
        }
        runs = runs(model.layout(), slots).toArray(Run[]::new);
        simple = options.clipnorm() == 0
                && options.clipvalue() == 0
                && options.globalClipnorm() == 0
                && options.weightDecay() == 0
                && average == null
                && accumulator == null;
        chunks = options.clipnorm() > 0 || options.globalClipnorm() > 0 ? chunks(runs) : new Chunk[0];
    }

    private static MemorySegment slot(Model model, Optimizer optimizer, String name) {
        final boolean isNew = !model.slots().containsKey(name);
        final MemorySegment slot = model.slot(name);
        final float first = optimizer.initialValue(name);
        if (isNew && first != 0) {
            for (long i = 0; i < slot.byteSize() / Float.BYTES; i++) {
                slot.setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, i, first);
            }
        }
        return slot;
    }

    private List<Run> runs(ParameterLayout layout, List<MemorySegment> slots) {
        final List<ParameterLayout.Place> places = layout.places().stream()
                .filter(place -> place.spec().trainable())
                .sorted(Comparator.comparingLong(ParameterLayout.Place::offset))
                .toList();
        final List<Run> made = new ArrayList<>();
        for (ParameterLayout.Place place : places) {
            final UpdateBuffers group = group(place.path(), slots);
            final long end = place.offset() + place.spec().shape().size();
            final Run last = made.isEmpty() ? null : made.getLast();
            if (last != null && last.buffers == group && options.clipnorm() == 0) {
                last.to = end;
            } else {
                made.add(new Run(place.offset(), end, group));
            }
        }
        return made;
    }

    private UpdateBuffers group(String path, List<MemorySegment> slots) {
        final boolean decays = options.decays(path);
        final double factor = options.learningRateFactor(path);
        for (UpdateBuffers known : groups) {
            if (known.decays() == decays && known.learningRateFactor() == factor) {
                return known;
            }
        }
        final UpdateBuffers made = new UpdateBuffers(weights, gradients, slots, compute, decays, factor);
        groups.add(made);
        return made;
    }

    private static Chunk[] chunks(Run[] runs) {
        final List<Chunk> chunks = new ArrayList<>();
        for (Run run : runs) {
            for (long from = run.from; from < run.to; from += CHUNK) {
                chunks.add(new Chunk(run, from, (int) Math.min(CHUNK, run.to - from)));
            }
        }
        return chunks.toArray(Chunk[]::new);
    }

    /// The learning rate after so many batches. As Keras', a schedule counts batches, whether or not they
    /// made an update.
    double learningRate(long iteration, double constant) {
        final LearningRateSchedule schedule = options.schedule();
        return schedule == null ? constant : schedule.at(iteration);
    }

    /// Follows the gradients of a batch.
    ///
    /// @param iteration how many batches were before
    /// @param constant the learning rate where no schedule gives it
    void run(long iteration, double constant) {
        final int every = options.gradientAccumulationSteps();
        final long step = iteration / every;
        updates = (iteration + 1) % every == 0;
        overwrites = options.emaOverwriteFrequency() > 0 && (step + 1) % options.emaOverwriteFrequency() == 0;
        averageShare = step == 0 ? 1 : (float) (1 - options.emaMomentum());
        if (updates) {
            final double rate = learningRate(iteration, constant);
            for (int i = 0; i < groups.size(); i++) {
                groups.get(i).at(rate, step + 1);
                plain.begin(groups.get(i));
            }
            if (chunks.length > 0) {
                compute.run(squares, chunks.length, 1, n / 4);
                clip();
            }
        }
        compute.run(update, n, QUANTUM, n / 3);
    }

    /// The averages take the weights' places, as at the end of training.
    void finish(long iteration) {
        if (average != null && iteration > 0) {
            weights.copyFrom(average);
        }
    }

    /// The kernels of now: those of the start are slow ones until the others are compiled.
    private ElementwiseKernel kernel() {
        return compute.kernels().elementwise();
    }

    private void squares(int first, int end) {
        for (int i = first; i < end; i++) {
            final Chunk chunk = chunks[i];
            collect(chunk.from, chunk.n);
            chunk.squares = compute.kernels().reduction().sumOfSquares(gradients, chunk.from, chunk.n);
        }
    }

    /// Gradients of earlier batches and of this one, averaged.
    private void collect(long from, int count) {
        final MemorySegment earlier = accumulator;
        if (earlier != null) {
            kernel().accumulate(earlier, from, gradients, from, count);
            kernel().scaleShift(gradients, from, gradients, from, count, 1f / options.gradientAccumulationSteps(), 0);
            kernel().fill(earlier, from, count, 0);
        }
    }

    /// The factors that shorten gradients; what is not finite stays visible.
    private void clip() {
        for (Run run : runs) {
            run.squares = 0;
        }
        double all = 0;
        for (Chunk chunk : chunks) {
            chunk.run.squares += chunk.squares;
            all += chunk.squares;
        }
        for (Run run : runs) {
            final double limit = options.clipnorm() > 0 ? options.clipnorm() : options.globalClipnorm();
            final double norm = Math.sqrt(options.clipnorm() > 0 ? run.squares : all);
            run.factor = norm <= limit ? 1 : norm < Double.POSITIVE_INFINITY ? (float) (limit / norm) : Float.NaN;
        }
    }

    private void update(int from, int to) {
        if (updates || overwrites) {
            compute.claim(weights, from, to - from);
        }
        for (Run run : runs) {
            final long first = Math.max(from, run.from);
            final long end = Math.min(to, run.to);
            if (first < end && simple) {
                plain.update(run.buffers, first, (int) (end - first));
                continue;
            }
            for (long at = first; at < end; at += BLOCK) {
                block(run, at, (int) Math.min(BLOCK, end - at));
            }
        }
    }

    private void block(Run run, long from, int count) {
        if (updates) {
            change(run, from, count);
        } else if (accumulator != null) {
            kernel().accumulate(gradients, from, accumulator, from, count);
        }
        final MemorySegment mean = average;
        if (mean != null) {
            kernel().approach(weights, from, mean, from, count, averageShare);
            if (overwrites) {
                final long bytes = from * Float.BYTES;
                MemorySegment.copy(mean, bytes, weights, bytes, (long) count * Float.BYTES);
            }
        }
    }

    private void change(Run run, long from, int count) {
        if (chunks.length == 0) {
            collect(from, count);
        }
        if (run.factor != 1) {
            kernel().scaleShift(gradients, from, gradients, from, count, run.factor, 0);
        }
        if (options.clipvalue() > 0) {
            final float limit = (float) options.clipvalue();
            kernel().clamp(gradients, from, gradients, from, count, -limit, limit);
        }
        if (options.weightDecay() > 0 && run.buffers.decays()) {
            final float decay = (float) (options.weightDecay() * run.buffers.learningRate());
            kernel().axpy(-decay, weights, from, weights, from, count);
        }
        plain.update(run.buffers, from, count);
    }
}
