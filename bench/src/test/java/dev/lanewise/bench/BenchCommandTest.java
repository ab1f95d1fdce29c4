package dev.lanewise.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What `lanewise bench` measures when `--only` chooses.
class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /// @param line arguments apart by `;`
    private int run(String line) {
        return new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(line.split(";", 0));
    }

    private List<String> measured() {
        final List<String> names = new ArrayList<>();
        for (JsonElement row :
                JsonParser.parseString(out.toString()).getAsJsonObject().getAsJsonArray("rows")) {
            names.add(row.getAsJsonObject().get("what").getAsString());
        }
        return names;
    }

    @Test
    void onlyNamedProductsAreMeasured() {
        assertEquals(0, run("gemm;--only;NN 64;--only;x 10 x;--threads;1;--millis;1;--json"), err::toString);
        assertEquals(List.of("NN 64 x 64 x 64", "NT 128 x 10 x 128"), measured());
    }

    @Test
    void onlyNamedConvolutionsAreMeasured() {
        assertEquals(
                0,
                run("conv;--only;7² x 160;--only;dx MobileNetV2 7² x 320;--threads;1;--millis;1;--json"),
                err::toString);
        assertEquals(
                List.of(
                        "MobileNetV2 7² x 160 1 x 1 -> 960",
                        "dKernel MobileNetV2 7² x 160 1 x 1 -> 960",
                        "dx MobileNetV2 7² x 160 1 x 1 -> 960",
                        "dx MobileNetV2 7² x 320 1 x 1 -> 1280"),
                measured());
    }

    @Test
    void denseNetworksTrainFitAndPredict() {
        final String line = "train;--network;20-10-4;--batch-size;32;--epochs;1;--threads;1;--millis;1";
        assertEquals(0, run(line + ";--json"), err::toString);
        final List<String> rows = measured();
        assertEquals("step 20-10-4, batch 32", rows.getFirst());
        assertEquals("prediction 20-10-4, batch 32", rows.getLast());
        assertTrue(rows.contains("fit, 60,000 samples an epoch"), rows::toString);
        out.getBuffer().setLength(0);
        assertEquals(0, run(line), err::toString);
        final List<String> rates = out.toString()
                .lines()
                .filter(row -> row.endsWith(" samples/s"))
                .map(row -> row.replaceFirst("^(\\w+).*", "$1"))
                .toList();
        assertEquals(List.of("step", "fit", "fit", "prediction"), rates);
    }

    private static List<Product> products(String... arguments) {
        final BenchCommand.Gemm gemm = new BenchCommand.Gemm();
        new CommandLine(gemm).parseArgs(arguments);
        return gemm.products();
    }

    @Test
    void productsAreChosenFromTheListThatIsCompared() {
        assertEquals(Products.FIXED, products("--against", "onednn"));
        assertEquals(
                List.of(
                        new Product("TN", 1024, 1024, 1024),
                        new Product("TN", 1024, 1024, 1),
                        new Product("TN", 1024, 1024, 16)),
                products("--against", "onednn", "--only", "TN 1024 x 1024 x 1"));
    }

    /// A random product keeps its name under its seed, however few are chosen: so one can be measured again.
    @Test
    void productsAreChosenFromThoseDrawn() {
        final List<Product> drawn = Products.random(100, 7);
        final List<Product> chosen =
                products("--against", "onednn", "--random", "100", "--seed", "7", "--only", "TN ", "--only", "NT 1");
        assertTrue(chosen.size() > 20 && chosen.size() < 80, () -> chosen.size() + " of 100");
        assertEquals(
                drawn.stream()
                        .filter(p -> p.trans().equals("TN") || p.title().startsWith("NT 1"))
                        .toList(),
                chosen);
        final Product last = drawn.getLast();
        assertEquals(
                List.of(last),
                products("--against", "onednn", "--random", "100", "--seed", "7", "--only", last.title()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemm",
                "gemm;--against;onednn",
                "gemm;--against;onednn;--random;50",
                "conv",
                "activation",
                "softmax",
                "roofline"
            })
    void whatIsInNoNameIsAnError(String command) {
        assertEquals(2, run(command + ";--only;TT 3;--only;dy"));
        assertTrue(err.toString().contains("--only: nothing has TT 3 or dy in its name"), err::toString);
        assertEquals("", out.toString());
    }

    @Test
    void randomProductsAreForComparisons() {
        assertEquals(2, run("gemm;--random;5"));
        assertTrue(err.toString().contains("--random needs --against"), err::toString);
    }
}
