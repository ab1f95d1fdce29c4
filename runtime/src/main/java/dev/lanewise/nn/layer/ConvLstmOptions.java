package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.nn.Initializer;
import java.util.List;

/// The settings of a [ConvLstmLayer] on their way from one record to another: so each way to change one
/// stands once for layers of one, two and three axes.
final class ConvLstmOptions {
    int filters;
    List<Integer> kernelSize;
    List<Integer> strides;
    String padding;
    List<Integer> dilationRate;
    Activation activation;
    Activation recurrentActivation;
    boolean useBias;
    Initializer kernelInitializer;
    Initializer recurrentInitializer;
    Initializer biasInitializer;
    boolean unitForgetBias;
    float dropout;
    float recurrentDropout;
    boolean returnSequences;
    boolean returnState;
    boolean goBackwards;
    boolean stateful;
    boolean zeroOutputForMask;

    ConvLstmOptions(ConvLstmLayer<?> layer) {
        filters = layer.filters();
        kernelSize = layer.kernelSize();
        strides = layer.strides();
        padding = layer.padding();
        dilationRate = layer.dilationRate();
        activation = layer.activation();
        recurrentActivation = layer.recurrentActivation();
        useBias = layer.useBias();
        kernelInitializer = layer.kernelInitializer();
        recurrentInitializer = layer.recurrentInitializer();
        biasInitializer = layer.biasInitializer();
        unitForgetBias = layer.unitForgetBias();
        dropout = layer.dropout();
        recurrentDropout = layer.recurrentDropout();
        returnSequences = layer.returnSequences();
        returnState = layer.returnState();
        goBackwards = layer.goBackwards();
        stateful = layer.stateful();
        zeroOutputForMask = layer.zeroOutputForMask();
    }
}
