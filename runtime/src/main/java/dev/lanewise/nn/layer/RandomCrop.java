package dev.lanewise.nn.layer;

import dev.lanewise.nn.Layer;
import dev.lanewise.nn.LayerBuffers;
import dev.lanewise.tensor.Shape;
import java.util.List;

/// In training, a window `[height, width]` of images `[h, w, channels]` at a random place, the same for the
/// whole batch. Else, and where images are not larger than the window, the largest window with its
/// proportions, in the middle, resized to it bilinearly ([Resampling]), as Keras' documentation has it.
public record RandomCrop(int height, int width) implements Layer {
    public RandomCrop {
        if (height <= 0 || width <= 0) {
            throw new IllegalArgumentException(
                    "RandomCrop: height and width must be positive, got " + height + " and " + width);
        }
    }

    @Override
    public List<Shape> outputShapes(List<Shape> inputs) {
        return List.of(Resizing.resized("RandomCrop", inputs, height, width));
    }

    private static Resampling largest(RandomCrop layer, LayerBuffers b) {
        return Resampling.ofLargest(b, layer.height, layer.width, false);
    }

    private static Resampling window(RandomCrop layer, LayerBuffers b) {
        return new Resampling(b, layer.height, layer.width, layer.height, layer.width, false);
    }

    private Resampling resampling(LayerBuffers b) {
        final Shape x = b.x(0).shape();
        if (!b.training() || x.dim(1) <= height || x.dim(2) <= width) {
            return b.kept(Resampling.class, "largest", this, RandomCrop::largest);
        }
        final Resampling window = b.kept(Resampling.class, "window", this, RandomCrop::window);
        final long key = b.kept(Noise.class, "noise", this, RandomCrop::noise).stepKey();
        window.window(place(key, 0, x.dim(1) - height), place(key, 1, x.dim(2) - width));
        return window;
    }

    private static Noise noise(RandomCrop layer, LayerBuffers b) {
        return new Noise(b);
    }

    private static int place(long key, int index, int most) {
        return Math.min(most, (int) (Noise.uniform(key, index) * (most + 1)));
    }

    @Override
    public void forward(LayerBuffers b) {
        resampling(b).forward();
    }

    @Override
    public void backward(LayerBuffers b) {
        resampling(b).backward();
    }

    @Override
    public boolean backwardReadsInput() {
        return false;
    }

    @Override
    public boolean backwardReadsOutput() {
        return false;
    }
}
