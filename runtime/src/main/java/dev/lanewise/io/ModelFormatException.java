package dev.lanewise.io;

/// A file is not what it should be: the message names the file, what was expected, what came, and where.
public class ModelFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ModelFormatException(String message) {
        super(message);
    }

    public ModelFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
