package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTest {
    @Test
    void digitsAreGrouped() {
        assertEquals("0", Text.grouped(0));
        assertEquals("999", Text.grouped(999));
        assertEquals("1,000", Text.grouped(1000));
        assertEquals("-1,234,567", Text.grouped(-1_234_567));
        assertEquals("-123", Text.grouped(-123));
    }

    @Test
    void onesAreSingular() {
        assertEquals("1 sample", Text.count(1, "sample"));
        assertEquals("0 samples", Text.count(0, "sample"));
        assertEquals("1,500 samples", Text.count(1500, "sample"));
    }

    @Test
    void bytesAreReadable() {
        assertEquals("9,999 bytes", Text.bytes(9999));
        assertEquals("410 KB", Text.bytes(410_321));
        assertEquals("12 MB", Text.bytes(12_345_678));
    }

    @Test
    void columnsAreAligned() {
        assertEquals(
                "a    b\n  a long line of one cell\nccc  d\n",
                Text.table(List.of(List.of("a", "b"), List.of("  a long line of one cell"), List.of("ccc", "d")))
                        .replace(System.lineSeparator(), "\n"));
    }
}
