package dev.lanewise.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ShapeTest {
    private static final Shape OPEN = Shape.of(Shape.UNKNOWN, 784);

    @Test
    void printsInBracketsAndUnknownAsNone() {
        assertEquals("[128, 784]", Shape.of(128, 784).toString());
        assertEquals("[None, 784]", OPEN.toString());
        assertEquals("[]", Shape.of().toString());
    }

    @Test
    void scalarHasOneElementAndRankZero() {
        assertEquals(0, Shape.of().rank());
        assertEquals(1, Shape.of().size());
        assertTrue(Shape.of().isConcrete());
    }

    @Test
    void sizeIsTheProduct() {
        assertEquals(128 * 784, Shape.of(128, 784).size());
        assertEquals(1L << 60, Shape.of(1 << 30, 1 << 30).size());
        assertEquals(
                0,
                Shape.of(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, 0)
                        .size());
    }

    @Test
    void sizeBeyondLongThrows() {
        var huge = Shape.of(1 << 30, 1 << 30, 8);
        assertEquals(
                "Shape [1073741824, 1073741824, 8] has more than 9223372036854775807 elements",
                assertThrows(IllegalArgumentException.class, huge::size).getMessage());
    }

    @Test
    void sizeOfAnOpenShapeThrows() {
        assertEquals(
                "Shape [None, 784] has a dimension that is not known yet",
                assertThrows(IllegalArgumentException.class, OPEN::size).getMessage());
    }

    @Test
    void negativeDimensionThrows() {
        var e = assertThrows(IllegalArgumentException.class, () -> Shape.of(3, -2));
        assertEquals("Shape [3, -2]: dimension 1 is -2, expected 0 or more, or Shape.UNKNOWN", e.getMessage());
    }

    @Test
    void negativeIndexCountsFromTheEnd() {
        var shape = Shape.of(2, 3, 4);
        assertEquals(2, shape.dim(0));
        assertEquals(4, shape.dim(-1));
        assertEquals(2, shape.dim(-3));
        assertEquals(4, shape.last());
    }

    @Test
    void indexOutOfRangeNamesTheShape() {
        var shape = Shape.of(2, 3);
        var e = assertThrows(IllegalArgumentException.class, () -> shape.dim(2));
        assertEquals("Shape [2, 3] has 2 dimensions, dimension 2 was asked for", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> shape.dim(-3));
        assertThrows(IllegalArgumentException.class, () -> Shape.of().last());
        assertThrows(IllegalArgumentException.class, () -> Shape.of().withoutFirst());
        assertThrows(IllegalArgumentException.class, () -> Shape.of().withoutLast());
    }

    @Test
    void derivedShapes() {
        var shape = Shape.of(28, 27);
        assertEquals(Shape.of(128, 28, 27), shape.prepend(128));
        assertEquals(Shape.of(28, 27, 1), shape.append(1));
        assertEquals(Shape.of(27), shape.withoutFirst());
        assertEquals(Shape.of(28), shape.withoutLast());
        assertEquals(Shape.of(28, 5), shape.with(-1, 5));
        assertEquals(OPEN, Shape.of(784).prepend(Shape.UNKNOWN));
    }

    @Test
    void matchesOnlyConcreteShapesOfTheSameRank() {
        assertTrue(OPEN.matches(Shape.of(5, 784)));
        assertFalse(OPEN.matches(Shape.of(5, 783)));
        assertFalse(OPEN.matches(Shape.of(784)));
        assertFalse(OPEN.matches(OPEN));
        assertEquals(Shape.of(5, 784), OPEN.bind(Shape.of(5, 784)));
        var e = assertThrows(IllegalArgumentException.class, () -> OPEN.bind(Shape.of(5, 783)));
        assertEquals("Shape [5, 783] does not fit, expected [None, 784]", e.getMessage());
    }

    @Test
    void isAnImmutableValue() {
        int[] dims = {2, 3};
        var shape = Shape.of(dims);
        dims[0] = 9;
        shape.toArray()[1] = 9;
        assertEquals(Shape.of(2, 3), shape);
        assertEquals(Shape.of(2, 3).hashCode(), shape.hashCode());
        assertNotEquals(Shape.of(3, 2), shape);
    }
}
