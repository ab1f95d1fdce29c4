package dev.lanewise.nn.layer;

import dev.lanewise.kernels.Activation;
import dev.lanewise.kernels.Activations;
import dev.lanewise.nn.Initializer;
import dev.lanewise.nn.Initializers;
import java.util.List;

/// Convolution of images `[batch, height, width, channels]` with a kernel of its own at each position, of
/// Keras 1 and 2: `y[n, h, w, f] = activation(bias[h, w, f] + Σ x[n, h · strides[0] + i, w · strides[1] + j,
/// c] · kernel[p, (i · kernelSize[1] + j) · channels + c, f])` at position `p = h · columns + w`, whole
/// windows only. The kernel is `[positions, kernelSize[0] · kernelSize[1] · channels, filters]`, the bias
/// `[rows, columns, filters]`.
public record LocallyConnected2D(
        int filters,
        List<Integer> kernelSize,
        List<Integer> strides,
        Activation activation,
        boolean useBias,
        Initializer kernelInitializer,
        Initializer biasInitializer)
        implements LocallyConnectedLayer {
    public LocallyConnected2D {
        kernelSize = Spatial.each("LocallyConnected2D", "kernel_size", kernelSize, 2, 1);
        strides = Spatial.each("LocallyConnected2D", "strides", strides, 2, 1);
        LocallyConnectedLayer.check("LocallyConnected2D", filters, activation);
    }

    /// Stride 1, a bias of zeros, Glorot's uniform distribution.
    ///
    /// @param kernelSize height and width of the windows
    public LocallyConnected2D(int filters, int kernelSize, Activation activation) {
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
    public LocallyConnected2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    @Override
    public LocallyConnected2D withoutActivation() {
        return new LocallyConnected2D(
                filters, kernelSize, strides, Activations.LINEAR, useBias, kernelInitializer, biasInitializer);
    }
}
