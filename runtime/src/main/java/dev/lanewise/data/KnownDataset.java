package dev.lanewise.data;

import java.util.List;

/// A published data set that can be read when a copy is on the machine.
///
/// @param name to ask for it
/// @param description what it is
/// @param licence under which terms
/// @param files its parts; they may be packed with gzip
/// @param classNames by class number
/// @param source where to get it
public record KnownDataset(
        String name,
        String description,
        String licence,
        List<KnownFile> files,
        List<String> classNames,
        String source) {
    /// With the lists copied.
    public KnownDataset {
        files = List.copyOf(files);
        classNames = List.copyOf(classNames);
    }

    /// One file, as it is unpacked.
    ///
    /// @param name without `.gz`
    /// @param bytes its length
    /// @param md5 its checksum, 32 hexadecimal digits
    public record KnownFile(String name, long bytes, String md5) {}
}
