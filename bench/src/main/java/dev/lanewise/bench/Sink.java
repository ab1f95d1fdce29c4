package dev.lanewise.bench;

/// Where results go that no one needs, so that HotSpot does not drop the work.
final class Sink {
    static volatile float value;

    private Sink() {}
}
