package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Window;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.nn.ParameterSpec;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What [ConvLSTM1D], [ConvLSTM2D] and [ConvLSTM3D] share: a long short-term memory whose products are
/// convolutions (Shi et al. 2015, without peepholes), over the steps of `x[batch, steps, places…,
/// channels]`. With `i, f, g, o` the four blocks of `conv(x, kernel) + conv(h, recurrent_kernel) + bias`, `c
/// = σ(f) · c + σ(i) · activation(g)` and `h = σ(o) · activation(c)`, where σ is `recurrentActivation`.
/// Strides, padding and dilation are those of the input's convolution; that of the state has the same kernel
/// size, stride 1, padding `same` and no dilation.
///
/// Inputs are `x`, and after it, if the state does not start from zeros, `h` and `c`, each `[batch, places…,
/// filters]` with the places of the output. Outputs, masks and dropout are as with the other recurrent
/// layers; a number that drops belongs to a place and channel of a sample.
sealed interface ConvLstmLayer<L extends ConvLstmLayer<L>> extends SequenceLayer
        permits ConvLSTM1D, ConvLSTM2D, ConvLSTM3D {
    /// Blocks of `filters` columns in the kernels.
    int GATES = 4;

    int filters();

    List<Integer> kernelSize();

    List<Integer> strides();

    String padding();

    List<Integer> dilationRate();

    Activation activation();

    Activation recurrentActivation();

    boolean useBias();

    Initializer kernelInitializer();

    Initializer recurrentInitializer();

    Initializer biasInitializer();

    boolean unitForgetBias();

    float dropout();

    float recurrentDropout();

    @SuppressWarnings("unchecked") // each makes one of its own type, which L is
    private L changed(Consumer<ConvLstmOptions> change) {
        final ConvLstmOptions options = new ConvLstmOptions(this);
        change.accept(options);
        final ConvLstmLayer<?> made = switch (this) {
            case ConvLSTM1D one -> new ConvLSTM1D(options);
            case ConvLSTM2D two -> new ConvLSTM2D(options);
            case ConvLSTM3D three -> new ConvLSTM3D(options);
        };
        return (L) made;
    }

    private static List<Integer> list(int... values) {
        return Arrays.stream(values).boxed().toList();
    }

    /// The same with another kernel size, for each axis or one for all.
    default L kernelSize(int... size) {
        return changed(o -> o.kernelSize = list(size));
    }

    /// The same with other strides, for each axis or one for all.
    default L strides(int... steps) {
        return changed(o -> o.strides = list(steps));
    }

    /// The same with another padding, `valid` or `same`.
    default L padding(String name) {
        return changed(o -> o.padding = name);
    }

    /// The same with another dilation, for each axis or one for all.
    default L dilationRate(int... rate) {
        return changed(o -> o.dilationRate = list(rate));
    }

    /// With this activation.
    default L activation(Activation function) {
        return changed(o -> o.activation = function);
    }

    /// With this activation of the gates.
    default L recurrentActivation(Activation function) {
        return changed(o -> o.recurrentActivation = function);
    }

    /// With a bias or without.
    default L useBias(boolean bias) {
        return changed(o -> o.useBias = bias);
    }

    /// With this dropout of the input.
    default L dropout(float rate) {
        return changed(o -> o.dropout = rate);
    }

    /// With this dropout of the state.
    default L recurrentDropout(float rate) {
        return changed(o -> o.recurrentDropout = rate);
    }

    /// With the outputs of all steps, or the last.
    default L returnSequences(boolean all) {
        return changed(o -> o.returnSequences = all);
    }

    /// With the last state among the outputs, or without.
    default L returnState(boolean also) {
        return changed(o -> o.returnState = also);
    }

    /// From the last step to the first, or as they are.
    default L goBackwards(boolean back) {
        return changed(o -> o.goBackwards = back);
    }

    /// With the state of one batch as the first of the next, or zeros.
    default L stateful(boolean keeps) {
        return changed(o -> o.stateful = keeps);
    }

    /// With zeros as the output of masked steps, or the output before.
    default L zeroOutputForMask(boolean zero) {
        return changed(o -> o.zeroOutputForMask = zero);
    }

    /// A setting for each axis.
    static List<Integer> each(String type, String setting, List<Integer> values, int axes) {
        return Spatial.each(type, setting, values, axes, 1);
    }

    /// Checks of the settings that are one for all axes, and of those that do not go together.
    static void check(
            String type,
            int filters,
            List<Integer> strides,
            String padding,
            List<Integer> dilationRate,
            float dropout,
            float recurrentDropout,
            Activation... activations) {
        Spatial.requirePadding(type, padding, List.of("valid", "same"));
        if (filters <= 0) {
            throw new IllegalArgumentException(type + ": filters must be positive, got " + filters);
        }
        if (Collections.max(strides) > 1 && Collections.max(dilationRate) > 1) {
            throw new IllegalArgumentException(
                    type + ": strides " + strides + " and dilation_rate " + dilationRate + " cannot both be above 1");
        }
        RecurrentLayer.check(type, filters, dropout, recurrentDropout, activations);
    }

    @Override
    default int outputColumns() {
        return filters();
    }

    @Override
    default int states() {
        return 2;
    }

    private Shape sequence(List<Shape> inputs) {
        final int axes = kernelSize().size();
        final Shape x = inputs.isEmpty() ? Shape.of() : inputs.getFirst();
        if (x.rank() != axes + 3 || x.last() == Shape.UNKNOWN) {
            throw new IllegalArgumentException(typeName() + ": input must have " + (axes + 3)
                    + " dimensions, [batch, steps, places…, channels] with known channels, got " + inputs);
        }
        if (inputs.size() != 1 && inputs.size() != 3) {
            throw new IllegalArgumentException(
                    typeName() + ": takes one input, or 3 with the first state, got " + inputs.size());
        }
        final Shape state = image(x);
        for (Shape given : inputs.subList(1, inputs.size())) {
            if (!state.matches(given) && !given.matches(state)) {
                throw new IllegalArgumentException(
                        typeName() + ": the first state must be " + state + ", got " + given);
            }
        }
        return x;
    }

    /// One step of the input.
    private static Shape step(Shape x) {
        return x.withoutFirst().withoutFirst().prepend(x.dim(0));
    }

    /// One step of the output, which is the shape of a state too.
    private Shape image(Shape x) {
        return Spatial.output(typeName(), step(x), kernelSize(), strides(), dilationRate(), padding(), filters());
    }

    /// How the input's convolution meets its pixels.
    default Window inputWindow(Shape x) {
        return Spatial.window(typeName(), step(x), kernelSize(), strides(), dilationRate(), padding());
    }

    /// How the state's does.
    default Window stateWindow(Shape x) {
        final List<Integer> ones = Collections.nCopies(kernelSize().size(), 1);
        return Spatial.window(typeName(), image(x), kernelSize(), ones, ones, "same");
    }

    @Override
    default List<Shape> outputShapes(List<Shape> inputs) {
        final Shape x = sequence(inputs);
        if (x.dim(1) == 0) {
            throw new IllegalArgumentException(typeName() + ": needs a step at least, got " + x);
        }
        final Shape last = image(x);
        final List<Shape> outputs = new ArrayList<>();
        outputs.add(returnSequences() ? last.withoutFirst().prepend(x.dim(1)).prepend(x.dim(0)) : last);
        if (returnState()) {
            outputs.addAll(List.of(last, last));
        }
        return outputs;
    }

    @Override
    default List<ParameterSpec> parameters(List<Shape> inputs) {
        final int[] size = kernelSize().stream().mapToInt(Integer::intValue).toArray();
        final int cols = GATES * filters();
        final List<ParameterSpec> specs = new ArrayList<>();
        final Shape kernel = Shape.of(size).append(sequence(inputs).last()).append(cols);
        specs.add(new ParameterSpec("kernel", kernel, kernelInitializer()));
        final Shape recurrent = Shape.of(size).append(filters()).append(cols);
        specs.add(new ParameterSpec("recurrent_kernel", recurrent, recurrentInitializer()));
        if (useBias()) {
            final Initializer first = unitForgetBias() ? new LSTM.ForgetBias(biasInitializer()) : biasInitializer();
            specs.add(new ParameterSpec("bias", Shape.of(cols), first));
        }
        return specs;
    }

    /// A mask says of each step of each sample whether it counts.
    @Override
    default List<@Nullable Shape> outputMasks(List<Shape> inputs, List<@Nullable Shape> masks) {
        final Shape mask = masks.isEmpty() ? null : masks.getFirst();
        if (mask != null && mask.rank() != 2) {
            throw new IllegalArgumentException(typeName() + ": a mask must be [batch, steps], got " + mask);
        }
        return List.of();
    }

    @Override
    default List<Shape> state(List<Shape> inputs) {
        final Shape image = image(inputs.getFirst());
        return stateful() ? List.of(image, image) : List.of();
    }

    /// Whether what enters the activations is kept beside what leaves them.
    default boolean keepsZ() {
        return Activated.keepsZ(activation()) || Activated.keepsZ(recurrentActivation());
    }

    /// The input and all that a step leaves, with the steps before the samples: [ConvLstmSteps] says which
    /// is which.
    @Override
    default List<Shape> saved(List<Shape> inputs) {
        final Shape x = inputs.getFirst();
        final Shape image = image(x);
        final Shape each = image.prepend(x.dim(1));
        final Shape gates = each.withoutLast().append(GATES * filters());
        final Shape turned = step(x).prepend(x.dim(1));
        return List.of(turned, gates, keepsZ() ? gates : Shape.of(0), each, each, each, each, image, image);
    }

    @Override
    default long backwardScratch(List<Shape> inputs) {
        return ConvLstmSteps.backwardScratch(this, inputs.getFirst());
    }

    @Override
    default boolean passesMask() {
        return returnSequences();
    }

    private ConvLstmSteps work(LayerBuffers b) {
        return b.kept(ConvLstmSteps.class, "steps", this, ConvLstmSteps::new);
    }

    @Override
    default void forward(LayerBuffers b) {
        work(b).forward();
    }

    @Override
    default void backward(LayerBuffers b) {
        work(b).backward();
    }

    @Override
    default void updateState(LayerBuffers b) {
        work(b).keepState();
    }

    @Override
    default boolean backwardReadsInput() {
        return false;
    }

    @Override
    default boolean backwardReadsOutput() {
        return false;
    }
}
