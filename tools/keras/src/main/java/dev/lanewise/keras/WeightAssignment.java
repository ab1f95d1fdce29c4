package dev.lanewise.keras;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which weights of a file are which layer's, and what was found on the way.
final class WeightAssignment {
    private final boolean byName;
    private final Map<KerasNode, List<KerasWeight>> byNode = new HashMap<>();
    private final List<Finding> findings = new ArrayList<>();

    /// @param byName whether layers take the weights of their own name, and those without one keep what they
    ///     have
    WeightAssignment(boolean byName) {
        this.byName = byName;
    }

    boolean byName() {
        return byName;
    }

    void put(KerasNode layer, List<KerasWeight> weights) {
        byNode.put(layer, List.copyOf(weights));
    }

    /// Takes a layer's weights away: it keeps what it has.
    void remove(KerasNode layer) {
        byNode.remove(layer);
    }

    boolean has(KerasNode layer) {
        return byNode.containsKey(layer);
    }

    /// The layer's weights in its order; none where the file has none for it.
    List<KerasWeight> weights(KerasNode layer) {
        return byNode.getOrDefault(layer, List.of());
    }

    void find(Reason reason, String detail) {
        findings.add(new Finding(reason, detail));
    }

    /// About the file as a whole.
    List<Finding> findings() {
        return findings;
    }
}
