package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A layer of Keras' that changes images at random in training alone, and is not implemented here but for
/// what it does else: `y = x`. A model with it cannot be trained: see [#untrainable].
///
/// @param type Keras' class
public record ImageAugmentation(String type) implements Layer {
    /// Keras' classes that are meant.
    public static final Set<String> TYPES = Set.of(
            "AugMix",
            "CutMix",
            "Equalization",
            "MixUp",
            "RandAugment",
            "RandomColorDegeneration",
            "RandomColorJitter",
            "RandomElasticTransform",
            "RandomErasing",
            "RandomGaussianBlur",
            "RandomGrayscale",
            "RandomHeight",
            "RandomHue",
            "RandomInvert",
            "RandomPerspective",
            "RandomPosterization",
            "RandomSaturation",
            "RandomSharpness",
            "RandomShear",
            "RandomWidth",
            "Solarization");

    public ImageAugmentation {
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException("ImageAugmentation: type must be one of "
                    + String.join(", ", new TreeSet<>(TYPES)) + ", got " + type);
        }
    }

    @Override
    public @Nullable String untrainable() {
        return "Keras' " + type + " is not supported in training, where it changes images at random; here it is"
                + " for prediction alone";
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Shapes.single("ImageAugmentation", inputs));
    }

    private void requirePrediction(LayerBuffers b) {
        if (b.training()) {
            throw new IllegalStateException("ImageAugmentation '" + b.name() + "': " + untrainable());
        }
    }

    @Override
    public void forward(LayerBuffers b) {
        requirePrediction(b);
        Noise.copy(b);
    }

    @Override
    public void backward(LayerBuffers b) {
        requirePrediction(b);
        Reshape.copyGradient(b);
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }

    @Override
    public boolean worksInPlace() {
        return true;
    }
}
