package dev.lanewise.keras;

/// Why something of a Keras file was refused, converted or left out: a fixed list.
public enum Reason {
    // What keeps a model from being loaded.
    UNKNOWN_LAYER(true, "layer type is not supported"),
    RUNS_CODE(true, "holds Python code, which is never run"),
    UNSUPPORTED_ARGUMENT(true, "an argument is not supported"),
    UNSUPPORTED_ACTIVATION(true, "activation is not supported"),
    UNSUPPORTED_DTYPE(true, "type of numbers is not supported"),
    UNSUPPORTED_CONNECTION(true, "a connection between layers is not supported"),
    BAD_CONFIG(true, "the configuration is damaged"),
    BAD_SHAPE(true, "shapes do not fit"),
    MISSING_WEIGHTS(true, "weights are missing"),
    BAD_WEIGHTS(true, "weights do not fit the layer"),
    TOO_LARGE(true, "is larger than the file can hold"),

    // What is loaded, and the user should know of.
    CONVERTED_DTYPE(false, "converted to float32"),
    TRAINING_ONLY(false, "matters in training only, where it is not applied"),
    UNKNOWN_ARGUMENT(false, "is not known; kept in the configuration, not interpreted"),
    NOT_FINITE(false, "has values that are NaN or infinite"),
    NOT_USED(false, "is not used by the model"),
    NEEDS_PREPROCESSING(false, "takes pixels that are prepared outside the model"),
    NOT_LOADED(false, "keeps the weights that it had"),
    ORDER_BY_NAME(false, "weights are in an order that only their names tell"),
    KERNELS_OF_THEANO(false, "kernels may be Theano's, which run the other way"),

    // What keeps training from going on as before; the model is loaded all the same.
    UNSUPPORTED_OPTIMIZER(false, "optimizer is not supported"),
    UNSUPPORTED_LOSS(false, "loss is not supported"),
    UNSUPPORTED_METRIC(false, "metric is not supported"),
    OPTIMIZER_STATE(false, "the optimizer's memory cannot be used");

    private final boolean refuses;
    private final String sentence;

    Reason(boolean refuses, String sentence) {
        this.refuses = refuses;
        this.sentence = sentence;
    }

    /// Whether a model with it cannot be loaded.
    public boolean refuses() {
        return refuses;
    }

    /// In words.
    public String sentence() {
        return sentence;
    }
}
