import org.jspecify.annotations.NullMarked;

/// Import and export of Keras files.
@NullMarked
module dev.lanewise.keras {
    requires dev.lanewise;
    requires static org.jspecify;
}
