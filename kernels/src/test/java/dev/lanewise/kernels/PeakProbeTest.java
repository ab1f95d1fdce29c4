package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class PeakProbeTest {
    private static PeakProbe.Runs runs(long... times) {
        final PeakProbe.Runs runs = new PeakProbe.Runs();
        for (int i = 0; i < times.length; i += 2) {
            runs.add(times[i], times[i + 1]);
        }
        return runs;
    }

    @Test
    void oneThreadsPeakIsItsShortestRun() {
        assertEquals(1 / 80.0, PeakProbe.best(List.of(runs(0, 100, 100, 180, 180, 300))));
    }

    @Test
    void ratesAtDifferentTimesDoNotAddUp() {
        // Two threads of one core: each is fast while the other stands still.
        final PeakProbe.Runs first = runs(0, 100, 100, 300, 300, 500);
        final PeakProbe.Runs second = runs(100, 300, 300, 500, 500, 600);
        assertEquals(1 / 100.0, PeakProbe.best(List.of(first, second)));
    }

    @Test
    void partsOfRunsCountByTheirShare() {
        final PeakProbe.Runs first = runs(0, 100, 100, 200);
        final PeakProbe.Runs second = runs(50, 150, 150, 250);
        assertEquals(2 / 100.0, PeakProbe.best(List.of(first, second)));
    }

    @Test
    void manyRunsAreKept() {
        final PeakProbe.Runs many = new PeakProbe.Runs();
        for (int i = 0; i < 1000; i++) {
            many.add(100L * i, 100L * i + 100 - (i == 900 ? 50 : 0));
        }
        assertEquals(1 / 50.0, PeakProbe.best(List.of(many)));
    }

    @Test
    void noThreadsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> PeakProbe.gflops(0, 1));
    }
}
