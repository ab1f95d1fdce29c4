package dev.lanewise.bench;

/// A product of matrices `op(A)[m, k] · op(B)[k, n]`.
///
/// @param trans `NN`, `TN` or `NT`: which of the two is stored transposed
record Product(String trans, int m, int k, int n) {
    Product {
        if (!trans.matches("NN|TN|NT")) {
            throw new IllegalArgumentException("a product is NN, TN or NT, got " + trans);
        }
        if (m < 1 || k < 1 || n < 1) {
            throw new IllegalArgumentException("a product's sizes are at least 1, got " + m + " x " + k + " x " + n);
        }
    }

    boolean transA() {
        return trans.charAt(0) == 'T';
    }

    boolean transB() {
        return trans.charAt(1) == 'T';
    }

    /// Floats between stored rows of A.
    int lda() {
        return transA() ? m : k;
    }

    /// Floats between stored rows of B.
    int ldb() {
        return transB() ? k : n;
    }

    double flop() {
        return 2.0 * m * k * n;
    }

    Row.Size size() {
        return new Row.Size(m, n, k);
    }

    /// All sizes are small, where calling costs about as much as computing.
    boolean isSmall() {
        return Math.max(m, Math.max(k, n)) <= 64;
    }

    boolean isLargeSquare() {
        return m == k && k == n && m >= 256;
    }

    String title() {
        return trans + " " + m + " x " + k + " x " + n;
    }

    /// Reads a [#title].
    static Product of(String title) {
        final String[] parts = title.split(" x | ", 0);
        if (parts.length != 4) {
            throw new IllegalArgumentException("a product looks like 'NN 128 x 784 x 128', got '" + title + "'");
        }
        return new Product(
                parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
    }
}
