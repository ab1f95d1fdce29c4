package dev.lanewise.cli;

import dev.lanewise.data.Sentence;
import java.io.Serial;

/// An operation failed for a reason that the message says in a sentence: exit code 1.
final class CommandException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    CommandException(String message) {
        super(Sentence.of(message));
    }

    CommandException(String message, Throwable cause) {
        super(Sentence.of(message), cause);
    }
}
