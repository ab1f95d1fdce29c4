import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.op.math.Mean;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/// Rates of TensorFlow-Java on the networks of `lanewise bench train`:
/// `Networks 784-128-10|784-1024-1024-10|lstm|transformer THREADS`.
///
/// One graph, made of elementary operations, for which TensorFlow has gradients: the LSTM is unrolled over
/// its steps. Prints one line a figure, `peer workload threads metric value`: the median of slices of 0.4 s,
/// after three to warm up.
public final class Networks {
    private static final long SLICE_NANOS = 400_000_000L;
    private static final int WARM_UP = 3;
    private static final int SLICES = 5;

    private static final int FEATURES = 128;
    private static final int HEADS = 4;
    private static final int CLASSES = 10;

    /// The share of labels that say nothing about their sample.
    private static final double WRONG = 0.1;

    /// What is measured.
    ///
    /// @param batch samples in a step
    /// @param batches how many of them take turns; dense layers learn eight by heart, and their gradients die
    ///     away
    /// @param sample the shape of a sample
    private record Workload(String name, int batch, int batches, int... sample) {
        static Workload of(String name) {
            return switch (name) {
                case "784-128-10" -> new Workload(name, 128, 60_000 / 128, 784);
                case "784-1024-1024-10" -> new Workload(name, 256, 60_000 / 256, 784);
                case "lstm" -> new Workload(name, 32, 8, 100, FEATURES);
                case "transformer" -> new Workload(name, 32, 8, 128, FEATURES);
                default -> throw new IllegalArgumentException("no such network: " + name);
            };
        }

        /// The shape of a batch.
        Shape shape() {
            return Shape.of(batch).append(Shape.of(Arrays.stream(sample).asLongStream().toArray()));
        }

        int features() {
            return sample[sample.length - 1];
        }
    }

    private final Workload workload;
    private final int batch;
    private final int steps;
    private final Graph graph;
    private final Ops tf;
    private final List<Variable<TFloat32>> weights = new ArrayList<>();
    private final List<Op> initial = new ArrayList<>();
    private int products;

    private Networks(Workload workload, Graph graph) {
        this.workload = workload;
        this.batch = workload.batch;
        this.steps = workload.sample[0];
        this.graph = graph;
        this.tf = Ops.create(graph);
    }

    public static void main(String[] args) {
        final Workload workload = Workload.of(args[0]);
        try (Graph graph = new Graph()) {
            new Networks(workload, graph).run(Integer.parseInt(args[1]));
        }
    }

    private void run(int threads) {
        final Placeholder<TFloat32> x = tf.placeholder(TFloat32.class, Placeholder.shape(workload.shape()));
        final Placeholder<TFloat32> y = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(batch, CLASSES)));
        final Operand<TFloat32> logits =
                switch (workload.name) {
                    case "lstm" -> lstm(x);
                    case "transformer" -> block(x);
                    default -> layers(x);
                };
        final Operand<TFloat32> probabilities = tf.nn.softmax(logits);
        final Operand<TFloat32> loss =
                tf.math.mean(tf.nn.softmaxCrossEntropyWithLogits(logits, y).loss(), tf.constant(0));
        final Op step = adam(loss);
        final ConfigProto config = ConfigProto.newBuilder()
                .setIntraOpParallelismThreads(threads)
                .setInterOpParallelismThreads(-1) // operations run in the calling thread
                .build();
        try (Session session = new Session(graph, config)) {
            final Session.Runner start = session.runner();
            initial.forEach(start::addTarget);
            start.run();
            final TFloat32[] xs = new TFloat32[workload.batches];
            final TFloat32[] ys = new TFloat32[workload.batches];
            fill(xs, ys);
            final int[] count = {0};
            final double training = rate(() -> {
                final int i = count[0]++ % xs.length;
                session.runner().feed(x, xs[i]).feed(y, ys[i]).addTarget(step).run().close();
            });
            final float last;
            try (Result result = session.runner().feed(x, xs[0]).feed(y, ys[0]).fetch(loss).run()) {
                last = ((TFloat32) result.get(0)).getFloat();
            }
            final String peer = "tensorflow-" + TensorFlow.version() + " " + workload.name + " " + threads;
            System.out.printf("%s train_samples_per_s %.1f (loss %.4f)%n", peer, training, last);
            System.out.printf(
                    "%s inference_samples_per_s %.1f%n",
                    peer,
                    rate(() -> session.runner().feed(x, xs[0]).fetch(probabilities).run().close()));
        }
    }

    /// Dense layers of as many units as the network's name says, with relu between them.
    private Operand<TFloat32> layers(Operand<TFloat32> x) {
        final int[] sizes =
                Arrays.stream(workload.name.split("-")).mapToInt(Integer::parseInt).toArray();
        Operand<TFloat32> h = dense(x, sizes[0], sizes[1]);
        for (int i = 2; i < sizes.length; i++) {
            h = dense(tf.nn.relu(h), sizes[i - 1], sizes[i]);
        }
        return h;
    }

    /// 128 units, the last step of which is classified; gates in the order i, f, c, o.
    private Operand<TFloat32> lstm(Operand<TFloat32> x) {
        final int units = 128;
        final Operand<TFloat32> byStep = reshape(transpose(x, 1, 0, 2), steps * batch, FEATURES);
        final Operand<TFloat32> inputs = reshape(dense(byStep, FEATURES, 4 * units), steps, batch, 4 * units);
        final Variable<TFloat32> recurrent = weight(units, 4 * units);
        final List<Output<TFloat32>> inputOf = tf.unstack(inputs, (long) steps).output();
        Operand<TFloat32> h = zeros(batch, units);
        Operand<TFloat32> c = zeros(batch, units);
        for (int t = 0; t < steps; t++) {
            final List<Output<TFloat32>> gates = tf.split(
                            tf.constant(1), tf.math.add(inputOf.get(t), tf.linalg.matMul(h, recurrent)), 4L)
                    .output();
            c = tf.math.add(
                    tf.math.mul(tf.math.sigmoid(gates.get(1)), c),
                    tf.math.mul(tf.math.sigmoid(gates.get(0)), tf.math.tanh(gates.get(2))));
            h = tf.math.mul(tf.math.sigmoid(gates.get(3)), tf.math.tanh(c));
        }
        return dense(h, units, CLASSES);
    }

    /// Attention of four heads and two dense layers, each with a sum and a normalization, then the mean of
    /// the steps.
    private Operand<TFloat32> block(Operand<TFloat32> input) {
        final int size = FEATURES / HEADS;
        final Operand<TFloat32> x = reshape(input, batch * steps, FEATURES);
        final List<Operand<TFloat32>> heads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            heads.add(transpose(reshape(dense(x, FEATURES, FEATURES), batch, steps, HEADS, size), 0, 2, 1, 3));
        }
        final Operand<TFloat32> queries = tf.math.mul(heads.get(0), tf.constant((float) (1 / Math.sqrt(size))));
        final Operand<TFloat32> scores = tf.nn.softmax(batchProduct(queries, transpose(heads.get(1), 0, 1, 3, 2)));
        final Operand<TFloat32> attended =
                reshape(transpose(batchProduct(scores, heads.get(2)), 0, 2, 1, 3), batch * steps, FEATURES);
        final Operand<TFloat32> h = normalization(tf.math.add(x, dense(attended, FEATURES, FEATURES)));
        final Operand<TFloat32> wide = tf.nn.relu(dense(h, FEATURES, 4 * FEATURES));
        final Operand<TFloat32> y = normalization(tf.math.add(h, dense(wide, 4 * FEATURES, FEATURES)));
        return dense(tf.math.mean(reshape(y, batch, steps, FEATURES), tf.constant(1)), FEATURES, CLASSES);
    }

    private Operand<TFloat32> normalization(Operand<TFloat32> x) {
        final Operand<TFloat32> centred = tf.math.sub(x, tf.math.mean(x, tf.constant(1), Mean.keepDims(true)));
        final Operand<TFloat32> variance =
                tf.math.mean(tf.math.square(centred), tf.constant(1), Mean.keepDims(true));
        final Operand<TFloat32> scale = tf.math.rsqrt(tf.math.add(variance, tf.constant(1e-3f)));
        final Operand<TFloat32> ones = tf.fill(tf.constant(new int[] {FEATURES}), tf.constant(1f));
        return tf.math.add(
                tf.math.mul(tf.math.mul(centred, scale), trained(ones, FEATURES)),
                trained(zeros(FEATURES), FEATURES));
    }

    private Operand<TFloat32> dense(Operand<TFloat32> x, int in, int out) {
        return tf.nn.biasAdd(tf.linalg.matMul(x, weight(in, out)), trained(zeros(out), out));
    }

    /// Adam with Keras' settings, for all weights in one step.
    private Op adam(Operand<TFloat32> loss) {
        final Output<?>[] of = weights.stream().map(Operand::asOutput).toArray(Output[]::new);
        final Output<?>[] gradients = graph.addGradients(loss.asOutput(), of);
        final Operand<TFloat32> beta1 = tf.constant(0.9f);
        final Operand<TFloat32> beta2 = tf.constant(0.999f);
        final Variable<TFloat32> power1 = variable(tf.constant(0.9f));
        final Variable<TFloat32> power2 = variable(tf.constant(0.999f));
        final List<Op> updates = new ArrayList<>();
        for (int i = 0; i < of.length; i++) {
            final Variable<TFloat32> w = weights.get(i);
            final long[] shape = w.asOutput().shape().asArray();
            @SuppressWarnings("unchecked")
            final Operand<TFloat32> gradient = (Output<TFloat32>) gradients[i];
            updates.add(tf.train.applyAdam(
                    w,
                    variable(zeros(shape), shape),
                    variable(zeros(shape), shape),
                    power1,
                    power2,
                    tf.constant(1e-3f),
                    beta1,
                    beta2,
                    tf.constant(1e-7f),
                    gradient));
        }
        final Ops after = tf.withControlDependencies(updates);
        return after.withControlDependencies(List.of(
                        after.assign(power1, after.math.mul(power1, beta1)),
                        after.assign(power2, after.math.mul(power2, beta2))))
                .noOp();
    }

    private Variable<TFloat32> variable(Operand<TFloat32> value, long... shape) {
        final Variable<TFloat32> v = tf.variable(Shape.of(shape), TFloat32.class);
        initial.add(tf.assign(v, value));
        return v;
    }

    private Variable<TFloat32> trained(Operand<TFloat32> value, long... shape) {
        final Variable<TFloat32> v = variable(value, shape);
        weights.add(v);
        return v;
    }

    /// Glorot's uniform distribution.
    private Variable<TFloat32> weight(int in, int out) {
        final float[] values = random(in * out, weights.size() + 1);
        final float width = (float) (2 * Math.sqrt(6.0 / (in + out)));
        for (int i = 0; i < values.length; i++) {
            values[i] *= width;
        }
        return trained(tf.constant(Shape.of(in, out), DataBuffers.of(values, true, false)), in, out);
    }

    private Operand<TFloat32> zeros(long... shape) {
        return tf.zeros(tf.constant(shape), TFloat32.class);
    }

    private Operand<TFloat32> reshape(Operand<TFloat32> x, int... shape) {
        return tf.reshape(x, tf.constant(shape));
    }

    private Operand<TFloat32> transpose(Operand<TFloat32> x, int... axes) {
        return tf.linalg.transpose(x, tf.constant(axes));
    }

    private Operand<TFloat32> batchProduct(Operand<TFloat32> a, Operand<TFloat32> b) {
        return graph.opBuilder("BatchMatMulV2", "product" + products++, tf.scope())
                .addInput(a.asOutput())
                .addInput(b.asOutput())
                .build()
                .output(0);
    }

    /// A centre for each class, and noise.
    private void fill(TFloat32[] xs, TFloat32[] ys) {
        final Random labels = new Random(7);
        final int features = workload.features();
        final float[] centres = random(CLASSES * features, 3);
        final int sample = Arrays.stream(workload.sample).reduce(1, Math::multiplyExact);
        for (int i = 0; i < xs.length; i++) {
            final float[] x = random(batch * sample, 100 + i);
            final float[] y = new float[batch * CLASSES];
            for (int b = 0; b < batch; b++) {
                final int label = labels.nextInt(CLASSES);
                y[b * CLASSES + (labels.nextDouble() < WRONG ? labels.nextInt(CLASSES) : label)] = 1;
                for (int j = 0; j < sample; j++) {
                    x[b * sample + j] = 0.7f * x[b * sample + j] + 0.3f * centres[label * features + j % features];
                }
            }
            xs[i] = TFloat32.tensorOf(workload.shape(), DataBuffers.of(x, true, false));
            ys[i] = TFloat32.tensorOf(Shape.of(batch, CLASSES), DataBuffers.of(y, true, false));
        }
    }

    private static float[] random(int n, long seed) {
        final Random random = new Random(seed);
        final float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private double rate(Runnable call) {
        final double[] rates = new double[SLICES];
        for (int i = -WARM_UP; i < SLICES; i++) {
            int calls = 0;
            long nanos;
            final long start = System.nanoTime();
            do {
                call.run();
                calls++;
                nanos = System.nanoTime() - start;
            } while (nanos < SLICE_NANOS);
            if (i >= 0) {
                rates[i] = calls * batch / (nanos * 1e-9);
            }
        }
        Arrays.sort(rates);
        return rates[SLICES / 2];
    }
}
