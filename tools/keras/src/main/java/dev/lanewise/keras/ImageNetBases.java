package dev.lanewise.keras;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The models that Keras offers with weights learned from ImageNet, as far as they take pixels that someone
/// must have
/// prepared. They are known by their names, or by names of their layers.
final class ImageNetBases {
    /// A base.
    ///
    /// @param name as Keras calls such models
    /// @param layers names that together no other model has
    /// @param mode what [dev.lanewise.nn.layer.PreprocessInput] calls the preparation
    private record Base(Pattern name, Set<String> layers, String mode) {}

    private static final List<Base> BASES = List.of(
            base("mobilenetv2_.*", Set.of("bn_Conv1", "Conv1_relu", "block_1_expand", "out_relu"), "tf"),
            base("mobilenet_.*", Set.of("conv1_bn", "conv_dw_1", "conv_pw_13"), "tf"),
            base("inception_v3", Set.of("mixed0", "mixed10"), "tf"),
            base("inception_resnet_v2", Set.of("mixed_5b", "conv_7b"), "tf"),
            base("xception", Set.of("block1_conv1", "block14_sepconv2"), "tf"),
            base("nasnet.*|NASNet", Set.of("stem_conv1", "stem_bn1"), "tf"),
            base("resnet(50|101|152)v2", Set.of("conv2_block1_preact_bn", "post_bn"), "tf"),
            base("resnet(50|101|152)", Set.of("conv1_conv", "conv2_block1_1_conv", "conv5_block1_0_conv"), "caffe"),
            base("vgg(16|19)", Set.of("block1_conv1", "block5_conv3", "block5_pool"), "caffe"),
            base("densenet(121|169|201)", Set.of("conv2_block1_0_bn", "pool2_conv"), "torch"));

    /// Layers that prepare pixels, or may.
    private static final Set<String> PREPARING = Set.of(
            "Rescaling",
            "Normalization",
            "TrueDivide",
            "Divide",
            "Subtract",
            "TensorFlowOpLayer",
            "TFOpLambda",
            "Lambda");

    private ImageNetBases() {}

    private static Base base(String name, Set<String> layers, String mode) {
        return new Base(Pattern.compile(name), layers, mode);
    }

    /// What to tell about a model that has such a base and nothing that prepares its pixels; null where
    /// there is nothing to tell.
    static @Nullable String warning(KerasGraph model) {
        if (model.all().stream()
                .anyMatch(node -> PREPARING.contains(node.config().className()))) {
            return null;
        }
        return find(model);
    }

    private static @Nullable String find(KerasGraph model) {
        final Set<String> names = new HashSet<>();
        model.nodes().forEach(node -> names.add(node.name()));
        for (Base base : BASES) {
            if (base.name().matcher(model.name()).matches() || names.containsAll(base.layers())) {
                return "'" + KerasJson.shown(model.name()) + "' looks like a base of Keras' that learned from ImageNet"
                        + " with pixels prepared as '" + base.mode()
                        + "', and the model has no layer for that: whoever calls it has to (--preprocess "
                        + base.mode() + " puts one in front)";
            }
        }
        for (KerasNode node : model.nodes()) {
            final String found = node.model() == null ? null : find(node.model());
            if (found != null) {
                return found;
            }
        }
        return null;
    }
}
