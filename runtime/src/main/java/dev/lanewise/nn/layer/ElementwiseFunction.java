package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A function of each element by itself, as `keras.ops` has them. With numbers `a` and `b`:
///
/// | function | numbers | `y` | `dy / dx` |
/// |---|---|---|---|
/// | `absolute` | | `abs(x)` | sign of `x`, 0 at 0 |
/// | `square` | | `x · x` | `2 x` |
/// | `sqrt` | | root of `x` | `0.5 / y` |
/// | `rsqrt` | | `1 / sqrt(x)` | `-0.5 y / x` |
/// | `log` | | natural logarithm | `1 / x` |
/// | `log1p` | | `log(1 + x)` | `1 / (1 + x)` |
/// | `expm1` | | `exp(x) - 1` | `y + 1` |
/// | `sin` | | | `cos(x)` |
/// | `cos` | | | `-sin(x)` |
/// | `divide` | a | `a / x` | `-y / x` |
/// | `power` | a | `x` to the power `a` | `a · x` to the power `a - 1` |
/// | `exponentiate` | a | `a` to the power `x` | `y · log(a)` |
/// | `maximum` | a | `max(x, a)` | 1 where `x >= a`, else 0 |
/// | `minimum` | a | `min(x, a)` | 1 where `x <= a`, else 0 |
/// | `equal`, `not_equal`, `greater`, `greater_equal`, `less`, `less_equal` | a | 1 where `x` is so to `a`, else 0 | 0
/// |
/// | `clip` | a, b | `min(max(x, a), b)` | 1 where `a <= x <= b`, else 0 |
///
/// NaN stays NaN, but in comparisons, where it is only not equal. Functions that are not exact in float are
/// those of [StrictMath] in double, rounded.
///
/// @param numbers as many as the function has
public record ElementwiseFunction(String function, List<Float> numbers) implements Layer {
    private interface Value {
        /// `y` of an element.
        float of(float x, float a, float b);
    }

    private interface Slope {
        /// `dy / dx`.
        float of(float x, float y, float a, float b);
    }

    /// A function with the count of its numbers.
    private record Known(int numbers, Value value, Slope slope) {}

    private static final Map<String, Known> KNOWN = new TreeMap<>(Map.ofEntries(
            Map.entry("absolute", new Known(0, (x, a, b) -> Math.abs(x), (x, y, a, b) -> Math.signum(x))),
            Map.entry("square", new Known(0, (x, a, b) -> x * x, (x, y, a, b) -> 2 * x)),
            Map.entry("sqrt", new Known(0, (x, a, b) -> (float) Math.sqrt(x), (x, y, a, b) -> 0.5f / y)),
            Map.entry("rsqrt", new Known(0, (x, a, b) -> (float) (1 / Math.sqrt(x)), (x, y, a, b) -> -0.5f * y / x)),
            Map.entry("log", new Known(0, (x, a, b) -> (float) StrictMath.log(x), (x, y, a, b) -> 1 / x)),
            Map.entry("log1p", new Known(0, (x, a, b) -> (float) StrictMath.log1p(x), (x, y, a, b) -> 1 / (1 + x))),
            Map.entry("expm1", new Known(0, (x, a, b) -> (float) StrictMath.expm1(x), (x, y, a, b) -> y + 1)),
            Map.entry("sin", new Known(0, (x, a, b) -> (float) StrictMath.sin(x), (x, y, a, b) ->
                    (float) StrictMath.cos(x))),
            Map.entry("cos", new Known(0, (x, a, b) -> (float) StrictMath.cos(x), (x, y, a, b) ->
                    (float) -StrictMath.sin(x))),
            Map.entry("divide", new Known(1, (x, a, b) -> a / x, (x, y, a, b) -> -y / x)),
            Map.entry(
                    "power",
                    new Known(
                            1,
                            (x, a, b) -> (float) StrictMath.pow(x, a),
                            (x, y, a, b) -> a == 0 ? 0 : (float) (a * StrictMath.pow(x, a - 1.0)))),
            Map.entry("exponentiate", new Known(1, (x, a, b) -> (float) StrictMath.pow(a, x), (x, y, a, b) ->
                    (float) (y * StrictMath.log(a)))),
            Map.entry("maximum", new Known(1, (x, a, b) -> Math.max(x, a), (x, y, a, b) -> x >= a ? 1 : 0)),
            Map.entry("minimum", new Known(1, (x, a, b) -> Math.min(x, a), (x, y, a, b) -> x <= a ? 1 : 0)),
            Map.entry("equal", comparison((x, a, b) -> x == a ? 1 : 0)),
            Map.entry("not_equal", comparison((x, a, b) -> x != a ? 1 : 0)),
            Map.entry("greater", comparison((x, a, b) -> x > a ? 1 : 0)),
            Map.entry("greater_equal", comparison((x, a, b) -> x >= a ? 1 : 0)),
            Map.entry("less", comparison((x, a, b) -> x < a ? 1 : 0)),
            Map.entry("less_equal", comparison((x, a, b) -> x <= a ? 1 : 0)),
            Map.entry(
                    "clip",
                    new Known(2, (x, a, b) -> Math.min(Math.max(x, a), b), (x, y, a, b) -> x >= a && x <= b ? 1 : 0))));

    private static Known comparison(Value value) {
        return new Known(1, value, (x, y, a, b) -> 0);
    }

    public ElementwiseFunction {
        numbers = List.copyOf(numbers);
        final Known known = KNOWN.get(function);
        if (known == null) {
            throw new IllegalArgumentException("ElementwiseFunction: function must be one of "
                    + String.join(", ", KNOWN.keySet()) + ", got " + function);
        }
        if (numbers.size() != known.numbers) {
            throw new IllegalArgumentException("ElementwiseFunction: '" + function + "' has " + known.numbers
                    + " numbers beside its input, got " + numbers);
        }
        if (function.equals("clip") && !(numbers.getFirst() <= numbers.getLast())) {
            throw new IllegalArgumentException(
                    "ElementwiseFunction: clip must have its lower bound first, got " + numbers);
        }
    }

    /// With so many numbers as the function has.
    public ElementwiseFunction(String function, float... numbers) {
        this(function, list(numbers));
    }

    private static List<Float> list(float... numbers) {
        final Float[] list = new Float[numbers.length];
        for (int i = 0; i < list.length; i++) {
            list[i] = numbers[i];
        }
        return List.of(list);
    }

    private Known known() {
        final Known known = KNOWN.get(function);
        if (known == null) {
            throw new IllegalStateException("ElementwiseFunction: no function " + function);
        }
        return known;
    }

    private float first() {
        return numbers.isEmpty() ? 0 : numbers.getFirst();
    }

    private float last() {
        return numbers.isEmpty() ? 0 : numbers.getLast();
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("ElementwiseFunction", inputs));
    }

    /// Rough nanoseconds on one thread.
    private static long nanos(int n) {
        return 8L * n;
    }

    @Override
    public void forward(LayerBuffers b) {
        final int n = b.x(0).size();
        b.compute().run(b.task("forward", this, ElementwiseFunction::forwardTask), n, Elementwise.QUANTUM, nanos(n));
    }

    private static RangeTask forwardTask(ElementwiseFunction layer, LayerBuffers buffers) {
        final MemorySegment x = buffers.x(0).segment();
        final MemorySegment y = buffers.y(0).segment();
        final Value value = layer.known().value;
        final float a = layer.first();
        final float b = layer.last();
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                y.setAtIndex(JAVA_FLOAT, i, value.of(x.getAtIndex(JAVA_FLOAT, i), a, b));
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            final int n = dx.size();
            b.compute()
                    .run(b.task("backward", this, ElementwiseFunction::backwardTask), n, Elementwise.QUANTUM, nanos(n));
        }
    }

    private static RangeTask backwardTask(ElementwiseFunction layer, LayerBuffers buffers) {
        final Tensor target = buffers.dx(0);
        if (target == null) {
            throw new IllegalStateException("ElementwiseFunction '" + buffers.name() + "': no gradient is asked for");
        }
        final MemorySegment x = buffers.x(0).segment();
        final MemorySegment y = buffers.y(0).segment();
        final MemorySegment dy = buffers.dy(0).segment();
        final MemorySegment dx = target.segment();
        final boolean accumulate = buffers.accumulateDx(0);
        final Slope slopes = layer.known().slope;
        final float a = layer.first();
        final float b = layer.last();
        return (from, to) -> {
            for (int i = from; i < to; i++) {
                final float slope = slopes.of(x.getAtIndex(JAVA_FLOAT, i), y.getAtIndex(JAVA_FLOAT, i), a, b);
                final float d = dy.getAtIndex(JAVA_FLOAT, i) * slope;
                dx.setAtIndex(JAVA_FLOAT, i, accumulate ? dx.getAtIndex(JAVA_FLOAT, i) + d : d);
            }
        };
    }
}
