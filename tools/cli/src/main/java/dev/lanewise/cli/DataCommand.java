package dev.lanewise.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.lanewise.data.KnownDataset;
import dev.lanewise.data.KnownDatasets;
import dev.lanewise.data.KnownDatasets.FileCheck;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `lanewise data`.
@Command(
        name = "data",
        description = "Known data sets: what there is, and where it is on this machine. Nothing is downloaded.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {DataCommand.ListCommand.class, DataCommand.GetCommand.class})
@SuppressWarnings("UnusedVariable") // picocli reads --help
final class DataCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    private boolean help;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? There are list, get");
    }

    /// `lanewise data list`.
    @Command(name = "list", sortOptions = false, description = "Lists the known data sets.")
    static final class ListCommand implements Callable<Integer> {
        @Mixin
        private final Common common = new Common();

        @Override
        public Integer call() {
            JsonArray sets = new JsonArray();
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("name", "licence", "where"));
            add(sets, rows, ShippedData.NAME, ShippedData.DESCRIPTION, ShippedData.LICENCE, "", List.of());
            for (KnownDataset known : KnownDatasets.all()) {
                List<Path> copies = KnownDatasets.copies(known.name());
                add(sets, rows, known.name(), known.description(), known.licence(), known.source(), copies);
            }
            if (common.json()) {
                JsonObject json = new JsonObject();
                json.add("datasets", sets);
                common.print(json);
            } else {
                common.out().print(Text.table(rows));
            }
            return 0;
        }

        private static void add(
                JsonArray sets,
                List<List<String>> rows,
                String name,
                String description,
                String licence,
                String source,
                List<Path> copies) {
            List<String> paths = copies.stream().map(Path::toString).toList();
            boolean ships = name.equals(ShippedData.NAME);
            JsonObject set = new JsonObject();
            set.addProperty("name", name);
            set.addProperty("description", description);
            set.addProperty("licence", licence);
            set.addProperty("source", ships ? ShippedData.ORIGIN : source);
            set.addProperty("available", ships || !copies.isEmpty());
            set.add("copies", Json.strings(paths));
            sets.add(set);
            String where = copies.isEmpty() ? "not on this machine" : String.join(", ", paths);
            rows.add(List.of(name, licence, ships ? ShippedData.ORIGIN : where));
            rows.add(List.of("  " + description));
        }
    }

    /// `lanewise data get`.
    @Command(
            name = "get",
            sortOptions = false,
            description = {"Finds a data set's copies on this machine and checks them, or tells where to get it.", ""})
    static final class GetCommand implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "NAME", description = "A name that `lanewise data list` prints.")
        @SuppressWarnings("NullAway.Init")
        private String name;

        @Mixin
        private final Common common = new Common();

        @Override
        public Integer call() {
            if (name.equals(ShippedData.NAME)) {
                print(new JsonObject(), name + " " + ShippedData.ORIGIN + ": " + ShippedData.DESCRIPTION, true);
                return 0;
            }
            KnownDataset known = KnownDatasets.named(name)
                    .orElseThrow(() -> common.usage("no data set is known as '"
                            + name + "'; there are " + ShippedData.NAME + ", "
                            + KnownDatasets.all().stream()
                                    .map(KnownDataset::name)
                                    .collect(Collectors.joining(", "))));
            List<Path> copies = KnownDatasets.copies(name);
            if (copies.isEmpty()) {
                KnownDatasets.find(name); // says where it looked and where to get one
            }
            boolean sound = false;
            JsonArray folders = new JsonArray();
            StringBuilder text = new StringBuilder();
            for (Path copy : copies) {
                List<FileCheck> checks = KnownDatasets.verify(known, copy);
                sound |= checks.stream().anyMatch(FileCheck::matches)
                        && checks.stream().allMatch(check -> check.path() == null || check.matches());
                folders.add(folder(copy, checks));
                text.append(name).append(" is in ").append(copy).append(System.lineSeparator());
                for (FileCheck check : checks) {
                    text.append("  ").append(check.file().name()).append(": ").append(state(check));
                    text.append(System.lineSeparator());
                }
            }
            JsonObject json = new JsonObject();
            json.add("copies", folders);
            print(json, text.toString().stripTrailing(), sound);
            if (!sound) {
                throw new CommandException(name + ": no copy is sound; to get it: " + known.source());
            }
            return 0;
        }

        private static String state(FileCheck check) {
            if (check.path() == null) {
                return "missing";
            }
            return check.matches()
                    ? "right, by its checksum"
                    : "wrong: MD5 " + check.md5() + ", expected " + check.file().md5();
        }

        private static JsonObject folder(Path path, List<FileCheck> checks) {
            JsonArray files = new JsonArray();
            for (FileCheck check : checks) {
                JsonObject file = new JsonObject();
                file.addProperty("name", check.file().name());
                file.addProperty("present", check.path() != null);
                file.addProperty("md5", check.md5());
                file.addProperty("matches", check.matches());
                files.add(file);
            }
            JsonObject folder = new JsonObject();
            folder.addProperty("path", path.toString());
            folder.add("files", files);
            return folder;
        }

        private void print(JsonObject json, String text, boolean sound) {
            PrintWriter out = common.out();
            if (common.json()) {
                json.addProperty("name", name);
                json.addProperty("available", sound);
                common.print(json);
            } else {
                out.println(text);
            }
        }
    }
}
