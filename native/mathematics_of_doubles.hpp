// The functions of mathematics.hpp in double precision.
#pragma once

#include "mathematics.hpp"

namespace chainrule {
namespace {

// Added to a number of less than 2⁵¹ and taken away again it rounds to whole numbers, whose last bits stand
// in the sum's. Compilers turn neither conversion into vectors for every instruction set.
constexpr double whole_bits = 0x1.8p52;
constexpr double ln2_high = 0x1.62e42feep-1,
                 ln2_low = 0x1.a39ef35793c76p-33;  // the first without its last bits

// e^x: x = n ln 2 + r, |r| ≤ ln 2 / 2, and Taylor's polynomial of degree 13 for e^r, whose rest is below
// 4e-18. At most 2 units in the last place.
inline double exp_(double x) {
    double clamped = x < 710.0 ? x : 710.0;  // NaN becomes 710 here, since no integer stands for it
    clamped = clamped < -746.0 ? -746.0 : clamped;
    const double shifted = clamped * 1.4426950408889634 + whole_bits, n = shifted - whole_bits;
    const double r = (clamped - n * ln2_high) - n * ln2_low;
    double p = 1.6059043836821613e-10;
    p = p * r + 2.08767569878681e-09;
    p = p * r + 2.505210838544172e-08;
    p = p * r + 2.755731922398589e-07;
    p = p * r + 2.7557319223985893e-06;
    p = p * r + 2.48015873015873e-05;
    p = p * r + 1.984126984126984e-04;
    p = p * r + 1.3888888888888889e-03;
    p = p * r + 8.333333333333333e-03;
    p = p * r + 4.1666666666666664e-02;
    p = p * r + 1.6666666666666666e-01;
    p = p * r + 0.5;
    const double y = p * (r * r) + r + 1.0;
    // A power of 2 nearer to 1 first, which is always a normal number.
    const uint64_t bias = x < 0.0 ? uint64_t{1023 + 64} : uint64_t{1022};
    const double scale = bit_cast<double>((bit_cast<uint64_t>(shifted) + bias) << 52);
    double result = y * scale * select(x < 0.0, 0x1p-64, 2.0);
    result = select(x > 709.782712893384, std::numeric_limits<double>::infinity(), result);
    result = select(x < -745.2, 0.0, result);
    return select(x != x, x, result);
}

// ln x: x = 2^k m, m in [√½, √2), f = m - 1, s = f / (2 + f), and a polynomial in s² (fdlibm's log and its
// coefficients). Denormals count as such.
inline double log_(double x) {
    const bool tiny = x < 0x1p-1022;
    const double scaled = select(tiny, x * 0x1p54, x);
    const uint64_t bits = bit_cast<uint64_t>(scaled);
    const double half = bit_cast<double>((bits & 0x000fffffffffffffull) | 0x3fe0000000000000ull);
    const bool low = half < 0.7071067811865476;
    const double power = bit_cast<double>((bits >> 52) + 0x4330000000000000ull) - (0x1p52 + 1022.0);
    const double k = power - select(low, 1.0, 0.0) - select(tiny, 54.0, 0.0);
    const double f = select(low, half + half, half) - 1.0;
    const double s = f / (2.0 + f), z = s * s;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    const double square = 0.5 * f * f, rest = s * (square + p * z);
    double y = k * ln2_high - ((square - (rest + k * ln2_low)) - f);
    y = select(x == 0.0, -std::numeric_limits<double>::infinity(), y);
    y = select(x == std::numeric_limits<double>::infinity(), x, y);
    return select(!(x >= 0.0), std::numeric_limits<double>::quiet_NaN(), y);
}

// e^x - 1: Taylor's polynomial near 0, else e^x - 1.
inline double expm1_(double x) {
    double p = 7.647163731819816e-13;
    p = p * x + 1.1470745597729725e-11;
    p = p * x + 1.6059043836821613e-10;
    p = p * x + 2.08767569878681e-09;
    p = p * x + 2.505210838544172e-08;
    p = p * x + 2.755731922398589e-07;
    p = p * x + 2.7557319223985893e-06;
    p = p * x + 2.48015873015873e-05;
    p = p * x + 1.984126984126984e-04;
    p = p * x + 1.3888888888888889e-03;
    p = p * x + 8.333333333333333e-03;
    p = p * x + 4.1666666666666664e-02;
    p = p * x + 1.6666666666666666e-01;
    p = p * x + 0.5;
    const double near = x + x * x * p, far = exp_(x) - 1.0;
    return std::copysign(select(std::fabs(x) < 0.5, near, far), x);  // of -0, too
}

// ln(1 + x) with the lost digits of 1 + x put back (Kahan's correction).
inline double log1p_(double x) {
    const double u = 1.0 + x, d = u - 1.0;
    double y = log_(u) + (x - d) / select(u == 0.0, 1.0, u);
    y = select(u == std::numeric_limits<double>::infinity(), u, y);
    y = select(x == -1.0, -std::numeric_limits<double>::infinity(), y);
    return select(x == 0.0, x, y);  // of -0, too
}

inline double arctan_(double x) { return std::atan(x); }

// tanh: t / (t + 2) of t = e^2|x| - 1.
inline double tanh_(double x) {
    const double a = std::fabs(x) < 20.0 ? std::fabs(x) : 20.0, t = expm1_(a + a);
    const double y = std::copysign(t / (t + 2.0), x);
    return select(x != x, x, y);
}

inline double sigmoid_(double x) {
    const double e = exp_(-std::fabs(x)), d = 1.0 / (1.0 + e);
    return select(x >= 0.0, d, e * d);
}

inline double softplus_(double x) {
    const double e = exp_(-std::fabs(x));
    // ln(1 + e), 0 < e ≤ 1
    const double u = 1.0 + e;
    double y = log_(u) + (e - (u - 1.0)) / u;
    y = (x > 0.0 ? x : 0.0) + y;
    return select(x != x, x, y);
}

inline double erf_(double x) { return std::erf(x); }

}  // namespace
}  // namespace chainrule
