package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How soon a fresh process trains at its steady rate: starts some, one after another, and reads how many steps
/// each did in every tenth of a second.
final class WarmupBench {
    /// The steady rate is the median over the end of a run, the last third of it.
    private static final int STEADY_PART = 3;

    /// A rate counts as reached when a window has it and so has the mean over this many from there on.
    private static final int HELD = 5;

    private WarmupBench() {}

    /// How a process went.
    ///
    /// @param firstStep milliseconds from its start to the end of the first step
    /// @param steady samples a second at the end
    /// @param share of the FMA peak that the process measures when it has trained
    /// @param half milliseconds from its start until it trained at half of the steady rate, -1 if it did not
    /// @param most the same for 95 %
    /// @param roundTrip nanoseconds from one thread to another and back, when it has trained; null for one thread
    /// @param steps steps done in each tenth of a second
    record Run(
            long firstStep,
            double steady,
            double share,
            int half,
            int most,
            @Nullable Double roundTrip,
            List<Integer> steps) {
        static Run of(long firstStep, double peak, @Nullable Double roundTrip, int[] steps) {
            final int[] last = Arrays.copyOfRange(steps, steps.length - steps.length / STEADY_PART, steps.length);
            Arrays.sort(last);
            final double steady = last[last.length / 2];
            return new Run(
                    firstStep,
                    steady * Network.SMALL.batch() * 1000 / WarmupProcess.WINDOW_MILLIS,
                    steady * Network.SMALL.stepFlop() / (1e6 * WarmupProcess.WINDOW_MILLIS) / peak,
                    reached(steps, 0.5 * steady),
                    reached(steps, 0.95 * steady),
                    roundTrip,
                    Arrays.stream(steps).boxed().toList());
        }

        /// The end of the first window with that many steps that was no single one.
        private static int reached(int[] steps, double rate) {
            for (int i = 0; i + HELD <= steps.length; i++) {
                final double mean = Arrays.stream(steps, i, i + HELD).average().orElseThrow();
                if (rate > 0 && steps[i] >= rate && mean >= rate) {
                    return (i + 1) * WarmupProcess.WINDOW_MILLIS;
                }
            }
            return -1;
        }

        JsonObject json() {
            final JsonObject json = new JsonObject();
            json.addProperty("firstStep", firstStep);
            json.addProperty("samplesPerSecond", steady);
            json.addProperty("ceilingShare", share);
            json.addProperty("half", half);
            json.addProperty("most", most);
            json.addProperty("roundTrip", roundTrip);
            final JsonArray windows = new JsonArray();
            steps.forEach(windows::add);
            json.add("steps", windows);
            return json;
        }

        String line() {
            return String.format(
                    Locale.ROOT,
                    "%11.2f s %11s %11s %,13.0f %8.0f %% %12s",
                    firstStep / 1e3,
                    seconds(half),
                    seconds(most),
                    steady,
                    100 * share,
                    roundTrip == null ? "-" : String.format(Locale.ROOT, "%.0f ns", roundTrip));
        }
    }

    static String heading() {
        return String.format(
                "%13s %11s %11s %13s %10s %12s", "first step", "50 %", "95 %", "samples/s", "of peak", "round trip");
    }

    private static String seconds(int millis) {
        return millis < 0 ? "never" : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }

    /// Median and worst of the times, those that were not reached behind all others.
    static String summary(List<Run> runs) {
        final long[] first = runs.stream().mapToLong(Run::firstStep).sorted().toArray();
        final int[] half = sorted(runs.stream().mapToInt(Run::half).toArray());
        final int[] most = sorted(runs.stream().mapToInt(Run::most).toArray());
        final int middle = runs.size() / 2;
        final int worst = runs.size() - 1;
        return String.format(
                Locale.ROOT,
                "median: first step %.2f s, 50 %% %s, 95 %% %s; worst: first step %.2f s, 50 %% %s, 95 %% %s",
                first[middle] / 1e3,
                seconds(half[middle]),
                seconds(most[middle]),
                first[worst] / 1e3,
                seconds(half[worst]),
                seconds(most[worst]));
    }

    private static int[] sorted(int[] millis) {
        return Arrays.stream(millis)
                .boxed()
                .sorted((a, b) -> Integer.compare(a < 0 ? Integer.MAX_VALUE : a, b < 0 ? Integer.MAX_VALUE : b))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /// Runs one process.
    ///
    /// @param flags of its JVM, beyond those it needs
    static Run run(List<String> flags, int threads, int millis) {
        final List<String> command = new ArrayList<>(ChildJvm.plain(WarmupProcess.class, flags));
        command.addAll(List.of(
                Long.toString(System.currentTimeMillis()), Integer.toString(millis), Integer.toString(threads)));
        try {
            final Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader answers =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                    if (line.startsWith(PeerProcess.ANSWER)) {
                        return read(JsonParser.parseString(line.substring(PeerProcess.ANSWER.length()))
                                .getAsJsonObject());
                    }
                }
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a fresh process cannot be started: " + e.getMessage(), e);
        }
        throw new IllegalStateException("a fresh process ended without an answer: " + command);
    }

    private static Run read(JsonObject answer) {
        final int[] steps = answer.getAsJsonArray("steps").asList().stream()
                .mapToInt(element -> element.getAsInt())
                .toArray();
        final Double roundTrip =
                answer.has("roundTrip") ? answer.get("roundTrip").getAsDouble() : null;
        return Run.of(answer.get("firstStep").getAsLong(), answer.get("peak").getAsDouble(), roundTrip, steps);
    }
}
