package dev.lanewise.cli;

import dev.lanewise.train.FitListener;
import dev.lanewise.train.RunningFigures;
import java.io.Console;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/// Prints a training's progress as Keras does:
///
/// ```
/// Epoch 1/5
/// 47/47 ━━━━━━━━━━━━━━━━━━━━ 0s 1ms/step - accuracy: 0.7421 - loss: 0.7512 - val_accuracy: 0.8010 - val_loss:
/// 0.5573 ```
///
/// On a terminal the line is drawn again while it grows, ten times a second at most; elsewhere it is printed
/// once.
final class EpochProgress implements FitListener {
    private static final int WIDTH = 20;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintWriter out;
    private final BooleanSupplier onTerminal;
    private final boolean titled;
    private boolean redraws;
    private int steps;
    private long epochStart;
    private long lastStep;
    private long lastDrawn;
    private int drawnLength;
    private long stepsNanos;
    private long firstStepMillis = -1;
    private boolean timing;

    /// @param onTerminal asked when the first line could be redrawn, since to find out takes a while
    EpochProgress(PrintWriter out, BooleanSupplier onTerminal) {
        this(out, onTerminal, true);
    }

    private EpochProgress(PrintWriter out, BooleanSupplier onTerminal, boolean titled) {
        this.out = out;
        this.onTerminal = onTerminal;
        this.titled = titled;
    }

    /// For one pass that is no epoch of training: the line alone.
    static EpochProgress ofEvaluation(PrintWriter out, BooleanSupplier onTerminal) {
        return new EpochProgress(out, onTerminal, false);
    }

    /// Whether what is printed here is read on a terminal that can redraw a line.
    static boolean isTerminal() {
        String term = System.getenv("TERM");
        boolean capable = System.getProperty("os.name", "").startsWith("Windows")
                || (term != null && !term.isEmpty() && !term.equals("dumb"));
        return capable
                && Optional.ofNullable(System.console())
                        .map(Console::isTerminal)
                        .orElse(false);
    }

    /// Notes when the first step has ended.
    void timeFirstStep() {
        timing = true;
    }

    /// Milliseconds from the process' start to the end of the first step, where they were asked for and are
    /// known.
    OptionalLong firstStepMillis() {
        return firstStepMillis < 0 ? OptionalLong.empty() : OptionalLong.of(firstStepMillis);
    }

    /// Seconds in training steps so far: reading the data is counted, validation is not.
    double trainingSeconds() {
        return stepsNanos * 1e-9;
    }

    @Override
    public void epochBegins(int epoch, int epochs, int stepCount) {
        steps = stepCount;
        if (titled) {
            out.println("Epoch " + (epoch + 1) + "/" + epochs);
            out.flush();
        }
        epochStart = System.nanoTime();
        lastStep = epochStart;
        lastDrawn = epochStart;
    }

    @Override
    public void stepEnds(int step, RunningFigures running) {
        lastStep = System.nanoTime();
        if (timing) {
            timing = false;
            firstStepMillis = ProcessFacts.millisSinceStart().orElse(-1);
        }
        if (lastStep - lastDrawn < REDRAW_NANOS || step + 1 >= steps) {
            return;
        }
        if (lastDrawn == epochStart) {
            redraws = onTerminal.getAsBoolean();
        }
        lastDrawn = lastStep;
        if (redraws) {
            double perStep = (lastStep - epochStart) * 1e-9 / (step + 1);
            redraw(head(step + 1) + seconds(perStep * (steps - step - 1)) + perStep(perStep) + figures(now(running)));
            out.flush();
        }
    }

    @Override
    public void epochEnds(int epoch, Map<String, Double> values) {
        stepsNanos += lastStep - epochStart;
        double perStep = (lastStep - epochStart) * 1e-9 / Math.max(1, steps);
        redraw(head(steps) + seconds((System.nanoTime() - epochStart) * 1e-9) + perStep(perStep) + figures(values));
        out.println();
        out.flush();
        drawnLength = 0;
    }

    private static Map<String, Double> now(RunningFigures running) {
        Map<String, Double> values = new TreeMap<>();
        for (int i = 0; i < running.count(); i++) {
            values.put(running.name(i), running.value(i));
        }
        return values;
    }

    /// All figures by name: ` - accuracy: 0.8312 - loss: 0.4893`.
    static String figures(Map<String, Double> values) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(values).forEach((name, value) -> text.append(figure(name, value)));
        return text.toString();
    }

    private void redraw(String line) {
        if (drawnLength > 0) {
            out.print('\r');
        }
        out.print(line);
        out.print(" ".repeat(Math.max(0, drawnLength - line.length())));
        drawnLength = line.length();
    }

    private String head(int step) {
        return count(step, steps) + bar(steps == 0 ? WIDTH : (int) ((long) WIDTH * step / steps));
    }

    private static String count(int step, int steps) {
        String all = Integer.toString(steps);
        String done = Integer.toString(step);
        return " ".repeat(all.length() - done.length()) + done + "/" + all + " ";
    }

    private static String bar(int full) {
        return "━".repeat(full) + "─".repeat(WIDTH - full);
    }

    private static String seconds(double seconds) {
        long whole = Math.round(seconds);
        if (whole >= 3600) {
            return String.format(Locale.ROOT, " %d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
        }
        return whole >= 60 ? String.format(Locale.ROOT, " %d:%02d", whole / 60, whole % 60) : " " + whole + "s";
    }

    private static String perStep(double seconds) {
        if (seconds >= 1) {
            return " " + Math.round(seconds) + "s/step";
        }
        return seconds >= 1e-3
                ? " " + Math.round(seconds * 1e3) + "ms/step"
                : " " + Math.round(seconds * 1e6) + "us/step";
    }

    private static String figure(String name, double value) {
        String form = Math.abs(value) > 1e-3 || value == 0 ? "%.4f" : "%.4e";
        return " - " + name + ": " + String.format(Locale.ROOT, form, value);
    }
}
