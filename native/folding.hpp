// Folds of many numbers to one: sums, the largest, the smallest. The order depends on how many there are
// alone. A file that includes this has its own copies, compiled for its instruction set.
#pragma once

#include <cstdint>
#include <cstring>

#include "compiler.hpp"
#include "mathematics.hpp"

namespace chainrule {
namespace {

constexpr int64_t block_words = 512;  // of a tile, and of rows of logits

template <class Real, class Function>
inline void fold_rows(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride, Function function) {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
    int64_t r = 1;
    // Eight rows in pairs: the next sum does not wait long for this one.
    for (; r + 7 < rows; r += 8) {
        const Real* a = x + r * stride;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) {
            const Real* b = a + i;
            const Real first = function(function(b[0], b[stride]), function(b[2 * stride], b[3 * stride]));
            const Real second =
                function(function(b[4 * stride], b[5 * stride]), function(b[6 * stride], b[7 * stride]));
            y[i] = function(y[i], function(first, second));
        }
    }
    for (; r < rows; ++r) {
        const Real* a = x + r * stride;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = function(y[i], a[i]);
    }
}

constexpr int64_t running_results = 32;

// At least 32 numbers in 32 running results, so that the compiler may use vectors.
template <class Real, class Function>
CHAINRULE_INLINE inline void fold_to_running(Real* running, const Real* x, int64_t n, Real start,
                                             Function function) {
    for (int64_t j = 0; j < running_results; ++j) running[j] = start;
    int64_t i = 0;
    for (; i + running_results <= n; i += running_results) {
        CHAINRULE_ROLLED
        for (int64_t j = 0; j < running_results; ++j) running[j] = function(running[j], x[i + j]);
    }
    for (int64_t j = 0; i < n; ++i, ++j) running[j] = function(running[j], x[i]);
}

// The running results, then these in order: half of them with the other half, again and again.
template <class Real, class Function>
inline Real fold(const Real* x, int64_t n, Real start, Function function) {
    if (n < running_results) {
        Real result = start;
        for (int64_t i = 0; i < n; ++i) result = function(result, x[i]);
        return result;
    }
    Real running[running_results];
    fold_to_running(running, x, n, start, function);
    for (int64_t half = running_results / 2; half > 0; half /= 2)
        for (int64_t j = 0; j < half; ++j) running[j] = function(running[j], running[j + half]);
    return running[0];
}

// to (16, 16) = from, transposed.
constexpr int64_t turned_rows = running_results / 2;
inline void turn([[maybe_unused]] float* to, [[maybe_unused]] const float* from) {
#if defined(CHAINRULE_LANES)
    for (int64_t q = 0; q < turned_rows; q += Lanes::count)
        for (int64_t j = 0; j < turned_rows; j += Lanes::count)
            transpose(to + j * turned_rows + q, turned_rows, from + q * turned_rows + j, turned_rows,
                      Lanes::count, Lanes::count);
#else
    for (int64_t q = 0; q < turned_rows; ++q)
        for (int64_t j = 0; j < turned_rows; ++j) to[j * turned_rows + q] = from[q * turned_rows + j];
#endif
}
inline void turn(double* to, const double* from) {
    for (int64_t q = 0; q < turned_rows; ++q)
        for (int64_t j = 0; j < turned_rows; ++j) to[j * turned_rows + q] = from[q * turned_rows + j];
}

// y[r] = fold of row r of x (rows, n), sixteen rows at a time: their last sixteen results are turned, so that
// vectors go over rows.
template <class Real, class Function>
inline void fold_each(Real* y, const Real* x, int64_t rows, int64_t n, Real start, Function function) {
    constexpr int64_t high = turned_rows;
    int64_t r = 0;
    for (; n >= running_results && r + high <= rows; r += high) {
        alignas(64) Real half[high][high], turned[high][high];
        for (int64_t q = 0; q < high; ++q) {
            Real running[running_results];
            fold_to_running(running, x + (r + q) * n, n, start, function);
            CHAINRULE_ROLLED
            for (int64_t j = 0; j < high; ++j) half[q][j] = function(running[j], running[j + high]);
        }
        turn(turned[0], half[0]);
        for (int64_t rest = high / 2; rest > 0; rest /= 2)
            for (int64_t j = 0; j < rest; ++j) {
                CHAINRULE_ROLLED
                for (int64_t q = 0; q < high; ++q) turned[j][q] = function(turned[j][q], turned[j + rest][q]);
            }
        std::memcpy(y + r, turned[0], sizeof turned[0]);
    }
    for (; r < rows; ++r) y[r] = fold(x + r * n, n, start, function);
}

template <class Real>
inline Real plus(Real x, Real y) {
    return x + y;
}
/// NaN alone differs from itself; a comparison goes into vectors, where std::isnan may be a call.
template <class Real>
inline bool is_nan(Real x) {
    return x != x;  // NOLINT(misc-redundant-expression)
}
template <class Real>
inline Real larger(Real x, Real y) {
    return select(is_nan(x), x, select(x > y, x, y));
}
template <class Real>
inline Real smaller(Real x, Real y) {
    return select(is_nan(x), x, select(x < y, x, y));
}

}  // namespace
}  // namespace chainrule
