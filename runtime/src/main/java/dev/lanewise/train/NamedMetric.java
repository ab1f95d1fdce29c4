package dev.lanewise.train;

import java.util.Map;

/// A metric that Keras' configs can name. A type of its own, since [Metric] holds some of them as constants:
/// with methods of its own in it, two threads that load both sides could wait for each other.
interface NamedMetric extends Metric {
    /// Keras' name of this kind of metric.
    String kerasName();

    /// The settings, with which [Metric#of(String, Map)] gives an equal one.
    Map<String, Object> config();
}
