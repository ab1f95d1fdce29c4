package dev.lanewise.bench;

import com.google.gson.JsonObject;
import java.util.Locale;

/// One product, ours beside a peer's.
///
/// @param peer the peer's name
/// @param median our GFLOP/s
/// @param best our GFLOP/s
/// @param spread half the distance between the 10th and the 90th hundredth of our calls, over the median
/// @param peerMedian the peer's GFLOP/s
/// @param ceilingShare our median over the FMA peak measured right before
/// @param ratio ours over the peer's, round by round, then the median
record Compared(
        Product product,
        int threads,
        String peer,
        double median,
        double best,
        double spread,
        double peerMedian,
        double ceilingShare,
        double ratio) {

    static Compared of(Product product, int threads, String peer, Contest contest, double peak) {
        final double median = product.flop() / contest.median();
        return new Compared(
                product,
                threads,
                peer,
                median,
                product.flop() / contest.best(),
                contest.spread(),
                product.flop() / contest.peerMedian(),
                median / peak,
                contest.ratio());
    }

    JsonObject json() {
        final JsonObject json = new JsonObject();
        json.addProperty("what", product.title());
        json.addProperty("m", product.m());
        json.addProperty("n", product.n());
        json.addProperty("k", product.k());
        json.addProperty("threads", threads);
        json.addProperty("median", median);
        json.addProperty("best", best);
        json.addProperty("unit", "GFLOP/s");
        json.addProperty("spread", spread);
        json.addProperty("ceilingShare", ceilingShare);
        json.addProperty("peer", peer);
        json.addProperty("peerMedian", peerMedian);
        json.addProperty("ratio", ratio);
        return json;
    }

    static Compared of(JsonObject json) {
        return new Compared(
                Product.of(json.get("what").getAsString()),
                json.get("threads").getAsInt(),
                json.get("peer").getAsString(),
                json.get("median").getAsDouble(),
                json.get("best").getAsDouble(),
                json.get("spread").getAsDouble(),
                json.get("peerMedian").getAsDouble(),
                json.get("ceilingShare").getAsDouble(),
                json.get("ratio").getAsDouble());
    }

    static String heading() {
        return String.format(
                Locale.ROOT,
                "%-24s %7s %8s %10s %7s %8s %10s %7s",
                "what",
                "threads",
                "peer",
                "GFLOP/s",
                "spread",
                "of peak",
                "peer's",
                "ratio");
    }

    String line() {
        return String.format(
                Locale.ROOT,
                "%-24s %7d %8s %10.1f %6.1f%% %7.1f%% %10.1f %7.3f",
                product.title(),
                threads,
                peer,
                median,
                100 * spread,
                100 * ceilingShare,
                peerMedian,
                ratio);
    }
}
