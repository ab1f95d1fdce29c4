package dev.lanewise.nn.layer;

import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What layers share that combine inputs element by element, from the first to the last. An input with one
/// element
/// along an axis where others have more counts for all of them, and so does one of fewer axes, from the last
/// axis on; its gradient is the sum.
interface Merge extends Layer {
    /// Most inputs that the layer takes; it takes two at least.
    default int maxInputs() {
        return Integer.MAX_VALUE;
    }

    /// `c = a ∘ b` for elements `at .. at + n`.
    void combine(ElementwiseKernel k, MemorySegment a, MemorySegment b, MemorySegment c, long at, int n);

    /// What is done to the result at last.
    default void finish(ElementwiseKernel k, int inputs, MemorySegment y, long at, int n) {}

    /// Writes the gradient by input `i`, or adds it if `accumulate`, which comes only where [#adds]. The
    /// inputs are as
    /// large as the output; `left` is scratch, at first the gradient by the output.
    void gradient(
            ElementwiseKernel k,
            int i,
            List<MemorySegment> x,
            MemorySegment y,
            MemorySegment dy,
            @Nullable MemorySegment left,
            MemorySegment dx,
            long at,
            int n,
            boolean accumulate);

    /// Whether [#gradient] can add to what is there.
    default boolean adds(int inputs) {
        return true;
    }

    /// Whether the gradient by an input takes from `left` what later inputs then lack.
    default boolean takes() {
        return false;
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        if (inputs.size() < 2) {
            throw new IllegalArgumentException(typeName() + ": takes two inputs or more, got " + inputs.size());
        }
        if (inputs.size() > maxInputs()) {
            throw new IllegalArgumentException(typeName() + ": takes " + maxInputs() + " inputs, got " + inputs.size());
        }
        return List.of(Broadcast.shape(typeName(), inputs));
    }

    /// What counts in one of the inputs counts; there is a mask where all inputs have one.
    @Override
    default List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        return Masks.common(masks);
    }

    /// Room for inputs that are smaller than the output, for what is left of the output's gradient, and for the
    /// gradient by one input where it is not written to its place at once.
    @Override
    default long scratch(List<Shape> inputs) {
        final Shape y = Broadcast.shape(typeName(), inputs);
        long room = takes() ? 1 : 0;
        boolean aside = !adds(inputs.size()) || takes();
        for (Shape x : inputs) {
            aside |= !x.equals(y);
            room += x.equals(y) ? 0 : 1;
        }
        return (room + (aside ? 1 : 0)) * y.size();
    }

    private static MemorySegment room(LayerBuffers b, int i) {
        final long bytes = b.y(0).segment().byteSize();
        return b.scratch().asSlice(i * bytes, bytes);
    }

    /// All inputs as large as the output.
    private List<MemorySegment> operands(LayerBuffers b) {
        final MemorySegment[] x = new MemorySegment[b.inputs()];
        int room = takes() ? 1 : 0;
        for (int i = 0; i < x.length; i++) {
            final boolean same = b.x(i).shape().equals(b.y(0).shape());
            x[i] = same ? b.x(i).segment() : room(b, room++);
        }
        return Arrays.asList(x);
    }

    /// Writes the inputs that are smaller than the output in its size.
    private void expand(LayerBuffers b) {
        final Expansion expansion = (Expansion) b.task("expand", this, Expansion::new);
        for (int i = 0; i < b.inputs(); i++) {
            final Broadcast broadcast = expansion.broadcasts[i];
            if (broadcast != null) {
                expansion.input = i;
                b.compute().run(expansion, broadcast.rows(), 1, Elementwise.nanos(b.y(0).size()));
            }
        }
    }

    @Override
    default void forward(LayerBuffers b) {
        Masks.writeAny(b);
        expand(b);
        final int n = b.y(0).size();
        final long nanos = Elementwise.nanos(n) * (b.inputs() - 1);
        b.compute().run(b.task("forward", this, Merge::forwardTask), n, Elementwise.QUANTUM, nanos);
    }

    private static RangeTask forwardTask(Merge layer, LayerBuffers b) {
        final List<MemorySegment> x = layer.operands(b);
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            layer.combine(kernel, x.get(0), x.get(1), y, from, to - from);
            for (int i = 2; i < x.size(); i++) {
                layer.combine(kernel, y, x.get(i), y, from, to - from);
            }
            layer.finish(kernel, x.size(), y, from, to - from);
        };
    }

    @Override
    default void backward(LayerBuffers b) {
        if (backwardReadsInput()) {
            expand(b);
        }
        final Gradients task = (Gradients) b.task("backward", this, Gradients::new);
        if (task.left != null) {
            MemorySegment.copy(b.dy(0).segment(), 0, task.left, 0, task.left.byteSize());
        }
        final int n = b.y(0).size();
        for (int i = 0; i < b.inputs(); i++) {
            final Tensor dx = b.dx(i);
            if (dx == null && !takes()) {
                continue;
            }
            final boolean direct = dx != null && task.broadcasts[i] == null && (!b.accumulateDx(i) || adds(b.inputs()));
            task.input = i;
            task.accumulate = direct && b.accumulateDx(i);
            task.target = dx != null && direct ? dx.segment() : task.work;
            b.compute().run(task, n, Elementwise.QUANTUM, Elementwise.nanos(n));
            if (dx != null && !direct) {
                fold(b, task, i, dx);
            }
        }
    }

    /// Adds a whole gradient to that of the input.
    private static void fold(LayerBuffers b, Gradients task, int i, Tensor dx) {
        final Broadcast broadcast = task.broadcasts[i];
        if (broadcast == null) {
            b.compute().kernels().elementwise().accumulate(task.work, 0, dx.segment(), 0, dx.size());
            return;
        }
        final Reduction reduction = task.reduction;
        reduction.broadcast = broadcast;
        reduction.dx = dx.segment();
        reduction.accumulate = b.accumulateDx(i);
        b.compute().run(reduction, broadcast.samples(), 1, Elementwise.nanos(b.y(0).size()));
    }

    private static @Nullable Broadcast[] broadcasts(LayerBuffers b) {
        final @Nullable Broadcast[] broadcasts = new Broadcast[b.inputs()];
        for (int i = 0; i < broadcasts.length; i++) {
            final Shape x = b.x(i).shape();
            broadcasts[i] = x.equals(b.y(0).shape()) ? null : new Broadcast(x, b.y(0).shape());
        }
        return broadcasts;
    }

    /// Writes one input in the output's size.
    final class Expansion implements RangeTask {
        private final LayerBuffers b;
        private final List<MemorySegment> operands;
        private final @Nullable Broadcast[] broadcasts;
        private int input;

        private Expansion(Merge layer, LayerBuffers b) {
            this.b = b;
            operands = layer.operands(b);
            broadcasts = broadcasts(b);
        }

        @Override
        public void run(int from, int to) {
            final Broadcast broadcast = broadcasts[input];
            if (broadcast != null) {
                broadcast.expand(b.compute().kernels(), b.x(input).segment(), operands.get(input), from, to);
            }
        }
    }

    /// The gradient by one input, in the output's size.
    final class Gradients implements RangeTask {
        private final Merge layer;
        private final LayerBuffers b;
        private final List<MemorySegment> operands;
        private final @Nullable Broadcast[] broadcasts;
        private final MemorySegment work;
        private final @Nullable MemorySegment left;
        private final Reduction reduction;
        private MemorySegment target;
        private int input;
        private boolean accumulate;

        private Gradients(Merge layer, LayerBuffers b) {
            this.layer = layer;
            this.b = b;
            operands = layer.operands(b);
            broadcasts = broadcasts(b);
            int rooms = layer.takes() ? 1 : 0;
            boolean aside = !layer.adds(b.inputs()) || layer.takes();
            for (Broadcast broadcast : broadcasts) {
                aside |= broadcast != null;
                rooms += broadcast == null ? 0 : 1;
            }
            // The last room, or none that is used.
            work = aside ? room(b, rooms) : b.y(0).segment();
            left = layer.takes() ? room(b, 0) : null;
            reduction = new Reduction(b, work);
            target = work;
        }

        @Override
        public void run(int from, int to) {
            final ElementwiseKernel kernel = b.compute().kernels().elementwise();
            layer.gradient(
                    kernel,
                    input,
                    operands,
                    b.y(0).segment(),
                    b.dy(0).segment(),
                    left,
                    target,
                    from,
                    to - from,
                    accumulate);
        }
    }

    /// Sums a gradient in the output's size to that by a smaller input.
    final class Reduction implements RangeTask {
        private final LayerBuffers b;
        private final MemorySegment work;
        private @Nullable Broadcast broadcast;
        private @Nullable MemorySegment dx;
        private boolean accumulate;

        private Reduction(LayerBuffers b, MemorySegment work) {
            this.b = b;
            this.work = work;
        }

        @Override
        public void run(int from, int to) {
            final Broadcast by = broadcast;
            final MemorySegment target = dx;
            if (by != null && target != null) {
                by.reduce(b.compute().kernels(), work, target, from, to, accumulate);
            }
        }
    }
}
