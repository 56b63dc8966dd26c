// Convolution over two axes of space, channels last, and its adjoints: patches gathered in cache, and
// multiplied.
#pragma once

#include <cstdint>

namespace chainrule {

// x: (batch, height, width, groups · inputs); weights: (kernel height, kernel width, inputs, groups ·
// outputs); y: (batch, rows, columns, groups · outputs). One axis of space is a height of 1.
struct Convolution {
    int64_t batch, height, width, inputs;
    int64_t kernel_height, kernel_width, outputs, groups;
    int64_t stride_height, stride_width, dilation_height, dilation_width;
    int64_t top, left;  // zeros before
    int64_t rows, columns;

    int64_t taps() const { return kernel_height * kernel_width * inputs; }
    int64_t places() const { return rows * columns; }
    int64_t x_items() const { return height * width * groups * inputs; }  // of an example
    int64_t y_items() const { return places() * groups * outputs; }
    int64_t weight_items() const { return taps() * groups * outputs; }
};

constexpr int64_t patch_room = 1 << 18;                  // floats of the patches gathered at a time
constexpr int64_t convolution_scratch = patch_room * 4;  // bytes, beside product_scratch

// Examples first … last; scratch: convolution_scratch + product_scratch bytes.
void convolve(const Convolution& c, const float* x, const float* weight, float* y, int64_t first,
              int64_t last, char* scratch);
void convolve_back(const Convolution& c, const float* d_y, const float* weight, float* d_x, int64_t first,
                   int64_t last, char* scratch);
// The derivative by the weights of taps first_tap … last_tap alone, summed over examples first … last.
void convolve_weight(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                     int64_t last, int64_t first_tap, int64_t last_tap, char* scratch);

}  // namespace chainrule
