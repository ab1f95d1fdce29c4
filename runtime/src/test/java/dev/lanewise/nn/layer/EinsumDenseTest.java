package dev.lanewise.nn.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Shapes of dense layers by an equation, as Keras has them, and what it refuses.
class EinsumDenseTest {
    private static final int OPEN = Shape.UNKNOWN;

    private static EinsumDense dense(String equation, String biasAxes, int... output) {
        return new EinsumDense(
                equation,
                Shape.of(output),
                Activations.LINEAR,
                biasAxes,
                new Initializers.Zeros(),
                new Initializers.Zeros());
    }

    private static void shapes(EinsumDense layer, Shape input, Shape kernel, Shape bias, Shape output) {
        final List<ParameterSpec> specs = layer.parameters(List.of(input));
        assertEquals(kernel, specs.getFirst().shape());
        assertEquals(bias, specs.getLast().shape());
        assertEquals(List.of(output), layer.outputShapes(List.of(input)));
    }

    /// Examples of Keras' documentation, and biases that are the same along an axis.
    @Test
    void shapesAreThoseOfKeras() {
        shapes(dense("ab,bc->ac", "c", 64), Shape.of(OPEN, 32), Shape.of(32, 64), Shape.of(64), Shape.of(OPEN, 64));
        shapes(
                dense("abc,cd->abd", "d", OPEN, 64),
                Shape.of(OPEN, 32, 128),
                Shape.of(128, 64),
                Shape.of(64),
                Shape.of(OPEN, 32, 64));
        shapes(
                dense("...x,xy->...y", "y", 64),
                Shape.of(OPEN, 32, 128),
                Shape.of(128, 64),
                Shape.of(64),
                Shape.of(OPEN, 32, 64));
        shapes(
                dense("abc,cde->abed", "e", OPEN, 3, 2),
                Shape.of(OPEN, OPEN, 4),
                Shape.of(4, 2, 3),
                Shape.of(3, 1),
                Shape.of(OPEN, OPEN, 3, 2));
        shapes(
                dense("ab...,bc->ac...", "c", 5),
                Shape.of(OPEN, 3, 2, 2),
                Shape.of(3, 5),
                Shape.of(5, 1, 1),
                Shape.of(OPEN, 5, 2, 2));
        shapes(
                dense("abc,bcd->abd", "db", 3, 5),
                Shape.of(OPEN, 3, 4),
                Shape.of(3, 4, 5),
                Shape.of(3, 5),
                Shape.of(OPEN, 3, 5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "abc,cd | d | must be of the form",
                "ab, bc->ac | c | must be of the form",
                "ab...c,cd->ab...d | d | must be of the form",
                "a...,ab->b... | b | must be of the form",
                "...ab,bc->ac | c | must be of the form",
                "ab,bc->ad | d | the output's axis 'd' is neither",
                "ab,bcd->ac | c | the kernel's axis 'd' is neither",
                "ab,bc->acc | c | has the axis 'c' twice",
                "ab,bc->ac | b | lacks 'b' of bias_axes",
                "ab,bc->ac | '' | bias_axes must name",
            })
    void equationsThatKerasRefuses(String equation, String biasAxes, String reason) {
        final IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> dense(equation, biasAxes, 5));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    private static void refused(EinsumDense layer, Shape input, String reason) {
        final IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> {
            layer.outputShapes(List.of(input));
            layer.parameters(List.of(input));
        });
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    @Test
    void inputsThatDoNotFit() {
        final Shape x = Shape.of(OPEN, 3, 4);
        refused(dense("ab,bc->ac", "c", 5), x, "has the axes 'ab', got");
        refused(dense("abcd,de->abce", "e", 3, 4, 5), x, "has the axes 'abcd', got");
        refused(dense("abc,cd->abd", "d", 2, 5), x, "the axis 'b' of the equation 'abc,cd->abd' is 3 long");
        refused(dense("abc,cd->abd", "d", 3, OPEN), x, "leaves the axis 'd' open");
        refused(dense("abc,cd->abd", "d", 5), x, "output_shape must have 2 axes");
        refused(dense("...x,xy->...y", "y", OPEN, 5), x, "output_shape must have 1 axes");
        refused(dense("abc,cd->bad", "d", OPEN, 5), x, "the batch, must be the output's first");
        refused(dense("abc,acd->abd", "d", 3, 5), x, "the batch, must be the output's first");
        refused(dense("abc,cd->abd", "a", 3, 5), x, "name the batch");
        refused(dense("abc,cd->abd", "d", OPEN, 5), Shape.of(OPEN, 3, OPEN), "kernel's axis 'c'");
        refused(dense("abc,cd->abd", "b", OPEN, 5), Shape.of(OPEN, OPEN, 4), "bias' axis 'b'");
        refused(dense("abb,bc->ac", "c", 5), x, "must be equally long");
    }
}
