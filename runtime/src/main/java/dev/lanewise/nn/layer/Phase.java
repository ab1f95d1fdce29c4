package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Window.Axis;

/// The pixels of a window's axis whose index has one remainder by its stride: they meet the same taps, at
/// neighbouring positions.
///
/// @param axis from the positions, as its source, to these pixels, as its positions: stride 1, no tap between
///     positions; its tap `i` is the window's `first + i · step`
record Phase(Axis axis, int first, int step) {
    static Phase of(Axis of, int remainder) {
        final int gcd = gcd(of.step(), Math.abs(of.tapStep()));
        final int step = of.step() / gcd;
        final int pixels = Math.max(0, Math.ceilDiv(of.size() - remainder, of.step()));
        for (int t = 0; t < Math.min(step, of.taps()); t++) {
            final int distance = remainder - of.first() - t * of.tapStep();
            if (distance % of.step() == 0) {
                final int taps = Math.ceilDiv(of.taps() - t, step);
                return new Phase(
                        new Axis(of.positions(), pixels, taps, distance / of.step(), 1, -of.tapStep() / gcd), t, step);
            }
        }
        return new Phase(new Axis(of.positions(), pixels, 0, 0, 1, 1), 0, 1);
    }

    /// The window's number of this phase's tap.
    int tap(int i) {
        return first + i * step;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
