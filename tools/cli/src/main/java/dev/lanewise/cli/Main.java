package dev.lanewise.cli;

/// Entry of the `lanewise` command.
public final class Main {
    private Main() {}

    /// Runs the command and ends the JVM with its exit code: 0, 1 for a failed operation, 2 for wrong usage.
    public static void main(String[] args) {
        boolean help = args.length > 0 && (args[0].equals("--help") || args[0].equals("-h"));
        (help ? System.out : System.err).println("Usage: lanewise COMMAND [OPTIONS]");
        System.exit(help ? 0 : 2);
    }
}
