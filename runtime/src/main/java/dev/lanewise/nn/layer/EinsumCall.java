package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A call of an [EinsumDense] whose axes are in any order: what does not lie as the products want it is copied
/// there and back.
final class EinsumCall {
    private static final Shape NONE = Shape.of(0);

    private final EinsumDense layer;
    private final LayerBuffers b;
    private final int count;
    private final int m;
    private final int n;
    private final int k;
    private final @Nullable Move packX;
    private final @Nullable Move packW;
    private final @Nullable Move unpackY;
    private final @Nullable Move expandBias;
    private final @Nullable Move packDy;
    private final @Nullable Move unpackDx;
    private final @Nullable Move unpackDw;
    private final @Nullable Move foldBias;
    private final @Nullable ColumnSums biasSums;
    private final MemorySegment x;
    private final MemorySegment w;
    private final MemorySegment y;
    private final MemorySegment z;
    private final MemorySegment bias;
    private final MemorySegment dy;
    private final MemorySegment dx;
    private final MemorySegment dw;
    private final MemorySegment dBias;
    private final RangeTask addBias;
    private final int places;
    private final @Nullable BatchedProduct forward;
    private final @Nullable BatchedProduct byX;
    private final @Nullable BatchedProduct byW;

    /// A copy with its memory.
    private final class Move {
        private final StridedCopy copy;
        private final boolean diagonal;
        private final MemorySegment target;
        private final boolean accumulate;
        private final RangeTask task;

        /// @param diagonal whether it does not reach all of the target
        Move(StridedCopy copy, boolean diagonal, MemorySegment source, MemorySegment target, boolean accumulate) {
            this.copy = copy;
            this.diagonal = diagonal;
            this.target = target;
            this.accumulate = accumulate;
            task = (from, to) -> copy.run(source, target, from, to, accumulate);
        }

        void run() {
            if (diagonal && !accumulate) {
                target.fill((byte) 0);
            }
            b.compute().run(task, copy.rows(), 1, copy.size() / 2);
        }
    }

    /// How the three tensors of the products lie.
    private record Order(String x, String w, String y) {
        static Order of(EinsumAxes axes) {
            return new Order(
                    axes.both() + axes.stays() + axes.summed(),
                    axes.both() + axes.summed() + axes.fresh(),
                    axes.both() + axes.stays() + axes.fresh());
        }

        static boolean moves(String own, String order) {
            return !own.equals(order);
        }
    }

    EinsumCall(EinsumDense layer, LayerBuffers b) {
        this.layer = layer;
        this.b = b;
        final EinsumAxes axes = layer.axes(b.x(0).shape());
        final Order order = Order.of(axes);
        final EinsumEquation of = axes.of();
        count = axes.size(axes.both());
        m = axes.size(axes.stays());
        n = axes.size(axes.fresh());
        k = axes.size(axes.summed());
        z = layer.keepsZ() ? b.saved(2).segment() : b.y(0).segment();
        final boolean movesX = Order.moves(of.input(), order.x());
        final boolean movesW = Order.moves(of.kernel(), order.w());
        final boolean movesY = Order.moves(of.output(), order.y());
        x = movesX ? b.saved(0).segment() : b.x(0).segment();
        w = movesW ? b.saved(1).segment() : b.parameter(0).segment();
        y = movesY ? part(0, axes.y().size()) : z;
        packX = movesX ? new Move(axes.gathered(of.input(), order.x()), false, b.x(0).segment(), x, false) : null;
        packW = movesW
                ? new Move(
                        axes.gathered(of.kernel(), order.w()),
                        false,
                        b.parameter(0).segment(),
                        w,
                        false)
                : null;
        unpackY = movesY ? new Move(axes.scattered(of.output(), order.y()), false, y, z, false) : null;
        final String biasAxes = layer.biasAxes();
        if (biasAxes == null) {
            places = 1;
            bias = z;
            expandBias = null;
        } else {
            final String to = axes.places(biasAxes);
            places = axes.size(to);
            bias = part(movesY ? axes.y().size() : 0, places);
            expandBias = new Move(
                    axes.gathered(ofBias(to, biasAxes), to),
                    false,
                    b.parameter(1).segment(),
                    bias,
                    false);
        }
        addBias = (from, until) -> {
            for (int row = from; row < until; row++) {
                b.compute().kernels().elementwise().accumulate(bias, 0, z, (long) row * places, places);
            }
        };
        forward = count == 1 ? null : new BatchedProduct(b, count, false, false, m, n, k, x, w, y, false);
        if (!b.hasDy(0)) {
            packDy = null;
            unpackDx = null;
            unpackDw = null;
            foldBias = null;
            biasSums = null;
            dy = z;
            dx = z;
            dw = z;
            dBias = z;
            byX = null;
            byW = null;
            return;
        }
        final MemorySegment given = b.dy(0).segment();
        long at = 0;
        dy = movesY ? part(at, axes.y().size()) : given;
        at += movesY ? axes.y().size() : 0;
        final Tensor toX = b.dx(0);
        final long sizeOfX = axes.size(order.x());
        dx = movesX ? part(at, sizeOfX) : toX == null ? z : toX.segment();
        at += movesX ? sizeOfX : 0;
        final Tensor toW = b.gradient(0);
        final long sizeOfW = axes.size(order.w());
        dw = movesW ? part(at, sizeOfW) : toW == null ? z : toW.segment();
        at += movesW ? sizeOfW : 0;
        packDy = movesY ? new Move(axes.gathered(of.output(), order.y()), false, given, dy, false) : null;
        unpackDx = movesX && toX != null
                ? new Move(
                        axes.scattered(of.input(), order.x()),
                        EinsumAxes.repeats(of.input()),
                        dx,
                        toX.segment(),
                        b.accumulateDx(0))
                : null;
        unpackDw = movesW && toW != null
                ? new Move(
                        axes.scattered(of.kernel(), order.w()),
                        EinsumAxes.repeats(of.kernel()),
                        dw,
                        toW.segment(),
                        b.accumulateGradient(0))
                : null;
        byX = count == 1 || toX == null
                ? null
                : new BatchedProduct(b, count, false, true, m, k, n, dy, w, dx, !movesX && b.accumulateDx(0));
        byW = count == 1 || toW == null
                ? null
                : new BatchedProduct(b, count, true, false, k, n, m, x, dy, dw, !movesW && b.accumulateGradient(0));
        final Tensor toBias = biasAxes == null ? null : b.gradient(1);
        if (biasAxes == null || toBias == null) {
            dBias = z;
            biasSums = null;
            foldBias = null;
            return;
        }
        dBias = part(at, places);
        at += places;
        final String to = axes.places(biasAxes);
        biasSums = ColumnSums.of(b.compute(), given, 0, rows(axes.y()), places, b.scratch(), at);
        foldBias = new Move(
                axes.scattered(ofBias(to, biasAxes), to), false, dBias, toBias.segment(), b.accumulateGradient(1));
    }

    /// Those of these axes that the bias differs by; the others are 1 long in it.
    private static String ofBias(String places, String biasAxes) {
        final StringBuilder own = new StringBuilder();
        for (int i = 0; i < places.length(); i++) {
            final char axis = places.charAt(i);
            if (biasAxes.indexOf(axis) >= 0) {
                own.append(axis);
            }
        }
        return own.toString();
    }

    private int rows(Shape of) {
        return Math.toIntExact(of.size() / Math.max(1, places));
    }

    private MemorySegment part(long at, long floats) {
        return b.scratch().asSlice(at * Float.BYTES, floats * Float.BYTES);
    }

    /// The input and the kernel as the products want them, and the value before the activation.
    static List<Shape> saved(EinsumDense layer, EinsumAxes axes) {
        final Order order = Order.of(axes);
        return List.of(
                Order.moves(axes.of().input(), order.x()) ? Shape.of(axes.size(order.x())) : NONE,
                Order.moves(axes.of().kernel(), order.w()) ? Shape.of(axes.size(order.w())) : NONE,
                layer.keepsZ() ? axes.y() : NONE);
    }

    /// The products' result, and the bias for each place.
    static long scratch(EinsumDense layer, EinsumAxes axes) {
        final boolean movesY = Order.moves(axes.of().output(), Order.of(axes).y());
        final String biasAxes = layer.biasAxes();
        return (movesY ? axes.y().size() : 0) + (biasAxes == null ? 0 : axes.size(axes.places(biasAxes)));
    }

    /// Gradients by the three, by the bias for each place, and what sums of these need.
    static long backwardScratch(EinsumDense layer, EinsumAxes axes) {
        final Order order = Order.of(axes);
        final String biasAxes = layer.biasAxes();
        long floats = Order.moves(axes.of().output(), order.y()) ? axes.y().size() : 0;
        floats += Order.moves(axes.of().input(), order.x()) ? axes.size(order.x()) : 0;
        floats += Order.moves(axes.of().kernel(), order.w()) ? axes.size(order.w()) : 0;
        if (biasAxes != null) {
            final int places = axes.size(axes.places(biasAxes));
            floats += places + ColumnSums.work(axes.y().size() / Math.max(1, places), places);
        }
        return floats;
    }

    private static void run(@Nullable Move move) {
        if (move != null) {
            move.run();
        }
    }

    void forward() {
        run(packX);
        run(packW);
        if (forward != null) {
            forward.run(b);
        } else {
            product(false, false, m, n, k, x, k, w, n, false, y);
        }
        run(unpackY);
        final int size = b.y(0).size();
        if (expandBias != null) {
            expandBias.run();
            b.compute().run(addBias, rows(b.y(0).shape()), 1, size / 4L);
        }
        if (!layer.activation().equals(Activations.LINEAR)) {
            final int cols = b.y(0).shape().last();
            b.compute().forward(layer.activation(), z, b.y(0).segment(), size / Math.max(1, cols), cols);
        }
    }

    void backward() {
        final MemorySegment given = b.dy(0).segment();
        if (!layer.activation().equals(Activations.LINEAR)) {
            final boolean fromInput = layer.activation().gradientFrom() == GradientFrom.INPUT;
            final int cols = b.y(0).shape().last();
            // The gradient by the output is not needed again.
            b.compute()
                    .backward(
                            layer.activation(),
                            fromInput ? z : null,
                            fromInput ? null : b.y(0).segment(),
                            given,
                            given,
                            b.y(0).size() / Math.max(1, cols),
                            cols,
                            false);
        }
        run(packDy);
        if (b.gradient(0) != null) {
            if (byW != null) {
                byW.run(b);
            } else {
                final boolean add = unpackDw == null && b.accumulateGradient(0);
                product(true, false, k, n, m, x, k, dy, n, add, dw);
            }
            run(unpackDw);
        }
        if (biasSums != null && foldBias != null) {
            biasSums.run(dBias, 0, false);
            foldBias.run();
        }
        if (b.dx(0) != null) {
            if (byX != null) {
                byX.run(b);
            } else {
                product(false, true, m, k, n, dy, n, w, n, unpackDx == null && b.accumulateDx(0), dx);
            }
            run(unpackDx);
        }
    }

    private void product(
            boolean transA,
            boolean transB,
            int rows,
            int cols,
            int length,
            MemorySegment left,
            int lda,
            MemorySegment right,
            int ldb,
            boolean add,
            MemorySegment to) {
        b.compute()
                .gemm(
                        transA,
                        transB,
                        rows,
                        cols,
                        length,
                        left,
                        lda,
                        right,
                        ldb,
                        add ? 1 : 0,
                        to,
                        cols,
                        null,
                        Float.NEGATIVE_INFINITY,
                        Float.POSITIVE_INFINITY,
                        b.gemmScratch());
    }
}
