// Running what goes over the axes of space: convolution, pooling and resizing, image by image.
#include "kernels.hpp"
#include "running.hpp"

namespace chainrule {
namespace {

int64_t image_items(const Windows& w) { return w.height * w.width * w.channels; }
int64_t window_items(const Windows& w) { return w.high * w.wide * w.channels; }
int64_t shorter(const Resizing& r) { return r.rows * r.length * r.inner; }
int64_t longer(const Resizing& r) { return r.rows * r.size * r.inner; }

}  // namespace

void run(const Convolve& in, const Chunk& chunk) {
    convolve(in.convolution, chunk.read<float>(in.x), chunk.read<float>(in.weight), chunk.write<float>(in.y),
             chunk.first, chunk.last, chunk.scratch);
}

void run(const ConvolveInputAdjoint& in, const Chunk& chunk) {
    convolve_back(in.convolution, chunk.read<float>(in.d_y), chunk.read<float>(in.weight),
                  chunk.write<float>(in.d_x), chunk.first, chunk.last, chunk.scratch);
}

void run(const ConvolveWeightAdjoint& in, const Chunk& chunk) {
    const Convolution& c = in.convolution;
    const float *x = chunk.read<float>(in.x), *d_y = chunk.read<float>(in.d_y);
    float* d_weight = chunk.write<float>(in.d_weight);
    if (in.whole_images)
        convolve_weight(c, x, d_y, d_weight, 0, c.batch, chunk.first, chunk.last, chunk.scratch);
    else
        convolve_weight(c, x, d_y, d_weight + chunk.number * c.weight_items(), chunk.first, chunk.last, 0,
                        c.taps(), chunk.scratch);
}

void run(const WinogradFilters& in, const Chunk& chunk) {
    winograd_filters(in.convolution, chunk.read<float>(in.weight), in.back, chunk.write<float>(in.filters),
                     chunk.first, chunk.last, kernels(), chunk.scratch);
}

void run(const Winograd& in, const Chunk& chunk) {
    winograd(in.convolution, chunk.read<float>(in.x), chunk.read<float>(in.filters), chunk.write<float>(in.y),
             chunk.first, chunk.last, kernels(), chunk.scratch);
}

void run(const WinogradWeightAdjoint& in, const Chunk& chunk) {
    const Convolution& c = in.convolution;
    const float *x = chunk.read<float>(in.x), *d_y = chunk.read<float>(in.d_y);
    float* d_weight = chunk.write<float>(in.d_weight);
    if (in.whole_images)
        winograd_weight(c, x, d_y, d_weight, 0, c.batch, chunk.first, chunk.last, kernels(), chunk.scratch);
    else
        winograd_weight(c, x, d_y, d_weight + chunk.number * c.weight_items(), chunk.first, chunk.last, 0,
                        c.inputs, kernels(), chunk.scratch);
}

void run(const MaxPool& in, const Chunk& chunk) {
    const int64_t image = image_items(in.windows), windows = window_items(in.windows);
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.max_pool(chunk.write<float>(in.y) + n * windows, chunk.read<float>(in.x) + n * image,
                                 in.windows);
}

void run(const MaxPoolPositions& in, const Chunk& chunk) {
    const int64_t image = image_items(in.windows), windows = window_items(in.windows);
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.max_pool_positions(chunk.write<int32_t>(in.y) + n * windows,
                                           chunk.read<float>(in.x) + n * image, n * image, in.windows);
}

void run(const MaxPoolAdjoint& in, const Chunk& chunk) {
    const int64_t image = image_items(in.windows), windows = window_items(in.windows);
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.max_pool_adjoint(chunk.write<float>(in.d_x) + n * image,
                                         chunk.read<float>(in.x) + n * image,
                                         chunk.read<float>(in.d_y) + n * windows, in.windows);
}

void run(const AveragePool& in, const Chunk& chunk) {
    const int64_t image = image_items(in.windows), windows = window_items(in.windows);
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.average_pool(chunk.write<float>(in.y) + n * windows,
                                     chunk.read<float>(in.x) + n * image, in.windows);
}

void run(const AveragePoolAdjoint& in, const Chunk& chunk) {
    const int64_t image = image_items(in.windows), windows = window_items(in.windows);
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.average_pool_adjoint(chunk.write<float>(in.d_x) + n * image,
                                             chunk.read<float>(in.d_y) + n * windows, in.windows);
}

void run(const Resize& in, const Chunk& chunk) {
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.resize(chunk.write<float>(in.y) + n * longer(in.resizing),
                               chunk.read<float>(in.x) + n * shorter(in.resizing), in.resizing);
}

void run(const ResizeAdjoint& in, const Chunk& chunk) {
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        kernels().space.resize_adjoint(chunk.write<float>(in.d_x) + n * shorter(in.resizing),
                                       chunk.read<float>(in.d_y) + n * longer(in.resizing), in.resizing);
}

}  // namespace chainrule
