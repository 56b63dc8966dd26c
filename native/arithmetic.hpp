// What is done with many numbers of one type, float or double.
#pragma once

#include <cstdint>

namespace chainrule {

template <class Real>
struct Arithmetic {
    // y = op(a, b, c) over n registers' words; unused operands may be null. y may be a, b or c.
    void (*micro)(int op, Real* y, const Real* a, const Real* b, const Real* c, int64_t n);
    // y[i] = sum (max, min) over rows of x (rows, n) with a row stride; y is overwritten.
    void (*sum_rows)(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride);
    void (*max_rows)(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride);
    void (*min_rows)(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride);
    // y (n,) += the rows of x (rows, n), one after the other.
    void (*add_rows)(Real* y, const Real* x, int64_t rows, int64_t n);
    // y[r] = sum (max, min) of row r of x (rows, n).
    void (*sum_each)(Real* y, const Real* x, int64_t rows, int64_t n);
    void (*max_each)(Real* y, const Real* x, int64_t rows, int64_t n);
    void (*min_each)(Real* y, const Real* x, int64_t rows, int64_t n);
    // One number of n.
    Real (*sum)(const Real* x, int64_t n);
    Real (*max)(const Real* x, int64_t n);
    Real (*min)(const Real* x, int64_t n);
    // y (…, n) += rows of x, where indices (count) say, as far as these are of rows first … last; below 0
    // they count from the end, `length`. Each row of x is for `repeat` indices, one after the other.
    void (*scatter_rows)(Real* y, const int32_t* indices, const Real* x, int64_t count, int64_t repeat,
                         int64_t length, int64_t first, int64_t last, int64_t n);
};

}  // namespace chainrule
