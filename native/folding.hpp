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

template <class Function>
inline void fold_rows(float* y, const float* x, int64_t rows, int64_t n, int64_t stride, Function function) {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
    int64_t r = 1;
    // Eight rows in pairs: the next sum does not wait long for this one.
    for (; r + 7 < rows; r += 8) {
        const float* a = x + r * stride;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) {
            const float* b = a + i;
            const float first = function(function(b[0], b[stride]), function(b[2 * stride], b[3 * stride]));
            const float second =
                function(function(b[4 * stride], b[5 * stride]), function(b[6 * stride], b[7 * stride]));
            y[i] = function(y[i], function(first, second));
        }
    }
    for (; r < rows; ++r) {
        const float* a = x + r * stride;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = function(y[i], a[i]);
    }
}

constexpr int64_t running_results = 32;

// At least 32 numbers in 32 running results, so that the compiler may use vectors.
template <class Function>
CHAINRULE_INLINE inline void fold_to_running(float* running, const float* x, int64_t n, float start,
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
template <class Function>
inline float fold(const float* x, int64_t n, float start, Function function) {
    if (n < running_results) {
        float result = start;
        for (int64_t i = 0; i < n; ++i) result = function(result, x[i]);
        return result;
    }
    float running[running_results];
    fold_to_running(running, x, n, start, function);
    for (int64_t half = running_results / 2; half > 0; half /= 2)
        for (int64_t j = 0; j < half; ++j) running[j] = function(running[j], running[j + half]);
    return running[0];
}

// y[r] = fold of row r of x (rows, n), sixteen rows at a time: their last sixteen results are turned, so that
// vectors go over rows.
template <class Function>
inline void fold_each(float* y, const float* x, int64_t rows, int64_t n, float start, Function function) {
    constexpr int64_t high = running_results / 2;
    int64_t r = 0;
    for (; n >= running_results && r + high <= rows; r += high) {
        alignas(64) float half[high][high], turned[high][high];
        for (int64_t q = 0; q < high; ++q) {
            float running[running_results];
            fold_to_running(running, x + (r + q) * n, n, start, function);
            CHAINRULE_ROLLED
            for (int64_t j = 0; j < high; ++j) half[q][j] = function(running[j], running[j + high]);
        }
#if defined(CHAINRULE_LANES)
        for (int64_t q = 0; q < high; q += Lanes::count)
            for (int64_t j = 0; j < high; j += Lanes::count)
                transpose(&turned[j][q], high, &half[q][j], high, Lanes::count, Lanes::count);
#else
        for (int64_t q = 0; q < high; ++q)
            for (int64_t j = 0; j < high; ++j) turned[j][q] = half[q][j];
#endif
        for (int64_t rest = high / 2; rest > 0; rest /= 2)
            for (int64_t j = 0; j < rest; ++j) {
                CHAINRULE_ROLLED
                for (int64_t q = 0; q < high; ++q) turned[j][q] = function(turned[j][q], turned[j + rest][q]);
            }
        std::memcpy(y + r, turned[0], sizeof turned[0]);
    }
    for (; r < rows; ++r) y[r] = fold(x + r * n, n, start, function);
}

inline float plus(float x, float y) { return x + y; }
inline float larger(float x, float y) { return select(x != x, x, select(x > y, x, y)); }
inline float smaller(float x, float y) { return select(x != x, x, select(x < y, x, y)); }

}  // namespace
}  // namespace chainrule
