package dev.lanewise.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Where the peers' libraries are: in a folder beside the benchmarks' jar, where Maven puts the published
/// jars when
/// they are first asked for and where the libraries are unpacked.
final class PeerFiles {
    private static final String COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy";

    private PeerFiles() {}

    /// The folder of all peers.
    static Path folder() {
        try {
            final Path code = Path.of(PeerFiles.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return code.resolveSibling("peers");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the benchmarks' jar is at no path: " + e.getMessage(), e);
        }
    }

    /// The file, or the system's name, to load a peer by; its jar is fetched and unpacked where need be.
    ///
    /// @throws IllegalStateException if it is not to be had here
    static String library(Peer peer, Path folder) {
        requirePlatform(peer);
        if (peer.artifact().isEmpty()) {
            return peer.files().getFirst();
        }
        final Path unpacked = folder.resolve(jarName(peer).replaceFirst("\\.jar$", ""));
        try {
            if (!isUnpacked(peer, unpacked)) {
                final Path jar = folder.resolve(jarName(peer));
                if (!Files.isRegularFile(jar)) {
                    fetch(peer, folder);
                }
                unpack(jar, peer.files(), unpacked);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(peer.label() + ": " + e.getMessage(), e);
        }
        return unpacked.resolve(peer.files().getFirst()).toString();
    }

    private static void requirePlatform(Peer peer) {
        final String os = System.getProperty("os.name");
        final String arch = System.getProperty("os.arch");
        if (!os.toLowerCase(Locale.ROOT).startsWith("linux") || !arch.equals("amd64")) {
            throw new IllegalStateException(
                    peer.label() + " is compared with on Linux on x86-64 only; this is " + os + " on " + arch);
        }
    }

    private static boolean isUnpacked(Peer peer, Path unpacked) {
        return peer.files().stream().allMatch(file -> Files.isRegularFile(unpacked.resolve(file)));
    }

    /// As Maven names the file of the coordinates `group:artifact:version:jar:classifier`.
    static String jarName(Peer peer) {
        final List<String> parts = List.of(peer.artifact().split(":", -1));
        return parts.get(1) + "-" + parts.get(2) + "-" + parts.get(4) + ".jar";
    }

    private static void fetch(Peer peer, Path folder) throws IOException {
        System.err.println("lanewise: fetching " + peer.artifact() + " (" + peer.download() + ", once) ...");
        Files.createDirectories(folder);
        final String otherwise = "; or put " + jarName(peer) + " into " + folder + " by hand";
        int code;
        try {
            code = new ProcessBuilder(
                            "mvn",
                            "-B",
                            "-q",
                            "-ntp",
                            COPY,
                            "-Dartifact=" + peer.artifact(),
                            "-DoutputDirectory=" + folder.toAbsolutePath())
                    .directory(folder.toFile())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new IllegalStateException(
                    peer.label() + " is fetched by Maven, but there is no mvn on PATH" + otherwise, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while fetching " + peer.label(), e);
        }
        if (code != 0 || !Files.isRegularFile(folder.resolve(jarName(peer)))) {
            throw new IllegalStateException("Maven could not fetch " + peer.artifact() + otherwise);
        }
    }

    /// Unpacks the members of these names, whatever folder of the jar they are in.
    static void unpack(Path jar, List<String> names, Path to) throws IOException {
        Files.createDirectories(to);
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (String name : names) {
                final ZipEntry entry = entry(zip, name);
                if (entry == null) {
                    throw new IllegalStateException(jar + " has no member " + name);
                }
                final Path part = to.resolve(name + ".part");
                try (InputStream in = zip.getInputStream(entry)) {
                    Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
                }
                Files.move(part, to.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static @org.jspecify.annotations.Nullable ZipEntry entry(ZipFile zip, String name) {
        for (final Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
            final ZipEntry entry = entries.nextElement();
            if (entry.getName().endsWith("/" + name)) {
                return entry;
            }
        }
        return null;
    }
}
