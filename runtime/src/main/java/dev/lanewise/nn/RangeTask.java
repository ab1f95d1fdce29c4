package dev.lanewise.nn;

/// Work over the items `0 .. n` that may be cut anywhere its quantum allows: the parts write different
/// memory, and
/// what an item computes does not depend on the cuts.
@FunctionalInterface
public interface RangeTask {
    /// Does the items `from .. to`.
    void run(int from, int to);
}
