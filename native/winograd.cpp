// Compiled once for each instruction set: to the points and back, vectors over channels. The points are 0,
// ±2/3, ±3/2, ∞ in this order, so even and odd parts are shared between ±c, and 2/3 · 3/2 = 1 leaves factors
// out.
#include <algorithm>

#include "compiler.hpp"
#include "winograd.hpp"

#ifndef CHAINRULE_WINOGRAD
#define CHAINRULE_WINOGRAD winograd_baseline
#endif

namespace chainrule {
namespace {

constexpr double a = 2.0 / 3.0, b = 3.0 / 2.0, aa = a * a, bb = b * b;
constexpr double share_a = 1.0 / (2.0 * aa * (aa - bb)), share_b = 1.0 / (2.0 * bb * (bb - aa));  // of G

inline Lanes fixed(double value) { return Lanes::all(static_cast<float>(value)); }
inline Lanes add(double factor, Lanes x, Lanes y) { return Lanes::multiply_add(fixed(factor), x, y); }
inline Lanes times(double factor, Lanes x) { return fixed(factor) * x; }

inline void pair(Lanes& plus, Lanes& minus, Lanes even, Lanes odd) {
    plus = even + odd;
    minus = even - odd;
}

// y (6) = Bᵀ x (6)
inline void to_line(Lanes* y, const Lanes* x) {
    y[0] = add(-(aa + bb), x[2], x[0] + x[4]);
    pair(y[1], y[2], add(-bb, x[2], x[4]), add(a, x[3], times(-b, x[1])));
    pair(y[3], y[4], add(-aa, x[2], x[4]), add(b, x[3], times(-a, x[1])));
    y[5] = add(-(aa + bb), x[3], x[1] + x[5]);
}

// y (4) = Aᵀ m (6)
inline void from_line(Lanes* y, const Lanes* m) {
    const Lanes even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + (even_a + even_b);
    y[1] = add(a, odd_a, times(b, odd_b));
    y[2] = add(aa, even_a, times(bb, even_b));
    y[3] = add(aa * a, odd_a, add(bb * b, odd_b, m[5]));
}

// m (6) = A y (4)
inline void from_line_adjoint(Lanes* m, const Lanes* y) {
    m[0] = y[0];
    pair(m[1], m[2], add(aa, y[2], y[0]), add(aa * a, y[3], times(a, y[1])));
    pair(m[3], m[4], add(bb, y[2], y[0]), add(bb * b, y[3], times(b, y[1])));
    m[5] = y[3];
}

// u (6) = G g (3)
inline void filter_line(Lanes* u, const Lanes* g) {
    u[0] = g[0];
    pair(u[1], u[2], add(share_a * aa, g[2], times(share_a, g[0])), times(share_a * a, g[1]));
    pair(u[3], u[4], add(share_b * bb, g[2], times(share_b, g[0])), times(share_b * b, g[1]));
    u[5] = g[2];
}

// g (3) = Gᵀ u (6)
inline void filter_line_adjoint(Lanes* g, const Lanes* u) {
    const Lanes even_a = u[1] + u[2], odd_a = u[1] - u[2], even_b = u[3] + u[4], odd_b = u[3] - u[4];
    g[0] = add(share_a, even_a, add(share_b, even_b, u[0]));
    g[1] = add(share_a * a, odd_a, times(share_b * b, odd_b));
    g[2] = add(share_a * aa, even_a, add(share_b * bb, even_b, u[5]));
}

using Line = void (*)(Lanes* y, const Lanes* x);

// Both axes of a tile of (from, from) numbers a channel: load(row, column), then along rows, then along
// columns, store(row, column, value) for (to, to).
template <int from, int to, Line line, class Load, class Store>
CHAINRULE_INLINE inline void both_axes(Load load, Store store) {
    Lanes half[from][to];
    CHAINRULE_UNROLL
    for (int i = 0; i < from; ++i) {
        Lanes x[from];
        CHAINRULE_UNROLL
        for (int j = 0; j < from; ++j) x[j] = load(i, j);
        line(half[i], x);
    }
    CHAINRULE_UNROLL
    for (int j = 0; j < to; ++j) {
        Lanes x[from], y[to];
        CHAINRULE_UNROLL
        for (int i = 0; i < from; ++i) x[i] = half[i][j];
        line(y, x);
        CHAINRULE_UNROLL
        for (int i = 0; i < to; ++i) store(i, j, y[i]);
    }
}

// body(first channel, how many of them): whole vectors by a constant, so that nothing is masked.
template <class Body>
CHAINRULE_INLINE inline void over_channels(int64_t n, Body body) {
    int64_t c = 0;
    for (; c + Lanes::count <= n; c += Lanes::count)
        body(c, [](const float* from) { return Lanes::load(from); }, [](float* to, Lanes x) { x.store(to); });
    if (c == n) return;
    const int rest = static_cast<int>(n - c);
    body(
        c, [rest](const float* from) { return Lanes::load(from, rest); },
        [rest](float* to, Lanes x) { x.store(to, rest); });
}

template <class Number>
inline bool holds(const ImageTile<Number>& tile, int row, int column) {
    return row >= tile.first_row && row < tile.last_row && column >= tile.first_column &&
           column < tile.last_column;
}

template <class Number>
inline bool is_whole(const ImageTile<Number>& tile, int side) {
    return tile.first_row == 0 && tile.first_column == 0 && tile.last_row == side && tile.last_column == side;
}

// From an image to the points.
template <int from, Line line>
void spread(float* v, int64_t step, const ImageTile<const float>& d, int64_t n) {
    const bool whole = is_whole(d, from);
    over_channels(n, [&](int64_t c, auto load, auto store) {
        const float* at = d.at + c;
        const auto keep = [&](int i, int j, Lanes x) { store(v + (i * 6 + j) * step + c, x); };
        if (whole)
            both_axes<from, 6, line>([&](int i, int j) { return load(at + i * d.row + j * d.column); }, keep);
        else
            both_axes<from, 6, line>(
                [&](int i, int j) {
                    return holds(d, i, j) ? load(at + i * d.row + j * d.column) : Lanes::all(0.0f);
                },
                keep);
    });
}

void from_points(const ImageTile<float>& y, const float* m, int64_t step, int64_t n) {
    const bool whole = is_whole(y, 4);
    over_channels(n, [&](int64_t c, auto load, auto store) {
        float* at = y.at + c;
        const auto get = [&](int i, int j) { return load(m + (i * 6 + j) * step + c); };
        if (whole)
            both_axes<6, 4, from_line>(
                get, [&](int i, int j, Lanes x) { store(at + i * y.row + j * y.column, x); });
        else
            both_axes<6, 4, from_line>(get, [&](int i, int j, Lanes x) {
                if (holds(y, i, j)) store(at + i * y.row + j * y.column, x);
            });
    });
}

void filter(float* u, int64_t step, const float* g, int64_t tap, int64_t n) {
    over_channels(n, [&](int64_t c, auto load, auto store) {
        both_axes<3, 6, filter_line>([&](int i, int j) { return load(g + (i * 3 + j) * tap + c); },
                                     [&](int i, int j, Lanes x) { store(u + (i * 6 + j) * step + c, x); });
    });
}

void filter_adjoint(float* d_g, int64_t tap, const float* d_u, int64_t step, int64_t n) {
    over_channels(n, [&](int64_t c, auto load, auto store) {
        both_axes<6, 3, filter_line_adjoint>(
            [&](int i, int j) { return load(d_u + (i * 6 + j) * step + c); },
            [&](int i, int j, Lanes x) { store(d_g + (i * 3 + j) * tap + c, x); });
    });
}

}  // namespace

WinogradTable CHAINRULE_WINOGRAD() {
    return {spread<6, to_line>, from_points, spread<4, from_line_adjoint>, filter, filter_adjoint};
}

}  // namespace chainrule
