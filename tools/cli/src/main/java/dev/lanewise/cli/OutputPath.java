package dev.lanewise.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// Where results are written. Checked before the work starts, so that none is lost to a wrong name.
final class OutputPath {
    private OutputPath() {}

    /// @throws CommandException if the file cannot be written there
    static void requireWritable(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file)) {
            throw new CommandException(file + ": is a folder, the name of a file was expected");
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw new CommandException(file + ": there is no folder " + folder);
        }
        if (!Files.isWritable(Files.exists(file) && !Files.isRegularFile(file) ? file : folder)) {
            throw new CommandException(file + ": cannot be written, access is denied");
        }
    }

    /// The name's ending in small letters, as `npy`; empty where there is none.
    static String ending(Path file) {
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }
}
