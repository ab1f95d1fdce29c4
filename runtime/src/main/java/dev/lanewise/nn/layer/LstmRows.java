package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activation.GradientFrom;
import dev.lanewise.kernels.ActivationKernel;
import dev.lanewise.kernels.ElementwiseKernel;
import dev.lanewise.nn.Compute;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// What a long short-term memory does with one row of its gates, the sums of the products being there:
/// blocks i, f, c, o of `units` columns, `c = σ(f) · c + σ(i) · activation(g)`, `h = σ(o) · activation(c)`.
///
/// @param z what enters the activations, rows of `4 · units`
/// @param gates what leaves them; may be `z` where that is enough
/// @param cellBefore the cell state that each row starts from
/// @param cellAfter the one that it ends with
/// @param active `activation(cellAfter)`
/// @param h the running output, rows of `units`
/// @param c the running cell state
record LstmRows(
        Compute compute,
        Activation activation,
        Activation gate,
        int units,
        MemorySegment z,
        MemorySegment gates,
        MemorySegment cellBefore,
        MemorySegment cellAfter,
        MemorySegment active,
        MemorySegment h,
        MemorySegment c) {
    /// @param row of gates and cells
    /// @param state row of the running state
    void forward(ElementwiseKernel k, long row, long state) {
        final ActivationKernel function = compute.kernel(activation);
        final ActivationKernel sigma = compute.kernel(gate);
        final long at = row * 4 * units;
        final long of = row * units;
        final long to = state * units;
        sigma.forward(z, at, gates, at, 2, units);
        function.forward(z, at + 2L * units, gates, at + 2L * units, 1, units);
        sigma.forward(z, at + 3L * units, gates, at + 3L * units, 1, units);
        copy(c, to, cellBefore, of);
        k.multiply(gates, at + units, c, to, c, to, units);
        k.multiplyAdd(gates, at, gates, at + 2L * units, c, to, units);
        copy(c, to, cellAfter, of);
        function.forward(cellAfter, of, active, of, 1, units);
        k.multiply(gates, at + 3L * units, active, of, h, to, units);
    }

    private void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt) {
        MemorySegment.copy(from, fromAt * Float.BYTES, to, toAt * Float.BYTES, (long) units * Float.BYTES);
    }

    /// From the gradients by the running state after a row's step to those by its sums and by the cell
    /// before it.
    ///
    /// @param dz by the sums, overwritten
    /// @param dh by `h`
    /// @param dc by `c`: after the step, then before it
    /// @param other memory of `units` floats from `state · units` on
    void backward(
            ElementwiseKernel k,
            MemorySegment dz,
            MemorySegment dh,
            MemorySegment dc,
            MemorySegment other,
            long row,
            long state) {
        final boolean fromInput = activation.gradientFrom() == GradientFrom.INPUT;
        final long at = row * 4 * units;
        final long of = row * units;
        final long to = state * units;
        final long f = at + units;
        final long g = at + 2L * units;
        final long o = at + 3L * units;
        k.multiply(dh, to, active, of, dz, o, units);
        k.multiply(dh, to, gates, o, other, to, units);
        compute.kernel(activation)
                .backward(
                        fromInput ? cellAfter : null,
                        of,
                        fromInput ? null : active,
                        of,
                        other,
                        to,
                        dc,
                        to,
                        1,
                        units,
                        true);
        k.multiply(dc, to, gates, g, dz, at, units);
        k.multiply(dc, to, cellBefore, of, dz, f, units);
        k.multiply(dc, to, gates, at, dz, g, units);
        k.multiply(dc, to, gates, f, dc, to, units);
        back(gate, dz, at, 2);
        back(activation, dz, g, 1);
        back(gate, dz, o, 1);
    }

    private void back(Activation of, MemorySegment dz, long at, int blocks) {
        final boolean fromInput = of.gradientFrom() == GradientFrom.INPUT;
        final @Nullable MemorySegment x = fromInput ? z : null;
        final @Nullable MemorySegment y = fromInput ? null : gates;
        compute.kernel(of).backward(x, at, y, at, dz, at, dz, at, blocks, units, false);
    }
}
