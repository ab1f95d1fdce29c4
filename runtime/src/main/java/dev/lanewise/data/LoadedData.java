package dev.lanewise.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Data sets that were found and read.
///
/// @param name of the known data set, or of the file or folder
/// @param train the samples to train on; all of them where there is nothing to test on
/// @param test null if there is none
/// @param classNames by class number; empty if unknown
/// @param origin where the data was read from and, where it was split up, how; for people
public record LoadedData(
        String name, Dataset train, @Nullable Dataset test, List<String> classNames, String origin) {
    /// With the names copied.
    public LoadedData {
        classNames = List.copyOf(classNames);
    }
}
