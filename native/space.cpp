// Compiled once for each instruction set. Vectors go over channels, and nothing is scattered: of every tap of
// a window each channel decides for itself whether it is the largest.
#include "space.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "compiler.hpp"

#ifndef CHAINRULE_SPACE
#define CHAINRULE_SPACE space_baseline
#endif

namespace chainrule {
namespace {

constexpr int most_taps = 9;   // of a window at once: their values stay in registers
constexpr int64_t block = 64;  // channels at a time where there are more taps

// The part of a window that is not padding.
struct Taps {
    int64_t row, rows, column, columns;
    int64_t count() const { return rows * columns; }
};

template <class Function>
inline void each_window(const Windows& w, Function function) {
    for (int64_t i = 0; i < w.high; ++i) {
        const int64_t top = i * w.stride_height - w.above, row = std::max<int64_t>(top, 0);
        const int64_t rows = std::min(top + w.window_height, w.height) - row;
        for (int64_t j = 0; j < w.wide; ++j) {
            const int64_t left = j * w.stride_width - w.before, column = std::max<int64_t>(left, 0);
            const int64_t columns = std::min(left + w.window_width, w.width) - column;
            function((i * w.wide + j) * w.channels, Taps{row, rows, column, columns});
        }
    }
}

template <class Function>
inline void each_tap(const Windows& w, const Taps& taps, Function function) {
    for (int64_t row = taps.row; row < taps.row + taps.rows; ++row)
        for (int64_t column = taps.column; column < taps.column + taps.columns; ++column)
            function((row * w.width + column) * w.channels);
}

// Without branches: `&` and `|` look at both sides, so that the compiler may use vectors.
inline float larger(float best, float x) { return ((x > best) | (x != x)) ? x : best; }
inline float plus(float x, float y) { return x + y; }
inline bool beats(float x, float best) { return (x > best) | ((x != x) & (best == best)); }

using Combine = float (*)(float, float);
using Fold = void (*)(float* y, const float* const* taps, int64_t n);
using Send = void (*)(float* const* to, const float* const* taps, const float* d_y, int64_t n);
using Share = void (*)(float* const* to, const float* d_y, float count, int64_t n);

template <Combine combine, size_t... Rest>
inline void fold(float* y, const float* const* taps, int64_t n, std::index_sequence<Rest...>) {
    const float* const first = taps[0];
    [[maybe_unused]] const float* const rest[] = {taps[Rest + 1]..., nullptr};
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        float result = first[i];
        ((result = combine(result, rest[Rest][i])), ...);
        y[i] = result;
    }
}

// Each number of d_y goes to the tap that holds the first largest; the others get 0. add: to what is there.
template <bool add, size_t... Taps>
inline void send(float* const* to, const float* const* taps, const float* d_y, int64_t n,
                 std::index_sequence<Taps...>) {
    float* const targets[] = {to[Taps]...};
    const float* const from[] = {taps[Taps]...};
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        const float x[] = {from[Taps][i]...};
        float best = x[0], left = d_y[i];  // left: 0 once it is sent
        ((best = larger(best, x[Taps])), ...);
        const auto take = [&](float value) {
            const bool largest = (value == best) | (value != value);
            const float taken = largest ? left : 0.0f;
            left = largest ? 0.0f : left;
            return taken;
        };
        ((targets[Taps][i] = (add ? targets[Taps][i] : 0.0f) + take(x[Taps])), ...);
    }
}

template <size_t... Taps>
inline void share(float* const* to, const float* d_y, float count, int64_t n, std::index_sequence<Taps...>) {
    float* const targets[] = {to[Taps]...};
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        const float part = d_y[i] / count;
        ((targets[Taps][i] += part), ...);
    }
}

template <Combine combine, int taps>
void fold_taps(float* y, const float* const* from, int64_t n) {
    fold<combine>(y, from, n, std::make_index_sequence<taps - 1>());
}
template <bool add, int taps>
void send_taps(float* const* to, const float* const* from, const float* d_y, int64_t n) {
    send<add>(to, from, d_y, n, std::make_index_sequence<taps>());
}
template <int taps>
void share_taps(float* const* to, const float* d_y, float count, int64_t n) {
    share(to, d_y, count, n, std::make_index_sequence<taps>());
}

// By the number of taps, less 1.
struct ByTaps {
    Fold largest[most_taps], sum[most_taps];
    Send send[most_taps], add[most_taps];
    Share share[most_taps];
};

template <int... Less1>
constexpr ByTaps by_taps(std::integer_sequence<int, Less1...>) {
    return {{fold_taps<larger, Less1 + 1>...},
            {fold_taps<plus, Less1 + 1>...},
            {send_taps<false, Less1 + 1>...},
            {send_taps<true, Less1 + 1>...},
            {share_taps<Less1 + 1>...}};
}
constexpr ByTaps table = by_taps(std::make_integer_sequence<int, most_taps>());

// y = all taps of a window, folded.
inline void fold_window(const Fold* folds, float* y, const float* x, const Windows& w, const Taps& taps) {
    const float* from[most_taps];
    int held = 0;
    each_tap(w, taps, [&](int64_t offset) {
        if (held == most_taps) {  // the result so far is one of the next
            folds[held - 1](y, from, w.channels);
            from[0] = y;
            held = 1;
        }
        from[held++] = x + offset;
    });
    folds[held - 1](y, from, w.channels);
}

// Which tap holds the first largest, for n channels from `channel` on.
inline void find_largest(int32_t* at, const float* x, const Windows& w, const Taps& taps, int64_t channel,
                         int64_t n) {
    float best[block];
    int32_t tap = 0;
    each_tap(w, taps, [&](int64_t offset) {
        const float* from = x + offset + channel;
        for (int64_t i = 0; i < n; ++i) {
            const bool better = tap == 0 || beats(from[i], best[i]);
            best[i] = better ? from[i] : best[i];
            at[i] = better ? tap : at[i];
        }
        ++tap;
    });
}

template <class Function>
inline void each_block(int64_t channels, Function function) {
    for (int64_t channel = 0; channel < channels; channel += block)
        function(channel, std::min(block, channels - channel));
}

void max_pool(float* y, const float* x, const Windows& w) {
    each_window(w,
                [&](int64_t place, const Taps& taps) { fold_window(table.largest, y + place, x, w, taps); });
}

void max_pool_positions(int32_t* y, const float* x, int64_t start, const Windows& w) {
    int32_t at[block] = {};
    each_window(w, [&](int64_t place, const Taps& taps) {
        each_block(w.channels, [&](int64_t channel, int64_t n) {
            find_largest(at, x, w, taps, channel, n);
            for (int64_t i = 0; i < n; ++i) {
                const int64_t row = taps.row + at[i] / taps.columns,
                              column = taps.column + at[i] % taps.columns;
                y[place + channel + i] =
                    static_cast<int32_t>(start + (row * w.width + column) * w.channels + channel + i);
            }
        });
    });
}

inline void add_at_largest(float* d_x, const float* x, const float* d_y, const Windows& w, const Taps& taps) {
    int32_t at[block] = {};
    each_block(w.channels, [&](int64_t channel, int64_t n) {
        find_largest(at, x, w, taps, channel, n);
        int32_t tap = 0;
        each_tap(w, taps, [&](int64_t offset) {
            float* to = d_x + offset + channel;
            CHAINRULE_IVDEP
            for (int64_t i = 0; i < n; ++i) to[i] += at[i] == tap ? d_y[channel + i] : 0.0f;
            ++tap;
        });
    });
}

void max_pool_adjoint(float* d_x, const float* x, const float* d_y, const Windows& w) {
    const bool apart = w.stride_height >= w.window_height && w.stride_width >= w.window_width;
    const bool all = w.high * w.window_height == w.height && w.wide * w.window_width == w.width &&
                     w.above == 0 && w.before == 0;
    const bool written =
        apart && all && w.window_height * w.window_width <= most_taps;  // every element, and once
    if (!written) std::memset(d_x, 0, static_cast<size_t>(w.height * w.width * w.channels) * sizeof(float));
    each_window(w, [&](int64_t place, const Taps& taps) {
        if (taps.count() > most_taps) {
            add_at_largest(d_x, x, d_y + place, w, taps);
            return;
        }
        const float* from[most_taps];
        float* to[most_taps];
        int held = 0;
        each_tap(w, taps, [&](int64_t offset) {
            from[held] = x + offset;
            to[held++] = d_x + offset;
        });
        (apart ? table.send : table.add)[held - 1](to, from, d_y + place, w.channels);
    });
}

void average_pool(float* y, const float* x, const Windows& w) {
    each_window(w, [&](int64_t place, const Taps& taps) {
        fold_window(table.sum, y + place, x, w, taps);
        const float count = static_cast<float>(taps.count());
        for (int64_t i = 0; i < w.channels; ++i) y[place + i] /= count;
    });
}

void average_pool_adjoint(float* d_x, const float* d_y, const Windows& w) {
    std::memset(d_x, 0, static_cast<size_t>(w.height * w.width * w.channels) * sizeof(float));
    each_window(w, [&](int64_t place, const Taps& taps) {
        float* to[most_taps];
        int held = 0;
        const auto add = [&] {
            table.share[held - 1](to, d_y + place, static_cast<float>(taps.count()), w.channels);
            held = 0;
        };
        each_tap(w, taps, [&](int64_t offset) {
            to[held++] = d_x + offset;
            if (held == most_taps) add();
        });
        if (held > 0) add();
    });
}

// What a place reads: x[below] (1 - weight) + x[above] weight.
struct Neighbours {
    int64_t below, above;
    float weight;
};

inline Neighbours neighbours(int64_t place, const Resizing& r) {
    if (!r.linear) {
        const int64_t nearest = (2 * place + 1) * r.length / (2 * r.size);
        return {nearest, nearest, 0.0f};
    }
    const double middle =
        (static_cast<double>(place) + 0.5) * static_cast<double>(r.length) / static_cast<double>(r.size) -
        0.5;
    const double source = std::clamp(middle, 0.0, static_cast<double>(r.length - 1)),
                 below = std::floor(source);
    const int64_t first = static_cast<int64_t>(below);
    return {first, std::min(first + 1, r.length - 1), static_cast<float>(source - below)};
}

template <class Function>
inline void each_place(const Resizing& r, Function function) {
    for (int64_t row = 0; row < r.rows; ++row)
        for (int64_t place = 0; place < r.size; ++place) {
            const Neighbours read = neighbours(place, r);
            const int64_t start = row * r.length;
            function((row * r.size + place) * r.inner, (start + read.below) * r.inner,
                     (start + read.above) * r.inner, read.weight);
        }
}

void resize(float* y, const float* x, const Resizing& r) {
    each_place(r, [&](int64_t to, int64_t below, int64_t above, float weight) {
        if (!r.linear) {
            std::memmove(y + to, x + below, static_cast<size_t>(r.inner) * sizeof(float));
            return;
        }
        const float rest = 1.0f - weight;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < r.inner; ++i) y[to + i] = x[below + i] * rest + x[above + i] * weight;
    });
}

void resize_adjoint(float* d_x, const float* d_y, const Resizing& r) {
    std::memset(d_x, 0, static_cast<size_t>(r.rows * r.length * r.inner) * sizeof(float));
    const auto add = [&](int64_t to, int64_t from, float weight) {
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < r.inner; ++i) d_x[to + i] += d_y[from + i] * weight;
    };
    each_place(r, [&](int64_t from, int64_t below, int64_t above, float weight) {
        add(below, from, 1.0f - weight);
        if (r.linear) add(above, from, weight);
    });
}

}  // namespace

SpaceTable CHAINRULE_SPACE() {
    return {max_pool, max_pool_positions, max_pool_adjoint, average_pool, average_pool_adjoint,
            resize,   resize_adjoint};
}

}  // namespace chainrule
