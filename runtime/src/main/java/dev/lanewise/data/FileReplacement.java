package dev.lanewise.data;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Writes a file so that under its name there is either the old content or all of the new.
///
/// The content is on the disk before the name leads to it, so that this holds when the machine fails as
/// well.
///
/// A process that is told to end while it writes (Ctrl-C, SIGTERM) takes the unfinished file beside the
/// target away; one that is killed outright leaves it, as `.<name>.<random>.tmp`. Nobody reads such a file,
/// and the next write to the same target takes away those that nothing was written to for a day.
public final class FileReplacement {
    /// What writes the content.
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private static final String ENDING = ".tmp";

    private static final int UUID_CHARACTERS = 36;

    /// Nobody writes so slowly.
    private static final Duration LEFT = Duration.ofDays(1);

    private FileReplacement() {}

    /// Writes to `path`, beside it first.
    public static void write(Path path, Content content) {
        try {
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path))) {
                    content.writeTo(out); // a pipe or a device
                }
                return;
            }
            // behind a symbolic link the file is replaced, not the link
            Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
            Path beside = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ENDING);
            removeLeftovers(target);
            try (Unfinished unfinished = new Unfinished(beside)) {
                FileOutputStream file = unfinished.create();
                try (OutputStream out = new BufferedOutputStream(file)) {
                    content.writeTo(new StaysOpen(out));
                    out.flush();
                    file.getFD().sync();
                }
                move(beside, target);
            }
            syncFolder(target);
        } catch (IOException e) {
            throw ByteSource.failure(path.toString(), e);
        }
    }

    /// Archives close what they are written to, but there is more to do.
    private static final class StaysOpen extends FilterOutputStream {
        StaysOpen(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /// So that the new name is on the disk too. Some systems cannot, and some do it anyway.
    private static void syncFolder(Path file) {
        Path folder = file.getParent();
        if (folder == null) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            return; // what was there before or what is new: both are whole
        }
    }

    /// Takes away what processes that were killed have left of this target.
    private static void removeLeftovers(Path target) {
        String start = "." + target.getFileName() + ".";
        Instant before = Instant.now().minus(LEFT);
        DirectoryStream.Filter<Path> left = file -> {
            String name = String.valueOf(file.getFileName());
            return name.startsWith(start)
                    && name.endsWith(ENDING)
                    && name.length() == start.length() + UUID_CHARACTERS + ENDING.length()
                    && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS)
                            .toInstant()
                            .isBefore(before);
        };
        try (DirectoryStream<Path> files = Files.newDirectoryStream(target.resolveSibling(""), left)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | DirectoryIteratorException e) {
            return; // they do no harm
        }
    }

    /// The file beside the target, which is gone when this is closed or the process ends.
    private static final class Unfinished implements AutoCloseable {
        private final Path path;
        private final Thread atExit = new Thread(this::abandon, "lanewise-unfinished-file");
        private final boolean registered;
        private boolean abandoned;
        private @Nullable OutputStream out;

        Unfinished(Path path) {
            this.path = path;
            registered = register();
        }

        private boolean register() {
            try {
                Runtime.getRuntime().addShutdownHook(atExit);
                return true;
            } catch (IllegalStateException e) {
                return false; // the process is ending, and what writes now is what it still wants to do
            }
        }

        synchronized FileOutputStream create() throws IOException {
            if (abandoned) {
                throw new IOException("the process is ending");
            }
            Files.createFile(path);
            FileOutputStream created = new FileOutputStream(path.toFile());
            out = created;
            return created;
        }

        /// Runs while the writer may still write: its next write fails, since some systems delete no open
        /// file.
        private synchronized void abandon() {
            abandoned = true;
            try {
                if (out != null) {
                    out.close();
                }
                Files.deleteIfExists(path);
            } catch (IOException e) {
                return; // nobody is left to tell
            }
        }

        @Override
        public void close() throws IOException {
            if (registered) {
                try {
                    Runtime.getRuntime().removeShutdownHook(atExit);
                } catch (IllegalStateException e) {
                    // The process is ending: the hook runs, and deletes nothing but this file.
                }
            }
            Files.deleteIfExists(path);
        }
    }
}
