// What micro operations are made of: words read as one type or another, and functions of one number. Plain
// arithmetic without branches, which compilers vectorize. A file that includes this has its own copies,
// compiled for its instruction set.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace chainrule {
namespace {

using std::bit_cast;

// A register's word, of 32 bits or 64, as an int, a uint or a mask, and back. Ints and uints are of 32 bits
// in either; of the longer word they are the lower half.
template <class Real>
inline Real word(int32_t i) {
    if constexpr (sizeof(Real) == 8)
        return bit_cast<Real>(int64_t{i});
    else
        return bit_cast<Real>(i);
}
template <class Real>
inline Real word(uint32_t i) {
    if constexpr (sizeof(Real) == 8)
        return bit_cast<Real>(uint64_t{i});
    else
        return bit_cast<Real>(i);
}
template <class Real>
inline Real mask(bool condition) {
    return word<Real>(condition ? -1 : 0);
}
inline bool holds(float word) { return bit_cast<int32_t>(word) != 0; }
inline bool holds(double word) { return bit_cast<int64_t>(word) != 0; }
inline int32_t integer(float word) { return bit_cast<int32_t>(word); }
inline int32_t integer(double word) { return static_cast<int32_t>(bit_cast<int64_t>(word)); }
inline uint32_t natural(float word) { return bit_cast<uint32_t>(word); }
inline uint32_t natural(double word) { return static_cast<uint32_t>(bit_cast<uint64_t>(word)); }

inline float select(bool condition, float x, float y) { return condition ? x : y; }
inline double select(bool condition, double x, double y) { return condition ? x : y; }

// e^x: x = n ln 2 + r, |r| ≤ ln 2 / 2, and a polynomial of degree 6 for e^r (Cephes' expf coefficients, one
// more term). Two factors of 2 make the last binades and the denormals right. At most 2 units in the last
// place.
inline float exp_(float x) {
    float clamped = x < 89.0f ? x : 89.0f;  // NaN becomes 89 here, since no integer stands for it
    clamped = clamped < -104.0f ? -104.0f : clamped;
    float n = std::nearbyint(clamped * 1.44269504088896341f);
    float r = clamped - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = p * (r * r) + r + 1.0f;
    int32_t k = static_cast<int32_t>(n);
    int32_t half = k >> 1;
    float scale1 = bit_cast<float>((half + 127) << 23);
    float scale2 = bit_cast<float>((k - half + 127) << 23);
    y = y * scale1 * scale2;
    y = select(x > 88.72284f, std::numeric_limits<float>::infinity(), y);
    return select(x != x, x, y);
}

// ln x: x = 2^k m, m in [√½, √2), Cephes' logf polynomial in m - 1. Denormals count as such.
inline float log_(float x) {
    bool tiny = x < 1.17549435e-38f;
    float scaled = select(tiny, x * 8388608.0f, x);
    int32_t bits = bit_cast<int32_t>(scaled);
    int32_t k = ((bits >> 23) & 0xff) - 126;
    float m = bit_cast<float>((bits & 0x007fffff) | 0x3f000000);
    bool low = m < 0.707106781186547524f;
    k = low ? k - 1 : k;
    float e = static_cast<float>(k) - select(tiny, 23.0f, 0.0f);
    float f = select(low, m + m, m) - 1.0f;
    float z = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    float y = p * f * z;
    y = y + e * -2.12194440e-4f;
    y = y - 0.5f * z;
    y = f + y;
    y = y + e * 0.693359375f;
    y = select(x == 0.0f, -std::numeric_limits<float>::infinity(), y);
    y = select(x == std::numeric_limits<float>::infinity(), x, y);
    return select(!(x >= 0.0f), std::numeric_limits<float>::quiet_NaN(), y);
}

// e^x - 1: a polynomial near 0, else e^x - 1.
inline float expm1_(float x) {
    // |x| < ln 2 / 2: Taylor to degree 8 (error below 1e-9 relative).
    float p = 2.48015873e-5f;
    p = p * x + 1.98412698e-4f;
    p = p * x + 1.38888889e-3f;
    p = p * x + 8.33333333e-3f;
    p = p * x + 4.16666667e-2f;
    p = p * x + 1.66666667e-1f;
    p = p * x + 0.5f;
    float near = x + x * x * p;
    float far = exp_(x) - 1.0f;
    return std::copysign(select(std::fabs(x) < 0.35f, near, far), x);  // of -0, too
}

// ln(1 + x) with the lost digits of 1 + x put back (Kahan's correction).
inline float log1p_(float x) {
    float u = 1.0f + x;
    float d = u - 1.0f;
    float y = log_(u) + (x - d) / select(u == 0.0f, 1.0f, u);
    y = select(u == std::numeric_limits<float>::infinity(), u, y);
    return select(x == -1.0f, -std::numeric_limits<float>::infinity(), y);
}

// arctan: a polynomial of degree 17 for |x| ≤ 1 (fitted; relative error below 2e-8), and π/2 - arctan(1/|x|)
// beyond, with the digits of π/2 that float32 lacks put back. At most 2 units in the last place.
inline float arctan_(float x) {
    float a = std::fabs(x);
    float t = select(a > 1.0f, 1.0f / a, a);
    float s = t * t;
    float p = 2.920691271e-3f;
    p = p * s - 1.636792426e-2f;
    p = p * s + 4.321185487e-2f;
    p = p * s - 7.552213792e-2f;
    p = p * s + 1.066600441e-1f;
    p = p * s - 1.421105525e-1f;
    p = p * s + 1.999377283e-1f;
    p = p * s - 3.333315274e-1f;
    float near = p * s * t + t;
    float far = 1.57079637f - near - 4.37113883e-8f;
    return std::copysign(select(a > 1.0f, far, near), x);
}

// tanh: Cephes' polynomial for |x| < 0.625, else 1 - 2 / (e^2|x| + 1). At most 2 units in the last place; a
// single rational function costs 4 to 6.
inline float tanh_(float x) {
    float a = std::fabs(x) < 9.1f ? std::fabs(x) : 9.1f;
    float n = std::nearbyint(a * 2.88539008177792681f);
    float r = a + a - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    float e = p * bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
    float far = 1.0f - 2.0f / (e + 1.0f);
    float s = x * x;
    float q = -5.70498872745e-3f;
    q = q * s + 2.06390887954e-2f;
    q = q * s - 5.37397155531e-2f;
    q = q * s + 1.33314422036e-1f;
    q = q * s - 3.33332819422e-1f;
    float near = q * s * x + x;
    float y = std::copysign(select(a < 0.625f, near, far), x);
    return select(x != x, x, y);
}

inline float sigmoid_(float x) {
    float e = exp_(-std::fabs(x));
    float d = 1.0f / (1.0f + e);
    return select(x >= 0.0f, d, e * d);
}

inline float softplus_(float x) {
    float e = exp_(-std::fabs(x));
    // ln(1 + e), 0 < e ≤ 1
    float u = 1.0f + e;
    float y = log_(u) + (e - (u - 1.0f)) / u;
    y = (x > 0.0f ? x : 0.0f) + y;
    return select(x != x, x, y);
}

// erf: a polynomial for |x| < 1 and 1 - e^{-x²} · polynomial beyond (fitted; see tests for the measured
// error).
inline float erf_(float x) {
    float a = std::fabs(x);
    float s = x * x;
    // Maclaurin series in x², to degree 10, for |x| < 1.
    float p = 1.480719282e-08f;
    p = p * s - 1.636584469e-07f;
    p = p * s + 1.646211437e-06f;
    p = p * s - 1.492565036e-05f;
    p = p * s + 1.205533298e-04f;
    p = p * s - 8.548327023e-04f;
    p = p * s + 5.223977625e-03f;
    p = p * s - 2.686617065e-02f;
    p = p * s + 1.128379167e-01f;
    p = p * s - 3.761263890e-01f;
    p = p * s + 1.128379167e+00f;
    float near = x * p;
    // Numerical Recipes' erfc: t e^{-x² + polynomial(t)}, t = 1/(1 + x/2); relative error below 1.2e-7.
    float t = 1.0f / (1.0f + 0.5f * a);
    float q = 0.17087277f;
    q = q * t - 0.82215223f;
    q = q * t + 1.48851587f;
    q = q * t - 1.13520398f;
    q = q * t + 0.27886807f;
    q = q * t - 0.18628806f;
    q = q * t + 0.09678418f;
    q = q * t + 0.37409196f;
    q = q * t + 1.00002368f;
    q = q * t - 1.26551223f;
    float far = 1.0f - t * exp_(q - s);
    float y = select(a < 1.0f, near, std::copysign(far, x));
    return select(x != x, x, y);
}

}  // namespace
}  // namespace chainrule
