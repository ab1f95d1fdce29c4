package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lanewise.data.KnownDatasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DataCommandTest {
    /// Where this build's tests look first; see the module's pom.
    private final Path folder = Path.of(System.getenv("LANEWISE_DATA")).resolve("mnist");

    @BeforeEach
    @AfterEach
    void removeCopy() throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    @Test
    void listNamesAllSets() {
        CliRun run = CliRun.of("data", "list").ok();
        assertTrue(
                run.out().contains("fashion-mnist-6k  MIT, copyright 2017 Zalando SE  ships with Lanewise"),
                run::toString);
        assertTrue(run.out().contains("\nmnist "), run::toString);
        JsonArray sets = CliRun.of("data", "list", "--json").json().getAsJsonArray("datasets");
        assertEquals(3, sets.size());
        JsonObject shipped = sets.get(0).getAsJsonObject();
        assertTrue(shipped.get("available").getAsBoolean());
    }

    @Test
    void shippedSetIsAlwaysThere() {
        assertTrue(CliRun.of("data", "get", "fashion-mnist-6k").ok().out().contains("ships with Lanewise"));
        JsonObject json = CliRun.of("data", "get", "fashion-mnist-6k", "--json").json();
        assertTrue(json.get("available").getAsBoolean());
    }

    @Test
    void missingSetIsAnsweredWithWhereToGetIt() {
        Assumptions.assumeTrue(KnownDatasets.copies("mnist").isEmpty());
        CliRun.of("data", "get", "mnist").failedWith("is not on this machine", "To get it", "LANEWISE_DATA");
    }

    @Test
    void wrongCopyIsFoundOut() {
        Assumptions.assumeTrue(KnownDatasets.copies("mnist").isEmpty());
        TestFiles.write(folder.resolve("t10k-images-idx3-ubyte"), TestFiles.idx(new byte[16], 1, 4, 4));
        TestFiles.write(folder.resolve("t10k-labels-idx1-ubyte"), TestFiles.idx(new byte[1], 1));
        CliRun run = CliRun.of("data", "get", "mnist").failedWith("no copy is sound");
        assertTrue(run.out().contains("mnist is in " + folder), run::toString);
        assertTrue(run.out().contains("t10k-labels-idx1-ubyte: wrong: MD5"), run::toString);
        assertTrue(run.out().contains("train-images-idx3-ubyte: missing"), run::toString);
        CliRun asJson = CliRun.of("data", "get", "mnist", "--json");
        assertEquals(1, asJson.code());
        JsonObject json = JsonParser.parseString(asJson.out()).getAsJsonObject();
        assertEquals(1, json.getAsJsonArray("copies").size());
    }

    @Test
    void unknownNameIsWrongUsage() {
        CliRun.of("data", "get", "imagenet").wrongUsage("'imagenet'", "fashion-mnist");
    }
}
