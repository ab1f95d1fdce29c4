package dev.lanewise.keras;

import dev.lanewise.keras.h5.H5Dataset;
import dev.lanewise.tensor.Shape;
import java.util.List;
import java.util.Set;

/// In which form older Keras and other back ends stored the kernels of convolutions.
final class WeightForms {
    private static final Set<String> CONVOLUTIONS = Set.of("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose");

    private final int kerasMajor;
    private final boolean flip;

    /// @param kerasMajor who wrote the weights
    /// @param flip whether they were made for convolutions that turn the kernel round, as Theano's do
    WeightForms(int kerasMajor, boolean flip) {
        this.kerasMajor = kerasMajor;
        this.flip = flip;
    }

    /// Whether a layer's kernel runs the other way in Theano.
    static boolean isConvolution(String className) {
        return CONVOLUTIONS.contains(className) || className.equals("ConvLSTM2D");
    }

    /// The form of a layer's weight.
    ///
    /// @param index among the layer's weights
    /// @param shape in the layer
    WeightForm form(KerasNode node, int index, Shape shape, H5Dataset data) {
        final String type = node.config().className();
        if (type.equals("ConvLSTM2D") && index < 2) {
            final WeightForm plain = WeightForm.plain(shape.rank());
            return flip ? plain.flipped() : plain;
        }
        if (type.equals("SeparableConv2D") && index < 2) {
            // Both kernels of Keras 1 with channels first: (out, in, rows, columns).
            final boolean first = kerasMajor == 1 && node.config().isChannelsFirst();
            return first ? WeightForm.of(4, 2, 3, 1, 0) : WeightForm.plain(shape.rank());
        }
        if (index != 0 || !CONVOLUTIONS.contains(type)) {
            return WeightForm.plain(shape.rank());
        }
        final WeightForm form = kerasMajor == 1 ? first(type, node.config().isChannelsFirst(), shape, data) : null;
        final WeightForm stored = form == null ? WeightForm.plain(shape.rank()) : form;
        return flip ? stored.flipped() : stored;
    }

    /// Keras 1: kernels of channels_first were (out, in, rows, columns); those in one dimension had an axis
    /// of 1; those of transposed convolutions had input and output as others have.
    private static WeightForm first(String type, boolean channelsFirst, Shape shape, H5Dataset data) {
        return switch (type) {
            case "Conv1D" -> {
                final WeightForm old = WeightForm.of(4, 2, 1, 0);
                final WeightForm later = WeightForm.of(4, 0, 2, 3);
                final List<Long> dims = data.dims();
                yield !dims.equals(later.fileDims(shape)) && dims.equals(old.fileDims(shape)) ? old : later;
            }
            case "Conv2D" -> channelsFirst ? WeightForm.of(4, 2, 3, 1, 0) : WeightForm.plain(4);
            case "Conv3D" -> channelsFirst ? WeightForm.of(5, 2, 3, 4, 1, 0) : WeightForm.plain(5);
            default -> channelsFirst ? WeightForm.of(4, 2, 3, 0, 1) : WeightForm.of(4, 0, 1, 3, 2);
        };
    }
}
