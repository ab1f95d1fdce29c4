package dev.lanewise.nn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/// A graph as SVG, laid out in rows from top to bottom: each call of a layer stands below all that it reads,
/// within a row near what it reads. A line over several rows has a place in each of them, so that it runs
/// beside boxes, not under them. Models within the model have frames, where no other box is in the way.
final class SvgDiagram {
    /// Widths of characters, a little generous: whoever shows the picture has fonts of his own.
    private static final double BOLD = 7.4;

    private static final double PLAIN = 6.4;
    private static final int BOX_HEIGHT = 44;
    private static final int GAP = 28;
    private static final int MARGIN = 16;

    /// Room of a line that passes a row.
    private static final int LINE = 10;

    /// Room of a frame's name, and of its border.
    private static final int TITLE = 18;

    private static final int BORDER = 8;

    /// A box of a call, or a line's place in a row, which has no call.
    private static final class Place {
        private final int call;
        private final int row;
        private final List<Place> inputs = new ArrayList<>();
        private double width = LINE;
        private double x;
        private double y;
        private double wanted;

        Place(int call, int row) {
            this.call = call;
            this.row = row;
        }

        boolean isLine() {
            return call < 0;
        }

        double middle() {
            return x + width / 2;
        }
    }

    /// A frame around a model: from row to row, at a depth among the frames around it.
    private record Frame(String name, List<Place> members, int first, int last, int depth) {}

    private final Graph graph;
    private final Function<Graph.Call, String> names;
    private final Function<Graph.Call, String> details;
    private final Map<String, List<String>> groupsOf;
    private final List<List<Place>> rows = new ArrayList<>();
    private final List<Place> boxes = new ArrayList<>();
    private double right;

    /// @param groupsOf the models that a layer is in, the outermost first
    SvgDiagram(
            Graph graph,
            Function<Graph.Call, String> names,
            Function<Graph.Call, String> details,
            Map<String, List<String>> groupsOf) {
        this.graph = graph;
        this.names = names;
        this.details = details;
        this.groupsOf = groupsOf;
    }

    String svg() {
        place();
        align();
        final List<Frame> frames = frames();
        final double height = down(frames);
        final int deepest = frames.stream().mapToInt(Frame::depth).max().orElse(-1) + 1;
        for (List<Place> row : rows) {
            row.forEach(place -> place.x += (double) deepest * BORDER);
        }
        return draw(frames, right + 2.0 * deepest * BORDER, height);
    }

    /// Gives each call and each line that passes a row its place.
    private void place() {
        final List<Graph.Call> calls = graph.calls();
        for (int i = 0; i < calls.size(); i++) {
            int row = 0;
            for (Graph.Value value : calls.get(i).inputs()) {
                row = Math.max(row, boxes.get(value.call()).row + 1);
            }
            final Place box = new Place(i, row);
            box.width = Math.max(
                            BOLD * name(calls.get(i)).length(),
                            PLAIN * detail(calls.get(i)).length())
                    + 2.0 * MARGIN;
            for (Graph.Value value : calls.get(i).inputs()) {
                Place from = boxes.get(value.call());
                for (int r = from.row + 1; r < row; r++) {
                    final Place line = new Place(-1, r);
                    line.inputs.add(from);
                    rows.get(r).add(line);
                    from = line;
                }
                box.inputs.add(from);
            }
            boxes.add(box);
            while (rows.size() <= row) {
                rows.add(new ArrayList<>());
            }
            rows.get(row).add(box);
        }
    }

    private String name(Graph.Call call) {
        return Diagram.printable(names.apply(call));
    }

    private String detail(Graph.Call call) {
        return Diagram.printable(details.apply(call));
    }

    /// From left to right: below the boxes that are read, or else below the lines that lead there.
    private void align() {
        for (List<Place> row : rows) {
            for (Place place : row) {
                final boolean straight = place.inputs.stream().anyMatch(from -> !from.isLine());
                place.wanted = place.inputs.stream()
                        .filter(from -> !straight || !from.isLine())
                        .mapToDouble(Place::middle)
                        .average()
                        .orElse(0);
            }
            row.sort(Comparator.comparingDouble((Place place) -> place.wanted).thenComparing(Place::isLine));
            double x = MARGIN;
            for (Place place : row) {
                place.x = Math.max(x, place.wanted - place.width / 2);
                x = place.x + place.width + (place.isLine() ? LINE : GAP);
                right = Math.max(right, place.x + place.width + MARGIN);
            }
        }
    }

    /// Frames of models between whose boxes none stands that is not theirs.
    private List<Frame> frames() {
        final Map<String, List<Place>> members = new LinkedHashMap<>();
        final Map<String, Integer> depths = new HashMap<>();
        for (Place box : boxes) {
            final List<String> groups =
                    groupsOf.getOrDefault(graph.calls().get(box.call).layer(), List.of());
            for (int depth = 0; depth < groups.size(); depth++) {
                members.computeIfAbsent(groups.get(depth), key -> new ArrayList<>())
                        .add(box);
                depths.put(groups.get(depth), depth);
            }
        }
        final List<Frame> frames = new ArrayList<>();
        members.forEach((name, own) -> {
            final int first = own.stream().mapToInt(box -> box.row).min().orElse(0);
            final int last = own.stream().mapToInt(box -> box.row).max().orElse(0);
            final double from = own.stream().mapToDouble(box -> box.x).min().orElse(0) - GAP / 2.0;
            final double to =
                    own.stream().mapToDouble(box -> box.x + box.width).max().orElse(0) + GAP / 2.0;
            final boolean alone = boxes.stream()
                    .noneMatch(box -> box.row >= first
                            && box.row <= last
                            && box.x < to
                            && box.x + box.width > from
                            && !own.contains(box));
            if (alone) {
                frames.add(new Frame(name, own, first, last, depths.getOrDefault(name, 0)));
            }
        });
        return frames;
    }

    /// From top to bottom, with room for frames that begin and end between two rows.
    private double down(List<Frame> frames) {
        double y = MARGIN;
        for (int r = 0; r < rows.size(); r++) {
            for (Frame frame : frames) {
                y += frame.first == r ? TITLE : 0;
            }
            for (Place place : rows.get(r)) {
                place.y = y;
            }
            y += BOX_HEIGHT;
            for (Frame frame : frames) {
                y += frame.last == r ? BORDER : 0;
            }
            y += GAP;
        }
        return y - GAP + MARGIN;
    }

    private String draw(List<Frame> frames, double width, double height) {
        final StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"Helvetica, Arial,"
                        + " sans-serif\" font-size=\"12\">\n",
                width,
                height));
        out.append("<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\""
                + " markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#444\"/></marker></defs>\n");
        out.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        frames.stream().sorted(Comparator.comparingInt(Frame::depth)).forEach(frame -> frame(out, frame, frames));
        for (Place box : boxes) {
            for (Place input : box.inputs) {
                line(out, input, box);
            }
        }
        for (Place box : boxes) {
            box(out, box);
        }
        return out.append("</svg>\n").toString();
    }

    /// Frames within it, down to the innermost, begin or end at the same row: it is larger by their room.
    private static void frame(StringBuilder out, Frame frame, List<Frame> frames) {
        int above = 1;
        int below = 1;
        int inside = 1;
        for (Frame other : frames) {
            if (other.depth > frame.depth && frame.members.containsAll(other.members)) {
                above += other.first == frame.first ? 1 : 0;
                below += other.last == frame.last ? 1 : 0;
                inside = Math.max(inside, other.depth - frame.depth + 1);
            }
        }
        final Place top = frame.members.stream()
                .min(Comparator.comparingInt(box -> box.row))
                .orElseThrow();
        final Place bottom = frame.members.stream()
                .max(Comparator.comparingInt(box -> box.row))
                .orElseThrow();
        final double x = frame.members.stream().mapToDouble(box -> box.x).min().orElse(0) - inside * BORDER;
        final double right = frame.members.stream()
                        .mapToDouble(box -> box.x + box.width)
                        .max()
                        .orElse(0)
                + inside * BORDER;
        final double y = top.y - above * TITLE;
        final double height = bottom.y + BOX_HEIGHT + below * BORDER - y;
        out.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"8\" fill=\"#f7f7f4\" stroke=\"#a0a090\""
                        + " stroke-dasharray=\"4 3\"/>\n",
                x,
                y,
                right - x,
                height));
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" fill=\"#606050\">%s</text>\n",
                x + BORDER,
                y + 13,
                escaped(Diagram.printable(frame.name))));
    }

    /// From a box, by way of the places that a line has in other rows, to the box that reads it.
    private static void line(StringBuilder out, Place last, Place to) {
        final List<Place> way = new ArrayList<>(List.of(last));
        while (way.getFirst().isLine()) {
            way.addFirst(way.getFirst().inputs.getFirst());
        }
        final Place from = way.removeFirst();
        double x = from.middle();
        double y = from.y + BOX_HEIGHT;
        final StringBuilder path = new StringBuilder(String.format(Locale.ROOT, "M%.1f %.1f", x, y));
        for (Place place : way) {
            curve(path, x, y, place.middle(), place.y);
            x = place.middle();
            y = place.y + BOX_HEIGHT;
            path.append(String.format(Locale.ROOT, "L%.1f %.1f", x, y));
        }
        // Lines of several inputs arrive side by side.
        final double spread = Math.min(24, to.width / (2.0 * to.inputs.size()));
        final double end = to.middle() + (to.inputs.indexOf(last) - (to.inputs.size() - 1) / 2.0) * spread;
        curve(path, x, y, end, to.y);
        out.append("<path d=\"").append(path).append("\" fill=\"none\" stroke=\"#444\" marker-end=\"url(#arrow)\"/>\n");
    }

    private static void curve(StringBuilder path, double x, double y, double toX, double toY) {
        final double bend = (toY - y) / 2;
        path.append(
                String.format(Locale.ROOT, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, y + bend, toX, toY - bend, toX, toY));
    }

    private void box(StringBuilder out, Place box) {
        final Graph.Call call = graph.calls().get(box.call);
        out.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"6\" fill=\"#eef3fa\""
                        + " stroke=\"#33557a\"/>\n",
                box.x,
                box.y,
                box.width,
                BOX_HEIGHT));
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>\n",
                box.middle(),
                box.y + 18,
                escaped(name(call))));
        out.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                box.middle(),
                box.y + 35,
                escaped(detail(call))));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
