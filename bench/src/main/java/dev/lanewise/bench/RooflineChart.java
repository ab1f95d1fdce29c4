package dev.lanewise.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Rectangle;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jfree.chart.ChartUtils;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.annotations.XYTextAnnotation;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.title.TextTitle;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;
import org.jfree.svg.SVGGraphics2D;

/// The picture of a roofline: GFLOP/s over FLOP for each byte, both in powers of ten; a slope for each level
/// of memory,
/// the FMA peak as the flat part; kernels as points, filled where their data are in a cache, hollow in memory.
final class RooflineChart {
    private static final int WIDTH = 1_200;
    private static final int HEIGHT = 800;

    private static final double LEFT = 0.04;
    private static final double RIGHT = 1_000;
    private static final double BOTTOM = 0.5;

    /// Sizes of the letters.
    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 20);

    private static final Font LABELS = new Font(Font.SANS_SERIF, Font.PLAIN, 15);
    private static final Font NOTES = new Font(Font.SANS_SERIF, Font.PLAIN, 13);

    /// Told apart also by those who do not see red and green (Okabe and Ito 2008), and by shape.
    private static final List<Family> FAMILIES = List.of(
            new Family("gemm", new Color(0x000000), new Rectangle2D.Double(-4, -4, 8, 8)),
            new Family("elementwise", new Color(0xE69F00), new Ellipse2D.Double(-5, -5, 10, 10)),
            new Family("activation", new Color(0x0072B2), triangle(-6)),
            new Family("softmax", new Color(0x009E73), diamond()),
            new Family("loss", new Color(0xD55E00), triangle(6)),
            new Family("reduction", new Color(0xCC79A7), new Rectangle2D.Double(-5, -5, 10, 10)),
            new Family("optimizer", new Color(0x56B4E9), diamond()),
            new Family("normalization", new Color(0x7F7F00), new Ellipse2D.Double(-5, -5, 10, 10)));

    private record Family(String name, Color color, Shape shape) {}

    private RooflineChart() {}

    private static Shape triangle(double tip) {
        final Path2D path = new Path2D.Double();
        path.moveTo(0, tip);
        path.lineTo(6, -tip * 0.8);
        path.lineTo(-6, -tip * 0.8);
        path.closePath();
        return path;
    }

    private static Shape diamond() {
        final Path2D path = new Path2D.Double();
        path.moveTo(0, -6.5);
        path.lineTo(6.5, 0);
        path.lineTo(0, 6.5);
        path.lineTo(-6.5, 0);
        path.closePath();
        return path;
    }

    /// Writes `NAME-1.svg` and `NAME-1.png` for one thread, and so on.
    ///
    /// @return what was written
    static List<Path> write(Roofline roofline, Path name) throws IOException {
        final JFreeChart chart = chart(roofline);
        final String base = name.getFileName() + "-" + roofline.threads();
        final Path svg = name.resolveSibling(base + ".svg");
        final Path png = name.resolveSibling(base + ".png");
        final SVGGraphics2D graphics = new SVGGraphics2D(WIDTH, HEIGHT);
        chart.draw(graphics, new Rectangle(WIDTH, HEIGHT));
        Files.writeString(svg, graphics.getSVGDocument(), StandardCharsets.UTF_8);
        ChartUtils.saveChartAsPNG(png.toFile(), chart, WIDTH, HEIGHT);
        return List.of(svg, png);
    }

    static JFreeChart chart(Roofline roofline) {
        final LogAxis x = axis("FLOP for each byte moved", LEFT, RIGHT);
        final double peak = roofline.peak();
        final LogAxis y = axis("GFLOP/s", BOTTOM, peak * 2);
        final XYPlot plot = new XYPlot(null, x, y, null);
        plot.setBackgroundPaint(Color.WHITE);
        plot.setDomainGridlinePaint(Color.LIGHT_GRAY);
        plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
        addPoints(plot, roofline);
        addRoof(plot, roofline, peak);
        final JFreeChart chart = new JFreeChart("Kernels under the roof", TITLE, plot, true);
        chart.setBackgroundPaint(Color.WHITE);
        final TextTitle subtitle = new TextTitle(
                Roofline.subtitle(roofline.threads()) + "; filled: data in a cache, hollow: in memory", NOTES);
        chart.addSubtitle(0, subtitle);
        chart.getLegend().setItemFont(LABELS);
        return chart;
    }

    private static LogAxis axis(String label, double from, double to) {
        final LogAxis axis = new LogAxis(label);
        axis.setBase(10);
        axis.setRange(from, to);
        axis.setTickUnit(new NumberTickUnit(1, new java.text.DecimalFormat("#,##0.##"), 9));
        axis.setLabelFont(LABELS);
        axis.setTickLabelFont(LABELS);
        return axis;
    }

    private static void addPoints(XYPlot plot, Roofline roofline) {
        final XYSeriesCollection data = new XYSeriesCollection();
        final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(false, true);
        int series = 0;
        for (Family family : FAMILIES) {
            for (boolean near : new boolean[] {true, false}) {
                final XYSeries points = new XYSeries(family.name() + (near ? "" : " in memory"), false, true);
                for (RoofPoint point : roofline.points()) {
                    final boolean isNear = !point.level().equals("memory");
                    if (point.family().equals(family.name()) && isNear == near && point.intensity() > 0) {
                        points.add(Math.clamp(point.intensity(), LEFT, RIGHT), Math.max(BOTTOM, point.gflops()));
                    }
                }
                data.addSeries(points);
                renderer.setSeriesPaint(series, family.color());
                renderer.setSeriesShape(series, family.shape());
                renderer.setSeriesShapesFilled(series, near);
                renderer.setSeriesVisibleInLegend(series, near);
                series++;
            }
        }
        renderer.setDefaultStroke(new BasicStroke(1.5f));
        renderer.setUseOutlinePaint(false);
        plot.setDataset(0, data);
        plot.setRenderer(0, renderer);
    }

    /// The slopes end where they meet the peak. Names stand along them and above the flat part.
    private static void addRoof(XYPlot plot, Roofline roofline, double peak) {
        final XYSeriesCollection data = new XYSeriesCollection();
        final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
        int series = 0;
        double leftmost = RIGHT;
        for (Caches.Level level : Caches.levels()) {
            final double gigabytes = roofline.triad(level.name());
            if (!Double.isNaN(gigabytes)) {
                final XYSeries line = new XYSeries(level.name(), false);
                final double corner = peak / gigabytes;
                leftmost = Math.min(leftmost, corner);
                line.add(LEFT, LEFT * gigabytes);
                line.add(corner, peak);
                data.addSeries(line);
                style(renderer, series++);
                // Farther along where the next level may be close.
                final double at =
                        Math.max(LEFT, BOTTOM / gigabytes) * (level.name().equals("L2") ? 2.3 : 1.15);
                final XYTextAnnotation note = note(
                        String.format(java.util.Locale.ROOT, "%s %.0f GB/s", level.name(), gigabytes),
                        at,
                        at * gigabytes,
                        TextAnchor.BOTTOM_LEFT);
                note.setRotationAnchor(note.getTextAnchor());
                note.setRotationAngle(-slope(peak));
                plot.addAnnotation(note);
            }
        }
        final XYSeries flat = new XYSeries("peak", false);
        flat.add(leftmost, peak);
        flat.add(RIGHT, peak);
        data.addSeries(flat);
        style(renderer, series);
        plot.addAnnotation(note(
                String.format(java.util.Locale.ROOT, "FMA peak %.0f GFLOP/s", peak),
                RIGHT * 0.95,
                peak * 1.05,
                TextAnchor.BOTTOM_RIGHT));
        plot.setDataset(1, data);
        plot.setRenderer(1, renderer);
    }

    /// The angle of a line of slope 1 between logarithmic axes, in about the part of the picture that they
    /// take.
    private static double slope(double peak) {
        final double upward = 0.84 * HEIGHT / Math.log(2 * peak / BOTTOM);
        final double rightward = 0.94 * WIDTH / Math.log(RIGHT / LEFT);
        return Math.atan2(upward, rightward);
    }

    private static void style(XYLineAndShapeRenderer renderer, int series) {
        renderer.setSeriesPaint(series, Color.DARK_GRAY);
        renderer.setSeriesStroke(series, new BasicStroke(2));
        renderer.setSeriesVisibleInLegend(series, false);
    }

    private static XYTextAnnotation note(String text, double x, double y, TextAnchor anchor) {
        final XYTextAnnotation note = new XYTextAnnotation(text, x, y);
        note.setFont(NOTES);
        note.setTextAnchor(anchor);
        return note;
    }
}
