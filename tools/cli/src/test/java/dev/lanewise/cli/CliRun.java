package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/// A command that was run in this JVM: its exit code and what it printed.
record CliRun(int code, String out, String err) {
    static CliRun of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        int code = Main.run(texts, new PrintWriter(out, true), new PrintWriter(err, true));
        return new CliRun(code, out.toString(), err.toString());
    }

    /// Asserts that all went well.
    CliRun ok() {
        assertEquals(0, code, this::toString);
        return this;
    }

    /// Asserts that nothing but one JSON object is on standard output.
    JsonObject json() {
        ok();
        assertEquals(1, out.lines().count(), this::toString);
        return JsonParser.parseString(out).getAsJsonObject();
    }

    /// Asserts an operation that failed: exit code 1, the reason in one or two lines.
    CliRun failedWith(String... parts) {
        return saysWhy(1, parts);
    }

    /// Asserts wrong usage: exit code 2, the reason in one or two lines, nothing else.
    CliRun wrongUsage(String... parts) {
        assertEquals("", out, this::toString);
        return saysWhy(2, parts);
    }

    private CliRun saysWhy(int expectedCode, String... parts) {
        assertEquals(expectedCode, code, this::toString);
        String[] lines = err.lines().filter(line -> !line.startsWith("note: ")).toArray(String[]::new);
        assertTrue(lines.length == 1 || lines.length == 2, this::toString);
        assertTrue(lines[0].startsWith("lanewise: "), this::toString);
        assertFalse(err.contains("\tat "), this::toString);
        assertFalse(err.contains("internal error"), this::toString);
        for (String part : parts) {
            assertTrue(err.contains(part), () -> "'" + part + "' is missing in " + this);
        }
        return this;
    }
}
