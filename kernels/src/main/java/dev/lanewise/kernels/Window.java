package dev.lanewise.kernels;

/// How the positions of a convolution's result meet the pixels of its source: `[samples, depth, height, width,
/// channels]` in memory, row-major; images have depth 1, sequences height 1 as well. A position has
/// `depth.taps · height.taps · width.taps` taps, counted row-major.
///
/// @param channels of the source
public record Window(Axis depth, Axis height, Axis width, int channels) {
    public Window {
        if (channels < 0) {
            throw new IllegalArgumentException("Window: channels must not be negative, got " + channels);
        }
    }

    /// One axis: at position `p` tap `t` meets pixel `first + p · step + t · tapStep`, or nothing, which
    /// counts as
    /// a zero, where that is not in `0 .. size`.
    ///
    /// @param size pixels of the source
    /// @param positions of the result
    public record Axis(int size, int positions, int taps, int first, int step, int tapStep) {
        /// An axis of one pixel, one position, one tap.
        public static final Axis ONE = new Axis(1, 1, 1, 0, 1, 1);

        public Axis {
            if (size < 0 || positions < 0 || taps < 0 || step < 1 || tapStep == 0) {
                throw new IllegalArgumentException("Window.Axis: sizes must not be negative, step 1 or more, tapStep"
                        + " not 0, got size=" + size + " positions=" + positions + " taps=" + taps + " step=" + step
                        + " tapStep=" + tapStep);
            }
            // What indices are computed from may not overflow.
            if (Math.abs((long) first) + (long) positions * step + (long) taps * Math.abs((long) tapStep)
                    > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("Window.Axis: positions and taps reach beyond 2^31 - 1");
            }
        }

        /// The pixel that tap 0 meets at a position.
        public int pixel(int position) {
            return first + position * step;
        }

        /// The first tap that meets a pixel at a position; not less than [#endTap] where none does.
        public int firstTap(int position) {
            final int base = pixel(position);
            final int from = tapStep > 0 ? ceilDiv(-base, tapStep) : ceilDiv(base - size + 1, -tapStep);
            return Math.max(0, from);
        }

        /// The tap after the last that meets a pixel at a position.
        public int endTap(int position) {
            final int base = pixel(position);
            final int end = tapStep > 0 ? ceilDiv(size - base, tapStep) : ceilDiv(base + 1, -tapStep);
            return Math.clamp(end, 0, taps);
        }

        /// The first position at which a tap meets a pixel.
        public int firstPosition(int tap) {
            return Math.max(0, ceilDiv(-first - tap * tapStep, step));
        }

        /// The position after the last at which a tap meets a pixel.
        public int endPosition(int tap) {
            return Math.clamp(ceilDiv(size - first - tap * tapStep, step), 0, positions);
        }

        private static int ceilDiv(int a, int b) {
            return Math.ceilDiv(a, b);
        }
    }

    /// Positions of one sample.
    public long positions() {
        return (long) depth.positions * height.positions * width.positions;
    }

    /// Pixels of one sample of the source.
    public long pixels() {
        return (long) depth.size * height.size * width.size;
    }

    /// Taps of a position.
    public int taps() {
        return Math.toIntExact((long) depth.taps * height.taps * width.taps);
    }

    /// Whether each position is the pixel of its number and nothing else.
    public boolean isIdentity() {
        return isIdentity(depth) && isIdentity(height) && isIdentity(width);
    }

    private static boolean isIdentity(Axis axis) {
        return axis.taps == 1 && axis.first == 0 && axis.step == 1 && axis.positions == axis.size;
    }
}
