package dev.lanewise.nn.layer;

/// What layers that treat elements one by one share.
final class Elementwise {
    /// Elements that a cut of the work is a multiple of.
    static final int QUANTUM = 1024;

    private Elementwise() {}

    /// Rough nanoseconds for `n` elements on one thread.
    static long nanos(int n) {
        return n / 8;
    }
}
