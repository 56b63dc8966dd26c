// What takes rows as a whole, from the wire format: sums that run along, order, attention, layer normalization.
#include <algorithm>
#include <limits>

#include "attention.hpp"
#include "kernels.hpp"
#include "reader.hpp"

namespace chainrule {

void read_lines(Reader& in, Instruction& out) {
    const int64_t type = in.small(static_cast<int>(Type::u32)), outer = in.size();
    const int64_t length = in.number(out.kind == Kind::argmax ? 1 : 0, std::numeric_limits<int32_t>::max()), inner = in.size();
    out.sizes = {type, length, inner};
    int64_t kept = length;
    if (out.kind == Kind::cumsum) out.sizes.push_back(in.small(1));
    if (out.kind == Kind::argmax) kept = 1;
    if (out.kind == Kind::argsort) {
        kept = in.number(0, length);
        out.sizes.insert(out.sizes.end(), {kept, in.small(1)});
    }
    out.extent = length == 0 || inner == 0 ? 0 : outer;
    if (out.kind == Kind::argsort && out.extent > 0) out.scratch = length * static_cast<int64_t>(sizeof(uint64_t));
    out.places.push_back(in.place(product(outer, product(length, inner)), 4));
    out.places.push_back(in.place(product(outer, product(kept, inner)), 4));
}

// Outer axes and how many of them the extent has; sizes of a head; then for every operand its strides (rows and columns
// last) and its place: queries, keys, values, of the adjoints the delta, maybe a mask, and the results.
void read_attention(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 24;
    const int axes = in.small(most_outer_axes);
    std::vector<int64_t> dims;
    for (int i = 0; i < axes; ++i) dims.push_back(in.number(0, longest));
    const int lead = in.small(axes);
    out.extent = 1;
    int64_t heads = 1;
    for (int i = 0; i < axes; ++i) heads = product(heads, dims[static_cast<size_t>(i)]);
    for (int i = 0; i < lead; ++i) out.extent = product(out.extent, dims[static_cast<size_t>(i)]);
    const int64_t queries = in.number(0, longest), keys = in.number(1, longest), width = in.number(0, longest), outputs = in.number(0, longest);
    const int64_t causal = in.small(1), scale = in.number(0, std::numeric_limits<uint32_t>::max()), masks = in.small(1);
    out.sizes = {axes};
    out.sizes.insert(out.sizes.end(), dims.begin(), dims.end());
    out.sizes.insert(out.sizes.end(), {lead, queries, keys, width, outputs, causal, scale, masks});
    product(keys, product(width, outputs));
    if (heads == 0) out.extent = 0;
    const auto operand = [&](int64_t rows, int64_t columns, int64_t bytes, bool written) {
        int64_t last = 0, elements = product(heads, product(rows, columns));
        std::vector<int64_t> strides;
        for (int axis = 0; axis < axes + 2; ++axis) strides.push_back(in.size());
        for (int axis = 0; axis < axes + 2; ++axis) {
            const int64_t length = axis < axes ? dims[static_cast<size_t>(axis)] : axis == axes ? rows : columns;
            last += product(std::max<int64_t>(length, 1) - 1, strides[static_cast<size_t>(axis)]);
            if (last > most) refuse("a size too large");
        }
        if (bytes == 4 && columns > 1 && strides.back() != 1) refuse("rows with gaps between their numbers");
        if (bytes == 4 && rows > 1 && strides[static_cast<size_t>(axes)] < columns) refuse("rows of a matrix over each other");
        if (written && elements > last + 1) refuse("elements written over each other");
        out.sizes.insert(out.sizes.end(), strides.begin(), strides.end());
        out.places.push_back(in.place(elements ? last + 1 : 0, bytes));
    };
    const bool adjoints = out.kind == Kind::attention_adjoints;
    operand(queries, width, 4, false);
    operand(keys, width, 4, false);
    operand(keys, outputs, 4, false);
    if (adjoints) operand(queries, outputs, 4, false);
    if (masks) operand(queries, keys, 1, false);
    if (adjoints) {
        operand(queries, width, 4, true);
        operand(keys, width, 4, true);
        operand(keys, outputs, 4, true);
    } else {
        operand(queries, outputs, 4, true);
    }
    out.scratch = attention_room({queries, keys, width, outputs, causal != 0, 0.0f}) * 4 + product_scratch;
}

void read_layer_norm(Reader& in, Instruction& out) {
    const bool adjoints = out.kind == Kind::layer_norm_adjoints;
    const int64_t rows = in.size(), cols = in.number(1, most);
    out.extent = rows;
    out.sizes = {cols, in.number(0, std::numeric_limits<uint32_t>::max())};
    const auto row = [&] { out.places.push_back(rows ? in.place_in_rows(rows, cols, 4) : in.place(0, 4)); };
    row();
    out.places.push_back(in.place(cols, 4));
    if (adjoints)
        row();
    else
        out.places.push_back(in.place(cols, 4));
    row();
    if (adjoints) out.places.push_back(in.place(product(most_sums, cols), 4));
    out.scratch = product(normalization_scratch(cols), 4);
}

}  // namespace chainrule
