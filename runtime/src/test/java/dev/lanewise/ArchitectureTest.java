package dev.lanewise;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.lanewise.kernels.Kernels;
import dev.lanewise.nn.Model;
import java.lang.foreign.Arena;
import java.net.URL;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What the module system cannot hold: who may use what within the modules `kernels` and `runtime`.
class ArchitectureTest {
    private static final String BASE = "dev.lanewise.";

    private static JavaClasses all;

    @BeforeAll
    static void read() {
        // Names are enough of the JDK's classes; reading them all takes a minute.
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        all = new ClassFileImporter().importUrls(List.of(source(Kernels.class), source(Model.class)));
        // Both modules, whichever way they came to the path.
        assertTrue(all.contain(Kernels.class) && all.contain(Model.class));
    }

    private static URL source(Class<?> of) {
        return of.getProtectionDomain().getCodeSource().getLocation();
    }

    private static DescribedPredicate<JavaClass> simd() {
        return DescribedPredicate.describe("classes named Simd...", type -> {
            JavaClass outer = type;
            boolean named = outer.getSimpleName().startsWith("Simd");
            while (!named && outer.getEnclosingClass().isPresent()) {
                outer = outer.getEnclosingClass().get();
                named = outer.getSimpleName().startsWith("Simd");
            }
            return named;
        });
    }

    private static ArchRule onlySimdUsesVectors() {
        return noClasses()
                .that(DescribedPredicate.not(simd()))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..");
    }

    private static ArchRule kernelsUseTheJdkAlone() {
        return classes()
                .that()
                .resideInAPackage(BASE + "kernels..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(BASE + "kernels..", "java..", "jdk.incubator.vector..", "org.jspecify..");
    }

    @Test
    void onlyClassesNamedSimdUseTheVectorModule() {
        onlySimdUsesVectors().check(all);
    }

    @Test
    void kernelsDependOnTheJdkAlone() {
        kernelsUseTheJdkAlone().check(all);
    }

    @Test
    void noOneUsesSunMisc() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("sun..", "jdk.internal..")
                .check(all);
    }

    @Test
    void noArenaIsLeftToTheCollectorOrKeptForEver() {
        noClasses().should().callMethod(Arena.class, "ofAuto").check(all);
        noClasses().should().callMethod(Arena.class, "global").check(all);
    }

    /// The arrows between the runtime's packages. A model reads and writes its own file (`nn` and `io` know
    /// each other), and so does a trainer its configuration (`train` and `io`); a graph's registry knows the
    /// layers.
    @Test
    void packagesDependOnEachOtherAlongTheArrows() {
        arrows("tensor");
        arrows("data", "tensor", "kernels");
        arrows("nn.layer", "nn", "tensor", "kernels");
        arrows("nn", "nn.layer", "data", "io", "tensor", "kernels");
        arrows("train", "nn", "data", "io", "tensor", "kernels");
        arrows("io", "nn", "train", "data", "tensor", "kernels");
    }

    private static void arrows(String from, String... to) {
        final String[] allowed = new String[to.length + 1];
        allowed[0] = BASE + from;
        for (int i = 0; i < to.length; i++) {
            allowed[i + 1] = to[i].equals("kernels") ? BASE + "kernels.." : BASE + to[i];
        }
        noClasses()
                .that()
                .resideInAPackage(BASE + from)
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are ours and not in " + List.of(allowed),
                        type -> type.getPackageName().startsWith("dev.lanewise")
                                && !JavaClass.Predicates.resideInAnyPackage(allowed)
                                        .test(type)))
                .check(all);
    }

    @Test
    void onlyIoKnowsJson() {
        noClasses()
                .that()
                .resideOutsideOfPackage(BASE + "io")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.google..")
                .check(all);
    }

    /// A class of the tests that breaks the rules.
    static final class Culprit {
        static final Arena KEPT = Arena.global();

        private Culprit() {}
    }

    @Test
    void rulesAreBrokenByWhoBreaksThem() {
        final JavaClasses culprit = new ClassFileImporter().importClasses(Culprit.class);
        final ArchRule rule = noClasses().should().callMethod(Arena.class, "global");
        assertThrows(AssertionError.class, () -> rule.check(culprit));
    }
}
