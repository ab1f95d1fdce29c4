package dev.lanewise.io;

import dev.lanewise.data.Sentence;

/// A file is not what it should be: the message names the file, what was expected, what came, and where.
public class ModelFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final int MAX_REASON = 160;

    public ModelFormatException(String message) {
        super(Sentence.of(message));
    }

    public ModelFormatException(String message, Throwable cause) {
        super(Sentence.of(message), cause);
    }

    /// The first line of an exception's message, not longer than fits a line of ours.
    static String reason(Exception e) {
        final String message = String.valueOf(e.getMessage());
        final int line = message.indexOf('\n');
        final String first = line < 0 ? message : message.substring(0, line);
        return first.length() <= MAX_REASON ? first : first.substring(0, MAX_REASON) + "…";
    }
}
