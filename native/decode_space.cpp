// Convolutions, pooling and resizing from the wire format.
#include <limits>

#include "convolution.hpp"
#include "reader.hpp"

namespace chainrule {

void read_convolution(Reader& in, Instruction& out) {
    constexpr int64_t high = 1 << 24;
    Convolution c{};
    int64_t* const fields[] = {&c.batch, &c.height, &c.width, &c.inputs, &c.kernel_height, &c.kernel_width, &c.outputs, &c.groups,
                               &c.stride_height, &c.stride_width, &c.dilation_height, &c.dilation_width, &c.top, &c.left, &c.rows,
                               &c.columns};
    for (int64_t* field : fields) {
        const bool may_be_nothing = field == &c.batch || field == &c.inputs || field == &c.outputs || field == &c.top || field == &c.left ||
                                    field == &c.height || field == &c.width || field == &c.rows || field == &c.columns;
        *field = in.number(may_be_nothing ? 0 : 1, high);
        out.sizes.push_back(*field);
    }
    const int64_t x_channels = product(c.groups, c.inputs), y_channels = product(c.groups, c.outputs);
    const int64_t x = product(product(c.batch, c.height), product(c.width, x_channels));
    const int64_t y = product(product(c.batch, c.rows), product(c.columns, y_channels));
    const int64_t taps = product(product(c.kernel_height, c.kernel_width), c.inputs), weight = product(taps, y_channels);
    product(taps, 336);
    if (taps > patch_room) refuse("a window of too many taps");
    out.scratch = product_scratch + convolution_scratch;
    const auto place = [&](int64_t items) { return in.place(items, 4); };
    const auto in_rows = [&](int64_t items) { return c.batch && items ? in.place_in_rows(c.batch, items / c.batch, 4) : place(items); };
    out.extent = c.batch;
    if (out.kind == Kind::convolution) {
        out.places.push_back(in_rows(x));
        out.places.push_back(place(weight));
        out.places.push_back(in_rows(y));
    } else if (out.kind == Kind::convolution_input_adjoint) {
        out.places.push_back(in_rows(y));
        out.places.push_back(place(weight));
        out.places.push_back(in_rows(x));
    } else {
        const bool by_taps = in.small(1) != 0;
        const int64_t parts = by_taps ? 1 : in.number(1, most_sums);
        out.extent = by_taps ? taps : c.batch;
        out.sizes.push_back(by_taps);
        out.sizes.push_back(parts);
        out.places.push_back(by_taps ? place(x) : in_rows(x));
        out.places.push_back(by_taps ? place(y) : in_rows(y));
        out.places.push_back(place(product(parts, weight)));
    }
}

void read_pool(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;  // so that no sum or product of three overflows
    const int64_t batch = in.size(), height = in.number(1, longest), width = in.number(1, longest), channels = in.size();
    const int64_t window_height = in.number(1, longest), window_width = in.number(1, longest);
    const int64_t stride_height = in.number(1, longest), stride_width = in.number(1, longest);
    const int64_t above = in.number(0, window_height - 1), below = in.number(0, window_height - 1);
    const int64_t before = in.number(0, window_width - 1), after = in.number(0, window_width - 1);
    const int64_t free_height = above + height + below - window_height, free_width = before + width + after - window_width;
    if (free_height < 0 || free_width < 0) refuse("a window larger than its image");
    const int64_t high = free_height / stride_height + 1, wide = free_width / stride_width + 1;
    const int64_t image = product(product(height, width), channels), windows = product(product(high, wide), channels);
    out.extent = channels == 0 ? 0 : batch;
    out.sizes = {height, width, channels, window_height, window_width, stride_height, stride_width, above, before, high, wide};
    const bool adjoint = out.kind == Kind::max_pool_adjoint || out.kind == Kind::average_pool_adjoint;
    const auto place = [&](int64_t items) {
        return product(batch, items) > 0 ? in.place_in_rows(batch, items, 4) : in.place(product(batch, items), 4);
    };
    if (out.kind != Kind::average_pool_adjoint) out.places.push_back(place(image));
    out.places.push_back(place(windows));
    if (adjoint) out.places.push_back(place(image));
    if (out.kind == Kind::max_pool_positions && batch * image > std::numeric_limits<int32_t>::max()) refuse("too many positions");
}

void read_resize(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;
    const int64_t batch = in.size(), rows = in.size(), length = in.number(1, longest), size = in.number(1, longest);
    const int64_t inner = in.size(), linear = in.small(1);
    const int64_t shorter = product(product(rows, length), inner), longer = product(product(rows, size), inner);
    out.extent = rows == 0 || inner == 0 ? 0 : batch;
    out.sizes = {rows, length, size, inner, linear};
    const bool adjoint = out.kind == Kind::resize_adjoint;
    out.places.push_back(in.place(product(batch, adjoint ? longer : shorter), 4));
    out.places.push_back(in.place(product(batch, adjoint ? shorter : longer), 4));
}

}  // namespace chainrule
