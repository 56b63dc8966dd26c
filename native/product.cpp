// Compiled once for each instruction set. The order in which a number's products are added depends on k
// alone, so neither the cut into chunks nor the number of threads changes a bit.
#include "product.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "compiler.hpp"

#ifndef CHAINRULE_PRODUCT
#define CHAINRULE_PRODUCT product_baseline
#endif

namespace chainrule {
namespace {

#if defined(CHAINRULE_LANES)

constexpr int64_t lanes = Lanes::count, width = 2 * lanes;  // columns of a panel of B
constexpr int64_t height = lanes == 16 ? 14 : 6;            // rows of A at a time: what the registers hold
constexpr int64_t depth = 256;  // of a block along k: a panel of B stays in the first cache
constexpr int64_t few_rows = 5 * height, near_matrix = 1 << 17;
constexpr int64_t block_rows = 24 * height;  // of A packed at a time: they stay in the second
constexpr int64_t row_room = depth + 16;     // rows of A lie apart by this: not by a power of two

// What a product asks for while it multiplies: two lines at a time, `step` bytes apart.
struct Wish {
    const char* at;
    int64_t step;
};

// R rows of A times a panel of B, k long with rows b_row apart, of which V vectors are not all 0. along: A's
// numbers lie along k, rows row_room apart; else across, packed.
template <int R, int V, bool along>
void multiply(const float* a, int64_t row, const float* b, int64_t b_row, int64_t k, float* c, int64_t ldc,
              int64_t columns, bool add, Wish wish) {
    Lanes sum[R][V];
    const int last = static_cast<int>(columns - (V - 1) * lanes);  // columns of the last vector
    const auto columns_of = [&](int v) { return v + 1 < V ? static_cast<int>(lanes) : last; };
    CHAINRULE_UNROLL
    for (int r = 0; r < R; ++r) {
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v)
            sum[r][v] = add ? Lanes::load(c + r * ldc + v * lanes, columns_of(v)) : Lanes::all(0.0f);
    }
    const auto round = [&](int64_t i) CHAINRULE_INLINE {
        Lanes y[V];
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v) y[v] = Lanes::load(b + i * b_row + v * lanes);
        CHAINRULE_UNROLL
        for (int r = 0; r < R; ++r) {
            const Lanes x = Lanes::all(along ? a[r * row + i] : a[i * height + r]);
            CHAINRULE_UNROLL
            for (int v = 0; v < V; ++v) sum[r][v] = Lanes::multiply_add(x, y[v], sum[r][v]);
        }
    };
    int64_t i = 0;
    for (; i + 4 <= k; i += 4) {
        prefetch_read(wish.at);
        prefetch_read(wish.at + 64);
        round(i);
        round(i + 1);
        prefetch_read(wish.at + wish.step);
        prefetch_read(wish.at + wish.step + 64);
        wish.at += 2 * wish.step;
        round(i + 2);
        round(i + 3);
    }
    for (; i < k; ++i) round(i);
    CHAINRULE_UNROLL
    for (int r = 0; r < R; ++r) {
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v) sum[r][v].store(c + r * ldc + v * lanes, columns_of(v));
    }
}

using Multiply = void (*)(const float*, int64_t, const float*, int64_t, int64_t, float*, int64_t, int64_t,
                          bool, Wish);

template <int V, bool along, int... R>
constexpr void fill_table(Multiply* table, std::integer_sequence<int, R...>) {
    ((table[R] = multiply<R + 1, V, along>), ...);
}

// By vectors of the panel - 1 and rows - 1.
struct Multiplies {
    Multiply across[2][height], along[2][height];
    constexpr Multiplies() : across(), along() {
        constexpr std::make_integer_sequence<int, height> rows;
        fill_table<1, false>(across[0], rows);
        fill_table<2, false>(across[1], rows);
        fill_table<1, true>(along[0], rows);
        fill_table<2, true>(along[1], rows);
    }
};
constexpr Multiplies multiplies;

void turn(float* to, int64_t to_row, const float* from, int64_t from_row, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r += lanes)
        for (int64_t c = 0; c < columns; c += lanes)
            transpose(to + c * to_row + r, to_row, from + r * from_row + c, from_row,
                      static_cast<int>(std::min(lanes, rows - r)),
                      static_cast<int>(std::min(lanes, columns - c)));
}

void turn_whole(float* to, const float* from, int64_t rows, int64_t columns, int64_t from_row) {
    turn(to, rows, from, from_row, rows, columns);
}

// A panel of B: k rows of `width` numbers; what lies beyond the last column is 0.
void pack_panel(float* to, const float* b, int64_t ldb, bool tb, int64_t columns, int64_t k) {
    if (tb) {
        if (columns < width) std::memset(to, 0, static_cast<size_t>(k * width) * 4);
        turn(to, width, b, ldb, columns, k);
        return;
    }
    const int first = static_cast<int>(std::min(columns, lanes)), second = static_cast<int>(columns - first);
    for (int64_t i = 0; i < k; ++i) {
        Lanes::load(b + i * ldb, first).store(to + i * width);
        (second ? Lanes::load(b + i * ldb + lanes, second) : Lanes::all(0.0f)).store(to + i * width + lanes);
    }
}

// The rows of A: `height` at a time across, or each along k.
void pack_rows(float* to, const float* a, int64_t lda, bool ta, int64_t rows, int64_t k) {
    if (!ta) {
        for (int64_t r = 0; r < rows; ++r)
            std::memcpy(to + r * row_room, a + r * lda, static_cast<size_t>(k) * 4);
        return;
    }
    for (int64_t r = 0; r < rows; r += height) {
        const int count = static_cast<int>(std::min(height, rows - r));
        const int first = std::min(count, static_cast<int>(lanes));
        for (int64_t i = 0; i < k; ++i)
            Lanes::load(a + i * lda + r, first).store(to + (r * k + i * height), first);
    }
}

void product(const Product<float>& p, float* scratch) {
    float* packed = scratch;
    float* rows = scratch + depth * width;
    // A few rows multiply B where it lies, if it stays in the second cache: packing it would take as long as
    // that.
    const bool direct =
        !p.tb && p.n % lanes == 0 && p.m <= few_rows && std::min(depth, p.k) * p.n <= near_matrix;
    const int64_t passes = (p.m + height - 1) / height,
                  tall = p.ta || !direct ? height : (p.m + passes - 1) / passes;
    const int64_t blocks = (p.k + depth - 1) / depth,
                  calls_a_block = (std::min(block_rows, p.m) + height - 1) / height;
    const int64_t all_calls = blocks * ((p.m + height - 1) / height) * ((p.n + width - 1) / width);
    int64_t ahead_bytes = 0, calls = 0;
    for (int i = 0; i < p.ahead_count; ++i) ahead_bytes += p.ahead[i].bytes;
    const auto wish_ahead = [&] {
        int64_t start = ahead_bytes * calls / all_calls;
        for (int i = 0; i < p.ahead_count; start -= p.ahead[i++].bytes)
            if (start < p.ahead[i].bytes) return Wish{p.ahead[i].start + start / 64 * 64, 128};
        return Wish{reinterpret_cast<const char*>(packed), 0};
    };
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t start = p.k * block / blocks, k = p.k * (block + 1) / blocks - start;
        for (int64_t top = 0; top < p.m; top += block_rows) {
            const int64_t count = std::min(block_rows, p.m - top);
            pack_rows(rows, p.ta ? p.a + start * p.lda + top : p.a + top * p.lda + start, p.lda, p.ta, count,
                      k);
            for (int64_t left = 0; left < p.n; left += width) {
                const int64_t columns = std::min(width, p.n - left);
                const float* source = p.tb ? p.b + left * p.ldb + start : p.b + start * p.ldb + left;
                if (!direct) pack_panel(packed, source, p.ldb, p.tb, columns, k);
                const float* panel = direct ? source : packed;
                for (int64_t r = 0; r < count; r += tall, ++calls) {
                    Wish wish = wish_ahead();
                    if (!direct && !p.ahead_count && left + width < p.n) {  // a part of the next panel
                        const int64_t part = r / height;
                        if (p.tb)
                            wish = {reinterpret_cast<const char*>(
                                        source + (width + width * part / calls_a_block) * p.ldb),
                                    128};
                        else
                            wish = {reinterpret_cast<const char*>(source + width +
                                                                  k * part / calls_a_block * p.ldb),
                                    p.ldb * 4};
                    }
                    const int64_t size = std::min(tall, count - r);
                    const auto& table = (p.ta ? multiplies.across : multiplies.along)[columns > lanes];
                    table[size - 1](p.ta ? rows + r * k : rows + r * row_room, row_room, panel,
                                    direct ? p.ldb : width, k, p.c + (top + r) * p.ldc + left, p.ldc, columns,
                                    p.add || block > 0, wish);
                }
            }
        }
    }
}

template <int R, int V, bool adjacent>
void sweep_in(const Sweep& s) {
    Lanes sum[R][V];
    const int last = static_cast<int>(s.columns - (V - 1) * lanes);
    const auto columns_of = [&](int v) { return v + 1 < V ? static_cast<int>(lanes) : last; };
    CHAINRULE_UNROLL
    for (int r = 0; r < R; ++r) {
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v)
            sum[r][v] = s.add ? Lanes::load(s.c + r * s.c_row + v * lanes, columns_of(v)) : Lanes::all(0.0f);
    }
    const int64_t row = adjacent ? 1 : s.a_row;
    for (int64_t segment = 0; segment < s.segments; ++segment) {
        const float *a = s.a + segment * s.a_segment, *b = s.b + segment * s.b_segment;
        for (int64_t i = 0; i < s.steps; ++i, a += s.a_step, b += s.b_step) {
            Lanes y[V];
            CHAINRULE_UNROLL
            for (int v = 0; v < V; ++v) y[v] = Lanes::load(b + v * lanes, columns_of(v));
            CHAINRULE_UNROLL
            for (int r = 0; r < R; ++r) {
                const Lanes x = Lanes::all(a[r * row]);
                CHAINRULE_UNROLL
                for (int v = 0; v < V; ++v) sum[r][v] = Lanes::multiply_add(x, y[v], sum[r][v]);
            }
        }
    }
    CHAINRULE_UNROLL
    for (int r = 0; r < R; ++r) {
        CHAINRULE_UNROLL
        for (int v = 0; v < V; ++v) sum[r][v].store(s.c + r * s.c_row + v * lanes, columns_of(v));
    }
}

template <int R>
void sweep(const Sweep& s) {
    if (s.columns > lanes)
        s.a_row == 1 ? sweep_in<R, 2, true>(s) : sweep_in<R, 2, false>(s);
    else
        s.a_row == 1 ? sweep_in<R, 1, true>(s) : sweep_in<R, 1, false>(s);
}

struct Sweeps {
    SweepKernel by_rows[height];
};
template <int... R>
constexpr Sweeps sweeps_of(std::integer_sequence<int, R...> /*rows*/) {
    return {{sweep<R + 1>...}};
}
constexpr Sweeps sweeps = sweeps_of(std::make_integer_sequence<int, height>());

static_assert((depth * width + block_rows * row_room) * 4 <= product_scratch);

#endif

}  // namespace

#if defined(CHAINRULE_LANES)
ProductTable CHAINRULE_PRODUCT() { return {product, turn_whole, sweeps.by_rows, height, width}; }
#else
ProductTable CHAINRULE_PRODUCT() { return {nullptr, nullptr, nullptr, 0, 0}; }
#endif

}  // namespace chainrule
