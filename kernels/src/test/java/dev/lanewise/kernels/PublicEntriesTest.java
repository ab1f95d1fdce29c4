package dev.lanewise.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Exchanger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every method of every kernel's contract, found by reflection, called with each operand in turn replaced
/// by what must be refused: memory of another kind, a closed arena, sizes and offsets that lead out of it.
/// A call throws, or it does no harm; it writes nothing outside its operands, and the JVM lives.
///
/// A new method is in here by itself, as long as sizes and places of 1 are a sound call; else [#NUMBERS]
/// has a line for it.
class PublicEntriesTest {
    /// Floats of an operand: enough for a call of ones, and for a product's scratch.
    private static final int FLOATS = 1 << 15;

    /// Floats before and behind each operand, which nobody may write.
    private static final int GUARD = 1 << 8;

    private static final float UNTOUCHED = 1234.5f;

    /// Numbers in order of the parameters, where ones for sizes and places, and zeros for floats, are no
    /// sound call.
    private static final Map<String, Number[]> NUMBERS = Map.of(
            // Operands between lo and hi are read.
            "ElementwiseKernel.clampGradient", new Number[] {0, 1, 0, 1, 0, 1, 1, -1, 1, 0},
            // Four channels beside each other.
            "ConvolutionKernel.depthwiseRow", new Number[] {0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 4, 0});

    /// Parameters, by method and position, that may be anything: of a pure function of sizes; and operands,
    /// with their places, that an activation's gradient does not need.
    private static final Set<String> ANYTHING = Set.of(
            "Gemm.scratchSize 0",
            "Gemm.scratchSize 1",
            "Gemm.scratchSize 2",
            "ActivationKernel.backward 0",
            "ActivationKernel.backward 1",
            "ActivationKernel.backward 2",
            "ActivationKernel.backward 3");

    /// Scratch that a call as small as these does not touch, so that it is not seen to be closed.
    private static final Set<String> UNTOUCHED_SCRATCH =
            Set.of("Gemm.multiply 19", "Gemm.multiplyBatch 19", "ConvolutionKernel.transpose 8");

    private static final Window WINDOW =
            new Window(Window.Axis.ONE, new Window.Axis(4, 4, 4, 0, 1, 1), new Window.Axis(4, 4, 4, 0, 1, 1), 4);

    /// What a panel source is asked to do does nothing: the product's own operands are looked at.
    private static Object other(Class<?> type) {
        if (type == Window.class) {
            return WINDOW;
        }
        if (type == Gemm.PanelSource.class) {
            return java.lang.reflect.Proxy.newProxyInstance(
                    Gemm.PanelSource.class.getClassLoader(),
                    new Class<?>[] {Gemm.PanelSource.class},
                    (proxy, method, arguments) -> null);
        }
        throw new AssertionError("a parameter of type " + type + ": say here what a sound one is");
    }

    /// Contracts and the two implementations of each.
    private static Map<Class<?>, List<Object>> contracts() {
        final Map<Class<?>, List<Object>> contracts = new LinkedHashMap<>();
        for (Kernels kernels : List.of(Kernels.scalar(), Kernels.plain(), Tested.KERNELS)) {
            for (var component : Kernels.class.getRecordComponents()) {
                if (component.getType().isInterface()) {
                    try {
                        contracts
                                .computeIfAbsent(component.getType(), type -> new ArrayList<>())
                                .add(component.getAccessor().invoke(kernels));
                    } catch (ReflectiveOperationException e) {
                        throw new LinkageError(e.getMessage(), e);
                    }
                }
            }
            for (Activation activation : ActivationFormula.all()) {
                contracts
                        .computeIfAbsent(ActivationKernel.class, type -> new ArrayList<>())
                        .add(kernels.activation(activation));
            }
        }
        return contracts;
    }

    private static List<Method> methods(Class<?> contract) {
        return Stream.of(contract.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .sorted(Comparator.comparing(Method::toString))
                .toList();
    }

    private static String name(Method method) {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName();
    }

    /// Operands with guards around them.
    private static final class Call {
        private final Object kernel;
        private final Method method;
        private final Object[] arguments;
        private final List<MemorySegment> whole = new ArrayList<>();

        Call(Arena arena, Object kernel, Method method) {
            this.kernel = kernel;
            this.method = method;
            final Class<?>[] types = method.getParameterTypes();
            final Number[] numbers = NUMBERS.get(name(method));
            arguments = new Object[types.length];
            for (int i = 0; i < types.length; i++) {
                final Number number = numbers == null ? 1 : numbers[i];
                arguments[i] = switch (types[i].getSimpleName()) {
                    case "int" -> number.intValue();
                    case "long" -> number.longValue();
                    case "float" -> numbers == null ? 0f : number.floatValue();
                    case "boolean" -> false;
                    case "MemorySegment" -> operand(arena);
                    default -> other(types[i]);
                };
            }
        }

        private MemorySegment operand(Arena arena) {
            final MemorySegment all = arena.allocate((FLOATS + 2L * GUARD) * Float.BYTES, 64);
            for (int i = 0; i < GUARD; i++) {
                all.setAtIndex(ValueLayout.JAVA_FLOAT, i, UNTOUCHED);
                all.setAtIndex(ValueLayout.JAVA_FLOAT, GUARD + FLOATS + i, UNTOUCHED);
            }
            whole.add(all);
            return all.asSlice((long) GUARD * Float.BYTES, (long) FLOATS * Float.BYTES);
        }

        /// What it throws, or null.
        RuntimeException run() {
            try {
                method.invoke(kernel, arguments);
                return null;
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof RuntimeException refused) {
                    return refused;
                }
                throw new AssertionError(this + " throws an error", e.getCause());
            } catch (IllegalAccessException e) {
                throw new AssertionError(e);
            } finally {
                for (MemorySegment all : whole) {
                    for (int i = 0; i < GUARD; i++) {
                        assertEquals(UNTOUCHED, all.getAtIndex(ValueLayout.JAVA_FLOAT, i), this::toString);
                        assertEquals(
                                UNTOUCHED, all.getAtIndex(ValueLayout.JAVA_FLOAT, GUARD + FLOATS + i), this::toString);
                    }
                }
            }
        }

        @Override
        public String toString() {
            return kernel.getClass().getSimpleName() + ": " + name(method) + List.of(arguments);
        }
    }

    /// Calls every method with a parameter of a type replaced.
    ///
    /// @param must whether the call must throw then
    private static void each(Class<?> type, Supplier<?> bad, String what, Must must) {
        final List<String> accepted = new ArrayList<>();
        contracts().forEach((contract, kernels) -> {
            for (Method method : methods(contract)) {
                final Class<?>[] types = method.getParameterTypes();
                for (int i = 0; i < types.length; i++) {
                    if (types[i] != type) {
                        continue;
                    }
                    for (Object kernel : kernels) {
                        try (Arena arena = Arena.ofConfined()) {
                            final Call call = new Call(arena, kernel, method);
                            call.arguments[i] = bad.get();
                            final RuntimeException refused = call.run();
                            if (refused == null && must.throwing(method, i)) {
                                accepted.add(call.kernel.getClass().getSimpleName() + ": " + name(method)
                                        + ", parameter " + i + " is " + what);
                            }
                        }
                    }
                }
            }
        });
        assertEquals(List.of(), accepted.stream().distinct().sorted().toList());
    }

    private interface Must {
        boolean throwing(Method method, int parameter);
    }

    private static final Must ALWAYS = (method, parameter) -> !ANYTHING.contains(name(method) + " " + parameter);

    /// A closed segment is only noticed when it is touched.
    private static final Must WHERE_TOUCHED = (method, parameter) ->
            ALWAYS.throwing(method, parameter) && !UNTOUCHED_SCRATCH.contains(name(method) + " " + parameter);

    /// A long behind a segment is the place in it.
    private static final Must OFFSET = (method, parameter) -> ALWAYS.throwing(method, parameter)
            && parameter > 0
            && method.getParameterTypes()[parameter - 1] == MemorySegment.class;

    @Test
    void contractsAreAllThatIsPublic() throws IOException {
        final Set<String> known = new TreeSet<>();
        contracts().keySet().forEach(type -> known.add(type.getSimpleName()));
        final Set<String> there = new TreeSet<>();
        final var location = Kernels.class.getProtectionDomain().getCodeSource().getLocation();
        final Path place = Path.of(java.net.URI.create(location.toString()));
        try (FileSystem archive = Files.isDirectory(place) ? null : FileSystems.newFileSystem(place)) {
            final Path root = archive == null ? place : archive.getPath("/");
            try (Stream<Path> files = Files.list(root.resolve("dev/lanewise/kernels"))) {
                files.map(file -> file.getFileName().toString())
                        .filter(file -> file.endsWith("Kernel.class") || file.equals("Gemm.class"))
                        .forEach(file -> there.add(file.substring(0, file.length() - ".class".length())));
            }
        }
        assertFalse(there.isEmpty());
        assertEquals(there, known);
    }

    @Test
    void soundCallsAreSound() {
        contracts().forEach((contract, kernels) -> {
            for (Method method : methods(contract)) {
                int sound = 0;
                RuntimeException why = null;
                for (Object kernel : kernels) {
                    try (Arena arena = Arena.ofConfined()) {
                        final RuntimeException refused = new Call(arena, kernel, method).run();
                        sound += refused == null ? 1 : 0;
                        why = refused == null ? why : refused;
                    }
                }
                // Activations that take pairs of columns refuse one.
                if (sound < 2) {
                    fail(name(method) + " refuses the call of ones: give it a line in NUMBERS", why);
                }
            }
        });
    }

    @Test
    void otherMemoryIsRefused(@TempDir Path folder) throws IOException {
        each(MemorySegment.class, () -> MemorySegment.ofArray(new float[FLOATS]), "on the heap", ALWAYS);
        each(MemorySegment.class, () -> MemorySegment.ofArray(new byte[4 * FLOATS]), "bytes on the heap", ALWAYS);
        final Path file = Files.write(folder.resolve("mapped"), new byte[4 * FLOATS]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            final MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4L * FLOATS, arena);
            each(MemorySegment.class, () -> mapped, "mapped", ALWAYS);
        }
    }

    @Test
    void closedArenasAreRefused() {
        final MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(4L * FLOATS, 64);
        }
        each(MemorySegment.class, () -> closed, "closed", WHERE_TOUCHED);
    }

    @Test
    void anotherThreadsMemoryIsRefused() throws InterruptedException {
        final Exchanger<MemorySegment> others = new Exchanger<>();
        final Thread owner = new Thread(() -> {
            try (Arena arena = Arena.ofConfined()) {
                others.exchange(arena.allocate(4L * FLOATS, 64));
                others.exchange(MemorySegment.NULL); // until the test is done
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        owner.start();
        final MemorySegment other = others.exchange(MemorySegment.NULL);
        try {
            each(MemorySegment.class, () -> other, "another thread's", WHERE_TOUCHED);
        } finally {
            others.exchange(MemorySegment.NULL);
            owner.join();
        }
    }

    @Test
    void memoryWithoutFloatsIsRefused() {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment empty = arena.allocate(64, 64).asSlice(0, 0);
            each(MemorySegment.class, () -> empty, "empty", ALWAYS);
        }
    }

    @Test
    void missingOperandsAreRefusedOrDoNoHarm() {
        each(MemorySegment.class, () -> null, "null", (method, parameter) -> false);
    }

    @Test
    void offsetsOutsideAreRefused() {
        for (long bad : new long[] {-1, Long.MIN_VALUE, 4 * FLOATS + 1, 1L << 32, 1L << 62, Long.MAX_VALUE}) {
            each(long.class, () -> bad, Long.toString(bad), OFFSET);
        }
    }

    @Test
    void sizesThatAreNoneAreRefused() {
        for (int bad : new int[] {-1, Integer.MIN_VALUE}) {
            each(int.class, () -> bad, Integer.toString(bad), ALWAYS);
        }
    }

    @Test
    void sizesBeyondTheMemoryAreRefused() {
        for (int bad : new int[] {1 << 20, Integer.MAX_VALUE}) {
            each(int.class, () -> bad, Integer.toString(bad), ALWAYS);
        }
    }
}
