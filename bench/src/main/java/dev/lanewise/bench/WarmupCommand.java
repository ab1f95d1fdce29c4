package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `lanewise bench warmup`.
@Command(
        name = "warmup",
        description = "How soon a fresh process trains 784-128-10 at half, and at 95 %%, of its steady rate.",
        mixinStandardHelpOptions = true)
final class WarmupCommand extends BenchCommand.Measure {
    @Option(names = "--processes", description = "Processes to start, one after another (default: ${DEFAULT-VALUE}).")
    private int processes = 10;

    @Option(names = "--seconds", description = "How long each trains (default: ${DEFAULT-VALUE}).")
    private int seconds = 12;

    @Option(
            names = "--command",
            description = "With the JVM options of the lanewise command (default: with none, as a library has it).")
    private boolean ofCommand;

    @Override
    List<Row> measure(int ofThreads, long ofMillis) {
        throw new IllegalStateException("warming up has a table of its own");
    }

    @Override
    public Integer call() {
        if (processes < 1 || seconds < 3) {
            throw wrong("--processes must be 1 or more and --seconds 3 or more");
        }
        final PrintWriter text = text();
        text.println(Machine.line());
        final List<String> flags = ofCommand ? ChildJvm.ownFlags() : List.of();
        text.println("JVM options: " + (flags.isEmpty() ? "none" : String.join(" ", flags)));
        final JsonArray rows = new JsonArray();
        for (int threads : counts()) {
            text.println(threads + (threads == 1 ? " thread" : " threads"));
            text.println(WarmupBench.heading());
            final List<WarmupBench.Run> runs = new ArrayList<>();
            for (int i = 0; i < processes; i++) {
                final WarmupBench.Run run = WarmupBench.run(flags, threads, 1000 * seconds);
                runs.add(run);
                text.println(run.line());
                text.flush();
                final JsonObject row = run.json();
                row.addProperty("threads", threads);
                rows.add(row);
            }
            text.println(WarmupBench.summary(runs));
            text.flush();
        }
        final JsonObject json = new JsonObject();
        json.add("machine", Machine.json());
        json.addProperty("options", String.join(" ", flags));
        json.add("rows", rows);
        print(json);
        return 0;
    }
}
