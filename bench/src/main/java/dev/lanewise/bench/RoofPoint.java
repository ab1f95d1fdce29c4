package dev.lanewise.bench;

import com.google.gson.JsonObject;
import java.util.Locale;

/// A kernel under the roof.
///
/// @param level where its data are
/// @param gflops what it reached, median
/// @param spread half the distance between the 10th and the 90th hundredth, over the median
/// @param gigabytes moved in a second; for a product, as if each matrix were touched once
/// @param nanosPerElement 0 for a product
/// @param intensity floating-point operations for each byte
/// @param roof GFLOP/s that the FMA peak and the memory's plain loop allow; 0 where nothing is computed
/// @param loopShare speed over that of the plain loop with the same streams, measured in turns; 0 for a product
record RoofPoint(
        String family,
        String name,
        int threads,
        String level,
        double gflops,
        double spread,
        double gigabytes,
        double nanosPerElement,
        double intensity,
        double roof,
        double loopShare) {

    /// Of what holds it: the roof, or, where it computes nothing that counts, the plain loop.
    double ceilingShare() {
        return roof > 0 ? gflops / roof : loopShare;
    }

    JsonObject json() {
        final JsonObject json = new JsonObject();
        json.addProperty("what", name);
        json.addProperty("family", family);
        json.addProperty("threads", threads);
        json.addProperty("level", level);
        json.addProperty("median", roof > 0 ? gflops : gigabytes);
        json.addProperty("unit", roof > 0 ? "GFLOP/s" : "GB/s");
        json.addProperty("spread", spread);
        json.addProperty("ceilingShare", ceilingShare());
        json.addProperty("gigabytesPerSecond", gigabytes);
        if (roof > 0) {
            json.addProperty("flopPerByte", intensity);
            json.addProperty("roof", roof);
        }
        if (nanosPerElement > 0) {
            json.addProperty("nanosPerElement", nanosPerElement);
            json.addProperty("peer", "plain loop");
            json.addProperty("ratio", loopShare);
        }
        return json;
    }

    static String heading() {
        return String.format(
                Locale.ROOT,
                "%-38s %7s %8s %9s %9s %9s %9s %8s %8s %7s",
                "kernel",
                "threads",
                "level",
                "ns/elem",
                "GB/s",
                "GFLOP/s",
                "FLOP/B",
                "of roof",
                "of loop",
                "spread");
    }

    String line() {
        return String.format(
                Locale.ROOT,
                "%-38s %7d %8s %9s %9.1f %9s %9s %8s %8s %6.1f%%",
                name,
                threads,
                level,
                nanosPerElement > 0 ? String.format(Locale.ROOT, "%.4f", nanosPerElement) : "",
                gigabytes,
                roof > 0 ? String.format(Locale.ROOT, "%.1f", gflops) : "",
                roof > 0 ? String.format(Locale.ROOT, "%.2f", intensity) : "",
                roof > 0 ? String.format(Locale.ROOT, "%.1f%%", 100 * gflops / roof) : "",
                loopShare > 0 ? String.format(Locale.ROOT, "%.1f%%", 100 * loopShare) : "",
                100 * spread);
    }
}
