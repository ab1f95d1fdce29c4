package dev.lanewise.kernels.simd;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// The system property `lanewise.simd`: `auto` (default), `scalar`, `128`, `256` or `512`.
///
/// A diagnostic option: results have the same bits whatever it says, so it serves to test the other widths
/// and to find out whether a fault lies in vector code. `auto` is the CPU's preferred width; a width that
/// the CPU lacks works, very slowly. This class does not touch the vector module.
public enum SimdOption {
    AUTO(0),
    SCALAR(0),
    BITS_128(128),
    BITS_256(256),
    BITS_512(512);

    public static final String PROPERTY = "lanewise.simd";

    private static final List<String> KNOWN = Arrays.stream(values())
            .map(option -> option.bits == 0 ? option.name().toLowerCase(Locale.ROOT) : String.valueOf(option.bits))
            .toList();

    private final int bits;

    SimdOption(int bits) {
        this.bits = bits;
    }

    /// The vector width that is asked for, 0 where none is.
    public int bits() {
        return bits;
    }

    /// The option now in force.
    ///
    /// @throws IllegalStateException if the property has none of the known values
    public static SimdOption current() {
        String text = System.getProperty(PROPERTY, "auto").trim().toLowerCase(Locale.ROOT);
        int index = KNOWN.indexOf(text);
        if (index < 0) {
            throw new IllegalStateException(
                    "system property " + PROPERTY + " is '" + text + "', expected one of " + String.join(", ", KNOWN));
        }
        return values()[index];
    }
}
