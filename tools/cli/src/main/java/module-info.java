import org.jspecify.annotations.NullMarked;

/// The `lanewise` command.
@NullMarked
module dev.lanewise.cli {
    requires com.google.gson;
    requires de.siegmar.fastcsv;
    requires dev.lanewise;
    requires dev.lanewise.keras;
    requires info.picocli;
    requires java.desktop;
    requires static org.jspecify;

    uses dev.lanewise.cli.spi.CommandProvider;

    exports dev.lanewise.cli.spi;

    opens dev.lanewise.cli to
            info.picocli;
}
