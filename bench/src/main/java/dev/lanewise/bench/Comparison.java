package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/// `lanewise bench gemm --against`: products beside those of native libraries, each in a process of its own,
/// where
/// ours runs in turns with it. Peers are compared with each other only by their ratios to ours in the same
/// process.
final class Comparison {
    private final List<Product> products;
    private final long millis;
    private final PrintWriter text;
    private final List<Compared> rows = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final Map<String, String> versions = new LinkedHashMap<>();

    /// @param text for lines as they come
    Comparison(List<Product> products, long millis, PrintWriter text) {
        this.products = products;
        this.millis = millis;
        this.text = text;
    }

    /// Measures all products beside one peer on some threads.
    ///
    /// @throws IllegalStateException if the peer is not to be had
    void run(Peer peer, int threads) {
        final String library = PeerFiles.library(peer, PeerFiles.folder());
        final ProcessBuilder builder = new ProcessBuilder(ChildJvm.command(
                        PeerProcess.class,
                        List.of(),
                        List.of(peer.label(), library, Integer.toString(threads), Long.toString(millis))))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(peer.environment(threads));
        // A library finds those that it needs beside itself.
        final int slash = library.lastIndexOf('/');
        if (slash >= 0) {
            builder.environment().merge("LD_LIBRARY_PATH", library.substring(0, slash), (old, own) -> own + ":" + old);
        }
        try {
            final Process process = builder.start();
            try (BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
                    Writer questions = process.outputWriter(StandardCharsets.UTF_8)) {
                final String version =
                        ask(peer, process, answers).get("version").getAsString();
                if (versions.put(peer.label(), version) == null) {
                    text.println(peer.label() + ": " + version);
                }
                for (Product product : products) {
                    questions.write(product.title() + "\n");
                    questions.flush();
                    take(ask(peer, process, answers));
                }
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(peer.label() + ": its process cannot be talked to: " + e.getMessage(), e);
        }
    }

    private static JsonObject ask(Peer peer, Process process, BufferedReader answers) throws IOException {
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.startsWith(PeerProcess.ANSWER)) {
                final JsonObject answer = JsonParser.parseString(line.substring(PeerProcess.ANSWER.length()))
                        .getAsJsonObject();
                if (answer.has("failed")) {
                    throw new IllegalStateException(answer.get("failed").getAsString());
                }
                return answer;
            }
        }
        throw new IllegalStateException(peer.label() + ": its process ended early"
                + (process.isAlive() ? "" : ", with exit code " + process.exitValue()));
    }

    /// Takes the answer of a [PeerProcess].
    void take(JsonObject answer) {
        if (answer.has("refused")) {
            final String line = answer.get("what").getAsString() + " on "
                    + answer.get("threads").getAsInt() + " threads, "
                    + answer.get("peer").getAsString() + ": not compared, "
                    + answer.get("refused").getAsString();
            refused.add(line);
            text.println(line);
        } else {
            final Compared row = Compared.of(answer);
            rows.add(row);
            text.println(row.line());
        }
        text.flush();
    }

    /// Products whose results differed.
    List<String> refused() {
        return refused;
    }

    /// Geometric mean and minimum of the ratios of some rows.
    ///
    /// @param small of the products whose sizes are all 64 or less, `large` of the others; NaN where there
    ///     are none
    record Summary(String peer, int threads, int products, double geometricMean, Least large, Least small) {
        JsonObject json() {
            final JsonObject json = new JsonObject();
            json.addProperty("peer", peer);
            json.addProperty("threads", threads);
            json.addProperty("products", products);
            json.addProperty("geometricMean", geometricMean);
            large.add(json, "minimum");
            small.add(json, "smallMinimum");
            return json;
        }

        String line() {
            return String.format(
                            Locale.ROOT,
                            "%s, %d thread%s: geometric mean %.3f over %d products",
                            peer,
                            threads,
                            threads == 1 ? "" : "s",
                            geometricMean,
                            products)
                    + large.text("; least")
                    + small.text("; least of those up to 64");
        }
    }

    /// The least ratio.
    record Least(double ratio, String what) {
        private void add(JsonObject json, String name) {
            if (!what.isEmpty()) {
                json.addProperty(name, ratio);
                json.addProperty(name + "Of", what);
            }
        }

        private String text(String name) {
            return what.isEmpty() ? "" : String.format(Locale.ROOT, "%s %.3f (%s)", name, ratio, what);
        }
    }

    /// One for each peer and number of threads; then, where there are several peers, against the best of them,
    /// product by product.
    List<Summary> summaries() {
        final List<Summary> summaries = new ArrayList<>();
        for (int threads : rows.stream().map(Compared::threads).distinct().toList()) {
            final List<Compared> ofThreads =
                    rows.stream().filter(row -> row.threads() == threads).toList();
            final List<String> peers =
                    ofThreads.stream().map(Compared::peer).distinct().toList();
            for (String peer : peers) {
                summaries.add(summary(
                        peer,
                        threads,
                        ofThreads.stream()
                                .filter(row -> row.peer().equals(peer))
                                .toList()));
            }
            if (peers.size() > 1) {
                final Map<Product, Compared> least = new LinkedHashMap<>();
                ofThreads.forEach(row -> least.merge(row.product(), row, (x, y) -> x.ratio() <= y.ratio() ? x : y));
                summaries.add(summary("best of " + peers.size(), threads, List.copyOf(least.values())));
            }
        }
        return summaries;
    }

    private static Summary summary(String peer, int threads, List<Compared> rows) {
        final double mean = Math.exp(rows.stream()
                .mapToDouble(row -> Math.log(row.ratio()))
                .average()
                .orElseThrow());
        return new Summary(
                peer,
                threads,
                rows.size(),
                mean,
                least(rows, row -> !row.product().isSmall()),
                least(rows, row -> row.product().isSmall()));
    }

    private static Least least(List<Compared> rows, Predicate<Compared> which) {
        Least least = new Least(Double.NaN, "");
        for (Compared row : rows) {
            if (which.test(row) && !(row.ratio() >= least.ratio())) {
                least = new Least(row.ratio(), row.product().title());
            }
        }
        return least;
    }

    /// The least share of the FMA peak that we reach on squares of 256 and up.
    Least squares(int threads) {
        Least least = new Least(Double.NaN, "");
        for (Compared row : rows) {
            if (row.threads() == threads && row.product().isLargeSquare() && !(row.ceilingShare() >= least.ratio())) {
                least = new Least(row.ceilingShare(), row.product().title());
            }
        }
        return least;
    }

    /// Prints what it comes to.
    void printSummaries() {
        text.println();
        summaries().forEach(summary -> text.println(summary.line()));
        for (int threads : rows.stream().map(Compared::threads).distinct().toList()) {
            final String squares = squares(threads).text("squares of 256 and up: least share of the FMA peak");
            if (!squares.isEmpty()) {
                text.println(threads + (threads == 1 ? " thread, " : " threads, ") + squares);
            }
        }
        if (!refused.isEmpty()) {
            text.println(refused.size() + " products were not compared, since results differ");
        }
        text.flush();
    }

    JsonObject json() {
        final JsonObject json = new JsonObject();
        json.add("machine", Machine.json());
        final JsonObject peers = new JsonObject();
        versions.forEach(peers::addProperty);
        json.add("peers", peers);
        final JsonArray array = new JsonArray();
        rows.forEach(row -> array.add(row.json()));
        json.add("rows", array);
        final JsonArray sums = new JsonArray();
        summaries().forEach(summary -> sums.add(summary.json()));
        json.add("summaries", sums);
        final JsonArray differing = new JsonArray();
        refused.forEach(differing::add);
        json.add("refused", differing);
        return json;
    }
}
