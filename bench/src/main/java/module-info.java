import org.jspecify.annotations.NullMarked;

/// JMH benchmarks. Only the command that starts them runs in this module; JMH and its forks run on the class
/// path,
/// so that no other command waits for JMH's jars.
@NullMarked
module dev.lanewise.bench {
    requires com.google.gson;
    requires dev.lanewise;
    requires dev.lanewise.cli;
    requires dev.lanewise.kernels;
    requires dev.lanewise.keras;
    requires info.picocli;
    requires java.desktop;
    requires java.management;
    requires jdk.incubator.vector;
    requires org.jfree.jfreechart;
    requires org.jfree.svg;
    requires static jmh.core;
    requires static org.jspecify;

    provides dev.lanewise.cli.spi.CommandProvider with
            dev.lanewise.bench.BenchProvider;

    opens dev.lanewise.bench to
            info.picocli;
}
