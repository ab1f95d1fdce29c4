package dev.lanewise.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
    /// The verdict depends on the machine; that it is whole does not.
    @Test
    void everythingIsTold() {
        CliRun run = CliRun.of("doctor", "--json", "--threads", 1);
        JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
        for (String key : new String[] {
            "jdk",
            "os",
            "cpu",
            "processors",
            "jit",
            "vector_module",
            "fma_in_hardware",
            "multiply_add",
            "kernels",
            "vector_bits",
            "threads"
        }) {
            assertTrue(json.has(key), () -> key + " is missing in " + run);
        }
        assertTrue(json.get("vector_module").getAsBoolean(), run::toString);
        assertEquals(1, json.get("threads").getAsInt());
        assertEquals(json.get("ok").getAsBoolean() ? 0 : 1, run.code());
        assertEquals(
                json.get("ok").getAsBoolean(), json.getAsJsonArray("warnings").isEmpty());
        if (json.get("fma_in_hardware").getAsBoolean()) {
            assertTrue(json.get("gemm_gflops").getAsDouble() > 0, run::toString);
        }
    }
}
