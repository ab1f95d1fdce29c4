package dev.lanewise.data;

import java.io.Serial;

/// A data file that is damaged, or of a kind that is not supported. The message names the file, the byte
/// position where there is one, what was expected and what was found.
public class DataFormatException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    /// With what is wrong, the file's name in front.
    public DataFormatException(String message) {
        super(Sentence.of(message));
    }

    /// With what is wrong and what was caught.
    public DataFormatException(String message, Throwable cause) {
        super(Sentence.of(message), cause);
    }
}
