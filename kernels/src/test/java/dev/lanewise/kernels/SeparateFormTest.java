package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The kernels without fused multiply-add: that none is left in their code, and what processes find and choose.
/// What they compute is tested in processes that choose them, see `SeparateKernels`.
class SeparateFormTest {
    private static List<byte[]> kernels() throws IOException, URISyntaxException {
        final Path root = Path.of(Kernels.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        final List<byte[]> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root.resolve("dev/lanewise/kernels"), 2)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                if (!file.getParent().endsWith("kernels")) {
                    classes.add(Files.readAllBytes(file));
                }
            }
        }
        return classes;
    }

    private static long count(byte[] bytes, String method) {
        final ClassModel model = ClassFile.of().parse(bytes);
        long count = 0;
        for (MethodModel each : model.methods()) {
            count += each.code().stream()
                    .flatMap(code -> code.elementStream())
                    .filter(element -> element instanceof InvokeInstruction call
                            && call.name().equalsString(method))
                    .count();
        }
        return count;
    }

    private static long count(byte[] bytes, Opcode opcode) {
        final ClassModel model = ClassFile.of().parse(bytes);
        long count = 0;
        for (MethodModel each : model.methods()) {
            count += each.code().stream()
                    .flatMap(code -> code.elementStream())
                    .filter(element -> element instanceof OperatorInstruction operator && operator.opcode() == opcode)
                    .count();
        }
        return count;
    }

    @Test
    void everyFusedOperationBecomesTwo() throws Exception {
        long fused = 0;
        for (byte[] original : kernels()) {
            final byte[] separate = SeparateForm.separate(original);
            assertEquals(
                    List.of(),
                    ClassFile.of().verify(separate).stream()
                            .map(e -> e.getMessage())
                            .toList());
            assertEquals(0, count(separate, "fma"));
            final long here = count(original, "fma");
            fused += here;
            assertEquals(
                    here,
                    count(separate, "mul")
                            - count(original, "mul")
                            + count(separate, Opcode.FMUL)
                            - count(original, Opcode.FMUL)
                            + count(separate, Opcode.DMUL)
                            - count(original, Opcode.DMUL));
            assertEquals(
                    here,
                    count(separate, "add")
                            - count(original, "add")
                            + count(separate, Opcode.FADD)
                            - count(original, Opcode.FADD)
                            + count(separate, Opcode.DADD)
                            - count(original, Opcode.DADD));
        }
        assertTrue(fused > 500, fused + " operations found");
    }

    @Test
    void thisProcessFusesAsItsContractsSay() {
        assertTrue(MultiplyAdd.isFused());
    }

    @Test
    void theJvmWithoutTheInstructionIsFoundByItsTime() throws Exception {
        final String with = KernelsTest.run("--add-modules", "jdk.incubator.vector");
        assertTrue(with.contains("fused true hardware true"), with);
        final String without = KernelsTest.run("--add-modules", "jdk.incubator.vector", "-XX:-UseFMA");
        assertTrue(without.contains("fused false hardware false"), without);
        assertTrue(without.contains("chosen simd, simd"), without);
        final String interpreted = KernelsTest.run("--add-modules", "jdk.incubator.vector", "-Xint");
        assertTrue(interpreted.contains("fused true hardware true"), interpreted);
    }

    @Test
    void theOptionDecidesInstead() throws Exception {
        final String separate = KernelsTest.run("--add-modules", "jdk.incubator.vector", "-Dlanewise.fma=separate");
        assertTrue(separate.contains("fused false"), separate);
        final String fused =
                KernelsTest.run("--add-modules", "jdk.incubator.vector", "-XX:-UseFMA", "-Dlanewise.fma=fused");
        assertTrue(fused.contains("fused true hardware false"), fused);
        final String wrong = KernelsTest.run("-Dlanewise.fma=yes");
        assertTrue(wrong.contains("lanewise.fma is 'yes', expected one of auto, fused, separate"), wrong);
        assertFalse(wrong.contains("chosen"), wrong);
    }
}
