package dev.lanewise.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.kernels.Kernels;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `lanewise bench roofline`.
@Command(
        name = "roofline",
        description = "The FMA peak, the memory's bandwidths, and each kernel's place under them.",
        mixinStandardHelpOptions = true)
final class RooflineCommand extends BenchCommand.Measure {
    @Option(
            names = "--picture",
            paramLabel = "NAME",
            description = "Also draws NAME-1.svg and NAME-1.png for one thread, and so on.")
    private @Nullable Path picture;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            description = "Those kernels and products alone that have this in their names; may be given several times."
                    + " Bandwidths are left out.")
    private List<String> only = List.of();

    @Override
    List<Row> measure(int ofThreads, long ofMillis) {
        throw new IllegalStateException("roofline prints tables of its own");
    }

    @Override
    public Integer call() {
        if (picture != null && !only.isEmpty()) {
            throw wrong("--picture shows all kernels: it cannot be asked for together with --only");
        }
        if (RoofCase.only(RoofCase.all(Kernels.best()), only).isEmpty()
                && Products.only(Products.FIXED, only).isEmpty()) {
            throw nothingNamed(only);
        }
        final Path folder = picture == null ? null : picture.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            throw wrong("--picture: there is no folder " + folder);
        }
        final PrintWriter text = text();
        text.println(Machine.line());
        final String instructions = only.isEmpty() ? Roofline.instructions() : "";
        if (only.isEmpty()) {
            text.println(instructions);
        }
        final JsonArray rows = new JsonArray();
        for (int count : counts()) {
            final Roofline roofline = new Roofline(count, millis(), text);
            roofline.run(only);
            rows.addAll(roofline.json());
            if (picture != null) {
                draw(roofline, picture.toAbsolutePath(), text);
            }
        }
        final JsonObject json = new JsonObject();
        json.add("machine", Machine.json());
        json.addProperty("instructions", instructions);
        json.add("rows", rows);
        print(json);
        return 0;
    }

    private static void draw(Roofline roofline, Path name, PrintWriter text) {
        System.setProperty("java.awt.headless", "true");
        try {
            RooflineChart.write(roofline, name).forEach(file -> text.println("wrote " + file));
        } catch (IOException e) {
            throw new UncheckedIOException("the picture cannot be written: " + e.getMessage(), e);
        }
    }
}
