#include "winograd.hpp"

#include <algorithm>
#include <cstring>

#include "kernels.hpp"
#include "multiply.hpp"

namespace chainrule {
namespace {

constexpr int64_t panel = 32;                 // outputs whose products are made at a time
constexpr int64_t room = int64_t{100} << 10;  // numbers at the points that stay in the second cache

constexpr int64_t weight_inputs = 64;  // whose derivatives are summed at the points at a time

// Inputs whose filters are made side by side: what is one point's then lies together, and is copied as a
// whole.
constexpr int64_t filter_inputs = 8, filter_step = filter_inputs * panel + 16;

struct Tiles {
    int64_t high, wide;  // of an image
    int64_t each() const { return high * wide; }
};

Tiles tiles_of(const Convolution& c) {
    return {(c.rows + winograd_side - 1) / winograd_side, (c.columns + winograd_side - 1) / winograd_side};
}

// Tiles whose `channels` inputs, and a panel of outputs, are at the points at a time.
int64_t tiles_at_a_time(int64_t channels) {
    return std::clamp<int64_t>(room / (winograd_points * (channels + panel)), 14, 112);
}

// Numbers from one point to the next: not a power of two apart, which would all fall into the same part of a
// cache.
int64_t apart(int64_t numbers) { return (numbers + 31) / 16 * 16; }

template <class Number>
ImageTile<Number> tile_at(Number* image, int64_t height, int64_t width, int64_t channels, int64_t top,
                          int64_t left, int64_t side) {
    const auto inside = [side](int64_t at) { return static_cast<int>(std::clamp<int64_t>(at, 0, side)); };
    return {image + (top * width + left) * channels,
            width * channels,
            channels,
            inside(-top),
            inside(height - top),
            inside(-left),
            inside(width - left)};
}

// Tile number t of all examples: of what it sees of x, and of its places in y.
struct TileOf {
    const Convolution& c;
    Tiles tiles;
    int64_t example, top, left;

    TileOf(const Convolution& convolution, Tiles of, int64_t t)
        : c(convolution),
          tiles(of),
          example(t / of.each()),
          top(t % of.each() / of.wide * winograd_side),
          left(t % of.wide * winograd_side) {}

    ImageTile<const float> seen(const float* x) const {
        return tile_at(x + example * c.x_items(), c.height, c.width, c.inputs, top - c.top, left - c.left,
                       winograd_side + 2);
    }
    template <class Number>
    ImageTile<Number> places(Number* y) const {
        return tile_at(y + example * c.y_items(), c.rows, c.columns, c.outputs, top, left, winograd_side);
    }
};

// to (columns, rows) = from (rows, columns)
void transpose(float* to, const float* from, int64_t rows, int64_t columns, int64_t from_row,
               TurnKernel turn) {
    if (turn) {
        turn(to, from, rows, columns, from_row);
        return;
    }
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * from_row + c];
}

float* own_room(char* scratch) { return reinterpret_cast<float*>(scratch + product_scratch); }

// winograd_weight of a few inputs, so that their sums at the points stay in cache.
void weight_block(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                  int64_t last, int64_t first_input, int64_t inputs, const Kernels& kernels, char* scratch) {
    const Tiles tiles = tiles_of(c);
    const int64_t most = tiles_at_a_time(inputs), v_step = apart(most * inputs), m_step = apart(most * panel),
                  u_step = apart(inputs * c.outputs);
    const int64_t begin = first * tiles.each(), end = last * tiles.each();
    const int64_t blocks = (end - begin + most - 1) / most;
    float *v = own_room(scratch), *m = v + winograd_points * v_step, *u = m + winograd_points * m_step;
    std::fill(u, u + winograd_points * u_step, 0.0f);
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t start = begin + (end - begin) * block / blocks,
                      count = begin + (end - begin) * (block + 1) / blocks - start;
        for (int64_t t = 0; t < count; ++t)
            kernels.winograd.to_points(v + t * inputs, v_step,
                                       TileOf(c, tiles, start + t).seen(x + first_input), inputs);
        for (int64_t left = 0; left < c.outputs; left += panel) {
            const int64_t columns = std::min(panel, c.outputs - left);
            for (int64_t t = 0; t < count; ++t)
                kernels.winograd.from_points_adjoint(m + t * panel, m_step,
                                                     TileOf(c, tiles, start + t).places(d_y + left), columns);
            for (int64_t p = 0; p < winograd_points; ++p)
                multiply({v + p * v_step, m + p * m_step, u + p * u_step + left, inputs, columns, count,
                          inputs, panel, c.outputs, true, false, true},
                         scratch);
        }
    }
    for (int64_t i = 0; i < inputs; ++i)
        kernels.winograd.filter_adjoint(d_weight + (first_input + i) * c.outputs, c.inputs * c.outputs,
                                        u + i * c.outputs, u_step, c.outputs);
}

}  // namespace

bool winograd_fits(const Convolution& c) {
    return c.kernel_height == 3 && c.kernel_width == 3 && c.stride_height == 1 && c.stride_width == 1 &&
           c.dilation_height == 1 && c.dilation_width == 1 && c.groups == 1;
}

int64_t winograd_filters_scratch(const Convolution& c) {
    return (9 * c.inputs * c.outputs + winograd_points * filter_step) * 4;
}

int64_t winograd_scratch(const Convolution& c) {
    const int64_t tiles = tiles_at_a_time(c.inputs);
    return product_scratch + winograd_points * (apart(tiles * c.inputs) + apart(tiles * panel)) * 4;
}

int64_t winograd_weight_scratch(const Convolution& c) {
    const int64_t inputs = std::min(c.inputs, weight_inputs), tiles = tiles_at_a_time(inputs);
    return product_scratch +
           winograd_points * (apart(tiles * inputs) + apart(tiles * panel) + apart(inputs * c.outputs)) * 4;
}

void winograd_filters(const Convolution& c, const float* weight, bool back, float* filters, int64_t first,
                      int64_t last, const Kernels& kernels, char* scratch) {
    int64_t tap = c.inputs * c.outputs;
    const float* from = weight + first * c.outputs;
    if (back) {  // as the weights of an ordinary convolution first
        float* transposed = reinterpret_cast<float*>(scratch);
        const int64_t held = (last - first) * c.outputs;
        for (int64_t i = 0; i < 9; ++i)
            transpose(transposed + i * held, weight + (8 - i) * tap + first, c.outputs, last - first,
                      c.inputs, kernels.product.turn);
        from = transposed;
        tap = held;
    }
    float* few = reinterpret_cast<float*>(scratch) + 9 * c.inputs * c.outputs;
    for (int64_t left = 0; left < c.outputs; left += panel) {
        const int64_t columns = std::min(panel, c.outputs - left);
        float* to = filters + winograd_points * c.inputs * left;
        for (int64_t input = first; input < last; input += filter_inputs) {
            const int64_t count = std::min(filter_inputs, last - input);
            for (int64_t i = 0; i < count; ++i)
                kernels.winograd.filter(few + i * columns, filter_step,
                                        from + (input + i - first) * c.outputs + left, tap, columns);
            for (int64_t p = 0; p < winograd_points; ++p)
                std::memcpy(to + (p * c.inputs + input) * columns, few + p * filter_step,
                            static_cast<size_t>(count * columns) * 4);
        }
    }
}

void winograd(const Convolution& c, const float* x, const float* filters, float* y, int64_t first,
              int64_t last, const Kernels& kernels, char* scratch) {
    const Tiles tiles = tiles_of(c);
    const int64_t most = tiles_at_a_time(c.inputs), v_step = apart(most * c.inputs),
                  m_step = apart(most * panel);
    const int64_t begin = first * tiles.each(), end = last * tiles.each();
    const int64_t blocks = (end - begin + most - 1) / most;
    float *v = own_room(scratch), *m = v + winograd_points * v_step;
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t start = begin + (end - begin) * block / blocks,
                      count = begin + (end - begin) * (block + 1) / blocks - start;
        for (int64_t t = 0; t < count; ++t)
            kernels.winograd.to_points(v + t * c.inputs, v_step, TileOf(c, tiles, start + t).seen(x),
                                       c.inputs);
        for (int64_t left = 0; left < c.outputs; left += panel) {
            const int64_t columns = std::min(panel, c.outputs - left);
            const float* u = filters + winograd_points * c.inputs * left;
            for (int64_t p = 0; p < winograd_points; ++p)
                multiply({v + p * v_step, u + p * c.inputs * columns, m + p * m_step, count, columns,
                          c.inputs, c.inputs, columns, panel, false, false, false},
                         scratch);
            for (int64_t t = 0; t < count; ++t) {
                ImageTile<float> places = TileOf(c, tiles, start + t).places(y);
                places.at += left;
                kernels.winograd.from_points(places, m + t * panel, m_step, columns);
            }
        }
    }
}

void winograd_weight(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                     int64_t last, int64_t first_input, int64_t last_input, const Kernels& kernels,
                     char* scratch) {
    for (int64_t input = first_input; input < last_input; input += weight_inputs)
        weight_block(c, x, d_y, d_weight, first, last, input, std::min(weight_inputs, last_input - input),
                     kernels, scratch);
}

}  // namespace chainrule
