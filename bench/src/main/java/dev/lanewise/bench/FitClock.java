package dev.lanewise.bench;

import dev.lanewise.train.FitListener;
import dev.lanewise.train.RunningFigures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Times the epochs of `fit`: each as a whole, pauses of the machine included, and from step to step.
final class FitClock implements FitListener {
    private final int threads;
    private final long peakMillis;
    private final List<Double> peaks = new ArrayList<>();
    private final List<long[]> epochs = new ArrayList<>();
    private final List<long[]> typical = new ArrayList<>();
    private long[] ends = {};
    private long start;

    /// @param peakMillis for a look at the FMA peak before each epoch
    FitClock(int threads, long peakMillis) {
        this.threads = threads;
        this.peakMillis = peakMillis;
    }

    /// In GFLOP/s, right before each epoch.
    List<Double> peaks() {
        return peaks;
    }

    /// Nanoseconds of each epoch.
    List<long[]> epochs() {
        return epochs;
    }

    /// Nanoseconds of each epoch if all its steps but the first took the median: the first one has the shuffle
    /// before it, and the median of single steps does not know the machine's pauses either.
    List<long[]> typicalEpochs() {
        return typical;
    }

    @Override
    public void epochBegins(int epoch, int of, int steps) {
        ends = ends.length == steps ? ends : new long[steps];
        peaks.add(Machine.peak(threads, peakMillis));
        start = System.nanoTime();
    }

    @Override
    public void stepEnds(int step, RunningFigures figures) {
        ends[step] = System.nanoTime();
    }

    @Override
    public void epochEnds(int epoch, Map<String, Double> values) {
        epochs.add(new long[] {System.nanoTime() - start});
        final long[] nanos = new long[ends.length - 1];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = ends[i + 1] - ends[i];
        }
        Arrays.sort(nanos);
        typical.add(new long[] {ends[0] - start + nanos.length * nanos[nanos.length / 2]});
    }
}
