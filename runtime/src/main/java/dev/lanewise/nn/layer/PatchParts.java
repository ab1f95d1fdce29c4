package dev.lanewise.nn.layer;

/// The columns of a matrix of patches, `[taps, channels]`, in parts of a bounded width that follow each other:
/// whole taps, or parts of the channels of one tap.
final class PatchParts {
    private final int[] tap;
    private final int[] taps;
    private final int[] channel;
    private final int[] channels;

    private PatchParts(int count) {
        tap = new int[count];
        taps = new int[count];
        channel = new int[count];
        channels = new int[count];
    }

    /// One part: one tap of so many channels.
    static PatchParts whole(int channels) {
        final PatchParts parts = new PatchParts(1);
        parts.taps[0] = 1;
        parts.channels[0] = channels;
        return parts;
    }

    /// Parts of `width` columns or less, of nearly equal widths; one part at least, which may be empty.
    static PatchParts of(int taps, int channels, int width) {
        if (channels > width) {
            final int cuts = Math.ceilDiv(channels, width);
            final PatchParts parts = new PatchParts(Math.max(1, taps * cuts));
            for (int i = 0; i < taps * cuts; i++) {
                final int cut = i % cuts;
                parts.tap[i] = i / cuts;
                parts.taps[i] = 1;
                parts.channel[i] = (int) ((long) channels * cut / cuts);
                parts.channels[i] = (int) ((long) channels * (cut + 1) / cuts) - parts.channel[i];
            }
            return parts;
        }
        final int most = Math.max(1, width / Math.max(1, channels));
        final int count = Math.max(1, Math.ceilDiv(taps, most));
        final PatchParts parts = new PatchParts(count);
        for (int i = 0; i < count; i++) {
            parts.tap[i] = (int) ((long) taps * i / count);
            parts.taps[i] = (int) ((long) taps * (i + 1) / count) - parts.tap[i];
            parts.channels[i] = channels;
        }
        return parts;
    }

    int count() {
        return tap.length;
    }

    /// Columns of the widest part.
    int widest() {
        int widest = 0;
        for (int i = 0; i < tap.length; i++) {
            widest = Math.max(widest, taps[i] * channels[i]);
        }
        return widest;
    }

    int tap(int part) {
        return tap[part];
    }

    int taps(int part) {
        return taps[part];
    }

    int channel(int part) {
        return channel[part];
    }

    int channels(int part) {
        return channels[part];
    }
}
