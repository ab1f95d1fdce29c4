package dev.lanewise.nn;

import dev.lanewise.nn.layer.Activation;
import dev.lanewise.nn.layer.ActivityRegularization;
import dev.lanewise.nn.layer.Add;
import dev.lanewise.nn.layer.AdditiveAttention;
import dev.lanewise.nn.layer.AlphaDropout;
import dev.lanewise.nn.layer.Attention;
import dev.lanewise.nn.layer.AutoContrast;
import dev.lanewise.nn.layer.Average;
import dev.lanewise.nn.layer.AveragePooling1D;
import dev.lanewise.nn.layer.AveragePooling2D;
import dev.lanewise.nn.layer.AveragePooling3D;
import dev.lanewise.nn.layer.BatchNormalization;
import dev.lanewise.nn.layer.Bidirectional;
import dev.lanewise.nn.layer.CausalMask;
import dev.lanewise.nn.layer.CenterCrop;
import dev.lanewise.nn.layer.Concatenate;
import dev.lanewise.nn.layer.Conv1D;
import dev.lanewise.nn.layer.Conv1DTranspose;
import dev.lanewise.nn.layer.Conv2D;
import dev.lanewise.nn.layer.Conv2DTranspose;
import dev.lanewise.nn.layer.Conv3D;
import dev.lanewise.nn.layer.Conv3DTranspose;
import dev.lanewise.nn.layer.ConvLSTM1D;
import dev.lanewise.nn.layer.ConvLSTM2D;
import dev.lanewise.nn.layer.ConvLSTM3D;
import dev.lanewise.nn.layer.Cropping1D;
import dev.lanewise.nn.layer.Cropping2D;
import dev.lanewise.nn.layer.Cropping3D;
import dev.lanewise.nn.layer.Dense;
import dev.lanewise.nn.layer.DepthwiseConv1D;
import dev.lanewise.nn.layer.DepthwiseConv2D;
import dev.lanewise.nn.layer.Divide;
import dev.lanewise.nn.layer.Dot;
import dev.lanewise.nn.layer.Dropout;
import dev.lanewise.nn.layer.ELU;
import dev.lanewise.nn.layer.EinsumDense;
import dev.lanewise.nn.layer.ElementwiseFunction;
import dev.lanewise.nn.layer.Embedding;
import dev.lanewise.nn.layer.Flatten;
import dev.lanewise.nn.layer.GRU;
import dev.lanewise.nn.layer.GaussianDropout;
import dev.lanewise.nn.layer.GaussianNoise;
import dev.lanewise.nn.layer.GetItem;
import dev.lanewise.nn.layer.GlobalAveragePooling1D;
import dev.lanewise.nn.layer.GlobalAveragePooling2D;
import dev.lanewise.nn.layer.GlobalAveragePooling3D;
import dev.lanewise.nn.layer.GlobalMaxPooling1D;
import dev.lanewise.nn.layer.GlobalMaxPooling2D;
import dev.lanewise.nn.layer.GlobalMaxPooling3D;
import dev.lanewise.nn.layer.GrayToRgb;
import dev.lanewise.nn.layer.Grayscale;
import dev.lanewise.nn.layer.GroupNormalization;
import dev.lanewise.nn.layer.GroupQueryAttention;
import dev.lanewise.nn.layer.Highway;
import dev.lanewise.nn.layer.ImageAugmentation;
import dev.lanewise.nn.layer.LSTM;
import dev.lanewise.nn.layer.LayerNormalization;
import dev.lanewise.nn.layer.LeakyReLU;
import dev.lanewise.nn.layer.LocallyConnected1D;
import dev.lanewise.nn.layer.LocallyConnected2D;
import dev.lanewise.nn.layer.MaskedAs;
import dev.lanewise.nn.layer.MaskedBy;
import dev.lanewise.nn.layer.Masking;
import dev.lanewise.nn.layer.MaxPooling1D;
import dev.lanewise.nn.layer.MaxPooling2D;
import dev.lanewise.nn.layer.MaxPooling3D;
import dev.lanewise.nn.layer.Maximum;
import dev.lanewise.nn.layer.MaxoutDense;
import dev.lanewise.nn.layer.Minimum;
import dev.lanewise.nn.layer.MultiHeadAttention;
import dev.lanewise.nn.layer.Multiply;
import dev.lanewise.nn.layer.Normalization;
import dev.lanewise.nn.layer.PReLU;
import dev.lanewise.nn.layer.Permute;
import dev.lanewise.nn.layer.Power;
import dev.lanewise.nn.layer.PreprocessInput;
import dev.lanewise.nn.layer.RMSNormalization;
import dev.lanewise.nn.layer.RNN;
import dev.lanewise.nn.layer.RandomBrightness;
import dev.lanewise.nn.layer.RandomContrast;
import dev.lanewise.nn.layer.RandomCrop;
import dev.lanewise.nn.layer.RandomFlip;
import dev.lanewise.nn.layer.RandomRotation;
import dev.lanewise.nn.layer.RandomTranslation;
import dev.lanewise.nn.layer.RandomZoom;
import dev.lanewise.nn.layer.ReLU;
import dev.lanewise.nn.layer.Reduction;
import dev.lanewise.nn.layer.RepeatVector;
import dev.lanewise.nn.layer.Rescaling;
import dev.lanewise.nn.layer.Reshape;
import dev.lanewise.nn.layer.Resizing;
import dev.lanewise.nn.layer.SeparableConv1D;
import dev.lanewise.nn.layer.SeparableConv2D;
import dev.lanewise.nn.layer.SimpleRNN;
import dev.lanewise.nn.layer.Softmax;
import dev.lanewise.nn.layer.SpatialDropout1D;
import dev.lanewise.nn.layer.SpatialDropout2D;
import dev.lanewise.nn.layer.SpatialDropout3D;
import dev.lanewise.nn.layer.Stack;
import dev.lanewise.nn.layer.Subtract;
import dev.lanewise.nn.layer.TimeDistributed;
import dev.lanewise.nn.layer.UnitNormalization;
import dev.lanewise.nn.layer.UpSampling1D;
import dev.lanewise.nn.layer.UpSampling2D;
import dev.lanewise.nn.layer.UpSampling3D;
import dev.lanewise.nn.layer.ZeroPadding1D;
import dev.lanewise.nn.layer.ZeroPadding2D;
import dev.lanewise.nn.layer.ZeroPadding3D;
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
                MaskedBy.class,
                MaskedAs.class,
                CausalMask.class,
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
                Concatenate.class,
                AveragePooling1D.class,
                AveragePooling2D.class,
                AveragePooling3D.class,
                Cropping1D.class,
                Cropping2D.class,
                Cropping3D.class,
                GlobalAveragePooling1D.class,
                GlobalAveragePooling2D.class,
                GlobalAveragePooling3D.class,
                GlobalMaxPooling1D.class,
                GlobalMaxPooling2D.class,
                GlobalMaxPooling3D.class,
                MaxPooling1D.class,
                MaxPooling2D.class,
                MaxPooling3D.class,
                UpSampling1D.class,
                UpSampling2D.class,
                UpSampling3D.class,
                ZeroPadding1D.class,
                ZeroPadding2D.class,
                ZeroPadding3D.class,
                Permute.class,
                RepeatVector.class,
                Subtract.class,
                Multiply.class,
                Divide.class,
                Power.class,
                Stack.class,
                AutoContrast.class,
                Average.class,
                Maximum.class,
                Minimum.class,
                Dot.class,
                CenterCrop.class,
                LayerNormalization.class,
                GroupNormalization.class,
                RMSNormalization.class,
                UnitNormalization.class,
                Normalization.class,
                SpatialDropout1D.class,
                SpatialDropout2D.class,
                SpatialDropout3D.class,
                GaussianNoise.class,
                GaussianDropout.class,
                AlphaDropout.class,
                ActivityRegularization.class,
                MaxoutDense.class,
                Highway.class,
                LocallyConnected1D.class,
                LocallyConnected2D.class,
                RandomFlip.class,
                RandomRotation.class,
                RandomZoom.class,
                RandomTranslation.class,
                RandomContrast.class,
                RandomCrop.class,
                RandomBrightness.class,
                Embedding.class,
                Masking.class,
                SimpleRNN.class,
                LSTM.class,
                GRU.class,
                ConvLSTM1D.class,
                ConvLSTM2D.class,
                ConvLSTM3D.class,
                Bidirectional.class,
                TimeDistributed.class,
                RNN.class,
                MultiHeadAttention.class,
                GroupQueryAttention.class,
                Attention.class,
                AdditiveAttention.class,
                EinsumDense.class,
                ElementwiseFunction.class,
                Reduction.class,
                GetItem.class,
                ImageAugmentation.class)) {
            REGISTRY.put(type.getSimpleName(), type);
        }
    }

    private Layers() {}

    /// Makes a record of a user's known to model files under its class' simple name. Its components must be
    /// numbers, booleans, strings, shapes, lists of numbers, activations or initializers, and none may be
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
