package dev.lanewise.cli;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.train.Optimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Values of options: Keras' names of optimizers (capital letters and underscores do not count), lists.
final class Names {
    private Names() {}

    /// Sizes of layers.
    record Sizes(List<Integer> list) {}

    /// `128,64`, or `none`.
    static final class SizesConverter implements ITypeConverter<Sizes> {
        @Override
        public Sizes convert(String text) {
            List<Integer> sizes = new ArrayList<>();
            for (String size : text.equals("none") ? new String[0] : text.split(",", -1)) {
                try {
                    sizes.add(Integer.valueOf(size.strip()));
                } catch (NumberFormatException e) {
                    throw new TypeConversionException("'" + text + "' is no list of sizes such as 128,64");
                }
                if (sizes.getLast() < 1) {
                    throw new TypeConversionException("a layer must have 1 unit or more, got " + sizes.getLast());
                }
            }
            return new Sizes(sizes);
        }
    }

    /// An optimizer whose learning rate is not said yet.
    record OptimizerName(String name) {
        /// With this learning rate, or Keras' default for null.
        Optimizer create(@Nullable Double learningRate) {
            return learningRate == null
                    ? Optimizer.of(name)
                    : Optimizer.of(name, Map.of("learning_rate", learningRate));
        }
    }

    /// A mode of Keras' `preprocess_input`.
    enum Preprocessing {
        TF,
        CAFFE,
        TORCH;

        /// What does it to pixels of 0 to 255.
        Layer layer() {
            return this == TF
                    ? new Rescaling((float) (1 / 127.5), -1)
                    : new PreprocessInput(name().toLowerCase(Locale.ROOT));
        }
    }

    /// `tf`, `caffe`, `torch`.
    static final class PreprocessingConverter implements ITypeConverter<Preprocessing> {
        @Override
        public Preprocessing convert(String name) {
            for (Preprocessing known : Preprocessing.values()) {
                if (known.name().equals(name.toUpperCase(Locale.ROOT))) {
                    return known;
                }
            }
            throw new TypeConversionException("'" + name + "' is not supported (supported: tf, caffe, torch)");
        }
    }

    /// `sgd`, `Adam`.
    static final class OptimizerConverter implements ITypeConverter<OptimizerName> {
        @Override
        public OptimizerName convert(String text) {
            OptimizerName name = new OptimizerName(text.strip());
            try {
                name.create(null);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
            return name;
        }
    }
}
