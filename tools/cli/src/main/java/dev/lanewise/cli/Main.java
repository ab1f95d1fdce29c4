package dev.lanewise.cli;

import dev.lanewise.cli.spi.CommandProvider;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Entry of the `lanewise` command.
@Command(
        name = "lanewise",
        description = "Trains and runs Keras-style neural networks on the CPU.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.Version.class,
        footer = {"", "`lanewise COMMAND --help` says what a command takes."})
@SuppressWarnings("UnusedVariable") // picocli reads --help and --version
public final class Main implements Runnable {
    private static final List<String> COMMANDS =
            List.of("train", "evaluate", "predict", "convert", "inspect", "verify", "diff", "doctor", "data");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Prints the versions of Lanewise and Java.")
    private boolean version;

    private Main() {}

    /// Runs the command and ends the JVM with its exit code: 0, 1 for a failed operation, 2 for wrong usage.
    public static void main(String[] args) {
        System.exit(run(
                args,
                writer(FileDescriptor.out, "stdout.encoding", false),
                writer(FileDescriptor.err, "stderr.encoding", true)));
    }

    /// Runs the command with other streams.
    ///
    /// @return the exit code
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        int code;
        try {
            code = commandLine(args, out, err).execute(args);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // picocli hands exceptions to us, errors it lets through.
            out.flush();
            code = Failures.exhausted(e, args, err);
        }
        out.flush();
        err.flush();
        return code;
    }

    private static Object command(String name) {
        return switch (name) {
            case "train" -> new TrainCommand();
            case "evaluate" -> new EvaluateCommand();
            case "predict" -> new PredictCommand();
            case "convert" -> new ConvertCommand();
            case "inspect" -> new InspectCommand();
            case "verify" -> new VerifyCommand();
            case "diff" -> new DiffCommand();
            case "doctor" -> new DoctorCommand();
            case "data" -> new DataCommand();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /// Knows only the command that is called, where that is clear: reading the annotations of all takes time.
    private static CommandLine commandLine(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine line = new CommandLine(new Main());
        if (args.length > 0 && COMMANDS.contains(args[0])) {
            line.addSubcommand(args[0], command(args[0]));
        } else {
            for (String name : COMMANDS) {
                line.addSubcommand(name, command(name));
            }
            for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
                line.addSubcommand(provider.name(), provider.command());
            }
        }
        return line.setOut(out)
                .setErr(err)
                .setUsageHelpWidth(100)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setAbbreviatedOptionsAllowed(false)
                .setParameterExceptionHandler(Failures::wrongUsage)
                .setExecutionExceptionHandler(Failures::failed);
    }

    /// A standard stream; where the locale knows ASCII alone, as in containers and jobs, tables are written as
    /// UTF-8.
    private static PrintWriter writer(FileDescriptor descriptor, String encodingProperty, boolean flushesLines) {
        Charset charset = Charset.forName(System.getProperty(encodingProperty, "UTF-8"), StandardCharsets.UTF_8);
        return new PrintWriter(
                new FileOutputStream(descriptor),
                flushesLines,
                charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset);
    }

    /// No command at all.
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which command? There are "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /// What `--version` prints.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String number = Main.class.getModule().getDescriptor().rawVersion().orElse("of unknown version");
            return new String[] {"lanewise " + number, "Java " + Runtime.version()};
        }
    }
}
