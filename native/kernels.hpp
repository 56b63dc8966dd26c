// Vector kernels, compiled once for each instruction set.
#pragma once

#include <cstdint>
#include <vector>

#include "product.hpp"
#include "ready.hpp"
#include "rows.hpp"
#include "space.hpp"
#include "winograd.hpp"
#include "wire.hpp"

namespace chainrule {

struct Kernels {
    // y = op(a, b, c) over n words; unused operands may be null. y may be a, b or c.
    void (*micro)(int op, float* y, const float* a, const float* b, const float* c, int64_t n);
    // y[i] = sum (max, min) over rows of x (rows, n) with a row stride; y is overwritten.
    void (*sum_rows)(float* y, const float* x, int64_t rows, int64_t n, int64_t stride);
    void (*max_rows)(float* y, const float* x, int64_t rows, int64_t n, int64_t stride);
    void (*min_rows)(float* y, const float* x, int64_t rows, int64_t n, int64_t stride);
    // y (n,) += the rows of x (rows, n), one after the other.
    void (*add_rows)(float* y, const float* x, int64_t rows, int64_t n);
    // y += a b over n numbers.
    void (*multiply_add)(float* y, const float* a, const float* b, int64_t n);
    // y[r] = sum (max, min) of row r of x (rows, n).
    void (*sum_each)(float* y, const float* x, int64_t rows, int64_t n);
    void (*max_each)(float* y, const float* x, int64_t rows, int64_t n);
    void (*min_each)(float* y, const float* x, int64_t rows, int64_t n);
    // One number of n.
    float (*sum)(const float* x, int64_t n);
    float (*max)(const float* x, int64_t n);
    float (*min)(const float* x, int64_t n);
    double (*squares)(const float* x, int64_t n);  // Σ x² in float64: no float32 overflows it
    // y (…, n) += rows of x, where indices (count) say, as far as these are of rows first … last; below 0
    // they count from the end, `length`. Each row of x is for `repeat` indices, one after the other.
    void (*scatter_rows)(float* y, const int32_t* indices, const float* x, int64_t count, int64_t repeat,
                         int64_t length, int64_t first, int64_t last, int64_t n);
    // y (rows, n) = Σ of the rows of x (length, n) that each row of indices (rows, count) names; below 0 they
    // count from the end. False, and nothing said of y, where one names none.
    bool (*gather_sums)(float* y, const int32_t* indices, const float* x, int64_t rows, int64_t count,
                        int64_t length, int64_t n);
    // Philox4x32-10: n words of a stream, from word `first`.
    void (*random_bits)(uint32_t* y, uint32_t key0, uint32_t key1, uint32_t stream, uint64_t first,
                        int64_t n);
    RowTable rows;
    ReadyTable ready;
    ProductTable product;
    SpaceTable space;
    WinogradTable winograd;
};

const Kernels& kernels_baseline();
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();

std::vector<const Kernels*> kernel_tables();  // those that this processor can run, slowest first
const Kernels& kernels();                     // the last of them

}  // namespace chainrule
