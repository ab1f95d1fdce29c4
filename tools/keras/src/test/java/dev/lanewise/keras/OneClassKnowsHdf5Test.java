package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OneClassKnowsHdf5Test {
    @Test
    void onlyH5FileAndItsPartsNameTheLibrary() throws IOException {
        final Path sources = Path.of(System.getProperty("basedir", ""), "src", "main", "java", "dev");
        try (Stream<Path> files = Files.walk(sources)) {
            final List<String> names = files.filter(Files::isRegularFile)
                    .filter(OneClassKnowsHdf5Test::namesIt)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
            assertEquals(List.of("H5File.java", "H5Metered.java", "H5Objects.java"), names);
        }
    }

    private static boolean namesIt(Path file) {
        try {
            return Files.readString(file).contains("io.jhdf");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
