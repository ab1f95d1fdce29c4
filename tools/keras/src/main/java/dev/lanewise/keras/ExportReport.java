package dev.lanewise.keras;

import static dev.lanewise.keras.KerasJson.printable;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// What is otherwise in a Keras file than in the model that was saved: nothing else was changed or left out.
///
/// @param file its name
/// @param format `h5`, `keras` or `weights.h5`
/// @param notes in the order of the model
public record ExportReport(String file, String format, List<Note> notes) {
    /// Why something is otherwise: a fixed list.
    public enum Kind {
        /// Another name, since Keras does not allow this one.
        RENAMED("has another name"),
        /// A model within the model that was cut, whose layers are the model's own now.
        FLATTENED("its layers are written as the model's own"),
        /// Another layer of Keras' that computes the same.
        OTHER_LAYER("is written as another layer"),
        /// Something that Keras' files cannot say.
        LEFT_OUT("is not written"),
        /// The model can be loaded and not trained on, or its optimizer starts anew.
        NO_TRAINING("training cannot go on from the file as before"),
        /// tf.keras 2 does not read the file, or computes something else.
        KERAS_3_ONLY("is for Keras 3 alone"),
        /// Keras 3 computes something else.
        KERAS_2_ONLY("is for tf.keras 2 alone");

        private final String sentence;

        Kind(String sentence) {
            this.sentence = sentence;
        }

        /// In words.
        public String sentence() {
            return sentence;
        }
    }

    /// Something that is otherwise.
    ///
    /// @param where the layer, or `training`, or empty for the model
    public record Note(Kind kind, String where, String detail) {
        @Override
        public String toString() {
            return (where.isEmpty() ? "" : "'" + where + "': ") + detail;
        }
    }

    public ExportReport {
        notes = List.copyOf(notes);
    }

    /// Notes while a model is being written, each once.
    static final class Notes {
        private final Set<Note> notes = new LinkedHashSet<>();

        void add(Kind kind, String where, String detail) {
            notes.add(new Note(kind, where, detail));
        }

        boolean has(Kind kind) {
            return notes.stream().anyMatch(note -> note.kind() == kind);
        }

        ExportReport report(String file, String format) {
            return new ExportReport(file, format, new ArrayList<>(notes));
        }
    }

    /// For people: a line for each note; empty where there are none.
    public String text() {
        final StringBuilder text = new StringBuilder();
        for (Note note : notes) {
            text.append("  ! ")
                    .append(printable(note.toString()))
                    .append(" [")
                    .append(note.kind())
                    .append("]\n");
        }
        return text.toString();
    }

    /// The same as one JSON object.
    public String json() {
        final JsonObject json = new JsonObject();
        json.addProperty("file", file);
        json.addProperty("format", format);
        final JsonArray array = new JsonArray();
        for (Note note : notes) {
            final JsonObject entry = new JsonObject();
            entry.addProperty("kind", note.kind().name());
            entry.addProperty("where", note.where());
            entry.addProperty("detail", note.detail());
            array.add(entry);
        }
        json.add("notes", array);
        return json.toString();
    }
}
