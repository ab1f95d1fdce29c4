package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `lanewise bench activation` and `lanewise bench softmax`: kernels beside the plain loop with the same
/// streams, on
/// 8 Ki elements (in L1 and L2), 128 Ki (L2 and L3) and 16 Mi (memory).
abstract class KernelCommand extends BenchCommand.Measure {
    private static final List<Integer> SIZES = List.of(1 << 13, 1 << 17, 1 << 24);

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            description = "Those alone that have this in their names; may be given several times.")
    private List<String> only = List.of();

    abstract List<RoofCase> cases(Kernels kernels);

    @Override
    List<Row> measure(int ofThreads, long ofMillis) {
        throw new IllegalStateException("kernels have a table of their own");
    }

    @Override
    public Integer call() {
        final List<RoofCase> cases = RoofCase.only(cases(Kernels.best()), only);
        if (cases.isEmpty()) {
            throw nothingNamed(only);
        }
        final PrintWriter text = text();
        text.println(Machine.line());
        final JsonArray rows = new JsonArray();
        for (int count : counts()) {
            final Roofline roofline = new Roofline(count, millis(), text);
            roofline.run(cases, SIZES);
            rows.addAll(roofline.json());
        }
        final JsonObject json = new JsonObject();
        json.add("machine", Machine.json());
        json.add("rows", rows);
        print(json);
        return 0;
    }

    @Command(
            name = "activation",
            description = "Activations that work on each element alone, forward and backward.",
            mixinStandardHelpOptions = true)
    static final class OfActivations extends KernelCommand {
        @Override
        List<RoofCase> cases(Kernels kernels) {
            return RoofCase.everyActivation(kernels);
        }
    }

    @Command(
            name = "softmax",
            description = "Softmax and its logarithm over rows of 2 to 100,000, forward, backward and with the loss.",
            mixinStandardHelpOptions = true)
    static final class OfSoftmax extends KernelCommand {
        @Override
        List<RoofCase> cases(Kernels kernels) {
            return RoofCase.everyRowwise(kernels);
        }
    }
}
