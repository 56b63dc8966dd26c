#include "multiply.hpp"

#include <algorithm>

#include "kernels.hpp"
#include "process.hpp"

extern "C" {
void scipy_cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                       const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void scipy_cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                       const double* a, int lda, const double* b, int ldb, double beta, double* c, int ldc);
}

namespace chainrule {
namespace {

constexpr int row_major = 101, as_is = 111, transposed = 112;
constexpr int64_t small_matrix = int64_t{128} * 128;
constexpr int64_t large_product =
    1 << 20;  // multiplications; below it OpenBLAS is as fast, and starts sooner

// Where everything stays in cache nothing is packed: rows of A, or its columns, are read where they lie.
void sweep_over(const Product<float>& p, const float* b, int64_t ldb, const ProductTable& own) {
    const int64_t passes = (p.m + own.sweep_rows - 1) / own.sweep_rows, tall = (p.m + passes - 1) / passes;
    Sweep s{};
    s.a_row = p.ta ? 1 : p.lda;
    s.a_step = p.ta ? p.lda : 1;
    s.b_step = ldb;
    s.steps = p.k;
    s.segments = 1;
    s.c_row = p.ldc;
    s.add = p.add;
    for (int64_t left = 0; left < p.n; left += own.sweep_columns) {
        s.b = b + left;
        s.columns = std::min<int64_t>(own.sweep_columns, p.n - left);
        for (int64_t top = 0; top < p.m; top += tall) {
            s.a = p.a + top * s.a_row;
            s.c = p.c + top * p.ldc + left;
            own.sweep[std::min(tall, p.m - top) - 1](s);
        }
    }
}

}  // namespace

void multiply(const Product<float>& p, char* scratch) {
    if (p.m == 0 || p.n == 0) return;
    if (p.k == 0) {
        if (!p.add)
            for (int64_t i = 0; i < p.m; ++i) std::fill(p.c + i * p.ldc, p.c + i * p.ldc + p.n, 0.0f);
        return;
    }
    // A column, of a transposed matrix: turned around it is a row, and what is read for it lies side by side.
    if (p.n == 1 && p.ldc == 1 && p.ta && p.m > 1) {
        multiply(Product<float>{p.b, p.a, p.c, 1, p.m, p.k, p.tb ? 1 : p.ldb, p.lda, p.m, true, false, p.add,
                                p.ahead, p.ahead_count},
                 scratch);
        return;
    }
    float* room = reinterpret_cast<float*>(scratch);
    const ProductTable& own = kernels().product;
    if (own.product && p.m * p.n * p.k >= large_product && p.n >= 32) {
        own.product(p, room);
        return;
    }
    const float* b = p.b;
    bool turned = p.tb;
    int64_t ldb = p.ldb;
    // OpenBLAS is slow at small products with a transposed right matrix: turned first, they run at full rate.
    if (own.turn && p.tb && p.n * p.k <= small_matrix && p.m * 4 > p.n) {
        own.turn(room, b, p.n, p.k, p.ldb);
        b = room;
        turned = false;
        ldb = p.n;
    }
    if (own.sweep && !turned && p.m * p.n * p.k < large_product) {
        sweep_over(p, b, ldb, own);
        return;
    }
    const NoFork held;  // OpenBLAS takes and returns its room under a lock of its own
    scipy_cblas_sgemm(row_major, p.ta ? transposed : as_is, turned ? transposed : as_is,
                      static_cast<int>(p.m), static_cast<int>(p.n), static_cast<int>(p.k), 1.0f, p.a,
                      static_cast<int>(p.lda), b, static_cast<int>(ldb), p.add ? 1.0f : 0.0f, p.c,
                      static_cast<int>(p.ldc));
}

void multiply(const Product<double>& p, char*) {
    if (p.m == 0 || p.n == 0) return;
    if (p.k == 0) {
        if (!p.add)
            for (int64_t i = 0; i < p.m; ++i) std::fill(p.c + i * p.ldc, p.c + i * p.ldc + p.n, 0.0);
        return;
    }
    const NoFork held;
    scipy_cblas_dgemm(row_major, p.ta ? transposed : as_is, p.tb ? transposed : as_is, static_cast<int>(p.m),
                      static_cast<int>(p.n), static_cast<int>(p.k), 1.0, p.a, static_cast<int>(p.lda), p.b,
                      static_cast<int>(p.ldb), p.add ? 1.0 : 0.0, p.c, static_cast<int>(p.ldc));
}

}  // namespace chainrule
