package dev.lanewise.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.kernels.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.junit.jupiter.api.Test;

/// The rules of [Simd], read from the compiled classes.
class VectorUseTest {
    private static final String VECTORS = "jdk/incubator/vector/";

    static List<ClassModel> kernels() throws IOException, URISyntaxException {
        final Path root = Path.of(Kernels.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        final List<ClassModel> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                if (!file.endsWith("module-info.class")) {
                    classes.add(ClassFile.of().parse(file));
                }
            }
        }
        assertTrue(classes.size() > 20);
        return classes;
    }

    private static String name(ClassModel model) {
        return model.thisClass().asInternalName();
    }

    private static List<String> reinterpretations(List<ClassModel> classes) {
        final List<String> uses = new ArrayList<>();
        for (ClassModel model : classes) {
            for (PoolEntry entry : model.constantPool()) {
                if (entry instanceof MemberRefEntry member
                        && member.owner().asInternalName().startsWith(VECTORS)
                        && member.name().stringValue().matches("reinterpret.*|viewAs.*")) {
                    uses.add(name(model) + ": " + member.name().stringValue());
                }
            }
        }
        return uses;
    }

    private static List<String> methodsOfVectors(List<ClassModel> classes) {
        final List<String> methods = new ArrayList<>();
        for (ClassModel model : classes) {
            for (MethodModel method : model.methods()) {
                if (method.methodType().stringValue().matches(".*L" + VECTORS + "(VectorMask|\\w*Vector);.*")) {
                    methods.add(name(model) + "." + method.methodName().stringValue());
                }
            }
        }
        return methods;
    }

    /// Else the JDK would show arrays to the methods that load and store all vectors.
    @Test
    void nothingReinterpretsVectors() throws Exception {
        assertEquals(List.of(), reinterpretations(kernels()));
    }

    /// Else vectors would be objects wherever HotSpot does not inline the method.
    @Test
    void noMethodTakesOrGivesVectors() throws Exception {
        assertEquals(List.of(), methodsOfVectors(kernels()));
    }

    private static Set<String> loaded(Stream<? extends MemberRefEntry> members) {
        return members.filter(member -> member.name().stringValue().equals("fromMemorySegment"))
                .map(member -> member.owner().asInternalName())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /// Else kernels would be slow in some processes, see [dev.lanewise.kernels.EmptyCalls#loadEveryKind].
    @Test
    void everyKindThatIsLoadedIsLoadedFirst() throws Exception {
        final Set<String> first = loaded(kernels().stream()
                .flatMap(model -> model.methods().stream())
                .filter(method -> method.methodName().equalsString("loadEveryKind"))
                .flatMap(method -> method.code().stream())
                .flatMap(CodeModel::elementStream)
                .filter(InvokeInstruction.class::isInstance)
                .map(element -> ((InvokeInstruction) element).method()));
        assertEquals(
                loaded(kernels().stream()
                        .flatMap(model ->
                                StreamSupport.stream(model.constantPool().spliterator(), false))
                        .filter(MemberRefEntry.class::isInstance)
                        .map(MemberRefEntry.class::cast)),
                first);
        assertEquals(Set.of(VECTORS + "ByteVector", VECTORS + "FloatVector", VECTORS + "IntVector"), first);
    }

    /// A class that breaks the rules; never called.
    static final class Planted {
        private Planted() {}

        static void taken(float[] to, FloatVector vector) {
            vector.intoArray(to, 0);
        }

        static FloatVector given(float[] from) {
            return FloatVector.fromArray(Simd.SPECIES, from, 0);
        }

        static int bits(float[] from) {
            final IntVector bits = FloatVector.fromArray(Simd.SPECIES, from, 0).reinterpretAsInts();
            return bits.lane(0);
        }
    }

    @Test
    void plantedUsesAreFound() throws Exception {
        try (InputStream in = Planted.class.getResourceAsStream("VectorUseTest$Planted.class")) {
            assertNotNull(in);
            final List<ClassModel> planted = List.of(ClassFile.of().parse(in.readAllBytes()));
            final String name = name(planted.getFirst());
            assertEquals(List.of(name + ": reinterpretAsInts"), reinterpretations(planted));
            assertEquals(List.of(name + ".taken", name + ".given"), methodsOfVectors(planted));
        }
    }
}
