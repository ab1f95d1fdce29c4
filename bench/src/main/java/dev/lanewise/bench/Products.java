package dev.lanewise.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// What products are compared with native libraries: a fixed list, and others drawn at random, so that no
/// kernel is
/// tuned to the list alone.
final class Products {
    private static final int LARGEST = 2048;

    /// Multiplications of a random product: a tenth of a second on one thread.
    private static final double MOST_WORK = 4e9;

    /// Squares; products of networks, forward and backward; skinny ones, with few rows or much more depth than
    /// result; narrow ones, with few columns.
    static final List<Product> FIXED = fixed();

    private Products() {}

    /// Those that have one of these texts in their titles; all, where there are no texts.
    static List<Product> only(List<Product> products, List<String> texts) {
        return products.stream()
                .filter(one -> RoofCase.isNamed(one.title(), texts))
                .toList();
    }

    private static List<Product> fixed() {
        final List<Product> list = new ArrayList<>();
        squares(list, "NN", 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048);
        squares(list, "TN", 64, 128, 256, 512, 1024, 2048);
        squares(list, "NT", 64, 128, 256, 512, 1024, 2048);
        // Dense layers of 784-128-10 on a batch of 128 and of 784-1024-1024-10 on one of 256; ResNet50's and a
        // recurrent layer's products.
        add(list, "NN", 128, 784, 128);
        add(list, "NN", 128, 128, 10);
        add(list, "NN", 256, 784, 1024);
        add(list, "NN", 256, 1024, 1024);
        add(list, "NN", 256, 1024, 10);
        add(list, "NN", 1, 784, 128);
        add(list, "NN", 32, 2048, 1000);
        add(list, "NN", 12544, 147, 64);
        add(list, "NN", 3136, 576, 64);
        add(list, "NN", 784, 1152, 128);
        add(list, "NN", 49, 4608, 512);
        add(list, "TN", 784, 128, 128);
        add(list, "TN", 128, 128, 10);
        add(list, "TN", 784, 256, 1024);
        add(list, "TN", 1024, 256, 1024);
        add(list, "TN", 1024, 256, 10);
        add(list, "TN", 147, 12544, 64);
        add(list, "TN", 576, 3136, 64);
        add(list, "TN", 1152, 784, 128);
        add(list, "NT", 128, 10, 128);
        add(list, "NT", 128, 128, 784);
        add(list, "NT", 256, 10, 1024);
        add(list, "NT", 256, 1024, 1024);
        add(list, "NT", 12544, 64, 147);
        add(list, "NT", 3136, 64, 576);
        add(list, "NT", 784, 128, 1152);
        // Skinny: a request or a few through a wide layer; a transformer's feed-forward part; long sums.
        add(list, "NN", 1, 1024, 1024);
        add(list, "NN", 1, 4096, 4096);
        add(list, "NN", 2, 1024, 1024);
        add(list, "NN", 4, 1024, 1024);
        add(list, "NN", 8, 1024, 1024);
        add(list, "NN", 16, 1024, 1024);
        add(list, "NN", 32, 1024, 1024);
        add(list, "NN", 32, 768, 3072);
        add(list, "NN", 64, 3072, 768);
        add(list, "NN", 64, 2048, 1000);
        add(list, "TN", 64, 4096, 64);
        add(list, "TN", 10, 128, 784);
        add(list, "NT", 1, 1024, 1024);
        add(list, "NT", 16, 1024, 1024);
        add(list, "NT", 64, 4096, 64);
        add(list, "NT", 197, 64, 197);
        // Narrow: heads of a few classes, and one column.
        add(list, "NN", 1024, 1024, 1);
        add(list, "NN", 1024, 1024, 4);
        add(list, "NN", 1024, 1024, 16);
        add(list, "NN", 1024, 1024, 24);
        add(list, "NN", 4096, 256, 10);
        add(list, "NN", 4096, 64, 32);
        add(list, "NN", 1000, 100, 7);
        add(list, "TN", 1024, 1024, 1);
        add(list, "TN", 1024, 1024, 16);
        add(list, "TN", 256, 4096, 10);
        add(list, "NT", 1024, 1024, 16);
        add(list, "NT", 4096, 10, 64);
        return List.copyOf(list);
    }

    private static void squares(List<Product> list, String trans, int... sizes) {
        for (int size : sizes) {
            add(list, trans, size, size, size);
        }
    }

    private static void add(List<Product> list, String trans, int m, int k, int n) {
        list.add(new Product(trans, m, k, n));
    }

    /// Products with sizes from 1 to 2048, each power of two as likely as any other, that differ from each
    /// other and from [#FIXED].
    static List<Product> random(int count, long seed) {
        final Random random = new Random(seed);
        final List<Product> list = new ArrayList<>();
        while (list.size() < count) {
            final String trans = List.of("NN", "TN", "NT").get(random.nextInt(3));
            final Product product = new Product(trans, size(random), size(random), size(random));
            if (product.flop() <= 2 * MOST_WORK && !FIXED.contains(product) && !list.contains(product)) {
                list.add(product);
            }
        }
        return list;
    }

    private static int size(Random random) {
        return (int) Math.min(LARGEST, Math.round(Math.exp(random.nextDouble() * Math.log(LARGEST))));
    }
}
