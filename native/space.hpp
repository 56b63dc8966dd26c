// Kernels over the axes of space: pooling and resizing, of one image at a time. Compiled once for each
// instruction set.
#pragma once

#include <cstdint>

namespace chainrule {

// Windows over an image (height, width, channels). above, before: rows and columns of padding. high, wide:
// how many windows there are. Each of them holds at least one element of the image.
struct Windows {
    int64_t height, width, channels;
    int64_t window_height, window_width;
    int64_t stride_height, stride_width;
    int64_t above, before;
    int64_t high, wide;
};

// One axis of (rows, length, inner) becomes `size` long, or comes back from that.
struct Resizing {
    int64_t rows, length, size, inner;
    bool linear;  // else the nearest
};

struct SpaceTable {
    // Padding never is the largest. The first NaN of a window is its largest, as in NumPy.
    void (*max_pool)(float* y, const float* x, const Windows& windows);
    // start: the number of the image's first element.
    void (*max_pool_positions)(int32_t* y, const float* x, int64_t start, const Windows& windows);
    void (*max_pool_adjoint)(float* d_x, const float* x, const float* d_y, const Windows& windows);
    void (*average_pool)(float* y, const float* x, const Windows& windows);
    void (*average_pool_adjoint)(float* d_x, const float* d_y, const Windows& windows);
    void (*resize)(float* y, const float* x, const Resizing& resizing);
    void (*resize_adjoint)(float* d_x, const float* d_y, const Resizing& resizing);
};

SpaceTable space_baseline();
SpaceTable space_avx2();
SpaceTable space_avx512();

}  // namespace chainrule
