package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.List;

/// Convolution of sequences `[batch, steps, channels]` with a kernel of its own at each position, of Keras 1
/// and 2: `y[n, t, f] = activation(bias[t, f] + Σ x[n, t · stride + i, c] · kernel[t, i · channels + c, f])`,
/// whole windows only. The kernel is `[positions, kernelSize · channels, filters]`, the bias `[positions,
/// filters]`.
public record LocallyConnected1D(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        Activation activation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements LocallyConnectedLayer {
    public LocallyConnected1D {
        kernelSize = Spatial.each("LocallyConnected1D", "kernel_size", kernelSize, 1, 1);
        strides = Spatial.each("LocallyConnected1D", "strides", strides, 1, 1);
        LocallyConnectedLayer.check("LocallyConnected1D", filters, activation);
    }

    /// Stride 1, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize length of the windows
    public LocallyConnected1D(int filters, int kernelSize, Activation activation) {
        this(
                filters,
                List.of(kernelSize),
                List.of(1),
                activation,
                true,
                new Initializers.GlorotUniform(),
                new Initializers.Zeros());
    }

    /// Without activation.
    public LocallyConnected1D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    @Override
    public LocallyConnected1D withoutActivation() {
        return new LocallyConnected1D(
                filters, kernelSize, strides, Activations.LINEAR, useBias, kernelInitializer, biasInitializer);
    }
}
