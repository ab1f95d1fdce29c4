package dev.lanewise.cli;

import dev.lanewise.data.NumberArray;
import dev.lanewise.tensor.Shape;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/// Images (PNG, JPEG, GIF, BMP) as inputs of a model. Never resized.
final class ImageFile {
    /// More than most cameras have; a small file may claim any size, and decoding takes some 4 bytes for each.
    private static final long MOST_PIXELS = 100_000_000;

    /// Up to here it does not count how tightly pixels are packed.
    private static final long FREE_OF_RATIO = 4_000_000;

    /// One bit each, and deflated a thousand times.
    private static final int MOST_PIXELS_A_BYTE = 10_000;

    /// Of a pixel, in the picture that the JDK makes.
    private static final int BYTES_DECODED = 4;

    private ImageFile() {}

    /// How a model takes images.
    ///
    /// @param height or [Shape#UNKNOWN]
    /// @param width or [Shape#UNKNOWN]
    /// @param channels 1 for grey, 3 for red, green, blue
    private record Form(int height, int width, int channels) {
        /// By the shape of a sample: `[h, w]`, `[h, w, 1]`, `[h, w, 3]`, or flat with as many elements as the
        /// image has pixels (grey) or three times as many.
        static Form of(Path file, Shape sample, int height, int width) {
            long pixels = (long) height * width;
            if (sample.rank() == 3 && (sample.last() == 1 || sample.last() == 3)) {
                return new Form(sample.dim(0), sample.dim(1), sample.last());
            } else if (sample.rank() == 2) {
                return new Form(sample.dim(0), sample.dim(1), 1);
            } else if (sample.rank() == 1 && sample.last() == pixels) {
                return new Form(height, width, 1);
            } else if (sample.rank() == 1 && sample.last() == 3 * pixels) {
                return new Form(height, width, 3);
            }
            throw new CommandException(file + ": an image of " + width + " x " + height
                    + " pixels does not fit the model, which takes samples of shape " + sample);
        }

        boolean fits(int imageHeight, int imageWidth) {
            return (height == Shape.UNKNOWN || height == imageHeight)
                    && (width == Shape.UNKNOWN || width == imageWidth);
        }
    }

    /// Reads an image in the form that samples of the given shape have.
    ///
    /// @return a sample of concrete shape, with values of 0 to 255 times the scale
    /// @throws CommandException if it is damaged, or of another size than the model takes
    static NumberArray read(Path file, Shape sample, float scale) {
        ImageIO.setUseCache(false);
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            Iterator<ImageReader> readers = in == null ? null : ImageIO.getImageReaders(in);
            if (readers == null || !readers.hasNext()) {
                throw new CommandException(file + ": no image of a known format (PNG, JPEG, GIF, BMP)");
            }
            ImageReader reader = readers.next();
            try {
                // Nothing but the pixels: texts and profiles in a file may unpack to any size.
                reader.setInput(in, true, true);
                int height = reader.getHeight(0);
                int width = reader.getWidth(0);
                Form form = Form.of(file, sample, height, width);
                if ((long) height * width > MOST_PIXELS) {
                    throw new CommandException(file + ": the image has " + width + " x " + height
                            + " pixels, more than the " + Text.grouped(MOST_PIXELS) + " that are supported");
                }
                if (!form.fits(height, width)) {
                    throw new CommandException(file + ": the image has " + width + " x " + height
                            + " pixels, the model takes samples of shape " + sample + " (height first)");
                }
                requireMemory(file, (long) height * width, form.channels());
                float[] values = values(reader.read(0), form.channels(), scale);
                return NumberArray.of(sample.isConcrete() ? sample : Shape.of(height, width, form.channels()), values);
            } finally {
                reader.dispose();
            }
        } catch (OutOfMemoryError e) {
            throw new CommandException(file + ": the image needs more memory than the Java heap has (-Xmx sets it)", e);
        } catch (IOException | RuntimeException e) {
            if (e instanceof CommandException known) {
                throw known;
            }
            throw new CommandException(file + ": cannot be read as an image (" + e.getMessage() + ")", e);
        }
    }

    /// A small file may claim many pixels: what decoding takes is compared with the heap beforehand.
    private static void requireMemory(Path file, long pixels, int channels) throws IOException {
        long bytes = Files.size(file);
        if (pixels > FREE_OF_RATIO && pixels / MOST_PIXELS_A_BYTE > bytes) {
            throw new CommandException(file + ": the image has " + Text.grouped(pixels) + " pixels, which a file of "
                    + bytes + " bytes cannot hold");
        }
        long needed = pixels * (BYTES_DECODED + (long) channels * Float.BYTES);
        long most = Runtime.getRuntime().maxMemory();
        if (needed > most) {
            throw new CommandException(file + ": the image has " + Text.grouped(pixels) + " pixels, which need "
                    + Text.grouped(needed) + " bytes; the Java heap has at most " + Text.grouped(most)
                    + " (-Xmx sets it)");
        }
    }

    private static float[] values(BufferedImage image, int channels, float scale) {
        int width = image.getWidth();
        int height = image.getHeight();
        float[] values = new float[Math.multiplyExact(Math.multiplyExact(width, height), channels)];
        boolean grey = image.getRaster().getNumBands() <= 2 && !(image.getColorModel() instanceof IndexColorModel);
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if (grey) {
                    float value = grey(image.getRaster(), x, y) * scale;
                    for (int c = 0; c < channels; c++) {
                        values[at++] = value;
                    }
                    continue;
                }
                int rgb = image.getRGB(x, y);
                int r = rgb >> 16 & 0xff;
                int g = rgb >> 8 & 0xff;
                int b = rgb & 0xff;
                if (channels == 1) {
                    values[at++] = luma(r, g, b) * scale;
                } else {
                    values[at++] = r * scale;
                    values[at++] = g * scale;
                    values[at++] = b * scale;
                }
            }
        }
        return values;
    }

    /// The number that stands in the file, as 0 to 255: [BufferedImage#getRGB] would bend grey values by a
    /// colour profile.
    private static float grey(Raster raster, int x, int y) {
        int most = (1 << raster.getSampleModel().getSampleSize(0)) - 1;
        int value = raster.getSample(x, y, 0);
        return most == 255 ? value : value * 255f / most;
    }

    /// Grey of a colour (ITU-R BT.601), rounded to a whole number as Keras' image loading does.
    private static int luma(int r, int g, int b) {
        return (299 * r + 587 * g + 114 * b + 500) / 1000;
    }
}
