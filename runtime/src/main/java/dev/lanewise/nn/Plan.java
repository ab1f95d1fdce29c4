package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where every buffer of a graph lies for concrete shapes of its inputs, and who overwrites or adds to which
/// gradient.
///
/// Time runs forward through the calls (0 .. C - 1), to the loss (C), and back (call i at 2C - i). Buffers that
/// are never needed at the same time share memory; the output of a view, and of a layer that works in place on
/// what nobody needs any more, is its input's memory.
final class Plan {
    private static final int LINE_FLOATS = 16;
    private static final int PAGE_FLOATS = 1024;

    final List<Shape> inputShapes;
    final boolean training;
    private final Graph graph;
    private final int calls;

    /// Concrete shapes of each call's outputs.
    private final List<List<Shape>> shapes = new ArrayList<>();

    private final Map<Graph.Value, Buffer> values = new HashMap<>();
    private final Map<Graph.Value, Buffer> gradients = new HashMap<>();
    private final Map<Graph.Value, Mask> masks = new HashMap<>();
    private final List<List<Buffer>> saved = new ArrayList<>();
    private final List<Buffer> scratch = new ArrayList<>();
    private final List<Buffer> all = new ArrayList<>();

    /// Which calls take part in the backward pass.
    final boolean[] backward;

    /// Which calls run at all: not the inputs', nor views.
    final boolean[] forward;

    private final boolean[][] accumulateDx;
    private final boolean[] firstOfLayer;
    private long size;

    /// Memory that is needed from `birth` to `death`; joined buffers share one root's.
    private static final class Buffer {
        private final long floats;
        private int birth;
        private int death;
        private long offset;
        private @Nullable Buffer joined;

        Buffer(long floats, int birth) {
            this.floats = floats;
            this.birth = birth;
            this.death = birth;
        }

        Buffer root() {
            return joined == null ? this : joined.root();
        }

        void use(int time) {
            final Buffer root = root();
            root.birth = Math.min(root.birth, time);
            root.death = Math.max(root.death, time);
        }

        void join(Buffer other) {
            final Buffer into = other.root();
            into.use(birth);
            into.use(death);
            joined = into;
        }

        /// Room taken: whole cache lines, and never whole pages, so that neighbours start at different
        /// offsets in a page.
        long room() {
            final long lines = (floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
            return lines % PAGE_FLOATS == 0 ? lines + 9 * LINE_FLOATS : lines;
        }
    }

    /// The mask of a value.
    ///
    /// @param writer the call that writes it; others pass it on
    private record Mask(Buffer buffer, Shape shape, int writer) {}

    Plan(Graph graph, ParameterLayout layout, List<Shape> inputShapes, boolean training) {
        this.graph = graph;
        this.inputShapes = inputShapes;
        this.training = training;
        calls = graph.calls().size();
        backward = new boolean[calls];
        forward = new boolean[calls];
        accumulateDx = new boolean[calls][];
        firstOfLayer = new boolean[calls];
        inferShapes();
        placeValues(layout);
        placeMasks();
        if (training) {
            placeGradients();
        }
        placeWork();
        assignOffsets();
    }

    private void inferShapes() {
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            final int input = graph.inputs().indexOf(i);
            if (input >= 0) {
                final Shape expected = call.outputs().getFirst().shape();
                final Shape given = inputShapes.get(input);
                if (!expected.matches(given)) {
                    throw new IllegalArgumentException(
                            "input '" + call.layer() + "': expected shape " + expected + ", got " + given);
                }
                shapes.add(List.of(given));
                continue;
            }
            try {
                shapes.add(graph.layer(call.layer()).outputShapes(shapesOf(call.inputs())));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("layer '" + call.layer() + "': " + e.getMessage(), e);
            }
        }
    }

    private List<Shape> shapesOf(List<Graph.Value> of) {
        return of.stream().map(this::shape).toList();
    }

    private Shape shape(Graph.Value value) {
        return shapes.get(value.call()).get(value.output());
    }

    private int back(int call) {
        return 2 * calls - call;
    }

    private void placeValues(ParameterLayout layout) {
        final int end = 2 * calls + 1;
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            boolean needsGradient = layout.places(call.layer()).stream()
                    .anyMatch(place -> place.spec().trainable());
            for (Graph.Value x : call.inputs()) {
                needsGradient |= backward[x.call()];
            }
            backward[i] = training && needsGradient;
            for (Graph.Value y : call.outputs()) {
                final Buffer buffer = new Buffer(shape(y).size(), graph.inputs().contains(i) ? -1 : i);
                values.put(y, buffer);
                all.add(buffer);
            }
        }
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            final Layer layer = graph.layer(call.layer());
            for (Graph.Value x : call.inputs()) {
                value(x).use(i);
                if (backward[i] && layer.backwardReadsInput()) {
                    value(x).use(back(i));
                }
            }
            for (Graph.Value y : call.outputs()) {
                if (backward[i] && layer.backwardReadsOutput()) {
                    value(y).use(back(i));
                }
            }
        }
        for (Graph.Value output : graph.outputs()) {
            value(output).use(end);
        }
        for (int i = 0; training && i < graph.inputs().size(); i++) {
            // A step may follow on the same inputs.
            value(graph.calls().get(graph.inputs().get(i)).outputs().getFirst()).use(end);
        }
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            final Layer layer = graph.layer(call.layer());
            forward[i] = !graph.inputs().contains(i) && !layer.isView();
            if (call.inputs().isEmpty() || call.outputs().isEmpty()) {
                continue;
            }
            final Buffer x = value(call.inputs().getFirst());
            final Buffer y = value(call.outputs().getFirst());
            final boolean sameSize = x.floats == y.floats;
            if (layer.isView() || (sameSize && layer.worksInPlace() && x.root().death <= i && x.root().birth >= 0)) {
                y.join(x);
            }
        }
    }

    private void placeMasks() {
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            final Layer layer = graph.layer(call.layer());
            final List<@Nullable Shape> given = new ArrayList<>();
            for (Graph.Value x : call.inputs()) {
                final Mask mask = masks.get(x);
                given.add(mask == null ? null : mask.shape);
                useMask(mask, i);
            }
            final List<@Nullable Shape> own = layer.outputMasks(shapesOf(call.inputs()), given);
            for (int o = 0; o < call.outputs().size(); o++) {
                final Shape shape = o < own.size() ? own.get(o) : null;
                final Mask first =
                        call.inputs().isEmpty() ? null : masks.get(call.inputs().getFirst());
                if (shape != null) {
                    final Mask mask = new Mask(new Buffer(shape.size(), i), shape, i);
                    useMask(mask, i);
                    all.add(mask.buffer);
                    masks.put(call.outputs().get(o), mask);
                } else if (o == 0 && first != null && layer.passesMask()) {
                    masks.put(call.outputs().get(o), first);
                }
            }
        }
        for (Graph.Value output : graph.outputs()) {
            final Mask mask = masks.get(output);
            if (mask != null) {
                mask.buffer.use(2 * calls + 1);
            }
        }
    }

    private void useMask(@Nullable Mask mask, int call) {
        if (mask != null) {
            mask.buffer.use(call);
            if (backward[call]) {
                mask.buffer.use(back(call));
            }
        }
    }

    private void placeGradients() {
        final Map<Graph.Value, Integer> readers = new HashMap<>();
        for (Graph.Call call : graph.calls()) {
            call.inputs().forEach(x -> readers.merge(x, 1, Integer::sum));
        }
        final Map<Graph.Value, Boolean> written = new HashMap<>();
        for (Graph.Value output : graph.outputs()) {
            if (backward[output.call()]) {
                gradientOf(output, calls);
                written.put(output, true);
            }
        }
        final Map<String, Boolean> layerSeen = new HashMap<>();
        for (int i = calls - 1; i >= 0; i--) {
            final Graph.Call call = graph.calls().get(i);
            final Layer layer = graph.layer(call.layer());
            accumulateDx[i] = new boolean[call.inputs().size()];
            if (!backward[i]) {
                continue;
            }
            firstOfLayer[i] = layerSeen.put(call.layer(), true) == null;
            for (Graph.Value y : call.outputs()) {
                final Buffer dy = gradients.get(y);
                if (dy != null) {
                    dy.use(back(i));
                }
            }
            for (int s = 0; s < call.inputs().size(); s++) {
                final Graph.Value x = call.inputs().get(s);
                if (!backward[x.call()]) {
                    continue;
                }
                accumulateDx[i][s] = written.put(x, true) != null;
                final Buffer dx = gradientOf(x, back(i));
                dx.use(back(i));
                final Buffer dy = gradients.get(call.outputs().getFirst());
                final boolean onlyReader = readers.getOrDefault(x, 0) == 1 && !accumulateDx[i][s];
                if (layer.isView() && onlyReader && dy != null) {
                    dx.join(dy);
                    backward[i] = false;
                }
            }
        }
    }

    private Buffer gradientOf(Graph.Value value, int time) {
        return gradients.computeIfAbsent(value, v -> {
            final Buffer buffer = new Buffer(shape(v).size(), time);
            all.add(buffer);
            return buffer;
        });
    }

    /// Whether what a call saves may be read once more at the end of the step, to become state.
    private static boolean keepsState(Layer layer, List<Shape> inputs) {
        return !layer.state(inputs).isEmpty()
                || layer.parameters(inputs).stream().anyMatch(spec -> !spec.trainable());
    }

    private void placeWork() {
        for (int i = 0; i < calls; i++) {
            final Graph.Call call = graph.calls().get(i);
            final Layer layer = graph.layer(call.layer());
            final List<Shape> inputs = shapesOf(call.inputs());
            final List<Buffer> kept = new ArrayList<>();
            for (Shape shape : layer.saved(inputs)) {
                final Buffer buffer = new Buffer(shape.size(), i);
                if (backward[i]) {
                    buffer.use(keepsState(layer, inputs) ? 2 * calls + 1 : back(i));
                }
                kept.add(buffer);
                all.add(buffer);
            }
            saved.add(kept);
            final long forwardFloats = layer.scratch(inputs);
            final long backwardFloats = backward[i] ? layer.backwardScratch(inputs) : 0;
            final long floats = Math.max(forwardFloats, backwardFloats);
            final Buffer work = new Buffer(floats, forwardFloats > 0 || !backward[i] ? i : back(i));
            if (backward[i]) {
                work.use(back(i));
            }
            scratch.add(work);
            if (floats > 0) {
                all.add(work);
            }
        }
    }

    /// Largest first, each at the lowest offset where nothing lives at the same time.
    private void assignOffsets() {
        final List<Buffer> roots = new ArrayList<>();
        for (Buffer buffer : all) {
            if (buffer.joined == null) {
                roots.add(buffer);
            }
        }
        roots.sort(Comparator.comparingLong((Buffer b) -> -b.floats));
        final List<Buffer> placed = new ArrayList<>();
        for (Buffer buffer : roots) {
            final List<Buffer> others = new ArrayList<>();
            for (Buffer other : placed) {
                if (other.birth <= buffer.death && buffer.birth <= other.death) {
                    others.add(other);
                }
            }
            others.sort(Comparator.comparingLong((Buffer b) -> b.offset));
            long offset = 0;
            for (Buffer other : others) {
                if (offset + buffer.room() <= other.offset) {
                    break;
                }
                offset = Math.max(offset, other.offset + other.room());
            }
            buffer.offset = offset;
            placed.add(buffer);
            size = Math.max(size, offset + buffer.room());
        }
    }

    private Buffer value(Graph.Value value) {
        final Buffer buffer = values.get(value);
        if (buffer == null) {
            throw new IllegalStateException("no buffer for " + value);
        }
        return buffer;
    }

    /// Floats of memory that the plan needs.
    long size() {
        return size;
    }

    Tensor value(Graph.Value value, MemorySegment memory) {
        return Tensor.at(memory, value(value).root().offset, shape(value));
    }

    /// The gradient by a value, or null where none is computed.
    @Nullable
    Tensor gradient(Graph.Value value, MemorySegment memory) {
        final Buffer buffer = gradients.get(value);
        return buffer == null ? null : Tensor.at(memory, buffer.root().offset, shape(value));
    }

    /// The mask of a value, or null where it has none.
    @Nullable
    Tensor mask(Graph.Value value, MemorySegment memory) {
        final Mask mask = masks.get(value);
        return mask == null ? null : Tensor.at(memory, mask.buffer.offset, mask.shape);
    }

    /// Shapes of the state that call `i` reads and writes.
    List<Shape> state(int i) {
        final Graph.Call call = graph.calls().get(i);
        return graph.layer(call.layer()).state(shapesOf(call.inputs()));
    }

    /// The buffers of call `i`.
    ///
    /// @param weights of the call's layer
    /// @param weightGradients of the call's layer, or empty
    LayerBuffers buffers(
            int i,
            MemorySegment memory,
            List<Tensor> weights,
            List<@Nullable Tensor> weightGradients,
            LayerBuffers.Builder builder) {
        final Graph.Call call = graph.calls().get(i);
        final List<Tensor> x = call.inputs().stream().map(v -> value(v, memory)).toList();
        final List<Tensor> y =
                call.outputs().stream().map(v -> value(v, memory)).toList();
        builder.values(x, y);
        final List<@Nullable Tensor> masksIn = new ArrayList<>();
        call.inputs().forEach(v -> masksIn.add(mask(v, memory)));
        final List<@Nullable Tensor> masksOut = new ArrayList<>();
        for (Graph.Value v : call.outputs()) {
            final Mask mask = masks.get(v);
            masksOut.add(mask == null || mask.writer != i ? null : mask(v, memory));
        }
        builder.masks(masksIn, masksOut);
        final boolean[] accumulate = new boolean[weights.size()];
        if (backward[i]) {
            final List<@Nullable Tensor> dx = new ArrayList<>();
            for (Graph.Value v : call.inputs()) {
                dx.add(gradient(v, memory));
            }
            final List<@Nullable Tensor> dy = new ArrayList<>();
            for (Graph.Value v : call.outputs()) {
                dy.add(gradient(v, memory));
            }
            builder.gradients(dy, dx, accumulateDx[i]);
            Arrays.fill(accumulate, !firstOfLayer[i]);
        }
        builder.parameters(weights, weightGradients, accumulate);
        final List<Tensor> kept = new ArrayList<>();
        final List<Shape> keptShapes = graph.layer(call.layer()).saved(shapesOf(call.inputs()));
        for (int s = 0; s < keptShapes.size(); s++) {
            kept.add(Tensor.at(memory, saved.get(i).get(s).offset, keptShapes.get(s)));
        }
        builder.saved(kept);
        final Buffer work = scratch.get(i);
        if (work.floats > 0) {
            builder.scratch(memory.asSlice(work.offset * Float.BYTES, work.floats * Float.BYTES));
        }
        return builder.build();
    }
}
