package dev.lanewise.cli.spi;

/// Adds a command to `lanewise` from another module, found by [java.util.ServiceLoader].
public interface CommandProvider {
    /// The word after `lanewise`.
    String name();

    /// A new picocli command: annotated, callable, giving the exit code.
    Object command();
}
