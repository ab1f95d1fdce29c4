package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Recurrent cells one on the other (Keras' RNN of StackedRNNCells): at each step a cell takes the output of
/// the cell
/// below. A first state, and the last one with `returnState`, has the parts of all cells, from the lowest on.
///
/// @param cells [SimpleRNN], [LSTM] or [GRU], of which only what the cell is counts here: which outputs
///     there are, the
///     direction and whether the state is kept are this layer's to say
public record RNN(
        List<Layer> cells,
        boolean returnSequences,
        boolean returnState,
        boolean goBackwards,
        boolean stateful,
        boolean zeroOutputForMask)
        implements Layer {
    public RNN {
        cells = List.copyOf(cells);
        if (cells.isEmpty()) {
            throw new IllegalArgumentException("RNN: needs a cell at least");
        }
        for (Layer cell : cells) {
            if (!(cell instanceof RecurrentLayer)) {
                throw new IllegalArgumentException("RNN: cells are SimpleRNN, LSTM or GRU, got " + cell.typeName());
            }
        }
    }

    /// The last step's output alone.
    public RNN(List<Layer> cells) {
        this(cells, false, false, false, false, false);
    }

    /// With the outputs of all steps, or the last.
    public RNN returnSequences(boolean all) {
        return new RNN(cells, all, returnState, goBackwards, stateful, zeroOutputForMask);
    }

    /// With the last state among the outputs, or without.
    public RNN returnState(boolean also) {
        return new RNN(cells, returnSequences, also, goBackwards, stateful, zeroOutputForMask);
    }

    /// From the last step to the first, or as they are.
    public RNN goBackwards(boolean back) {
        return new RNN(cells, returnSequences, returnState, back, stateful, zeroOutputForMask);
    }

    private RecurrentLayer cell(int i) {
        return (RecurrentLayer) cells.get(i);
    }

    /// A cell as a layer over all steps. The first one turns the steps round where that is asked for.
    private Layer layer(int i) {
        final boolean last = i == cells.size() - 1;
        final Layer layer =
                RecurrentLayer.with(cell(i), !last || returnSequences, returnState, i == 0 && goBackwards, stateful);
        return SequenceLayer.zeroOutput((RecurrentLayer) layer, last && zeroOutputForMask);
    }

    private int states() {
        int states = 0;
        for (int i = 0; i < cells.size(); i++) {
            states += cell(i).states();
        }
        return states;
    }

    /// The inputs of each cell's layer.
    private List<List<Shape>> inputsOf(List<Shape> inputs) {
        if (inputs.isEmpty() || (inputs.size() != 1 && inputs.size() != 1 + states())) {
            throw new IllegalArgumentException(
                    "RNN: takes one input, or " + (1 + states()) + " with the first state, got " + inputs.size());
        }
        final List<List<Shape>> all = new ArrayList<>();
        Shape x = inputs.getFirst();
        int next = 1;
        for (int i = 0; i < cells.size(); i++) {
            final List<Shape> own = new ArrayList<>(List.of(x));
            if (inputs.size() > 1) {
                own.addAll(inputs.subList(next, next + cell(i).states()));
                next += cell(i).states();
            }
            all.add(own);
            x = layer(i).outputShapes(own).getFirst();
        }
        return all;
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        final List<List<Shape>> of = inputsOf(inputs);
        final List<Shape> outputs = new ArrayList<>();
        outputs.add(layer(cells.size() - 1).outputShapes(of.getLast()).getFirst());
        for (int i = 0; i < cells.size(); i++) {
            final List<Shape> own = layer(i).outputShapes(of.get(i));
            outputs.addAll(own.subList(1, own.size()));
        }
        return outputs;
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
        final List<List<Shape>> of = inputsOf(inputs);
        final List<ParameterSpec> specs = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            for (ParameterSpec spec : layer(i).parameters(of.get(i))) {
                specs.add(new ParameterSpec(
                        "cell_" + i + "/" + spec.name(), spec.shape(), spec.initializer(), spec.trainable()));
            }
        }
        return specs;
    }

    @Override
    public List<Shape> state(List<Shape> inputs) {
        final List<List<Shape>> of = inputsOf(inputs);
        final List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            shapes.addAll(layer(i).state(of.get(i)));
        }
        return shapes;
    }

    /// What each layer saves and, but for the last, gives; then the mask in the order that the steps are
    /// taken in.
    @Override
    public List<Shape> saved(List<Shape> inputs) {
        final List<List<Shape>> of = inputsOf(inputs);
        final List<Shape> shapes = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            shapes.addAll(layer(i).saved(of.get(i)));
            shapes.add(i < cells.size() - 1 ? layer(i).outputShapes(of.get(i)).getFirst() : Shape.of(0));
        }
        shapes.add(goBackwards ? inputs.getFirst().withoutLast() : Shape.of(0));
        return shapes;
    }

    /// Room for the layer at work, and for the gradients by what the layers give each other.
    @Override
    public long backwardScratch(List<Shape> inputs) {
        final List<List<Shape>> of = inputsOf(inputs);
        long inner = 0;
        long between = 0;
        for (int i = 0; i < cells.size(); i++) {
            inner = Math.max(inner, layer(i).backwardScratch(of.get(i)));
            between += i == 0 ? 0 : of.get(i).getFirst().size();
        }
        return inner + between;
    }

    @Override
    public boolean passesMask() {
        return returnSequences;
    }

    /// The calls of the cells' layers.
    private static final class Work {
        private final List<InnerCall> calls = new ArrayList<>();
        private final @Nullable Tensor mask;
        private final @Nullable Tensor turned;

        Work(RNN layer, LayerBuffers b) {
            final List<Shape> inputs = new ArrayList<>();
            for (int i = 0; i < b.inputs(); i++) {
                inputs.add(b.x(i).shape());
            }
            final List<List<Shape>> of = layer.inputsOf(inputs);
            final int last = layer.cells.size() - 1;
            boolean trains = false;
            for (int i = 0; i < b.outputs(); i++) {
                trains |= b.hasDy(i);
            }
            mask = b.mask(0);
            turned = mask != null && layer.goBackwards
                    ? b.saved(layer.saved(inputs).size() - 1)
                    : null;
            long between = 0;
            for (int i = 1; i <= last; i++) {
                between += of.get(i).getFirst().size();
            }
            Tensor x = b.x(0);
            @Nullable Tensor dx = b.dx(0);
            boolean accumulate = b.accumulateDx(0);
            int parameter = 0;
            int saved = 0;
            int state = 0;
            int part = 0;
            long at = 0;
            for (int i = 0; i <= last; i++) {
                final Layer own = layer.layer(i);
                final int ownSaved = own.saved(of.get(i)).size();
                final Tensor y = i == last ? b.y(0) : b.saved(saved + ownSaved);
                @Nullable Tensor dy = i == last && b.hasDy(0) ? b.dy(0) : null;
                if (i < last && trains) {
                    dy = Tensor.at(b.scratch(), at, y.shape());
                    at += y.size();
                }
                final int states = layer.cell(i).states();
                final List<Tensor> xs = new ArrayList<>(List.of(x));
                final List<@Nullable Tensor> dxs = new ArrayList<>();
                dxs.add(dx);
                final boolean[] adds = new boolean[of.get(i).size()];
                adds[0] = accumulate;
                for (int s = 1; s < adds.length; s++) {
                    xs.add(b.x(part + s));
                    dxs.add(b.dx(part + s));
                    adds[s] = b.accumulateDx(part + s);
                }
                final List<Tensor> ys = new ArrayList<>(List.of(y));
                final List<@Nullable Tensor> dys = new ArrayList<>();
                dys.add(dy);
                for (int s = 1; layer.returnState && s <= states; s++) {
                    ys.add(b.y(part + s));
                    dys.add(b.hasDy(part + s) ? b.dy(part + s) : null);
                }
                calls.add(new InnerCall.Builder(own, b, i, xs, ys)
                        .gradients(dys, dxs, adds)
                        .mask(i > 0 && turned != null ? turned : mask, ys.size())
                        .build(
                                parameter,
                                saved,
                                state,
                                trains ? InnerCall.part(b, between, own.backwardScratch(of.get(i))) : null));
                parameter += own.parameters(of.get(i)).size();
                saved += ownSaved + 1;
                state += own.state(of.get(i)).size();
                part += states;
                x = y;
                dx = dy;
                accumulate = false;
            }
        }

        void forward() {
            if (mask != null && turned != null) {
                final int steps = mask.shape().dim(1);
                for (int i = 0; i < mask.size(); i++) {
                    turned.set(i, mask.get(i + (steps - 1L - 2L * (i % steps))));
                }
            }
            for (int i = 0; i < calls.size(); i++) {
                calls.get(i).forward();
            }
        }

        void backward() {
            for (int i = calls.size() - 1; i >= 0; i--) {
                calls.get(i).backward();
            }
        }
    }

    private Work work(LayerBuffers b) {
        return b.kept(Work.class, "work", this, Work::new);
    }

    @Override
    public void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        work(b).backward();
    }

    @Override
    public void updateState(LayerBuffers b) {
        final Work work = work(b);
        for (int i = 0; i < work.calls.size(); i++) {
            work.calls.get(i).updateState();
        }
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
