#include "convolution.hpp"

#include <algorithm>
#include <cstring>

#include "kernels.hpp"
#include "multiply.hpp"

namespace chainrule {
namespace {

// Walks what taps first … last of one group see from place p of all examples, as runs that lie in one piece both in
// the image and in the patch: visit(offset in x, or -1 where padding is seen; place in the patch; length).
template <class Visit>
inline void walk(const Convolution& c, int64_t group, int64_t p, int64_t first, int64_t last, Visit visit) {
    const int64_t channels = c.groups * c.inputs, line = c.kernel_width * c.inputs;
    const int64_t example = p / c.places(), place = p % c.places();
    const int64_t y = place / c.columns * c.stride_height - c.top, x = place % c.columns * c.stride_width - c.left;
    const bool solid = c.groups == 1 && c.dilation_width == 1 && x >= 0 && x + c.kernel_width <= c.width;
    for (int64_t tap = first; tap < last;) {
        const int64_t i = tap / line, end = std::min(last, (i + 1) * line);
        const int64_t row = y + i * c.dilation_height;
        const bool inside = row >= 0 && row < c.height;
        const int64_t base = ((example * c.height + row) * c.width) * channels + group * c.inputs;
        if (!inside || solid) {  // the whole line at once
            visit(inside ? base + x * channels + (tap - i * line) : -1, tap - first, end - tap);
            tap = end;
            continue;
        }
        while (tap < end) {
            const int64_t j = (tap - i * line) / c.inputs, channel = (tap - i * line) % c.inputs;
            const int64_t length = std::min(end - tap, c.inputs - channel);
            const int64_t column = x + j * c.dilation_width;
            const bool seen = column >= 0 && column < c.width;
            visit(seen ? base + column * channels + channel : -1, tap - first, length);
            tap += length;
        }
    }
}

inline void copy_few(float* to, const float* from, int64_t n) {
    if (n >= 16) {
        std::memcpy(to, from, static_cast<size_t>(n) * 4);
    } else {
        for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
}

// patches (places first … last, taps): what each place sees.
void gather(const Convolution& c, const float* x, int64_t group, int64_t first, int64_t last, int64_t first_tap, int64_t last_tap,
            float* patches) {
    const int64_t taps = last_tap - first_tap;
    for (int64_t p = first; p < last; ++p, patches += taps)
        walk(c, group, p, first_tap, last_tap, [&](int64_t from, int64_t to, int64_t n) {
            if (from < 0)
                std::fill(patches + to, patches + to + n, 0.0f);
            else
                copy_few(patches + to, x + from, n);
        });
}

// The other way: what each place saw gets its part of the patches added.
void scatter(const Convolution& c, float* x, int64_t group, int64_t first, int64_t last, const float* patches) {
    const int64_t taps = c.taps();
    for (int64_t p = first; p < last; ++p, patches += taps)
        walk(c, group, p, 0, taps, [&](int64_t to, int64_t from, int64_t n) {
            if (to < 0) return;
            for (int64_t i = 0; i < n; ++i) x[to + i] += patches[from + i];
        });
}

// Places whose patches are gathered at a time.
int64_t rows_at_a_time(int64_t taps) { return std::clamp<int64_t>(patch_room / std::max<int64_t>(taps, 1), 1, 336); }

// The image as it is, is its patches.
bool is_pointwise(const Convolution& c) {
    return c.kernel_height == 1 && c.kernel_width == 1 && c.stride_height == 1 && c.stride_width == 1 && c.top == 0 && c.left == 0 &&
           c.rows == c.height && c.columns == c.width;
}

// One input and one output a group: the channels are side by side in weights and image alike.
bool is_depthwise(const Convolution& c) { return c.inputs == 1 && c.outputs == 1 && c.groups > 1; }

// visit(offset in y of a place, offset in x of what it sees, offset in the weights).
template <class Visit>
void walk_depthwise(const Convolution& c, int64_t first, int64_t last, Visit visit) {
    for (int64_t e = first; e < last; ++e)
        for (int64_t row = 0; row < c.rows; ++row)
            for (int64_t column = 0; column < c.columns; ++column)
                for (int64_t i = 0; i < c.kernel_height; ++i)
                    for (int64_t j = 0; j < c.kernel_width; ++j) {
                        const int64_t y = row * c.stride_height - c.top + i * c.dilation_height;
                        const int64_t x = column * c.stride_width - c.left + j * c.dilation_width;
                        if (y < 0 || y >= c.height || x < 0 || x >= c.width) continue;
                        visit(((e * c.rows + row) * c.columns + column) * c.groups, ((e * c.height + y) * c.width + x) * c.groups,
                              (i * c.kernel_width + j) * c.groups);
                    }
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, float* y, int64_t first, int64_t last, char* scratch) {
    const int64_t taps = c.taps(), channels = c.groups * c.outputs;
    if (is_depthwise(c)) {
        std::fill(y + first * c.y_items(), y + last * c.y_items(), 0.0f);
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last, [&](int64_t to, int64_t from, int64_t w) { multiply_add(y + to, x + from, weight + w, c.groups); });
        return;
    }
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            const bool direct = is_pointwise(c);
            if (!direct) gather(c, x, group, p, p + count, 0, taps, patches);
            multiply({direct ? x + p * c.groups * c.inputs + group * c.inputs : patches, weight + group * c.outputs,
                      y + p * channels + group * c.outputs, count, c.outputs, taps, direct ? c.groups * c.inputs : taps, channels,
                      channels, false, false, false},
                     scratch);
        }
}

void convolve_back(const Convolution& c, const float* d_y, const float* weight, float* d_x, int64_t first, int64_t last,
                   char* scratch) {
    const int64_t taps = c.taps(), channels = c.groups * c.outputs;
    const bool direct = is_pointwise(c);
    if (!direct || is_depthwise(c)) std::fill(d_x + first * c.x_items(), d_x + last * c.x_items(), 0.0f);
    if (is_depthwise(c)) {
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last,
                       [&](int64_t from, int64_t to, int64_t w) { multiply_add(d_x + to, d_y + from, weight + w, c.groups); });
        return;
    }
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            multiply({d_y + p * channels + group * c.outputs, weight + group * c.outputs,
                      direct ? d_x + p * c.groups * c.inputs + group * c.inputs : patches, count, taps, c.outputs, channels, channels,
                      direct ? c.groups * c.inputs : taps, false, true, false},
                     scratch);
            if (!direct) scatter(c, d_x, group, p, p + count, patches);
        }
}

void convolve_weight(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first, int64_t last,
                     int64_t first_tap, int64_t last_tap, char* scratch) {
    const int64_t taps = last_tap - first_tap, channels = c.groups * c.outputs;
    if (taps == 0) return;
    std::fill(d_weight + first_tap * channels, d_weight + last_tap * channels, 0.0f);
    if (is_depthwise(c)) {
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last, [&](int64_t back, int64_t from, int64_t w) {
            if (w >= first_tap * channels && w < last_tap * channels) multiply_add(d_weight + w, x + from, d_y + back, c.groups);
        });
        return;
    }
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            gather(c, x, group, p, p + count, first_tap, last_tap, patches);
            multiply({patches, d_y + p * channels + group * c.outputs, d_weight + first_tap * channels + group * c.outputs, taps, c.outputs,
                      count, taps, channels, channels, true, false, true},
                     scratch);
        }
}

}  // namespace chainrule
