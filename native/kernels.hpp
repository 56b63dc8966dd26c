// Vector kernels, compiled once for each instruction set.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "arithmetic.hpp"
#include "product.hpp"
#include "ready.hpp"
#include "rows.hpp"
#include "space.hpp"
#include "winograd.hpp"
#include "wire.hpp"

namespace chainrule {

struct Kernels {
    Arithmetic<float> floats;
    Arithmetic<double> doubles;
    // y += a b over n numbers.
    void (*multiply_add)(float* y, const float* a, const float* b, int64_t n);
    double (*squares)(const float* x, int64_t n);  // Σ x² in float64: no float32 overflows it
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

template <class Real>
const Arithmetic<Real>& arithmetic(const Kernels& table = kernels()) {
    if constexpr (std::is_same_v<Real, double>)
        return table.doubles;
    else
        return table.floats;
}

}  // namespace chainrule
