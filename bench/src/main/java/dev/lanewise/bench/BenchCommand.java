package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lanewise bench`.
@Command(
        name = "bench",
        description = "Measures kernels and training against this machine's ceiling.",
        mixinStandardHelpOptions = true,
        subcommands = {
            BenchCommand.Gemm.class,
            BenchCommand.Conv.class,
            BenchCommand.Train.class,
            RooflineCommand.class,
            WarmupCommand.class,
            KernelCommand.OfActivations.class,
            KernelCommand.OfSoftmax.class,
            BenchCommand.Jmh.class
        })
public final class BenchCommand {
    /// Of fit, unless it is said.
    private static final int EPOCHS = 11;

    /// Called by the command line.
    public BenchCommand() {}

    /// What both share.
    @SuppressWarnings("NullAway.Init") // picocli sets the spec
    abstract static class Measure implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Option(
                names = "--threads",
                split = ",",
                description = "Numbers of threads to measure with, in turn (default: 1 and all processors).")
        private List<Integer> threads = List.of();

        @Option(names = "--json", description = "One JSON object on standard output.")
        private boolean json;

        @Option(names = "--millis", description = "Milliseconds for each figure (default: ${DEFAULT-VALUE}).")
        private long millis = 500;

        abstract List<Row> measure(int ofThreads, long ofMillis);

        String note(Row row) {
            return "";
        }

        /// For tables and messages.
        final PrintWriter text() {
            return json ? spec.commandLine().getErr() : spec.commandLine().getOut();
        }

        /// The one object, if it was asked for.
        final void print(JsonObject object) {
            if (json) {
                spec.commandLine().getOut().println(object);
            }
        }

        final List<Integer> counts() {
            final int all = Runtime.getRuntime().availableProcessors();
            return !threads.isEmpty() ? threads : all == 1 ? List.of(1) : List.of(1, all);
        }

        final long millis() {
            return millis;
        }

        final ParameterException wrong(String message) {
            return new ParameterException(spec.commandLine(), message);
        }

        /// Of `--only`, when it leaves nothing to measure.
        final ParameterException nothingNamed(List<String> only) {
            return wrong("--only: nothing has " + String.join(" or ", only) + " in its name");
        }

        @Override
        public Integer call() {
            final PrintWriter text = text();
            text.println(Machine.line());
            text.println(Row.heading());
            final List<Row> rows = new ArrayList<>();
            for (int count : counts()) {
                for (Row row : measure(count, millis)) {
                    rows.add(row);
                    text.println(row.line() + note(row));
                    text.flush();
                }
            }
            final JsonObject object = new JsonObject();
            object.add("machine", Machine.json());
            final JsonArray array = new JsonArray();
            rows.forEach(row -> array.add(row.json()));
            object.add("rows", array);
            print(object);
            return 0;
        }
    }

    @Command(name = "gemm", description = "Products of matrices.", mixinStandardHelpOptions = true)
    static final class Gemm extends Measure {
        @Option(
                names = "--against",
                split = ",",
                paramLabel = "PEER",
                description = "Native libraries to compare with, each in a process of its own: openblas, mkl, onednn.")
        private List<String> against = List.of();

        @Option(
                names = "--random",
                paramLabel = "N",
                description = "With --against: so many random products instead of the fixed list.")
        private int random;

        @Option(names = "--seed", description = "Of the random products (default: ${DEFAULT-VALUE}).")
        private long seed = 42;

        @Option(
                names = "--only",
                paramLabel = "TEXT",
                description = "Those products alone, of the list or of the random ones, that have this in their names,"
                        + " such as TN 1024; may be given several times.")
        private List<String> only = List.of();

        @Override
        List<Row> measure(int ofThreads, long ofMillis) {
            return GemmBench.run(products(), ofThreads, ofMillis);
        }

        /// What `--random`, `--seed` and `--only` leave.
        List<Product> products() {
            final List<Product> all =
                    against.isEmpty() ? GemmBench.SHAPES : random > 0 ? Products.random(random, seed) : Products.FIXED;
            return Products.only(all, only);
        }

        @Override
        public Integer call() {
            if (against.isEmpty() && random > 0) {
                throw wrong("--random needs --against");
            }
            final List<Product> products = products();
            if (products.isEmpty()) {
                throw nothingNamed(only);
            }
            if (against.isEmpty()) {
                return super.call();
            }
            final List<Peer> peers;
            try {
                peers = against.stream().map(Peer::of).distinct().toList();
            } catch (IllegalArgumentException e) {
                throw wrong(String.valueOf(e.getMessage()));
            }
            final PrintWriter text = text();
            text.println(Machine.line());
            text.println(Compared.heading());
            final Comparison comparison = new Comparison(products, millis(), text);
            for (int count : counts()) {
                for (Peer peer : peers) {
                    comparison.run(peer, count);
                }
            }
            comparison.printSummaries();
            print(comparison.json());
            return comparison.refused().isEmpty() ? 0 : 1;
        }
    }

    @Command(
            name = "conv",
            description = "The convolutions of ResNet50 and MobileNetV2 on one image, forward and both gradients.",
            mixinStandardHelpOptions = true)
    static final class Conv extends Measure {
        @Option(
                names = "--only",
                paramLabel = "TEXT",
                description = "Those alone that have this in their names, such as depthwise, dx or 7²; may be given"
                        + " several times.")
        private List<String> only = List.of();

        @Override
        List<Row> measure(int ofThreads, long ofMillis) {
            return ConvBench.run(ofThreads, ofMillis, only);
        }

        @Override
        public Integer call() {
            if (ConvBench.timed(only).isEmpty()) {
                throw nothingNamed(only);
            }
            return super.call();
        }
    }

    @Command(
            name = "train",
            description =
                    "Training: dense layers (the step, its parts, fit with shuffling, and prediction), an LSTM or a block"
                            + " of a transformer (the step, and prediction).",
            mixinStandardHelpOptions = true)
    static final class Train extends Measure {
        @Option(
                names = "--network",
                paramLabel = "SIZES",
                description = "Sizes of the input and the dense layers, or lstm or transformer (default:"
                        + " ${DEFAULT-VALUE}).")
        private String name = Network.SMALL.title();

        @Option(names = "--batch-size", description = "Samples in a batch (default: 128, of sequences 32).")
        private @Nullable Integer batchSize;

        @Option(names = "--epochs", description = "Epochs of fit to time, for dense layers (default: 11).")
        private @Nullable Integer epochs;

        @Override
        List<Row> measure(int ofThreads, long ofMillis) {
            if (!SequenceNetwork.has(name)) {
                return TrainBench.run(network(), ofThreads, 10 * ofMillis, epochs == null ? EPOCHS : epochs);
            }
            if (epochs != null) {
                throw wrong("--epochs is for dense layers: of '" + name + "' the step and prediction are timed");
            }
            final int batch = batchSize == null ? SequenceNetwork.BATCH : batchSize;
            if (batch < 1) {
                throw wrong("--batch-size must be 1 or more, got " + batch);
            }
            return SequenceBench.run(SequenceNetwork.of(name), batch, ofThreads, 10 * ofMillis);
        }

        private Network network() {
            try {
                return Network.of(name, batchSize == null ? Network.SMALL.batch() : batchSize);
            } catch (IllegalArgumentException e) {
                throw wrong(String.valueOf(e.getMessage()));
            }
        }

        @Override
        String note(Row row) {
            if (SequenceNetwork.has(name)) {
                return "  " + SequenceBench.samplesPerSecond(SequenceNetwork.of(name), row);
            }
            return row.unit().equals("GFLOP/s") ? "  " + TrainBench.samplesPerSecond(network(), row) : "";
        }
    }

    @Command(
            name = "jmh",
            description = "Runs the JMH benchmarks in a JVM of their own; arguments after -- go to JMH (try -- -l).")
    static final class Jmh implements Callable<Integer> {
        @Parameters(arity = "0..*", description = "JMH's arguments.")
        private List<String> arguments = List.of();

        @Override
        public Integer call() throws IOException, InterruptedException {
            final List<String> paths = new ArrayList<>();
            for (String entry : System.getProperty("jdk.module.path", "").split(File.pathSeparator, -1)) {
                paths.add(new File(entry).isDirectory() ? entry + File.separator + "*" : entry);
            }
            final List<String> command = new ArrayList<>(List.of(
                    ProcessHandle.current().info().command().orElse("java"),
                    "--add-modules=jdk.incubator.vector",
                    "-cp",
                    String.join(File.pathSeparator, paths),
                    "org.openjdk.jmh.Main"));
            command.addAll(arguments);
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        }
    }
}
