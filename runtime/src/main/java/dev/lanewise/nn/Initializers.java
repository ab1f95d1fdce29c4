package dev.lanewise.nn;

import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Keras' initializers with its defaults (`keras/src/initializers`), and the registry by which model files name
/// them.
///
/// Fans are Keras': `[in, out]` for a matrix; for a convolution the receptive field times the last two
/// dimensions;
/// for a vector its length twice.
public final class Initializers {
    /// Standard deviation of a standard normal distribution cut at two standard deviations.
    private static final double TRUNCATED_STDDEV = 0.8796256610342398;

    private static final Map<String, Class<? extends Initializer>> REGISTRY = new ConcurrentHashMap<>();

    static {
        for (Class<? extends Initializer> type : List.of(
                Zeros.class,
                Ones.class,
                Constant.class,
                RandomNormal.class,
                RandomUniform.class,
                TruncatedNormal.class,
                VarianceScaling.class,
                GlorotUniform.class,
                GlorotNormal.class,
                HeUniform.class,
                HeNormal.class,
                LecunUniform.class,
                LecunNormal.class,
                Orthogonal.class,
                Identity.class)) {
            REGISTRY.put(type.getSimpleName(), type);
        }
    }

    private Initializers() {}

    /// Makes a record of a user's known to model files under its class' simple name.
    public static void register(Class<? extends Initializer> type) {
        if (!type.isRecord()) {
            throw new IllegalArgumentException("Initializers: " + type.getName() + " is not a record");
        }
        final Class<? extends Initializer> known = REGISTRY.putIfAbsent(type.getSimpleName(), type);
        if (known != null && known != type) {
            throw new IllegalArgumentException(
                    "Initializers: the name " + type.getSimpleName() + " is taken by " + known);
        }
    }

    /// The known initializers by name.
    public static Map<String, Class<? extends Initializer>> registry() {
        return new TreeMap<>(REGISTRY);
    }

    public record Zeros() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            Arrays.fill(values, 0);
        }
    }

    public record Ones() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            Arrays.fill(values, 1);
        }
    }

    public record Constant(float value) implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            Arrays.fill(values, value);
        }
    }

    public record RandomNormal(double mean, double stddev) implements Initializer {
        public RandomNormal() {
            this(0, 0.05);
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + stddev * random.nextGaussian());
            }
        }
    }

    public record RandomUniform(double minval, double maxval) implements Initializer {
        public RandomUniform() {
            this(-0.05, 0.05);
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (minval + (maxval - minval) * random.nextDouble());
            }
        }
    }

    public record TruncatedNormal(double mean, double stddev) implements Initializer {
        public TruncatedNormal() {
            this(0, 0.05);
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + stddev * random.nextTruncatedGaussian());
            }
        }
    }

    /// Variance `scale / fan`.
    ///
    /// @param mode `fan_in`, `fan_out` or `fan_avg`
    /// @param distribution `truncated_normal`, `untruncated_normal` or `uniform`
    public record VarianceScaling(double scale, String mode, String distribution) implements Initializer {
        public VarianceScaling {
            if (!(scale > 0)) {
                throw new IllegalArgumentException("VarianceScaling: scale must be positive, got " + scale);
            }
            if (!List.of("fan_in", "fan_out", "fan_avg").contains(mode)) {
                throw new IllegalArgumentException(
                        "VarianceScaling: mode must be fan_in, fan_out or fan_avg, got " + mode);
            }
            if (!List.of("truncated_normal", "untruncated_normal", "uniform").contains(distribution)) {
                throw new IllegalArgumentException("VarianceScaling: distribution must be truncated_normal,"
                        + " untruncated_normal or uniform, got " + distribution);
            }
        }

        public VarianceScaling() {
            this(1, "fan_in", "truncated_normal");
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            final double fan = switch (mode) {
                case "fan_in" -> fanIn(shape);
                case "fan_out" -> fanOut(shape);
                default -> (fanIn(shape) + fanOut(shape)) / 2;
            };
            final double variance = scale / Math.max(1, fan);
            switch (distribution) {
                case "uniform" -> {
                    final double limit = StrictMath.sqrt(3 * variance);
                    new RandomUniform(-limit, limit).fill(values, shape, random);
                }
                case "untruncated_normal" -> new RandomNormal(0, StrictMath.sqrt(variance)).fill(values, shape, random);
                default ->
                    new TruncatedNormal(0, StrictMath.sqrt(variance) / TRUNCATED_STDDEV).fill(values, shape, random);
            }
        }
    }

    public record GlorotUniform() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(1, "fan_avg", "uniform").fill(values, shape, random);
        }
    }

    public record GlorotNormal() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(1, "fan_avg", "truncated_normal").fill(values, shape, random);
        }
    }

    public record HeUniform() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(2, "fan_in", "uniform").fill(values, shape, random);
        }
    }

    public record HeNormal() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(2, "fan_in", "truncated_normal").fill(values, shape, random);
        }
    }

    public record LecunUniform() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(1, "fan_in", "uniform").fill(values, shape, random);
        }
    }

    public record LecunNormal() implements Initializer {
        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            new VarianceScaling(1, "fan_in", "truncated_normal").fill(values, shape, random);
        }
    }

    /// A matrix `[all but the last, last]` with orthonormal rows or columns, times `gain`: the orthogonal
    /// factor of a normal matrix, by Gram and Schmidt, each vector twice.
    public record Orthogonal(double gain) implements Initializer {
        public Orthogonal() {
            this(1);
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            if (shape.rank() < 2) {
                throw new IllegalArgumentException("Orthogonal: needs two dimensions or more, got " + shape);
            }
            final int cols = shape.last();
            final int rows = values.length / Math.max(1, cols);
            final boolean wide = cols > rows;
            final int vectors = wide ? rows : cols;
            final int length = wide ? cols : rows;
            final double[][] q = new double[vectors][length];
            for (int v = 0; v < vectors; v++) {
                for (int i = 0; i < length; i++) {
                    q[v][i] = random.nextGaussian();
                }
                for (int pass = 0; pass < 2; pass++) {
                    for (int u = 0; u < v; u++) {
                        final double along = dot(q[u], q[v]);
                        for (int i = 0; i < length; i++) {
                            q[v][i] -= along * q[u][i];
                        }
                    }
                }
                final double norm = StrictMath.sqrt(dot(q[v], q[v]));
                for (int i = 0; i < length; i++) {
                    q[v][i] /= norm;
                }
            }
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < cols; c++) {
                    values[r * cols + c] = (float) (gain * (wide ? q[r][c] : q[c][r]));
                }
            }
        }

        private static double dot(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }

    /// `gain` on the diagonal of a matrix, zeros elsewhere.
    public record Identity(double gain) implements Initializer {
        public Identity() {
            this(1);
        }

        @Override
        public void fill(float[] values, Shape shape, RandomStream random) {
            if (shape.rank() != 2) {
                throw new IllegalArgumentException("Identity: needs two dimensions, got " + shape);
            }
            Arrays.fill(values, 0);
            for (int i = 0; i < Math.min(shape.dim(0), shape.dim(1)); i++) {
                values[i * shape.dim(1) + i] = (float) gain;
            }
        }
    }

    private static double fanIn(Shape shape) {
        return shape.rank() < 2 ? shape.size() : receptiveField(shape) * shape.dim(-2);
    }

    private static double fanOut(Shape shape) {
        return shape.rank() < 2 ? shape.size() : receptiveField(shape) * shape.dim(-1);
    }

    private static double receptiveField(Shape shape) {
        double field = 1;
        for (int i = 0; i < shape.rank() - 2; i++) {
            field *= shape.dim(i);
        }
        return field;
    }
}
