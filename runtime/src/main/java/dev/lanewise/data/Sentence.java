package dev.lanewise.data;

/// What an error says about a file from outside. Names and texts out of the file are in it, which may hold
/// anything: the sentence is one line, a terminal obeys nothing in it, and it ends.
public final class Sentence {
    /// Much: everything unsupported that a model has is named in one sentence.
    private static final int LONGEST = 20_000;

    private Sentence() {}

    /// The text with `?` for each control or format character, line end and half of a surrogate pair, cut where
    /// it is too long.
    public static String of(String text) {
        final StringBuilder line = new StringBuilder(Math.min(text.length(), LONGEST + 1));
        for (int i = 0; i < text.length(); ) {
            if (line.length() >= LONGEST) {
                return line.append('…').toString();
            }
            final int c = text.codePointAt(i);
            i += Character.charCount(c);
            line.appendCodePoint(isPlain(c) ? c : '?');
        }
        return line.toString();
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT, // among them those that turn the direction of what follows
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
