import org.jspecify.annotations.NullMarked;

/// Tensors, layers, models, training, prediction and the model file.
@NullMarked
module dev.lanewise {
    requires dev.lanewise.kernels;
    requires com.google.gson;
    requires static org.jspecify;

    exports dev.lanewise.data;
    exports dev.lanewise.tensor;
}
