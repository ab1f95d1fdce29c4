package dev.lanewise.kernels.elementwise;

import static dev.lanewise.kernels.simd.Simd.INT_SPECIES;
import static dev.lanewise.kernels.simd.Simd.LANES;
import static dev.lanewise.kernels.simd.Simd.ORDER;
import static dev.lanewise.kernels.simd.Simd.SPECIES;
import static dev.lanewise.kernels.simd.Simd.vectorBound;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;

import dev.lanewise.kernels.EmptyCalls;
import dev.lanewise.kernels.OptimizerKernel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Vector loops; the elements that fill no vector are left to the plain ones.
public final class SimdElementwise extends ScalarElementwise implements EmptyCalls {
    /// As many bytes as a vector has floats, but there is no species of less than 64 bits.
    private static final VectorSpecies<Byte> BYTE_SPECIES =
            LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    /// Loads of each kind: so many that the method that they share is in the code of HotSpot's first compiler,
    /// which counts what it loads, before the last of them (it is compiled after 200 loads, which takes some
    /// milliseconds), and so few that the last compiler does not take it up (after some 5,000).
    private static final int LOADS = 1024;

    @Override
    public void loadEveryKind(MemorySegment s) {
        for (int i = 0; i < LOADS; i++) {
            ByteVector.fromMemorySegment(BYTE_SPECIES, s, 0, ORDER);
            IntVector.fromMemorySegment(INT_SPECIES, s, 0, ORDER);
            fromMemorySegment(SPECIES, s, 0, ORDER);
        }
    }

    @Override
    public void callEmpty(MemorySegment s, int times) {
        for (int i = 0; i < times; i++) {
            addLoop(s, 0, s, 0, s, 0, 0);
            accumulateLoop(s, 0, s, 0, 0);
            bytesToFloatsLoop(s, 0, s, 0, 0, 1);
        }
    }

    @Override
    void addLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector sum = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .add(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            sum.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.addLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void subtractLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .sub(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            v.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.subtractLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void multiplyLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .mul(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            v.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.multiplyLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void divideLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .div(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            v.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.divideLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void maximumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .max(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            v.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.maximumLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void minimumLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER)
                    .min(fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER));
            v.intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.minimumLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void multiplyAddLoop(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment c, long co, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, a, 4 * (ao + i), ORDER);
            FloatVector w = fromMemorySegment(SPECIES, b, 4 * (bo + i), ORDER);
            v.fma(w, fromMemorySegment(SPECIES, c, 4 * (co + i), ORDER)).intoMemorySegment(c, 4 * (co + i), ORDER);
        }
        super.multiplyAddLoop(a, ao + bound, b, bo + bound, c, co + bound, n - bound);
    }

    @Override
    void takeEqualLoop(
            MemorySegment x,
            long xo,
            MemorySegment y,
            long yo,
            MemorySegment left,
            long lo,
            MemorySegment dx,
            long dxo,
            int n,
            boolean accumulate) {
        FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            VectorMask<Float> equal = v.eq(fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER));
            FloatVector rest = fromMemorySegment(SPECIES, left, 4 * (lo + i), ORDER);
            FloatVector g = zero.blend(rest, equal);
            FloatVector sum =
                    fromMemorySegment(SPECIES, dx, 4 * (dxo + i), ORDER).add(g);
            g.blend(sum, SPECIES.maskAll(accumulate)).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
            rest.blend(0f, equal).intoMemorySegment(left, 4 * (lo + i), ORDER);
        }
        super.takeEqualLoop(x, xo + bound, y, yo + bound, left, lo + bound, dx, dxo + bound, n - bound, accumulate);
    }

    @Override
    void accumulateLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector sum = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER)
                    .add(fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER));
            sum.intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.accumulateLoop(x, xo + bound, y, yo + bound, n - bound);
    }

    @Override
    void scaleShiftLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float scale, float shift) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            v.mul(scale).add(shift).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.scaleShiftLoop(x, xo + bound, y, yo + bound, n - bound, scale, shift);
    }

    @Override
    void fillLoop(MemorySegment y, long yo, int n, float v) {
        FloatVector value = FloatVector.broadcast(SPECIES, v);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            value.intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.fillLoop(y, yo + bound, n - bound, v);
    }

    @Override
    void clampLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float lo, float hi) {
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            v = v.blend(lo, v.lt(lo));
            v = v.blend(hi, v.compare(VectorOperators.GT, hi));
            v.intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.clampLoop(x, xo + bound, y, yo + bound, n - bound, lo, hi);
    }

    @Override
    void clampGradientLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi) {
        FloatVector zero = FloatVector.zero(SPECIES);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            VectorMask<Float> inside = v.compare(VectorOperators.GT, lo).and(v.lt(hi));
            FloatVector g = zero.blend(fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER), inside);
            g.intoMemorySegment(dx, 4 * (dxo + i), ORDER);
        }
        super.clampGradientLoop(x, xo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, lo, hi);
    }

    @Override
    void clampGradientAddLoop(
            MemorySegment x,
            long xo,
            MemorySegment dy,
            long dyo,
            MemorySegment dx,
            long dxo,
            int n,
            float lo,
            float hi) {
        FloatVector zero = FloatVector.zero(SPECIES);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            VectorMask<Float> inside = v.compare(VectorOperators.GT, lo).and(v.lt(hi));
            FloatVector g = zero.blend(fromMemorySegment(SPECIES, dy, 4 * (dyo + i), ORDER), inside);
            fromMemorySegment(SPECIES, dx, 4 * (dxo + i), ORDER).add(g).intoMemorySegment(dx, 4 * (dxo + i), ORDER);
        }
        super.clampGradientAddLoop(x, xo + bound, dy, dyo + bound, dx, dxo + bound, n - bound, lo, hi);
    }

    @Override
    void axpyLoop(float alpha, MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        FloatVector factor = FloatVector.broadcast(SPECIES, alpha);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            v.fma(factor, fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER)).intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.axpyLoop(alpha, x, xo + bound, y, yo + bound, n - bound);
    }

    @Override
    void approachLoop(MemorySegment x, long xo, MemorySegment y, long yo, int n, float c) {
        FloatVector share = FloatVector.broadcast(SPECIES, c);
        int bound = vectorBound(n);
        for (int i = 0; i < bound; i += LANES) {
            FloatVector v = fromMemorySegment(SPECIES, y, 4 * (yo + i), ORDER);
            FloatVector to = fromMemorySegment(SPECIES, x, 4 * (xo + i), ORDER);
            FloatVector moved = to.sub(v).fma(share, v);
            moved = moved.blend(0f, moved.abs().lt(OptimizerKernel.TINY));
            moved.intoMemorySegment(y, 4 * (yo + i), ORDER);
        }
        super.approachLoop(x, xo + bound, y, yo + bound, n - bound, c);
    }

    @Override
    void bytesToFloatsLoop(MemorySegment src, long so, MemorySegment dst, long dsto, int n, float scale) {
        int lanes = BYTE_SPECIES.length();
        int bound = n & -lanes;
        for (int i = 0; i < bound; i += lanes) {
            ByteVector bytes = ByteVector.fromMemorySegment(BYTE_SPECIES, src, so + i, ORDER);
            FloatVector v = (FloatVector)
                    bytes.convertShape(ZERO_EXTEND_B2I, INT_SPECIES, 0).convert(I2F, 0);
            v.mul(scale).intoMemorySegment(dst, 4 * (dsto + i), ORDER);
            if (lanes > LANES) {
                v = (FloatVector)
                        bytes.convertShape(ZERO_EXTEND_B2I, INT_SPECIES, 1).convert(I2F, 0);
                v.mul(scale).intoMemorySegment(dst, 4 * (dsto + i + LANES), ORDER);
            }
        }
        super.bytesToFloatsLoop(src, so + bound, dst, dsto + bound, n - bound, scale);
    }

    @Override
    void dropoutLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first) {
        int head = SimdDropout.head(n, first);
        int bound = SimdDropout.bound(n, head, first);
        super.dropoutLoop(x, xo, y, yo, head, rate, scale, key, first);
        SimdDropout.loop(x, xo, y, yo, head, bound, rate, scale, key, first, false);
        super.dropoutLoop(x, xo + bound, y, yo + bound, n - bound, rate, scale, key, first + bound);
    }

    @Override
    void dropoutAddLoop(
            MemorySegment x, long xo, MemorySegment y, long yo, int n, float rate, float scale, long key, long first) {
        int head = SimdDropout.head(n, first);
        int bound = SimdDropout.bound(n, head, first);
        super.dropoutAddLoop(x, xo, y, yo, head, rate, scale, key, first);
        SimdDropout.loop(x, xo, y, yo, head, bound, rate, scale, key, first, true);
        super.dropoutAddLoop(x, xo + bound, y, yo + bound, n - bound, rate, scale, key, first + bound);
    }
}
