package dev.lanewise.data;

import dev.lanewise.tensor.Shape;
import java.nio.ByteOrder;
import java.util.Arrays;

/// What the dict at the start of an NPY file says: `{'descr': '<f4', 'fortran_order': False, 'shape': (3,
/// 4), }`.
record NpyHeader(String dtype, NumberType type, ByteOrder order, boolean fortranOrder, Shape shape) {
    /// NumPy's own limit.
    private static final int MAX_RANK = 64;

    static NpyHeader parse(String name, int position, String text) {
        return new Parser(name, position, text).header();
    }

    /// Reads exactly this kind of Python literal and nothing else; nothing is evaluated.
    private static final class Parser {
        private final String name;
        private final int position;
        private final String text;
        private int at;

        private String descr = "";
        private boolean fortranOrder;
        private int[] dims = {};

        Parser(String name, int position, String text) {
            this.name = name;
            this.position = position;
            this.text = text;
        }

        NpyHeader header() {
            boolean hasDescr = false;
            boolean hasOrder = false;
            boolean hasShape = false;
            expect('{');
            while (!accept('}')) {
                String key = string();
                expect(':');
                switch (key) {
                    case "descr" -> {
                        once(key, hasDescr);
                        hasDescr = true;
                        descr = descr();
                    }
                    case "fortran_order" -> {
                        once(key, hasOrder);
                        hasOrder = true;
                        fortranOrder = bool();
                    }
                    case "shape" -> {
                        once(key, hasShape);
                        hasShape = true;
                        dims = tuple();
                    }
                    default -> throw error("unknown key '" + key + "'");
                }
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            skipSpaces();
            if (at < text.length()) {
                throw error("text behind the dict");
            }
            if (!hasDescr || !hasOrder || !hasShape) {
                throw error("the keys 'descr', 'fortran_order' and 'shape' are not all there");
            }
            return finish();
        }

        private NpyHeader finish() {
            if (descr.endsWith("O")) {
                throw new DataFormatException(
                        name + ": holds pickled Python objects (dtype '" + descr + "'), which are not loaded");
            }
            NumberType type = descr.length() == 3 && "<>|".indexOf(descr.charAt(0)) >= 0
                    ? NumberType.of(descr.substring(1))
                    : null;
            if (type == null || (descr.charAt(0) == '|' && type.bytes > 1)) {
                throw new DataFormatException(
                        name + ": dtype '" + descr + "' is not supported (supported: b1, u1, i1, u2,"
                                + " i2, u4, i4, u8, i8, f2, f4, f8 in both byte orders)");
            }
            ByteOrder order = descr.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
            return new NpyHeader(descr, type, order, fortranOrder, Shape.of(dims));
        }

        private void once(String key, boolean seen) {
            if (seen) {
                throw error("key '" + key + "' a second time");
            }
        }

        private String descr() {
            skipSpaces();
            if (at < text.length() && (text.charAt(at) == '[' || text.charAt(at) == '(')) {
                throw new DataFormatException(name + ": holds an array of structures, which is not supported (at byte "
                        + (position + at) + ")");
            }
            return string();
        }

        private String string() {
            skipSpaces();
            char quote = at < text.length() ? text.charAt(at) : ' ';
            if (quote != '\'' && quote != '"') {
                throw error("expected a string");
            }
            int end = text.indexOf(quote, at + 1);
            int escape = text.indexOf('\\', at + 1);
            if (end < 0 || (escape >= 0 && escape < end)) {
                throw error("a string without end or with escapes");
            }
            String value = text.substring(at + 1, end);
            at = end + 1;
            return value;
        }

        private boolean bool() {
            skipSpaces();
            for (String word : new String[] {"True", "False"}) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word.equals("True");
                }
            }
            throw error("expected True or False");
        }

        private int[] tuple() {
            var values = new int[MAX_RANK];
            int rank = 0;
            expect('(');
            while (!accept(')')) {
                if (rank == MAX_RANK) {
                    throw error("more than " + MAX_RANK + " dimensions");
                }
                values[rank++] = number();
                if (!accept(',')) {
                    expect(')');
                    if (rank == 1) {
                        throw error("expected a tuple, a single number needs a comma");
                    }
                    break;
                }
            }
            return Arrays.copyOf(values, rank);
        }

        private int number() {
            skipSpaces();
            int start = at;
            long value = 0;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                value = 10 * value + text.charAt(at++) - '0';
                if (value > Integer.MAX_VALUE) {
                    throw error("a dimension above " + Integer.MAX_VALUE);
                }
            }
            if (at == start) {
                throw error("expected a dimension");
            }
            if (at < text.length() && text.charAt(at) == 'L') {
                at++; // Python 2 wrote long numbers so
            }
            return (int) value;
        }

        private boolean accept(char expected) {
            skipSpaces();
            if (at < text.length() && text.charAt(at) == expected) {
                at++;
                return true;
            }
            return false;
        }

        private void expect(char expected) {
            if (!accept(expected)) {
                throw error("expected '" + expected + "'");
            }
        }

        private void skipSpaces() {
            while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
                at++;
            }
        }

        private DataFormatException error(String what) {
            String found = at < text.length()
                    ? "'" + shown(text.substring(at, Math.min(text.length(), at + 12))) + "'"
                    : "its end";
            return new DataFormatException(
                    name + ": header at byte " + (position + at) + ": " + what + ", found " + found);
        }

        /// Without control characters, which could do things to a terminal.
        private static String shown(String text) {
            return text.chars()
                    .map(c -> c < ' ' || c >= 127 ? '?' : c)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
        }
    }
}
