package dev.lanewise.keras;

import java.util.regex.Pattern;

/// Where the channels of what a layer takes and gives are: the layers here have them last, files may have
/// them first.
final class KerasChannels {
    /// Layers over places with channels.
    private static final Pattern PLACES = Pattern.compile(
            ".*(Conv|Pooling|ZeroPadding|Cropping|UpSampling|SpatialDropout)[0-9A-Za-z]*|Flatten|Resizing|CenterCrop|RandomCrop");

    private KerasChannels() {}

    /// Whether a layer takes images and the like with their channels first.
    static boolean isChannelsFirst(LayerConfig config) {
        final LayerConfig inner = KerasRecurrent.wrapped(config);
        return inner != null
                ? isChannelsFirst(inner)
                : config.isChannelsFirst() && PLACES.matcher(config.className()).matches();
    }

    /// Whether what a layer with places takes may have steps before its channels and places.
    static boolean isOverSteps(LayerConfig config) {
        return KerasRecurrent.wrapped(config) != null || config.className().startsWith("ConvLSTM");
    }

    /// How many axes beside the batch come before the channels and places of what such a layer takes or gives.
    ///
    /// @param axes all of the value, beside the batch
    static int keptAxes(LayerConfig config, int axes) {
        final LayerConfig inner = KerasRecurrent.wrapped(config);
        if (config.className().equals("TimeDistributed")) {
            return 1 + (inner == null ? 0 : keptAxes(inner, axes - 1));
        }
        final String type = inner == null ? config.className() : inner.className();
        return type.matches("ConvLSTM[123]D") ? Math.max(0, axes - 1 - (type.charAt(8) - '0')) : 0;
    }

    /// Whether a layer's config says where its channels are.
    static boolean hasDataFormat(String type) {
        return PLACES.matcher(type).matches();
    }
}
