package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A call of a [HeadsLayer]: its projections and its heads.
final class HeadsCall {
    // Places among the projections, which are those of the gradients too.
    private static final int QUERY = 0;
    private static final int KEY = 1;
    private static final int VALUE = 2;
    private static final int OUTPUT = 3;
    private static final int GATE = 4;

    private final LayerBuffers b;
    private final float scale;
    private final boolean gated;
    private final boolean returns;
    private final HeadsProjection[] projections;
    private final AttentionCore core;
    private final @Nullable ColumnSums[] sums;
    private final AttentionCore.@Nullable Operands back;
    private final AttentionCore.@Nullable ByShares byShares;
    private final @Nullable MemorySegment dShares;
    private final @Nullable MemorySegment dGate;
    private final @Nullable MemorySegment dy;

    HeadsCall(HeadsLayer layer, LayerBuffers b) {
        this.b = b;
        scale = (float) (1 / StrictMath.sqrt(layer.size()));
        gated = layer.useGate();
        returns = layer.returnAttentionScores();
        final List<Shape> inputs = new ArrayList<>();
        for (int i = 0; i < b.inputs(); i++) {
            inputs.add(b.x(i).shape());
        }
        final AttentionCore.Sizes of = sizes(layer, inputs);
        final int step = layer.useBias() ? 2 : 1;
        final int afterKeys = (gated ? 3 : 2) * step;
        projections = new HeadsProjection[gated ? 5 : 4];
        sums = new @Nullable ColumnSums[projections.length];
        projections[QUERY] = ofInput(layer, 0, 0, 0);
        projections[KEY] = ofInput(layer, keyInput(b.inputs()), 1, step);
        projections[VALUE] = ofInput(layer, 1, 2, afterKeys);
        if (gated) {
            projections[GATE] = ofInput(layer, 0, 6, 2 * step);
        }
        projections[OUTPUT] = new HeadsProjection(
                b,
                -1,
                b.saved(gated ? 7 : 5).segment(),
                of.batch() * of.rows(),
                of.heads() * of.valueSize(),
                b.y(0).shape().last(),
                afterKeys + step,
                layer.useBias());
        final Integer window = layer.slidingWindow();
        core = new AttentionCore(
                b,
                of,
                new AttentionCore.Operands(saved(0), saved(1), saved(2), saved(5)),
                saved(3),
                saved(4),
                layer.dropout(),
                new AttentionCore.Counting(
                        b.mask(0),
                        b.mask(1),
                        b.inputs() > 2 ? b.mask(2) : null,
                        b.inputs() > 3 ? b.x(3) : null,
                        layer.useCausalMask(),
                        window == null ? 0 : window),
                null);
        if (!b.hasDy(0) && !(returns && b.hasDy(1))) {
            back = null;
            byShares = null;
            dShares = null;
            dGate = null;
            dy = null;
            return;
        }
        final Parts parts = new Parts(b.scratch());
        back = new AttentionCore.Operands(
                parts.next(b.saved(0).size()),
                parts.next(b.saved(1).size()),
                parts.next(b.saved(2).size()),
                parts.next(b.saved(5).size()));
        dShares = parts.next(of.shares());
        byShares = returns && b.hasDy(1) ? new AttentionCore.ByShares(b.dy(1).segment(), false) : null;
        dGate = gated ? parts.next(b.saved(6).size()) : null;
        dy = b.hasDy(0) ? b.dy(0).segment() : parts.next(b.y(0).size());
        final @Nullable MemorySegment[] gradients = {back.q(), back.k(), back.v(), dy, dGate};
        for (int i = 0; i < projections.length; i++) {
            final HeadsProjection p = projections[i];
            final MemorySegment gradient = gradients[i];
            sums[i] = gradient == null
                    ? null
                    : ColumnSums.of(b.compute(), gradient, 0, p.rows(), p.out(), b.scratch(), parts.at);
        }
    }

    /// How many steps a sample has, over all their axes.
    private static int steps(Shape x) {
        int steps = 1;
        for (int i = 1; i + 1 < x.rank(); i++) {
            steps = Math.multiplyExact(steps, x.dim(i));
        }
        return steps;
    }

    static AttentionCore.Sizes sizes(HeadsLayer layer, List<Shape> inputs) {
        return new AttentionCore.Sizes(
                inputs.getFirst().dim(0),
                steps(inputs.getFirst()),
                steps(inputs.get(1)),
                layer.heads(),
                layer.groups(),
                layer.size(),
                layer.valueSize());
    }

    /// Which input the keys are made of: the value where there is none for them.
    static int keyInput(int inputs) {
        return Math.min(2, inputs - 1);
    }

    /// Cuts memory into parts.
    private static final class Parts {
        private final MemorySegment of;
        private long at;

        Parts(MemorySegment of) {
            this.of = of;
        }

        MemorySegment next(long floats) {
            final MemorySegment part = of.asSlice(at * Float.BYTES, floats * Float.BYTES);
            at += floats;
            return part;
        }
    }

    private HeadsProjection ofInput(HeadsLayer layer, int input, int to, int kernel) {
        final Tensor x = b.x(input);
        final int rows = x.shape().dim(0) * steps(x.shape());
        return new HeadsProjection(
                b,
                input,
                x.segment(),
                rows,
                x.shape().last(),
                b.saved(to).shape().last(),
                kernel,
                layer.useBias());
    }

    private MemorySegment saved(int i) {
        return b.saved(i).segment();
    }

    void forward() {
        projections[QUERY].forward(saved(0));
        projections[KEY].forward(saved(1));
        projections[VALUE].forward(saved(2));
        scale(saved(0));
        core.forward();
        if (gated) {
            final HeadsProjection gate = projections[GATE];
            gate.forward(saved(6));
            b.compute().forward(Activations.SIGMOID, saved(6), saved(6), gate.rows(), gate.out());
            multiply(saved(5), saved(6), saved(7));
        }
        projections[OUTPUT].forward(b.y(0).segment());
        if (returns) {
            b.y(1).segment().copyFrom(saved(3));
        }
    }

    private void scale(MemorySegment q) {
        final int n = (int) (q.byteSize() / Float.BYTES);
        b.compute().kernels().elementwise().scaleShift(q, 0, q, 0, n, scale, 0);
    }

    private void multiply(MemorySegment left, MemorySegment right, MemorySegment to) {
        final int n = (int) (to.byteSize() / Float.BYTES);
        b.compute().kernels().elementwise().multiply(left, 0, right, 0, to, 0, n);
    }

    void backward() {
        final AttentionCore.Operands d = back;
        final MemorySegment ds = dShares;
        final MemorySegment byResult = dy;
        if (d == null || ds == null || byResult == null) {
            throw new IllegalStateException("attention '" + b.name() + "': no gradient is asked for");
        }
        if (!b.hasDy(0)) {
            byResult.fill((byte) 0);
        }
        projections[OUTPUT].backward(byResult, sums[OUTPUT], d.result(), false);
        final MemorySegment dz = dGate;
        if (dz != null) {
            final HeadsProjection gate = projections[GATE];
            multiply(d.result(), saved(5), dz);
            b.compute().backward(Activations.SIGMOID, null, saved(6), dz, dz, gate.rows(), gate.out(), false);
            multiply(d.result(), saved(6), d.result());
        }
        core.backward(d, ds, byShares);
        scale(d.q());
        backward(QUERY, d.q(), false);
        if (dz != null) {
            backward(GATE, dz, true);
        }
        backward(VALUE, d.v(), false);
        // Where the value is the key too, its gradient is there already.
        backward(KEY, d.k(), b.inputs() == 2);
        if (b.inputs() > 3) {
            SameValues.noGradient(b, 3);
        }
    }

    private void backward(int which, MemorySegment gradient, boolean after) {
        final int input = projections[which].input();
        final Tensor dx = b.dx(input);
        projections[which].backward(
                gradient, sums[which], dx == null ? null : dx.segment(), after || b.accumulateDx(input));
    }
}
