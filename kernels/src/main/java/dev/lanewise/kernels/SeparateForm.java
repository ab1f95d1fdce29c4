package dev.lanewise.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Interfaces;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import org.jspecify.annotations.Nullable;

/// The kernels in the form of [MultiplyAdd] that does not fuse: copies of the very classes that fuse, made
/// as they are loaded, in which each `fma` has become a multiplication and an addition.
///
/// So there is one source of every kernel, and nothing of the usual form is longer, slower or different for it.
/// The classes of the packages below this one are copied; this one's, the contracts, are common to both forms.
final class SeparateForm extends ClassLoader {
    private static final String SHARED = "dev.lanewise.kernels.";
    private static final ClassDesc VECTOR = ClassDesc.of("jdk.incubator.vector.Vector");
    private static final ClassDesc FLOAT_VECTOR = ClassDesc.of("jdk.incubator.vector.FloatVector");

    private static final SeparateForm INSTANCE = new SeparateForm();

    private SeparateForm() {
        super("lanewise-separate-multiply-add", SeparateForm.class.getClassLoader());
    }

    /// The kernel in the form of this process: itself, or its copy.
    ///
    /// @param contract what both implement
    /// @param fused a kernel of this module without state; any other stays as it is
    static <T> T of(Class<T> contract, T fused) {
        return MultiplyAdd.isFused() || !isCopied(fused.getClass().getName())
                ? fused
                : contract.cast(INSTANCE.copy(fused));
    }

    private static boolean isCopied(String name) {
        return name.startsWith(SHARED) && name.indexOf('.', SHARED.length()) > 0;
    }

    /// The object of the copied class: a record with the same components, else one made without arguments.
    private Object copy(Object original) {
        try {
            final RecordComponent @Nullable [] components = original.getClass().getRecordComponents();
            final int count = components == null ? 0 : components.length;
            final Class<?>[] types = new Class<?>[count];
            final Object[] values = new Object[count];
            for (int i = 0; components != null && i < count; i++) {
                types[i] = components[i].getType();
                values[i] = components[i].getAccessor().invoke(original);
            }
            final Constructor<?> constructor =
                    loadClass(original.getClass().getName()).getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    original.getClass().getName() + " has no form without fused multiply-add", e);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!isCopied(name)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            final Class<?> known = findLoadedClass(name);
            return known != null ? known : findClass(name);
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        try (InputStream in = SeparateForm.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            final byte[] bytes = separate(in.readAllBytes());
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    /// The class file with a multiplication and an addition in place of each fused multiply-add.
    static byte[] separate(byte[] bytes) {
        final ClassFile files = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofClassLoading(SeparateForm.class.getClassLoader())));
        final ClassModel model = files.parse(bytes);
        return files.transformClass(
                model,
                ClassTransform.transformingMethodBodies(CodeTransform.ofStateful(Separation::new))
                        .andThen(SeparateForm::open));
    }

    /// The copies of built-in activations are outside this module, where only [Activation.Custom] may be
    /// extended.
    private static void open(ClassBuilder builder, ClassElement element) {
        if (element instanceof Interfaces interfaces) {
            builder.withInterfaceSymbols(interfaces.interfaces().stream()
                    .map(entry -> entry.asSymbol())
                    .map(type -> type.equals(
                                    Activation.class.describeConstable().orElseThrow())
                            ? Activation.Custom.class.describeConstable().orElseThrow()
                            : type)
                    .toList());
        } else {
            builder.with(element);
        }
    }

    /// Of one method. The addend lies on top of the two factors: it waits in a local variable of its own.
    private static final class Separation implements CodeTransform {
        private int vector = -1;
        private int single = -1;
        private int twice = -1;

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            if (!(element instanceof InvokeInstruction call) || !call.name().equalsString("fma")) {
                code.with(element);
                return;
            }
            final ClassDesc owner = call.owner().asSymbol();
            final MethodTypeDesc type = call.typeSymbol();
            if (owner.equals(FLOAT_VECTOR)) {
                ofVectors(code, type.parameterType(0));
            } else if (type.returnType().equals(ConstantDescs.CD_float)) {
                single = single < 0 ? code.allocateLocal(TypeKind.FLOAT) : single;
                code.fstore(single).fmul().fload(single).fadd();
            } else {
                twice = twice < 0 ? code.allocateLocal(TypeKind.DOUBLE) : twice;
                code.dstore(twice).dmul().dload(twice).dadd();
            }
        }

        /// @param operand a vector or a float for all lanes
        private void ofVectors(CodeBuilder code, ClassDesc operand) {
            final MethodTypeDesc type = MethodTypeDesc.of(FLOAT_VECTOR, operand);
            if (operand.equals(VECTOR)) {
                vector = vector < 0 ? code.allocateLocal(TypeKind.REFERENCE) : vector;
                code.astore(vector).invokevirtual(FLOAT_VECTOR, "mul", type);
                code.aload(vector).invokevirtual(FLOAT_VECTOR, "add", type);
            } else {
                single = single < 0 ? code.allocateLocal(TypeKind.FLOAT) : single;
                code.fstore(single).invokevirtual(FLOAT_VECTOR, "mul", type);
                code.fload(single).invokevirtual(FLOAT_VECTOR, "add", type);
            }
        }
    }
}
