package dev.lanewise.cli;

import com.google.gson.JsonObject;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The options that every command has, and where it prints.
@SuppressWarnings("UnusedVariable") // picocli reads --debug and --help
final class Common {
    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--json", description = "Prints one JSON object; progress and messages go to standard error.")
    private boolean json;

    @Option(names = "--debug", description = "Shows the stack trace of an error.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    private boolean help;

    boolean json() {
        return json;
    }

    /// Results: nothing else is printed here when they are JSON. What someone waits for must be flushed.
    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /// Progress and tables for people: standard output, or standard error where that belongs to JSON.
    PrintWriter messages() {
        return json ? err() : out();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /// Something that the user should know though nothing failed.
    void note(String text) {
        out().flush();
        err().println("note: " + Failures.oneLine(text));
    }

    void print(JsonObject result) {
        out().println(result);
    }

    /// Wrong usage that only the command can see.
    ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
