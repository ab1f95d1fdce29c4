package dev.lanewise.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RandomStreamTest {
    /// Fisher and Yates' shuffle as it is written down; the numbers drawn after it are the next ones of the
    /// stream.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 511, 512, 513, 60_000})
    void aShuffleIsThatOfSingleNumbers(int n) {
        final RandomStream random = RandomStream.of(42, 1, n);
        final RandomStream single = RandomStream.of(42, 1, n);
        random.nextLong();
        single.nextLong();
        final int[] order = IntStream.range(0, n).toArray();
        final int[] expected = order.clone();
        for (int i = n - 1; i > 0; i--) {
            final int j = single.nextInt(i + 1);
            final int kept = expected[i];
            expected[i] = expected[j];
            expected[j] = kept;
        }
        random.shuffle(order);
        assertArrayEquals(expected, order);
        assertEquals(single.nextLong(), random.nextLong());
    }
}
