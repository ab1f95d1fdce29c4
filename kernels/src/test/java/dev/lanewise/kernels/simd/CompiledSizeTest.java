package dev.lanewise.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/// Methods stay so short that HotSpot compiles them, and inlines what loops call. Read from the compiled
/// classes; nothing is timed.
class CompiledSizeTest {
    private static final String OWN = "dev/lanewise/kernels/";

    /// HotSpot leaves longer methods to the interpreter (`-XX:-DontCompileHugeMethods` is off by default).
    private static final int COMPILED = 8_000;

    /// HotSpot inlines hot methods up to here (`FreqInlineSize`).
    private static final int INLINED = 325;

    /// A vector instruction of the API is some ten nodes of the compiler, which gives up on too many, and its
    /// first tier on too many registers: the longest micro-kernels, with 1,110 bytes, compile in every tier.
    /// One that grows beyond is to be looked at with `-XX:+PrintCompilation` first.
    private static final int VECTORS = 1_200;

    /// Looked at with `-XX:+PrintCompilation` and `-XX:TieredStopAtLevel` 2 and 3: they compile in every
    /// tier. Most of them are selections of lanes and sums, each of which takes the first tier a third of
    /// the registers of an access to memory.
    private static final List<String> LOOKED_AT =
            List.of(OWN + "elementwise/SimdDropout.wide(", OWN + "gemm/SimdRowDots.sixteen(");

    private static final String VECTOR = "jdk/incubator/vector/";

    /// A method's code and what of it the rules ask for.
    ///
    /// @param inLoops own methods that loops of it call
    private record Method(String name, int length, boolean vectors, boolean loops, Set<String> inLoops) {}

    private static Map<String, Method> methods(List<ClassModel> classes) {
        final Map<String, Method> methods = new HashMap<>();
        for (ClassModel model : classes) {
            for (MethodModel method : model.methods()) {
                method.findAttribute(Attributes.code()).ifPresent(code -> {
                    final String name = model.thisClass().asInternalName() + "."
                            + method.methodName().stringValue()
                            + method.methodType().stringValue();
                    methods.put(name, read(name, code));
                });
            }
        }
        return methods;
    }

    private static Method read(String name, CodeAttribute code) {
        final List<CodeElement> elements = code.elementList();
        final Map<Label, Integer> labels = new HashMap<>();
        for (int i = 0; i < elements.size(); i++) {
            if (elements.get(i) instanceof Label label) {
                labels.put(label, i);
            }
        }
        final boolean[] inLoop = new boolean[elements.size()];
        boolean loops = false;
        for (int i = 0; i < elements.size(); i++) {
            if (elements.get(i) instanceof BranchInstruction branch && labels.getOrDefault(branch.target(), i) < i) {
                loops = true;
                for (int j = labels.get(branch.target()); j <= i; j++) {
                    inLoop[j] = true;
                }
            }
        }
        boolean vectors = false;
        final Set<String> called = new LinkedHashSet<>();
        for (int i = 0; i < elements.size(); i++) {
            if (elements.get(i) instanceof InvokeInstruction call) {
                final String owner = call.owner().asInternalName();
                vectors |= owner.startsWith(VECTOR);
                if (inLoop[i] && owner.startsWith(OWN)) {
                    called.add(owner + "." + call.name().stringValue()
                            + call.type().stringValue());
                }
            }
        }
        return new Method(name, code.codeLength(), vectors, loops, called);
    }

    private static List<String> longerThan(Map<String, Method> methods, int length, boolean vectorsOnly) {
        return methods.values().stream()
                .filter(method -> method.length() > length && (method.vectors() || !vectorsOnly))
                .map(Method::name)
                .sorted()
                .toList();
    }

    /// Straight methods that a loop with vectors calls on each turn, too long to be inlined. One with a loop
    /// of its own
    /// is
    /// called once for many elements: there a call costs nothing.
    private static List<String> calledOnEachTurn(Map<String, Method> methods) {
        final List<String> found = new ArrayList<>();
        for (Method method : methods.values()) {
            if (method.vectors()) {
                for (String callee : method.inLoops()) {
                    final Method known = methods.get(callee);
                    if (known != null && !known.loops() && known.length() > INLINED) {
                        found.add(method.name() + " -> " + callee);
                    }
                }
            }
        }
        return found.stream().sorted().toList();
    }

    @Test
    void everyMethodIsCompiled() throws Exception {
        assertEquals(List.of(), longerThan(methods(VectorUseTest.kernels()), COMPILED, false));
    }

    @Test
    void vectorMethodsAreNoLongerThanThoseKnownToCompile() throws Exception {
        final Map<String, Method> methods = methods(VectorUseTest.kernels());
        assertTrue(methods.values().stream().filter(Method::vectors).count() > 100);
        final List<String> longer = longerThan(methods, VECTORS, true);
        final List<String> others = longer.stream()
                .filter(method -> LOOKED_AT.stream().noneMatch(method::startsWith))
                .toList();
        assertEquals(List.of(), others);
        assertEquals(LOOKED_AT.size(), longer.size(), longer.toString());
    }

    @Test
    void whatLoopsOfVectorsCallIsInlined() throws Exception {
        assertEquals(List.of(), calledOnEachTurn(methods(VectorUseTest.kernels())));
    }

    /// A call with as many arguments as a micro-kernel takes costs as much as two products deep of a tile.
    @Test
    void choosingAMicroKernelIsInlined() throws Exception {
        final String chooses = OWN + "gemm/MicroKernels.";
        final Map<String, Method> methods = methods(VectorUseTest.kernels());
        assertTrue(methods.keySet().stream().anyMatch(method -> method.startsWith(chooses + "wide(")));
        assertEquals(
                List.of(),
                longerThan(methods, INLINED, false).stream()
                        .filter(method -> method.startsWith(chooses))
                        .toList());
    }

    /// The yardstick of all rates must run by itself.
    @Test
    void theLoopOfThePeakIsNotInlined() throws Exception {
        final List<String> tooLong = longerThan(methods(VectorUseTest.kernels()), INLINED, true);
        assertTrue(tooLong.contains(OWN + "simd/SimdPeak.applyAsDouble(I)D"), tooLong.toString());
    }

    /// A loop that calls something long on each turn; never run.
    static final class Planted {
        private Planted() {}

        static void loop(float[] x, int n) {
            for (int i = 0; i < n; i++) {
                FloatVector.fromArray(Simd.SPECIES, x, i).intoArray(x, i);
                x[0] = tooLong(x[i]);
            }
            x[1] = tooLong(x[1]);
        }

        static float tooLong(float v) {
            float x = v;
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            x = x * x + 0.1f * x + 0.2f / (x + 0.3f) - 0.4f * (x - 0.5f) * (x + 0.6f);
            return x * x;
        }
    }

    @Test
    void plantedMethodsAreFound() throws IOException {
        try (InputStream in = Planted.class.getResourceAsStream("CompiledSizeTest$Planted.class")) {
            assertNotNull(in);
            final Map<String, Method> planted = methods(List.of(ClassFile.of().parse(in.readAllBytes())));
            final String owner = OWN + "simd/CompiledSizeTest$Planted.";
            assertEquals(List.of(owner + "tooLong(F)F"), longerThan(planted, INLINED, false));
            assertEquals(List.of(), longerThan(planted, INLINED, true));
            assertEquals(List.of(owner + "loop([FI)V -> " + owner + "tooLong(F)F"), calledOnEachTurn(planted));
        }
    }
}
