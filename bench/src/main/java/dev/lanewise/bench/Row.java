package dev.lanewise.bench;

import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One measured figure.
///
/// @param what what was measured
/// @param size of a product, or null
/// @param median of the runs, in `unit`
/// @param best of the runs
/// @param spread half the distance between the 10th and the 90th hundredth of the runs, over the median
/// @param ceilingShare the rate over the FMA peak of the same threads, measured right before it (of several
///     parts the
///     median), or null
/// @param peer what it is compared with, or null
/// @param ratio median over the peer's: above 1 is faster; null without peer
record Row(
        String what,
        @Nullable Size size,
        int threads,
        double median,
        double best,
        String unit,
        double spread,
        @Nullable Double ceilingShare,
        @Nullable String peer,
        @Nullable Double ratio) {

    /// Sizes of a product.
    record Size(int m, int n, int k) {}

    /// A rate from the nanoseconds of single runs.
    ///
    /// @param work of one run, in 10^-9 of `unit` times seconds: FLOP for GFLOP/s
    /// @param peak in GFLOP/s, or NaN for none
    static Row rate(String what, @Nullable Size size, int threads, long[] nanos, double work, double peak) {
        final long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        final int n = sorted.length;
        final double median = work / sorted[n / 2];
        return new Row(
                what,
                size,
                threads,
                median,
                work / sorted[0],
                "GFLOP/s",
                (work / sorted[n / 10] - work / sorted[n * 9 / 10]) / 2 / median,
                Double.isNaN(peak) ? null : median / peak,
                null,
                null);
    }

    /// A rate from several parts, each held against its own peak: where other guests of the machine take a
    /// share of
    /// the cores for a while, they take it of both.
    ///
    /// @param parts nanoseconds of single runs in a row
    /// @param peaks the FMA peak in GFLOP/s that was measured right before each part
    static Row rate(String what, int threads, List<long[]> parts, List<Double> peaks, double work) {
        final double[] shares = new double[parts.size()];
        for (int i = 0; i < shares.length; i++) {
            final long[] sorted = parts.get(i).clone();
            Arrays.sort(sorted);
            shares[i] = work / sorted[sorted.length / 2] / peaks.get(i);
        }
        Arrays.sort(shares);
        final long[] nanos = parts.stream().flatMapToLong(Arrays::stream).toArray();
        final Row row = rate(what, null, threads, nanos, work, Double.NaN);
        final double share = shares[shares.length / 2];
        return new Row(what, null, threads, row.median, row.best, row.unit, row.spread, share, null, null);
    }

    /// A time from the nanoseconds of single runs, in microseconds.
    ///
    /// @param flop of one run, or 0 for no share of the peak
    /// @param peak in GFLOP/s
    static Row micros(String what, int threads, long[] nanos, double flop, double peak) {
        final Row row = time(what, threads, nanos, "us", 1e3);
        final Double share = flop > 0 ? flop / (row.median * 1e3) / peak : null;
        return new Row(what, null, threads, row.median, row.best, row.unit, row.spread, share, null, null);
    }

    /// The same in nanoseconds.
    static Row nanos(String what, int threads, long[] nanos) {
        return time(what, threads, nanos, "ns", 1);
    }

    private static Row time(String what, int threads, long[] nanos, String unit, double nanosOfUnit) {
        final long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        final int n = sorted.length;
        final double median = sorted[n / 2] / nanosOfUnit;
        final double spread = (sorted[n * 9 / 10] - sorted[n / 10]) / (2 * nanosOfUnit) / median;
        return new Row(what, null, threads, median, sorted[0] / nanosOfUnit, unit, spread, null, null, null);
    }

    /// The same with a peer that did so much work in runs of so many nanoseconds.
    Row against(String name, double work, long[] nanos) {
        final long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        final double peerMedian = work / sorted[sorted.length / 2];
        return new Row(what, size, threads, median, best, unit, spread, ceilingShare, name, median / peerMedian);
    }

    JsonObject json() {
        final JsonObject json = new JsonObject();
        json.addProperty("what", what);
        if (size != null) {
            json.addProperty("m", size.m());
            json.addProperty("n", size.n());
            json.addProperty("k", size.k());
        }
        json.addProperty("threads", threads);
        json.addProperty("median", median);
        json.addProperty("best", best);
        json.addProperty("unit", unit);
        json.addProperty("spread", spread);
        if (ceilingShare != null) {
            json.addProperty("ceilingShare", ceilingShare);
        }
        if (peer != null) {
            json.addProperty("peer", peer);
            json.addProperty("ratio", ratio);
        }
        return json;
    }

    static String heading() {
        return String.format(
                "%-48s %7s %12s %12s %9s %7s %8s", "what", "threads", "median", "best", "unit", "spread", "of peak");
    }

    String line() {
        return String.format(
                        Locale.ROOT,
                        "%-48s %7d %12.1f %12.1f %9s %6.1f%% %8s",
                        what,
                        threads,
                        median,
                        best,
                        unit,
                        100 * spread,
                        ceilingShare == null ? "" : String.format(Locale.ROOT, "%.1f%%", 100 * ceilingShare))
                + (peer == null ? "" : String.format(Locale.ROOT, "  %.2f of %s", ratio, peer));
    }
}
