import org.jspecify.annotations.NullMarked;

/// The `lanewise` command.
@NullMarked
module dev.lanewise.cli {
    requires dev.lanewise;
    requires dev.lanewise.keras;
    requires info.picocli;
    requires static org.jspecify;
}
