package dev.lanewise.keras;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// `docs/keras-quirks.md` names a class and a test for each rule: they exist.
class QuirksPageTest {
    private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9]+)(#([A-Za-z0-9]+))?`");

    private static List<String> rows() throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            final Path page = at.resolve("docs").resolve("keras-quirks.md");
            if (Files.exists(page)) {
                return Files.readAllLines(page).stream()
                        .filter(line -> line.startsWith("| ") && !line.startsWith("| rule"))
                        .toList();
            }
        }
        throw new AssertionError(
                "docs/keras-quirks.md is not above " + Path.of("").toAbsolutePath());
    }

    private static Class<?> find(String name) {
        for (String place : List.of("dev.lanewise.keras.", "dev.lanewise.keras.h5.")) {
            try {
                return Class.forName(place + name, false, QuirksPageTest.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                // In the other place, or nowhere.
            }
        }
        throw new AssertionError("the page names the class " + name + ", which does not exist");
    }

    private static boolean isTest(Class<?> type, String method) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(m -> m.getName().equals(method))
                .anyMatch(m -> m.isAnnotationPresent(Test.class)
                        || m.isAnnotationPresent(TestFactory.class)
                        || m.isAnnotationPresent(org.junit.jupiter.params.ParameterizedTest.class));
    }

    @Test
    void eachRuleHasAClassAndATest() throws IOException {
        final List<String> rows = rows();
        assertTrue(rows.size() > 60, () -> rows.size() + " rules");
        for (String row : rows) {
            final String[] cells = row.split(" \\| ", -1);
            assertEquals(3, cells.length, row);
            final Matcher type = NAME.matcher(cells[1]);
            assertTrue(type.matches(), row);
            assertDoesNotThrow(() -> find(type.group(1)), row);
            final Matcher test = NAME.matcher(cells[2]);
            int tests = 0;
            while (test.find()) {
                tests++;
                assertTrue(isTest(find(test.group(1)), String.valueOf(test.group(3))), () -> test.group());
            }
            assertTrue(tests > 0, row);
        }
    }
}
