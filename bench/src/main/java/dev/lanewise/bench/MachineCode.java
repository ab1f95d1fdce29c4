package dev.lanewise.bench;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The instructions that HotSpot's best compiler made of a method, read from what a process of its own
/// prints. HotSpot
/// prints them as bytes, and fused multiply-adds can be told by theirs; nothing else need be installed.
final class MachineCode {
    private static final Pattern METHOD = Pattern.compile("Compiled method \\(c(\\d)\\).* [\\w.$]+::(\\w+) .*");
    private static final Pattern BYTES = Pattern.compile("\\s*0x[0-9a-f]+:\\s((?:\\s*\\|?\\s*[0-9a-f]{2,4})+)\\s*");

    private MachineCode() {}

    /// The number of fused multiply-adds of packed floats in the code of each method of a class.
    ///
    /// @param main a class whose `main` has its methods compiled
    /// @throws IllegalStateException if the process fails
    static Map<String, Integer> fusedMultiplyAdds(Class<?> main) {
        final List<String> options = List.of(
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=print," + main.getName() + "::*");
        try {
            final Process process = new ProcessBuilder(ChildJvm.command(main, options, List.of()))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
                return count(lines);
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the compiled code cannot be read: " + e.getMessage(), e);
        }
    }

    /// Reads what HotSpot prints; of several compilations of a method the one with the most counts.
    static Map<String, Integer> count(BufferedReader lines) throws IOException {
        final Map<String, Integer> counts = new HashMap<>();
        final ByteArrayOutputStream code = new ByteArrayOutputStream();
        String method = "";
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            final Matcher head = METHOD.matcher(line);
            if (head.matches()) {
                take(counts, method, code);
                method = head.group(1).equals("2") ? head.group(2) : "";
            } else if (!method.isEmpty()) {
                final int comment = line.indexOf(';');
                final Matcher bytes = BYTES.matcher(comment < 0 ? line : line.substring(0, comment));
                if (bytes.matches()) {
                    append(code, bytes.group(1));
                }
            }
        }
        take(counts, method, code);
        return counts;
    }

    private static void take(Map<String, Integer> counts, String method, ByteArrayOutputStream code) {
        if (!method.isEmpty()) {
            counts.merge(method, count(code.toByteArray()), Math::max);
        }
        code.reset();
    }

    private static void append(ByteArrayOutputStream code, String hex) {
        final String digits = hex.replaceAll("[^0-9a-f]", "");
        for (int i = 0; i + 1 < digits.length(); i += 2) {
            code.write(Integer.parseInt(digits.substring(i, i + 2), 16));
        }
    }

    /// Fused multiply-adds of packed floats in x86-64 code: VEX or EVEX, map 0F38, prefix 66, W 0, operation
    /// 98, A8 or
    /// B8 (Intel 64 Architectures Manual, volume 2, VFMADD132PS and its two brothers).
    static int count(byte[] code) {
        int count = 0;
        for (int i = 0; i + 5 < code.length; i++) {
            final int first = code[i] & 0xff;
            final boolean vex =
                    first == 0xc4 && (code[i + 1] & 0x1f) == 0x02 && (code[i + 2] & 0x83) == 0x01 && isFma(code[i + 3]);
            final boolean evex =
                    first == 0x62 && (code[i + 1] & 0x07) == 0x02 && (code[i + 2] & 0x87) == 0x05 && isFma(code[i + 4]);
            if (vex || evex) {
                count++;
            }
        }
        return count;
    }

    private static boolean isFma(byte operation) {
        return (operation & 0xff) == 0x98 || (operation & 0xff) == 0xa8 || (operation & 0xff) == 0xb8;
    }
}
