package dev.lanewise.keras.h5;

import dev.lanewise.io.ModelFormatException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One error of a sentence for whatever goes wrong in the HDF5 library.
final class H5Guard {
    private static final int MAX_REASON = 160;
    private static final int MAX_CAUSES = 1000;

    private H5Guard() {}

    /// What the library throws for a file that it cannot take, as one error of a sentence. Links and trees in
    /// circles make it overflow the stack, lengths out of bounds are of many kinds.
    static <T extends @Nullable Object> T guarded(String name, String what, Supplier<T> call) {
        try {
            return call.get();
        } catch (ModelFormatException e) {
            throw e;
        } catch (StackOverflowError e) {
            throw new ModelFormatException(name + ": " + what + " is nested without end (a damaged file)");
        } catch (OutOfMemoryError e) {
            throw new ModelFormatException(name + ": " + what + " wants more memory than there is (a damaged file)");
        } catch (RuntimeException e) {
            throw new ModelFormatException(name + ": " + what + " cannot be read (" + reason(e) + ")", e);
        }
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        for (int depth = 0; cause.getCause() != null && depth < MAX_CAUSES; depth++) {
            cause = cause.getCause();
        }
        final String message = cause.getMessage();
        if (message == null
                || message.startsWith("newLimit")
                || message.startsWith("newPosition")
                || cause instanceof IndexOutOfBoundsException
                || cause instanceof ArithmeticException
                || cause instanceof NegativeArraySizeException) {
            return "a length or an address is beyond the end: the file is truncated or damaged";
        }
        if (message.startsWith("Virtual storage")) {
            return "a virtual data set, whose values are in other files, which are not opened";
        }
        if (message.contains("External Data Files")) {
            return "external storage, whose values are in another file, which is not opened";
        }
        final String line = message.lines().findFirst().orElse("");
        return shortened(line);
    }

    /// A text that fits a sentence.
    static String shortened(String text) {
        return text.length() <= MAX_REASON ? text : text.substring(0, MAX_REASON) + "…";
    }
}
