// Convolutions, pooling and resizing from the wire format.
#include <limits>

#include "reader.hpp"

namespace chainrule {
namespace {

Convolution convolution_of(Reader& in) {
    constexpr int64_t high = 1 << 24;
    Convolution c{};
    const auto any = [&](auto... fields) { ((*fields = in.number(0, high)), ...); };
    const auto some = [&](auto... fields) { ((*fields = in.number(1, high)), ...); };
    any(&c.batch, &c.height, &c.width, &c.inputs);
    some(&c.kernel_height, &c.kernel_width);
    any(&c.outputs);
    some(&c.groups, &c.stride_height, &c.stride_width, &c.dilation_height, &c.dilation_width);
    any(&c.top, &c.left, &c.rows, &c.columns);
    return c;
}

// Numbers of all operands of a convolution, checked; and images as operands, cut by examples.
struct Sizes {
    int64_t batch, taps, x, y, weight;

    explicit Sizes(const Convolution& c) : batch(c.batch) {
        const int64_t x_channels = product(c.groups, c.inputs), y_channels = product(c.groups, c.outputs);
        x = product(product(c.batch, c.height), product(c.width, x_channels));
        y = product(product(c.batch, c.rows), product(c.columns, y_channels));
        taps = product(product(c.kernel_height, c.kernel_width), c.inputs);
        weight = product(taps, y_channels);
    }

    Place read(Reader& in, int64_t items) const {
        return batch && items ? in.read_rows(batch, items / batch, 4) : in.read(items, 4);
    }
    Place write(Reader& in, int64_t items) const {
        return batch && items ? in.write_rows(batch, items / batch, 4) : in.write(items, 4);
    }
};

// extent: of the work where every chunk reads whole images.
template <class Work>
void decode_weight_adjoint(Reader& in, Instruction& out, Work w, const Sizes& sizes, int64_t extent) {
    const bool whole = w.whole_images = in.flag();
    const int64_t parts = whole ? 1 : in.number(1, most_chunks);
    if (whole)
        out.extent = extent;
    else
        out.chunks_at_most = static_cast<int>(parts);
    w.x = whole ? in.read(sizes.x, 4) : sizes.read(in, sizes.x);
    w.d_y = whole ? in.read(sizes.y, 4) : sizes.read(in, sizes.y);
    w.d_weight = in.write(product(parts, sizes.weight), 4);
    out.work = w;
}

Windows windows_of(Reader& in, int64_t& batch) {
    constexpr int64_t longest = 1 << 30;  // so that no sum or product of three overflows
    Windows w{};
    batch = in.size();
    w.height = in.number(1, longest);
    w.width = in.number(1, longest);
    w.channels = in.size();
    for (int64_t* field : {&w.window_height, &w.window_width, &w.stride_height, &w.stride_width})
        *field = in.number(1, longest);
    w.above = in.number(0, w.window_height - 1);
    const int64_t below = in.number(0, w.window_height - 1);
    w.before = in.number(0, w.window_width - 1);
    const int64_t after = in.number(0, w.window_width - 1);
    const int64_t free_height = w.above + w.height + below - w.window_height;
    const int64_t free_width = w.before + w.width + after - w.window_width;
    if (free_height < 0 || free_width < 0) refuse("a window larger than its image");
    w.high = free_height / w.stride_height + 1;
    w.wide = free_width / w.stride_width + 1;
    return w;
}

}  // namespace

void decode_convolution(Reader& in, Instruction& out, Kind kind) {
    const Convolution c = convolution_of(in);
    const Sizes sizes(c);
    product(sizes.taps, 336);
    if (sizes.taps > patch_room) refuse("a window of too many taps");
    out.scratch = product_scratch + convolution_scratch;
    out.extent = c.batch;
    if (kind == Kind::convolution) {
        Convolve w{c, {}, {}, {}};
        w.x = sizes.read(in, sizes.x);
        w.weight = in.read(sizes.weight, 4);
        w.y = sizes.write(in, sizes.y);
        out.work = w;
    } else if (kind == Kind::convolution_input_adjoint) {
        ConvolveInputAdjoint w{c, {}, {}, {}};
        w.d_y = sizes.read(in, sizes.y);
        w.weight = in.read(sizes.weight, 4);
        w.d_x = sizes.write(in, sizes.x);
        out.work = w;
    } else {
        decode_weight_adjoint(in, out, ConvolveWeightAdjoint{c, false, {}, {}, {}}, sizes, sizes.taps);
    }
}

void decode_winograd(Reader& in, Instruction& out, Kind kind) {
    const Convolution c = convolution_of(in);
    const Sizes sizes(c);
    if (!winograd_fits(c) || c.top > 2 || c.left > 2) refuse("a convolution that is none for Winograd");
    const int64_t filters = product(product(c.inputs, c.outputs), winograd_points);
    product(filters, 4);
    if (kind == Kind::winograd_filters) {
        WinogradFilters w{c, in.flag(), in.read(sizes.weight, 4), {}};
        w.filters = in.write(filters, 4);
        out.extent = c.outputs > 0 ? c.inputs : 0;
        out.scratch = winograd_filters_scratch(c);
        out.work = w;
    } else if (kind == Kind::winograd) {
        Winograd w{c, {}, {}, {}};
        w.x = sizes.read(in, sizes.x);
        w.filters = in.read(filters, 4);
        w.y = sizes.write(in, sizes.y);
        out.extent = c.batch;
        out.scratch = winograd_scratch(c);
        out.work = w;
    } else {
        out.extent = c.batch;
        out.scratch = winograd_weight_scratch(c);
        decode_weight_adjoint(in, out, WinogradWeightAdjoint{c, false, {}, {}, {}}, sizes, c.inputs);
    }
}

void decode_pool(Reader& in, Instruction& out, Kind kind) {
    int64_t batch = 0;
    const Windows w = windows_of(in, batch);
    const int64_t image = product(product(w.height, w.width), w.channels);
    const int64_t windows = product(product(w.high, w.wide), w.channels);
    out.extent = w.channels == 0 ? 0 : batch;
    const auto read = [&](int64_t items) {
        const int64_t all = product(batch, items);
        return all > 0 ? in.read_rows(batch, items, 4) : in.read(all, 4);
    };
    const auto write = [&](int64_t items) {
        const int64_t all = product(batch, items);
        return all > 0 ? in.write_rows(batch, items, 4) : in.write(all, 4);
    };
    const Place x = read(kind == Kind::average_pool_adjoint ? windows : image);
    if (kind == Kind::max_pool) out.work = MaxPool{w, x, write(windows)};
    if (kind == Kind::average_pool) out.work = AveragePool{w, x, write(windows)};
    if (kind == Kind::average_pool_adjoint) out.work = AveragePoolAdjoint{w, x, write(image)};
    if (kind == Kind::max_pool_positions) {
        out.work = MaxPoolPositions{w, x, write(windows)};
        if (batch * image > std::numeric_limits<int32_t>::max()) refuse("too many positions");
    }
    if (kind == Kind::max_pool_adjoint) {
        const Place d_y = read(windows);
        out.work = MaxPoolAdjoint{w, x, d_y, write(image)};
    }
}

void decode_resize(Reader& in, Instruction& out, Kind kind) {
    constexpr int64_t longest = 1 << 30;
    const int64_t batch = in.size();
    Resizing r{};
    r.rows = in.size();
    r.length = in.number(1, longest);
    r.size = in.number(1, longest);
    r.inner = in.size();
    r.linear = in.flag();
    const int64_t shorter = product(batch, product(product(r.rows, r.length), r.inner));
    const int64_t longer = product(batch, product(product(r.rows, r.size), r.inner));
    out.extent = r.rows == 0 || r.inner == 0 ? 0 : batch;
    if (kind == Kind::resize) {
        const Place x = in.read(shorter, 4);
        out.work = Resize{r, x, in.write(longer, 4)};
    } else {
        const Place d_y = in.read(longer, 4);
        out.work = ResizeAdjoint{r, d_y, in.write(shorter, 4)};
    }
}

}  // namespace chainrule
