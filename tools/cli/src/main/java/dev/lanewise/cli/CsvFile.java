package dev.lanewise.cli;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import dev.lanewise.data.Dataset;
import dev.lanewise.data.LoadedData;
import dev.lanewise.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A data set in a CSV file: a sample a line, one column the label or target, all others numbers.
///
/// The first line is a header where one of its fields is no number. The label's column is given by name or
/// number (from 1), or else is the one that the header calls label, class, target or y. Whole numbers are
/// labels as they are, other numbers targets, anything else the names of classes, in alphabetical order.
final class CsvFile {
    private static final Set<String> LABEL_NAMES = Set.of("label", "class", "target", "y");

    /// A field is not longer; more is a quote that never ends.
    private static final int LONGEST_FIELD = 1 << 16;

    private static final int MOST_CLASSES = 100_000;

    private final Path file;
    private final List<String> knownClasses;
    private List<String> header = List.of();
    private int columns;
    private int label = -1;
    private float[] values = new float[1024];
    private int used;
    private final List<String> labels = new ArrayList<>();
    private final List<Long> lines = new ArrayList<>();

    private CsvFile(Path file, List<String> knownClasses) {
        this.file = file;
        this.knownClasses = knownClasses;
    }

    /// Whether a file is one, by its name.
    static boolean isOne(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(".csv");
    }

    /// Reads a file.
    ///
    /// @param column the label's, or null
    /// @param knownClasses names of classes that a model has already, or none: names in the file are numbered
    /// as these
    /// @throws CommandException if it is no such file, with the line
    static LoadedData read(Path file, @Nullable String column, List<String> knownClasses) {
        CsvFile csv = new CsvFile(file, knownClasses);
        try (CsvReader<CsvRecord> reader = CsvReader.builder()
                .detectBomHeader(true)
                .maxBufferSize(LONGEST_FIELD)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE) // told here, with the line
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .ofCsvRecord(file, StandardCharsets.UTF_8)) {
            for (CsvRecord line : reader) {
                csv.add(line, column);
            }
        } catch (OutOfMemoryError e) {
            csv.labels.clear();
            csv.values = new float[0];
            throw new CommandException(file + ": needs more memory than the Java heap has, at most "
                    + Runtime.getRuntime().maxMemory() + " bytes (-Xmx sets it)");
        } catch (CsvParseException | UncheckedIOException e) {
            throw new CommandException(file + ": is no sound CSV file (" + cause(e) + ")", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
        return csv.data();
    }

    private static String cause(RuntimeException e) {
        Throwable cause = e.getCause();
        return String.valueOf(e.getMessage()) + (cause == null ? "" : ": " + cause.getMessage());
    }

    private CommandException wrong(long line, String what) {
        return new CommandException(file + ", line " + line + ": " + what);
    }

    private void add(CsvRecord line, @Nullable String column) {
        List<String> fields = line.getFields();
        long number = line.getStartingLineNumber();
        if (columns == 0) {
            columns = fields.size();
            if (columns < 2) {
                throw wrong(number, "has one column, expected numbers and a label, separated by commas");
            }
            boolean named = fields.stream().anyMatch(field -> number(field) == null);
            boolean header = named && !isFirstSample(fields, column);
            if (header) {
                this.header = fields.stream().map(String::strip).toList();
            }
            label = labelColumn(column);
            if (header) {
                return;
            }
        }
        if (fields.size() != columns) {
            throw wrong(number, "has " + fields.size() + " columns, the lines before it " + columns);
        }
        for (int i = 0; i < columns; i++) {
            if (i == label) {
                labels.add(fields.get(i).strip());
                lines.add(number);
                continue;
            }
            Float value = number(fields.get(i));
            if (value == null) {
                throw wrong(number, "column " + name(i) + " is '" + shown(fields.get(i)) + "', expected a number");
            }
            if (used == values.length) {
                if (used > Integer.MAX_VALUE / 2) {
                    throw wrong(number, "more numbers than are supported");
                }
                values = Arrays.copyOf(values, 2 * used);
            }
            values[used++] = value;
        }
    }

    /// Whether a first line with text is a sample all the same: only the column that is the label's by number
    /// is text.
    private static boolean isFirstSample(List<String> fields, @Nullable String column) {
        Integer number = column == null ? null : position(column);
        if (number == null) {
            return false;
        }
        for (int i = 0; i < fields.size(); i++) {
            if (i != number - 1 && number(fields.get(i)) == null) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable Integer position(String column) {
        try {
            return Integer.valueOf(column);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private int labelColumn(@Nullable String column) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < header.size(); i++) {
            String name = header.get(i);
            if (column == null ? LABEL_NAMES.contains(name.toLowerCase(Locale.ROOT)) : name.equals(column)) {
                found.add(i);
            }
        }
        if (found.size() == 1) {
            return found.getFirst();
        }
        Integer number = column == null || !found.isEmpty() ? null : position(column);
        if (number != null && number >= 1 && number <= columns) {
            return number - 1;
        }
        String what = header.isEmpty() ? columns + " columns without names" : "columns " + String.join(", ", header);
        if (column == null) {
            throw new CommandException(
                    file + ": which column is the label? It has " + what + "; --label NAME or --label NUMBER says so");
        }
        throw new CommandException(file + ": --label " + column + " names "
                + (found.isEmpty() ? "no column" : "several columns") + "; it has " + what);
    }

    private String name(int column) {
        return header.isEmpty() ? Integer.toString(column + 1) : "'" + shown(header.get(column)) + "'";
    }

    private static String shown(String field) {
        return field.length() <= 40 ? field : field.substring(0, 40) + "…";
    }

    /// A finite number, or null. Java's own forms, as `1f` and `0x1p3`, are none.
    private static @Nullable Float number(String field) {
        String text = field.strip();
        if (text.isEmpty() || text.length() > 64) {
            return null;
        }
        for (int i = 0; i < text.length(); i++) {
            if ("+-.0123456789eE".indexOf(text.charAt(i)) < 0) {
                return null;
            }
        }
        try {
            float value = Float.parseFloat(text);
            return Float.isFinite(value) ? value : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private LoadedData data() {
        if (labels.isEmpty()) {
            throw new CommandException(file + ": has no samples");
        }
        Shape sample = Shape.of(columns - 1);
        float[] x = Arrays.copyOf(values, used);
        float[] targets = new float[labels.size()];
        boolean numbers = true;
        boolean whole = true;
        for (int i = 0; numbers && i < targets.length; i++) {
            Float value = number(labels.get(i));
            numbers = value != null;
            targets[i] = value == null ? 0 : value;
            whole &= targets[i] == (int) targets[i] && targets[i] >= 0 && targets[i] < MOST_CLASSES;
        }
        String name = String.valueOf(file.getFileName());
        if (!numbers) {
            List<String> classes = new ArrayList<>(knownClasses.isEmpty() ? new TreeSet<>(labels) : knownClasses);
            return new LoadedData(name, Dataset.of(x, sample, numbered(classes)), null, classes, file.toString());
        }
        if (!whole) {
            return new LoadedData(name, Dataset.of(x, sample, targets, Shape.of(1)), null, List.of(), file.toString());
        }
        int[] classes = new int[targets.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = (int) targets[i];
        }
        return new LoadedData(name, Dataset.of(x, sample, classes), null, List.of(), file.toString());
    }

    private int[] numbered(List<String> classes) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < classes.size(); i++) {
            places.putIfAbsent(classes.get(i), i);
        }
        int[] numbers = new int[labels.size()];
        for (int i = 0; i < numbers.length; i++) {
            Integer place = places.get(labels.get(i));
            if (place == null) {
                throw wrong(
                        lines.get(i),
                        "the label is '" + shown(labels.get(i)) + "', the model knows "
                                + String.join(", ", classes.subList(0, Math.min(20, classes.size()))));
            }
            numbers[i] = place;
        }
        return numbers;
    }
}
