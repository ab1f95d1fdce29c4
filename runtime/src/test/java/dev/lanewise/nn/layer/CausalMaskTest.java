package dev.lanewise.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a row sees, and that nothing is learned by it.
class CausalMaskTest {
    private static final Shape QUERY = Shape.of(2, 3, 2);
    private static final Shape VALUE = Shape.of(2, 4, 5);

    private static float[] mask(float[] given, Shape... inputs) {
        try (Memory memory = new Memory("test");
                Compute compute = Compute.of(2)) {
            final List<Tensor> x = new ArrayList<>();
            final List<Tensor> dx = new ArrayList<>();
            for (Shape input : inputs) {
                x.add(Tensor.zeros(memory, input));
                final Tensor gradient = Tensor.zeros(memory, input);
                gradient.set(0, 7);
                dx.add(gradient);
            }
            if (inputs.length > 2) {
                x.getLast().copyFrom(given);
            }
            final CausalMask layer = new CausalMask();
            final Shape shape = layer.outputShapes(Arrays.asList(inputs)).getFirst();
            final Tensor y = Tensor.zeros(memory, shape);
            final LayerBuffers b = LayerBuffers.builder("mask", compute, memory.floats(0))
                    .values(x, List.of(y))
                    .gradients(List.of(Tensor.zeros(memory, shape)), new ArrayList<>(dx), new boolean[inputs.length])
                    .build();
            layer.forward(b);
            layer.backward(b);
            dx.forEach(gradient -> assertEquals(0, gradient.get(0)));
            return y.toArray();
        }
    }

    @Test
    void aRowSeesItsOwnPlaceAndThoseBefore() {
        final float[] one = {1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0};
        final float[] y = mask(one, QUERY, VALUE);
        assertArrayEquals(one, Arrays.copyOfRange(y, 0, 12));
        assertArrayEquals(one, Arrays.copyOfRange(y, 12, 24));
    }

    @Test
    void aMaskLeavesOutMore() {
        assertArrayEquals(
                new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0},
                mask(new float[] {1, 0, 1, 1, 0, 1, 1, 1}, QUERY, VALUE, Shape.of(2, 1, 4)));
        // Of each head, the same for all keys.
        final float[] heads =
                mask(new float[] {1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0}, QUERY, VALUE, Shape.of(2, 2, 3, 1));
        assertArrayEquals(
                new float[] {1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0},
                Arrays.copyOfRange(heads, 0, 24));
        assertArrayEquals(new float[12], Arrays.copyOfRange(heads, 36, 48));
    }

    @Test
    void shapesThatDoNotFit() {
        for (List<Shape> inputs : List.of(
                List.of(QUERY),
                List.of(QUERY, Shape.of(2, 4)),
                List.of(QUERY, VALUE, Shape.of(2, 4)),
                List.of(QUERY, VALUE, Shape.of(2, 4, 4)))) {
            assertThrows(IllegalArgumentException.class, () -> new CausalMask().outputShapes(inputs));
        }
    }
}
