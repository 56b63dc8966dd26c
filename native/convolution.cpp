#include "convolution.hpp"

#include <algorithm>
#include <cstring>

#include "kernels.hpp"
#include "multiply.hpp"

namespace chainrule {
namespace {

// Walks what taps first … last of one group see from place p of all examples, as runs that lie in one piece
// both in the image and in the patch: visit(offset in x, or -1 where padding is seen; place in the patch;
// length).
template <class Visit>
inline void walk(const Convolution& c, int64_t group, int64_t p, int64_t first, int64_t last, Visit visit) {
    const int64_t channels = c.groups * c.inputs, line = c.kernel_width * c.inputs;
    const int64_t example = p / c.places(), place = p % c.places();
    const int64_t y = place / c.columns * c.stride_height - c.top,
                  x = place % c.columns * c.stride_width - c.left;
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
void gather(const Convolution& c, const float* x, int64_t group, int64_t first, int64_t last,
            int64_t first_tap, int64_t last_tap, float* patches) {
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
void scatter(const Convolution& c, float* x, int64_t group, int64_t first, int64_t last,
             const float* patches) {
    const int64_t taps = c.taps();
    for (int64_t p = first; p < last; ++p, patches += taps)
        walk(c, group, p, 0, taps, [&](int64_t to, int64_t from, int64_t n) {
            if (to < 0) return;
            for (int64_t i = 0; i < n; ++i) x[to + i] += patches[from + i];
        });
}

// Places whose patches are gathered at a time.
int64_t rows_at_a_time(int64_t taps) {
    return std::clamp<int64_t>(patch_room / std::max<int64_t>(taps, 1), 1, 336);
}

// The image as it is, is its patches.
bool is_pointwise(const Convolution& c) {
    return c.kernel_height == 1 && c.kernel_width == 1 && c.stride_height == 1 && c.stride_width == 1 &&
           c.top == 0 && c.left == 0 && c.rows == c.height && c.columns == c.width;
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
                        visit(((e * c.rows + row) * c.columns + column) * c.groups,
                              ((e * c.height + y) * c.width + x) * c.groups,
                              (i * c.kernel_width + j) * c.groups);
                    }
}

// Straight from the image, whose lines get their zeros before and after first; lines above and below it are
// left out. Rows of places sweep over the lines of a window.

struct Image {
    const float* at;
    int64_t line;  // numbers from one line to the next
};

// One image with `left` columns of zeros before, as wide as the windows see; as it is where that is the same.
Image with_zeros(const Convolution& c, const float* x, float* room) {
    const int64_t seen = (c.columns - 1) * c.stride_width + (c.kernel_width - 1) * c.dilation_width + 1;
    if (c.left == 0 && seen <= c.width) return {x, c.width * c.inputs};
    const int64_t line = seen * c.inputs, before = c.left * c.inputs,
                  held = std::min(c.width, seen - c.left) * c.inputs;
    for (int64_t row = 0; row < c.height; ++row) {
        float* to = room + row * line;
        std::fill(to, to + before, 0.0f);
        std::memcpy(to + before, x + row * c.width * c.inputs, static_cast<size_t>(held) * 4);
        std::fill(to + before + held, to + line, 0.0f);
    }
    return {room, line};
}

// first … last of 0 … count - 1 for which start + i · step is a line of the image.
struct Inside {
    int64_t first, last;
    Inside(int64_t start, int64_t step, int64_t count, int64_t height) {
        first = start < 0 ? std::min((-start + step - 1) / step, count) : 0;
        last = start < height ? std::clamp<int64_t>((height - 1 - start) / step + 1, first, count) : first;
    }
};

// Numbers of the weights in panels of columns.
int64_t packed_weights(const Convolution& c) {
    const int64_t width = kernels().product.sweep_columns;
    return c.taps() * ((c.outputs + width - 1) / width) * width;
}

// Whether rows of places are long enough, and weights and image fit into the room for patches.
bool is_direct(const Convolution& c) {
    const ProductTable& own = kernels().product;
    if (!own.sweep || c.groups != 1 || c.dilation_width != 1 || c.columns < 4 || c.outputs < 8 ||
        c.batch == 0 || c.taps() == 0)
        return false;
    const int64_t seen = (c.columns - 1) * c.stride_width + c.kernel_width;
    return c.left < seen && packed_weights(c) + c.height * seen * c.inputs <= patch_room;
}

// The derivative by the input, where it is a convolution itself: of what came back, by the weights turned
// round.
bool is_direct_back(const Convolution& c, Convolution& back) {
    if (c.stride_height != 1 || c.stride_width != 1) return false;
    back = c;
    back.height = c.rows;
    back.width = c.columns;
    back.rows = c.height;
    back.columns = c.width;
    back.inputs = c.outputs;
    back.outputs = c.inputs;
    back.top = (c.kernel_height - 1) * c.dilation_height - c.top;
    back.left = (c.kernel_width - 1) * c.dilation_width - c.left;
    // At the sides it multiplies zeros: where these are many, patches are better.
    return back.top >= 0 && back.left >= 0 && c.width * 5 <= c.columns * 6 && is_direct(back);
}

// panels (of columns, taps, sweep_columns) = weights (taps, outputs), zeros beyond the last.
void pack_weights(const Convolution& c, const float* weight, float* panels) {
    const int64_t width = kernels().product.sweep_columns, taps = c.taps();
    for (int64_t left = 0; left < c.outputs; left += width, panels += taps * width) {
        const int64_t columns = std::min(width, c.outputs - left);
        for (int64_t tap = 0; tap < taps; ++tap)
            std::memcpy(panels + tap * width, weight + tap * c.outputs + left,
                        static_cast<size_t>(columns) * 4);
    }
}

// The same of the weights turned round; c: the convolution back.
void pack_turned(const Convolution& c, const float* weight, float* panels) {
    const ProductTable& own = kernels().product;
    const int64_t width = own.sweep_columns, window = c.kernel_height * c.kernel_width;
    for (int64_t left = 0; left < c.outputs; left += width)
        for (int64_t tap = 0; tap < window; ++tap, panels += c.inputs * width) {
            const float* from = weight + ((window - 1 - tap) * c.outputs + left) * c.inputs;
            const int64_t columns = std::min(width, c.outputs - left);
            if (columns == width) {
                own.turn(panels, from, width, c.inputs, c.inputs);
                continue;
            }
            for (int64_t j = 0; j < columns; ++j)
                for (int64_t i = 0; i < c.inputs; ++i) panels[i * width + j] = from[j * c.inputs + i];
        }
}

void sweep_rows(const Convolution& c, const float* x, const float* panels, float* y, int64_t first,
                int64_t last, float* room) {
    const ProductTable& own = kernels().product;
    const int64_t tiles = (c.columns + own.sweep_rows - 1) / own.sweep_rows, width = own.sweep_columns;
    const int64_t line = c.kernel_width * c.inputs;  // taps of a line of the window
    for (int64_t e = first; e < last; ++e) {
        const Image image = with_zeros(c, x + e * c.x_items(), room);
        for (int64_t left = 0; left < c.outputs; left += width)
            for (int64_t row = 0; row < c.rows; ++row) {
                const int64_t top = row * c.stride_height - c.top;
                const Inside lines(top, c.dilation_height, c.kernel_height, c.height);
                for (int64_t tile = 0; tile < tiles; ++tile) {
                    const int64_t begin = c.columns * tile / tiles, end = c.columns * (tile + 1) / tiles;
                    Sweep sweep{};
                    sweep.a = image.at + (top + lines.first * c.dilation_height) * image.line +
                              begin * c.stride_width * c.inputs;
                    sweep.a_row = c.stride_width * c.inputs;
                    sweep.a_step = 1;
                    sweep.a_segment = c.dilation_height * image.line;
                    sweep.b = panels + left * c.taps() + lines.first * line * width;
                    sweep.b_step = width;
                    sweep.b_segment = line * width;
                    sweep.steps = line;
                    sweep.segments = lines.last - lines.first;
                    sweep.c = y + ((e * c.rows + row) * c.columns + begin) * c.outputs + left;
                    sweep.c_row = c.outputs;
                    sweep.columns = std::min(width, c.outputs - left);
                    own.sweep[end - begin - 1](sweep);
                }
            }
    }
}

// Taps of each line of the window, all places of an image at a time.
void sweep_taps(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                int64_t last, float* room) {
    const ProductTable& own = kernels().product;
    const int64_t line = c.kernel_width * c.inputs, tiles = (line + own.sweep_rows - 1) / own.sweep_rows,
                  width = own.sweep_columns;
    for (int64_t e = first; e < last; ++e) {
        const Image image = with_zeros(c, x + e * c.x_items(), room);
        for (int64_t left = 0; left < c.outputs; left += width)
            for (int64_t i = 0; i < c.kernel_height; ++i) {
                const int64_t top = i * c.dilation_height - c.top;
                const Inside rows(top, c.stride_height, c.rows, c.height);
                for (int64_t tile = 0; tile < tiles; ++tile) {
                    const int64_t begin = line * tile / tiles, end = line * (tile + 1) / tiles;
                    Sweep sweep{};
                    sweep.a = image.at + (top + rows.first * c.stride_height) * image.line + begin;
                    sweep.a_row = 1;
                    sweep.a_step = c.stride_width * c.inputs;
                    sweep.a_segment = c.stride_height * image.line;
                    sweep.b = d_y + (e * c.rows + rows.first) * c.columns * c.outputs + left;
                    sweep.b_step = c.outputs;
                    sweep.b_segment = c.columns * c.outputs;
                    sweep.steps = c.columns;
                    sweep.segments = rows.last - rows.first;
                    sweep.c = d_weight + (i * line + begin) * c.outputs + left;
                    sweep.c_row = c.outputs;
                    sweep.columns = std::min(width, c.outputs - left);
                    sweep.add = true;
                    own.sweep[end - begin - 1](sweep);
                }
            }
    }
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, float* y, int64_t first,
              int64_t last, char* scratch) {
    const int64_t taps = c.taps(), channels = c.groups * c.outputs;
    if (is_depthwise(c)) {
        std::fill(y + first * c.y_items(), y + last * c.y_items(), 0.0f);
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last, [&](int64_t to, int64_t from, int64_t w) {
            multiply_add(y + to, x + from, weight + w, c.groups);
        });
        return;
    }
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    if (!is_pointwise(c) && is_direct(c)) {
        pack_weights(c, weight, patches);
        sweep_rows(c, x, patches, y, first, last, patches + packed_weights(c));
        return;
    }
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            const bool direct = is_pointwise(c);
            if (!direct) gather(c, x, group, p, p + count, 0, taps, patches);
            multiply({direct ? x + p * c.groups * c.inputs + group * c.inputs : patches,
                      weight + group * c.outputs, y + p * channels + group * c.outputs, count, c.outputs,
                      taps, direct ? c.groups * c.inputs : taps, channels, channels, false, false, false},
                     scratch);
        }
}

void convolve_back(const Convolution& c, const float* d_y, const float* weight, float* d_x, int64_t first,
                   int64_t last, char* scratch) {
    const int64_t taps = c.taps(), channels = c.groups * c.outputs;
    const bool direct = is_pointwise(c);
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    Convolution back{};
    if (!direct && is_direct_back(c, back)) {
        pack_turned(back, weight, patches);
        sweep_rows(back, d_y, patches, d_x, first, last, patches + packed_weights(back));
        return;
    }
    if (!direct || is_depthwise(c)) std::fill(d_x + first * c.x_items(), d_x + last * c.x_items(), 0.0f);
    if (is_depthwise(c)) {
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last, [&](int64_t from, int64_t to, int64_t w) {
            multiply_add(d_x + to, d_y + from, weight + w, c.groups);
        });
        return;
    }
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            multiply({d_y + p * channels + group * c.outputs, weight + group * c.outputs,
                      direct ? d_x + p * c.groups * c.inputs + group * c.inputs : patches, count, taps,
                      c.outputs, channels, channels, direct ? c.groups * c.inputs : taps, false, true, false},
                     scratch);
            if (!direct) scatter(c, d_x, group, p, p + count, patches);
        }
}

void convolve_weight(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                     int64_t last, int64_t first_tap, int64_t last_tap, char* scratch) {
    const int64_t taps = last_tap - first_tap, channels = c.groups * c.outputs;
    if (taps == 0) return;
    std::fill(d_weight + first_tap * channels, d_weight + last_tap * channels, 0.0f);
    if (is_depthwise(c)) {
        const auto multiply_add = kernels().multiply_add;
        walk_depthwise(c, first, last, [&](int64_t back, int64_t from, int64_t w) {
            if (w >= first_tap * channels && w < last_tap * channels)
                multiply_add(d_weight + w, x + from, d_y + back, c.groups);
        });
        return;
    }
    float* patches = reinterpret_cast<float*>(scratch + product_scratch);
    if (taps == c.taps() && !is_pointwise(c) && is_direct(c)) {
        sweep_taps(c, x, d_y, d_weight, first, last, patches);
        return;
    }
    const int64_t step = rows_at_a_time(taps);
    for (int64_t group = 0; group < c.groups; ++group)
        for (int64_t p = first * c.places(); p < last * c.places(); p += step) {
            const int64_t count = std::min(step, last * c.places() - p);
            gather(c, x, group, p, p + count, first_tap, last_tap, patches);
            multiply({patches, d_y + p * channels + group * c.outputs,
                      d_weight + first_tap * channels + group * c.outputs, taps, c.outputs, count, taps,
                      channels, channels, true, false, true},
                     scratch);
        }
}

}  // namespace chainrule
