// C = A B in blocks that stay in cache, for the instruction sets that have vectors of 8 or 16.
#pragma once

#include <cstdint>

namespace chainrule {

struct Range {
    const char* start;
    int64_t bytes;
};

// C (m, n) = A (m, k) B (k, n), row by row, or with `add` C += A B; with ta (tb), A (B) lies transposed in
// memory. lda, ldb, ldc: from one row in memory to the next. ahead: what will be needed right after, brought
// into cache while the processor multiplies.
template <class Real>
struct Product {
    const Real* a;
    const Real* b;
    Real* c;
    int64_t m, n, k, lda, ldb, ldc;
    bool ta, tb, add;
    const Range* ahead = nullptr;
    int ahead_count = 0;
};

// C (rows, columns) = or += Σ over segments and steps of A's column times B's row, where neither lies as one
// matrix: number r of A's column at step i of a segment s is a[s · a_segment + i · a_step + r · a_row].
struct Sweep {
    const float* a;
    int64_t a_row, a_step, a_segment;
    const float* b;
    int64_t b_step, b_segment;
    int64_t steps, segments;
    float* c;
    int64_t c_row, columns;  // at most sweep_columns
    bool add;
};

constexpr int64_t product_scratch = int64_t{640} * 1024;  // bytes that a product may use

// Null where there is none: OpenBLAS does it all.
using ProductKernel = void (*)(const Product<float>& product, float* scratch);
using TurnKernel = void (*)(float* to, const float* from, int64_t rows, int64_t columns, int64_t from_row);

using SweepKernel = void (*)(const Sweep& sweep);

struct ProductTable {
    ProductKernel product;
    TurnKernel turn;                // to (columns, rows) = from (rows, columns), transposed
    const SweepKernel* sweep;       // by rows - 1
    int sweep_rows, sweep_columns;  // at most
};

ProductTable product_baseline();
ProductTable product_avx2();
ProductTable product_avx512();

}  // namespace chainrule
