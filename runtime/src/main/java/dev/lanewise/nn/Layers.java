package dev.lanewise.nn;

import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.Conv1DTranspose;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.Conv3D;
import dev.lanewise.nn.layer.Conv3DTranspose;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.DepthwiseConv1D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ELU;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GrayToRgb;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.LeakyReLU;
import dev.lanewise.nn.layer.PReLU;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.SeparableConv1D;
import dev.lanewise.nn.layer.SeparableConv2D;
import dev.lanewise.nn.layer.Softmax;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The layers that model files can name: ours, and those that users register.
public final class Layers {
    private static final Map<String, Class<? extends Layer>> REGISTRY = new ConcurrentHashMap<>();

    static {
        for (Class<? extends Layer> type : List.of(
                InputLayer.class,
                Dense.class,
                Conv1D.class,
                Conv2D.class,
                Conv3D.class,
                Conv1DTranspose.class,
                Conv2DTranspose.class,
                Conv3DTranspose.class,
                DepthwiseConv1D.class,
                DepthwiseConv2D.class,
                SeparableConv1D.class,
                SeparableConv2D.class,
                BatchNormalization.class,
                Activation.class,
                Softmax.class,
                ReLU.class,
                LeakyReLU.class,
                PReLU.class,
                ELU.class,
                Dropout.class,
                Flatten.class,
                Reshape.class,
                Rescaling.class,
                Resizing.class,
                Grayscale.class,
                GrayToRgb.class,
                PreprocessInput.class,
                Add.class,
                Concatenate.class)) {
            REGISTRY.put(type.getSimpleName(), type);
        }
    }

    private Layers() {}

    /// Makes a record of a user's known to model files under its class' simple name. Its components must be
    /// numbers, booleans, strings, shapes, lists of whole numbers, activations or initializers, and none may be
    /// named `trainable`, which is the graph's to say.
    ///
    /// @throws IllegalArgumentException if it is not a record or the name is taken by another class
    public static void register(Class<? extends Layer> type) {
        if (!type.isRecord()) {
            throw new IllegalArgumentException("Layers: " + type.getName() + " is not a record");
        }
        for (RecordComponent component : type.getRecordComponents()) {
            if (component.getName().equals("trainable")) {
                throw new IllegalArgumentException("Layers: " + type.getName()
                        + " has a component 'trainable'; whether a layer is trained is the graph's to say");
            }
        }
        final Class<? extends Layer> known = REGISTRY.putIfAbsent(type.getSimpleName(), type);
        if (known != null && known != type) {
            throw new IllegalArgumentException(
                    "Layers: the name " + type.getSimpleName() + " is taken by " + known.getName());
        }
    }

    /// The layer type of this name, or null.
    public static @Nullable Class<? extends Layer> get(String typeName) {
        return REGISTRY.get(typeName);
    }

    /// All known layers by name.
    public static Map<String, Class<? extends Layer>> registry() {
        return new TreeMap<>(REGISTRY);
    }
}
