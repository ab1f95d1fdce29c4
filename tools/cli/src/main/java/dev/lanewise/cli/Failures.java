package dev.lanewise.cli;

import dev.lanewise.data.DataFormatException;
import dev.lanewise.io.ModelFormatException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// What the user reads when something is wrong: one or two lines, no stack trace unless `--debug` asks for it.
final class Failures {
    private static final int LONGEST = 600;

    private Failures() {}

    /// Wrong usage, found while reading the arguments or by a command: exit code 2.
    static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("lanewise: " + oneLine(String.valueOf(e.getMessage())));
        List<String> similar =
                e instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
        String help = "`" + command.getCommandSpec().qualifiedName() + " --help` tells what can be used.";
        err.println(similar.isEmpty() ? help : "Did you mean " + String.join(" or ", similar) + "? " + help);
        if (List.of(args).contains("--debug")) {
            e.printStackTrace(err);
        }
        return ExitCode.USAGE;
    }

    /// A failed operation: exit code 1.
    static int failed(Exception e, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        command.getOut().flush();
        Throwable cause = cause(e);
        err.println("lanewise: " + sentence(cause));
        if (parsed.originalArgs().contains("--debug")) {
            e.printStackTrace(err);
        } else if (!isExpected(cause)) {
            err.println("This should not happen; --debug shows where it did.");
        }
        return ExitCode.SOFTWARE;
    }

    /// Memory or stack came to an end: exit code 1.
    static int exhausted(VirtualMachineError e, String[] args, PrintWriter err) {
        err.println("lanewise: " + sentence(e));
        if (List.of(args).contains("--debug")) {
            e.printStackTrace(err);
        }
        return ExitCode.SOFTWARE;
    }

    /// Errors come wrapped by picocli, failures of static initializers by the JVM.
    private static Throwable cause(Throwable e) {
        Throwable inner = e.getCause();
        boolean wrapped = e instanceof ExecutionException || e instanceof ExceptionInInitializerError;
        return wrapped && inner != null ? cause(inner) : e;
    }

    private static boolean isExpected(Throwable e) {
        return e instanceof CommandException
                || e instanceof ModelFormatException
                || e instanceof DataFormatException
                || e instanceof UncheckedIOException
                || e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof OutOfMemoryError;
    }

    private static String sentence(Throwable e) {
        String message = e.getMessage();
        if (e instanceof OutOfMemoryError) {
            return "out of memory: " + oneLine(String.valueOf(message));
        }
        if (e instanceof StackOverflowError) {
            return "the model is nested too deep";
        }
        return oneLine(isExpected(e) && message != null ? message : "internal error: " + e);
    }

    /// Without line ends and control characters, which could do things to a terminal, and not endless.
    static String oneLine(String text) {
        StringBuilder line = new StringBuilder();
        text.strip()
                .codePoints()
                .limit(LONGEST)
                .forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
        return text.length() > LONGEST ? line.append('…').toString() : line.toString();
    }
}
