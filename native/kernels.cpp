// Compiled several times: CHAINRULE_KERNELS names the table that this copy defines. Plain loops, which the
// compiler vectorizes; every function in them is inline and free of branches.
#include "kernels.hpp"

#include <bit>
#include <cstring>
#include <limits>

#include "compiler.hpp"
#include "folding.hpp"
#include "mathematics.hpp"
#include "mathematics_of_doubles.hpp"

#ifndef CHAINRULE_KERNELS
#define CHAINRULE_KERNELS kernels_baseline
#define CHAINRULE_ROWS rows_baseline
#define CHAINRULE_READY ready_baseline
#define CHAINRULE_PRODUCT product_baseline
#define CHAINRULE_SPACE space_baseline
#define CHAINRULE_WINOGRAD winograd_baseline
#endif

namespace chainrule {
namespace {

template <class Real, class Function>
inline void map1(Real* y, const Real* a, int64_t n, Function function) {
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] = function(a[i]);
}

template <class Real, class Function>
inline void map2(Real* y, const Real* a, const Real* b, int64_t n, Function function) {
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] = function(a[i], b[i]);
}

template <class Real, class Function>
inline void map3(Real* y, const Real* a, const Real* b, const Real* c, int64_t n, Function function) {
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] = function(a[i], b[i], c[i]);
}

#define ONE(OP, EXPRESSION) \
    case OP: map1(y, a, n, [](Real x) { return EXPRESSION; }); break;
#define TWO(OP, EXPRESSION) \
    case OP: map2(y, a, b, n, [](Real x1, Real x2) { return EXPRESSION; }); break;
#define THREE(OP, EXPRESSION) \
    case OP: map3(y, a, b, c, n, [](Real x1, Real x2, Real x3) { return EXPRESSION; }); break;

template <class Real>
void micro(int op, Real* y, const Real* a, const Real* b, const Real* c, int64_t n) {
    switch (op) {
        CHAINRULE_MICRO_OPS(ONE, TWO, THREE)
        default: break;
    }
}

template <class Real>
void sum_rows(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride) {
    if (rows == 0) {
        for (int64_t i = 0; i < n; ++i) y[i] = Real{0};
        return;
    }
    fold_rows(y, x, rows, n, stride, plus<Real>);
}
template <class Real>
void max_rows(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride) {
    fold_rows(y, x, rows, n, stride, larger<Real>);
}
template <class Real>
void min_rows(Real* y, const Real* x, int64_t rows, int64_t n, int64_t stride) {
    fold_rows(y, x, rows, n, stride, smaller<Real>);
}

template <class Real>
void add_rows(Real* y, const Real* x, int64_t rows, int64_t n) {
    Real sums[block_words];
    if (n == 0 || rows == 0) return;
    sum_rows(sums, x, rows, n, n);  // a block by itself first: that keeps the error of long sums small
    for (int64_t i = 0; i < n; ++i) y[i] += sums[i];
}
// Blocks of 4096 keep the error of long sums small.
template <class Real>
Real sum(const Real* x, int64_t n) {
    double total = 0.0;
    for (int64_t i = 0; i < n; i += 4096)
        total += fold(x + i, n - i < 4096 ? n - i : 4096, Real{0}, plus<Real>);
    return static_cast<Real>(total);
}
template <class Real>
Real max(const Real* x, int64_t n) {
    return fold(x, n, -std::numeric_limits<Real>::infinity(), larger<Real>);
}
template <class Real>
Real min(const Real* x, int64_t n) {
    return fold(x, n, std::numeric_limits<Real>::infinity(), smaller<Real>);
}

template <class Real>
void sum_each(Real* y, const Real* x, int64_t rows, int64_t n) {
    if (n <= 4096)
        fold_each(y, x, rows, n, Real{0}, plus<Real>);
    else
        for (int64_t r = 0; r < rows; ++r) y[r] = sum(x + r * n, n);
}
template <class Real>
void max_each(Real* y, const Real* x, int64_t rows, int64_t n) {
    fold_each(y, x, rows, n, -std::numeric_limits<Real>::infinity(), larger<Real>);
}
template <class Real>
void min_each(Real* y, const Real* x, int64_t rows, int64_t n) {
    fold_each(y, x, rows, n, std::numeric_limits<Real>::infinity(), smaller<Real>);
}

void add_products(float* y, const float* a, const float* b, int64_t n) {
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] = multiply_add(a[i], b[i], y[i]);
}

inline double squares_in_double(const float* x, int64_t n) {
    double total = 0.0;
    for (int64_t i = 0; i < n; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return total;
}

// A block at a time in float32, a few terms to a lane; where that comes near to overflow, or so near to 0
// that squares may have vanished, the block once more in float64.
double squares(const float* x, int64_t n) {
    constexpr int64_t lanes = 64, block = 512;
    double total = 0.0;
    int64_t i = 0;
    for (; i + block <= n; i += block) {
        float running[lanes] = {};
        for (int64_t j = 0; j < block; j += lanes)
            for (int64_t l = 0; l < lanes; ++l) running[l] += x[i + j + l] * x[i + j + l];
        for (int64_t l = 0; l < 16; ++l) running[l] += running[l + 32] + (running[l + 16] + running[l + 48]);
        for (int64_t l = 0; l < 4; ++l) running[l] += running[l + 8] + (running[l + 4] + running[l + 12]);
        running[0] += running[2] + (running[1] + running[3]);
        const bool safe = running[0] > 1e-28f && running[0] < 1e38f;
        total += safe ? static_cast<double>(running[0]) : squares_in_double(x + i, block);
    }
    return total + squares_in_double(x + i, n - i);
}

// Philox4x32-10 (Salmon et al. 2011), a block of counters side by side.
void random_bits(uint32_t* y, uint32_t key0, uint32_t key1, uint32_t stream, uint64_t first, int64_t n) {
    constexpr int lanes = 16;
    uint64_t block = first / 4;
    int64_t skip = static_cast<int64_t>(first % 4);
    for (int64_t written = 0; written < n; block += lanes) {
        alignas(64) uint32_t c[4][lanes];
        for (int j = 0; j < lanes; ++j) {
            c[0][j] = static_cast<uint32_t>(block + static_cast<uint64_t>(j));
            c[1][j] = static_cast<uint32_t>((block + static_cast<uint64_t>(j)) >> 32);
            c[2][j] = stream;
            c[3][j] = 0;
        }
        Words16 c0 = Words16::load(c[0]), c1 = Words16::load(c[1]), c2 = Words16::load(c[2]),
                c3 = Words16::load(c[3]);
        uint32_t k0 = key0, k1 = key1;
        for (int round = 0; round < 10; ++round) {
            Words16 low0, high0, low1, high1;
            c0.multiply(0xD2511F53u, low0, high0);
            c2.multiply(0xCD9E8D57u, low1, high1);
            c0 = high1 ^ c1 ^ Words16::all(k0);
            c2 = high0 ^ c3 ^ Words16::all(k1);
            c1 = low1;
            c3 = low0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        c0.store(c[0]);
        c1.store(c[1]);
        c2.store(c[2]);
        c3.store(c[3]);
        alignas(64) uint32_t words[4 * lanes];
        for (int j = 0; j < lanes; ++j)
            for (int i = 0; i < 4; ++i) words[4 * j + i] = c[i][j];
        int64_t count = int64_t{4} * lanes - skip;
        if (count > n - written) count = n - written;
        std::memcpy(y + written, words + skip, static_cast<size_t>(count) * 4);
        written += count;
        skip = 0;
    }
}

template <class Real>
void scatter_rows(Real* y, const int32_t* indices, const Real* x, int64_t count, int64_t repeat,
                  int64_t length, int64_t first, int64_t last, int64_t n) {
    constexpr int64_t block = 512, soon = 4;
    const auto size = static_cast<uint32_t>(last - first), low = static_cast<uint32_t>(first),
               end = static_cast<uint32_t>(length);
    const auto row_of = [&](uint32_t i) {
        const int64_t index = indices[i];
        return y + (index < 0 ? index + length : index) * n;
    };
    const Words16 step = Words16::count();
    for (int64_t start = 0; start < count; start += block) {
        // Most are of other rows. Those of ours are put together first: nothing then waits for a guess where
        // they are.
        uint32_t ours[block + 16];
        int64_t found = 0, i = start;
        const int64_t stop = start + block < count ? start + block : count;
        for (; i + 16 <= stop; i += 16) {
            const Words16 words = Words16::load(reinterpret_cast<const uint32_t*>(indices + i));
            const uint32_t which = words.within(low, size) | words.within(low - end, size);
            step.from(static_cast<uint32_t>(i)).keep(which, ours + found);
            found += std::popcount(which);
        }
        for (; i < stop; ++i) {
            const auto word = static_cast<uint32_t>(indices[i]);
            if (word - low < size || word - (low - end) < size) ours[found++] = static_cast<uint32_t>(i);
        }
        for (int64_t k = 0; k < found; ++k) {
            if (k + soon < found) {
                const char* next = reinterpret_cast<const char*>(row_of(ours[k + soon]));
                for (int64_t line = 0; line < n * static_cast<int64_t>(sizeof(Real)); line += 64)
                    prefetch_write(next + line);
            }
            Real* to = row_of(ours[k]);
            const Real* from = x + static_cast<int64_t>(ours[k] / static_cast<uint32_t>(repeat)) * n;
            CHAINRULE_IVDEP
            for (int64_t j = 0; j < n; ++j) to[j] += from[j];
        }
    }
}

// Rows anywhere in memory: the processor can't see which comes next.
bool gather_sums(float* y, const int32_t* indices, const float* x, int64_t rows, int64_t count,
                 int64_t length, int64_t n) {
    constexpr int64_t soon = 8;
    const int64_t all = rows * count;
    const auto index_of = [&](int64_t i) {
        return indices[i] < 0 ? indices[i] + length : int64_t{indices[i]};
    };
    for (int64_t i = 0; i < all; ++i)
        if (const int64_t index = index_of(i); index < 0 || index >= length) return false;
    for (int64_t r = 0; r < rows; ++r, y += n) {
        std::memset(y, 0, static_cast<size_t>(n) * 4);
        int64_t i = r * count;
        const int64_t stop = i + count;
        const auto bring = [&](int64_t at) {
            const char* next = reinterpret_cast<const char*>(x + index_of(at) * n);
            for (int64_t line = 0; line < n * 4; line += 64) prefetch_read(next + line);
        };
        for (; i + 4 <= stop; i += 4) {
            for (int64_t at = i + soon; at < i + soon + 4 && at < all; ++at) bring(at);
            const float *a = x + index_of(i) * n, *b = x + index_of(i + 1) * n, *c = x + index_of(i + 2) * n,
                        *d = x + index_of(i + 3) * n;
            CHAINRULE_IVDEP
            for (int64_t j = 0; j < n; ++j) y[j] += (a[j] + b[j]) + (c[j] + d[j]);
        }
        for (; i < stop; ++i) {
            const float* a = x + index_of(i) * n;
            CHAINRULE_IVDEP
            for (int64_t j = 0; j < n; ++j) y[j] += a[j];
        }
    }
    return true;
}

template <class Real>
constexpr Arithmetic<Real> arithmetic_of() {
    return {micro<Real>,    sum_rows<Real>, max_rows<Real>, min_rows<Real>,
            add_rows<Real>, sum_each<Real>, max_each<Real>, min_each<Real>,
            sum<Real>,      max<Real>,      min<Real>,      scatter_rows<Real>};
}

}  // namespace

const Kernels& CHAINRULE_KERNELS() {
    static const Kernels table{arithmetic_of<float>(),
                               arithmetic_of<double>(),
                               add_products,
                               squares,
                               gather_sums,
                               random_bits,
                               CHAINRULE_ROWS(),
                               CHAINRULE_READY(),
                               CHAINRULE_PRODUCT(),
                               CHAINRULE_SPACE(),
                               CHAINRULE_WINOGRAD()};
    return table;
}

}  // namespace chainrule
