package dev.lanewise.nn.layer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.RangeTask;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A part of each sample, `y = x[key]` with Python's rules for constant indices: an index takes an axis away,
/// `start:stop:step` takes every `step`-th element and may run backwards, negative numbers are counted from the
/// end, `...` stands for all axes that are not named, and axes after the last item are whole. The batch is
/// whole.
///
/// Gradient: `dx[key] = dy`, 0 elsewhere.
///
/// @param key the items as Python writes them, the batch's first: `:, 1:-1, 0`, `..., ::2`
public record GetItem(String key) implements Layer {
    private static final int MAX_AXES = 32;

    /// An item; an index has no step.
    private record Item(
            @Nullable Integer start,
            @Nullable Integer stop,
            @Nullable Integer step) {
        static final Item WHOLE = new Item(null, null, 1);

        boolean isIndex() {
            return step == null;
        }
    }

    public GetItem {
        key = key.strip();
        items(key);
    }

    /// The items of a key; null stands for the ellipsis.
    private static List<@Nullable Item> items(String key) {
        final List<@Nullable Item> items = new ArrayList<>();
        for (String part : key.split(",", -1)) {
            final String text = part.strip();
            if (text.equals("...") && !items.contains(null)) {
                items.add(null);
            } else if (text.matches("-?[0-9]{1,9}")) {
                items.add(new Item(Integer.valueOf(text), null, null));
            } else if (text.matches("(-?[0-9]{1,9})?:(-?[0-9]{1,9})?(:(-?[0-9]{1,9})?)?")) {
                final String[] numbers = text.split(":", -1);
                final Integer step = numbers.length < 3 ? null : number(numbers[2]);
                items.add(new Item(number(numbers[0]), number(numbers[1]), step == null ? Integer.valueOf(1) : step));
            } else {
                throw new IllegalArgumentException(
                        "GetItem: takes indices, slices and one ellipsis, got '" + text + "' in '" + key + "'");
            }
            final Item last = items.getLast();
            if (last != null && last.step != null && last.step == 0) {
                throw new IllegalArgumentException("GetItem: a step must not be 0, got '" + key + "'");
            }
        }
        if (items.size() > MAX_AXES) {
            throw new IllegalArgumentException("GetItem: takes up to " + MAX_AXES + " items, got " + items.size());
        }
        if (items.getFirst() != null && !items.getFirst().equals(Item.WHOLE)) {
            throw new IllegalArgumentException("GetItem: the batch's item must be ':', got '" + key + "'");
        }
        return items;
    }

    private static @Nullable Integer number(String text) {
        return text.isEmpty() ? null : Integer.valueOf(text);
    }

    /// One item for each axis of a shape, the batch's too.
    private List<Item> perAxis(Shape x) {
        final List<@Nullable Item> items = items(key);
        final int named = items.size() - (items.contains(null) ? 1 : 0);
        if (named > x.rank() || (items.getFirst() == null && named >= x.rank())) {
            throw new IllegalArgumentException(
                    "GetItem: key '" + key + "' has " + named + " items, input has the shape " + x);
        }
        final List<Item> all = new ArrayList<>();
        for (Item item : items) {
            if (item != null) {
                all.add(item);
            }
            for (int i = named; item == null && i < x.rank(); i++) {
                all.add(Item.WHOLE);
            }
        }
        while (all.size() < x.rank()) {
            all.add(Item.WHOLE);
        }
        return all;
    }

    private int index(int index, int size, Shape x) {
        final int at = index < 0 ? index + size : index;
        if (at < 0 || at >= size) {
            throw new IllegalArgumentException("GetItem: index " + index + " of '" + key + "' is not in " + x);
        }
        return at;
    }

    /// Start and count of a slice.
    private static int[] range(Item item, int size) {
        final int step = item.step == null ? 1 : item.step;
        final int low = step > 0 ? 0 : -1;
        final int high = step > 0 ? size : size - 1;
        final int start = item.start == null ? (step > 0 ? low : high) : bound(item.start, size, low, high);
        final int stop = item.stop == null ? (step > 0 ? high : low) : bound(item.stop, size, low, high);
        final long span = step > 0 ? (long) stop - start : (long) start - stop;
        final long by = Math.abs((long) step);
        return new int[] {start, span <= 0 ? 0 : (int) ((span + by - 1) / by)};
    }

    private static int bound(int at, int size, int low, int high) {
        return Math.clamp(at < 0 ? at + size : at, low, high);
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = Shapes.single("GetItem", inputs);
        final List<Item> items = perAxis(x);
        Shape y = Shape.of(x.dim(0));
        for (int axis = 1; axis < x.rank(); axis++) {
            final Item item = items.get(axis);
            final int size = x.dim(axis);
            if (item.isIndex()) {
                if (size != Shape.UNKNOWN && item.start != null) {
                    index(item.start, size, x);
                }
            } else if (size == Shape.UNKNOWN) {
                y = y.append(Shape.UNKNOWN);
            } else {
                y = y.append(range(item, size)[1]);
            }
        }
        return List.of(y);
    }

    /// Moves rows, the elements of the last axis that is taken, between the part and the whole.
    private static final class Rows {
        private final int[] places;
        private final int length;
        private final int step;
        private final int sample;

        Rows(GetItem layer, Shape x) {
            final List<Item> items = layer.perAxis(x);
            final int[] strides = Places.strides(x.toArray());
            final int[] dims = new int[x.rank()];
            final int[] steps = new int[x.rank()];
            int first = 0;
            int axes = 0;
            for (int axis = 1; axis < x.rank(); axis++) {
                final Item item = items.get(axis);
                if (item.isIndex()) {
                    first += layer.index(item.start == null ? 0 : item.start, x.dim(axis), x) * strides[axis];
                } else {
                    final int[] range = range(item, x.dim(axis));
                    first += range[1] == 0 ? 0 : range[0] * strides[axis];
                    dims[axes] = range[1];
                    steps[axes++] = (item.step == null ? 1 : item.step) * strides[axis];
                }
            }
            final int outer = Math.max(0, axes - 1);
            length = axes == 0 ? 1 : dims[outer];
            step = axes == 0 ? 1 : steps[outer];
            places = Places.of(first, Arrays.copyOf(dims, outer), Arrays.copyOf(steps, outer));
            sample = Shapes.product(x, 1);
        }

        void take(MemorySegment x, MemorySegment y, int n) {
            long to = (long) n * places.length * length;
            for (int place : places) {
                final long from = (long) n * sample + place;
                for (int i = 0; i < length; i++) {
                    y.setAtIndex(JAVA_FLOAT, to++, x.getAtIndex(JAVA_FLOAT, from + (long) i * step));
                }
            }
        }

        void add(MemorySegment dy, MemorySegment dx, int n) {
            long from = (long) n * places.length * length;
            for (int place : places) {
                final long to = (long) n * sample + place;
                for (int i = 0; i < length; i++) {
                    final long at = to + (long) i * step;
                    dx.setAtIndex(JAVA_FLOAT, at, dx.getAtIndex(JAVA_FLOAT, at) + dy.getAtIndex(JAVA_FLOAT, from++));
                }
            }
        }
    }

    @Override
    public void forward(LayerBuffers b) {
        b.compute().run(b.task("forward", this, GetItem::forwardTask), b.batch(), 1, 2L * b.y(0).size());
    }

    private static RangeTask forwardTask(GetItem layer, LayerBuffers b) {
        final Rows rows = new Rows(layer, b.x(0).shape());
        final MemorySegment x = b.x(0).segment();
        final MemorySegment y = b.y(0).segment();
        return (from, to) -> {
            for (int n = from; n < to; n++) {
                rows.take(x, y, n);
            }
        };
    }

    @Override
    public void backward(LayerBuffers b) {
        final Tensor dx = b.dx(0);
        if (dx != null) {
            b.compute().run(b.task("backward", this, GetItem::backwardTask), b.batch(), 1, 2L * dx.size());
        }
    }

    private static RangeTask backwardTask(GetItem layer, LayerBuffers b) {
        final Tensor target = b.dx(0);
        if (target == null) {
            throw new IllegalStateException("GetItem '" + b.name() + "': no gradient is asked for");
        }
        final Rows rows = new Rows(layer, b.x(0).shape());
        final MemorySegment dy = b.dy(0).segment();
        final MemorySegment dx = target.segment();
        final boolean accumulate = b.accumulateDx(0);
        return (from, to) -> {
            if (!accumulate) {
                b.compute().kernels().elementwise().fill(dx, (long) from * rows.sample, (to - from) * rows.sample, 0);
            }
            for (int n = from; n < to; n++) {
                rows.add(dy, dx, n);
            }
        };
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
