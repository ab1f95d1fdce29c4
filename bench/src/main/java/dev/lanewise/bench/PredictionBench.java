package dev.lanewise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.lanewise.nn.Compute;
import dev.lanewise.nn.Model;
import dev.lanewise.nn.Predictor;
import dev.lanewise.tensor.Memory;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.Random;

/// The prediction of a batch, from memory to memory.
final class PredictionBench {
    private static final String PREDICTION = "prediction ";

    private PredictionBench() {}

    /// Measures a model with one input and one output.
    ///
    /// @param of its name
    /// @param flop of the prediction of the batch
    static Row row(Model model, Compute compute, String of, int batch, int threads, long millis, double flop) {
        try (Predictor predictor = model.predictor(batch, compute);
                Memory memory = new Memory("bench train")) {
            final Tensor x =
                    Tensor.zeros(memory, model.graph().inputShapes().getFirst().with(0, batch));
            final Tensor y =
                    Tensor.zeros(memory, model.graph().outputShapes().getFirst().with(0, batch));
            final Random random = new Random(1);
            for (int i = 0; i < x.size(); i++) {
                x.segment().setAtIndex(JAVA_FLOAT, i, random.nextFloat() - 0.5f);
            }
            final List<Tensor> inputs = List.of(x);
            final List<Tensor> outputs = List.of(y);
            return InParts.rate(PREDICTION + of, threads, millis, flop, () -> {}, () -> predictor.run(inputs, outputs));
        }
    }

    /// Whether it is a row of this.
    static boolean is(Row row) {
        return row.what().startsWith(PREDICTION);
    }
}
