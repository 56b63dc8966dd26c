// What takes rows as a whole, from the wire format: sums that run along, order, attention, layer
// normalization.
#include <algorithm>
#include <limits>
#include <utility>

#include "reader.hpp"

namespace chainrule {

void decode_lines(Reader& in, Instruction& out, Kind kind) {
    Lines lines{};
    lines.type = in.one_of<Type>(type_names);
    if (item_bytes(lines.type) != 4) refuse("order of what has none");
    const int64_t outer = in.size();
    lines.length = in.number(kind == Kind::argmax ? 1 : 0, std::numeric_limits<int32_t>::max());
    lines.inner = in.size();
    const int64_t items = product(outer, product(lines.length, lines.inner));
    out.extent = lines.length == 0 || lines.inner == 0 ? 0 : outer;
    if (kind == Kind::cumsum) {
        Cumsum w{lines, in.flag(), {}, {}};
        w.x = in.read(items, 4);
        w.y = in.write(items, 4);
        out.work = w;
    } else if (kind == Kind::argmax) {
        Argmax w{lines, {}, {}};
        w.x = in.read(items, 4);
        w.y = in.write(product(outer, lines.inner), 4);
        out.work = w;
    } else {
        Argsort w{};
        w.lines = lines;
        w.kept = in.number(0, lines.length);
        w.descending = in.flag();
        if (out.extent > 0) out.scratch = lines.length * static_cast<int64_t>(sizeof(uint64_t));
        w.x = in.read(items, 4);
        w.y = in.write(product(outer, product(w.kept, lines.inner)), 4);
        out.work = w;
    }
}

// Outer axes and how many of them the extent has; sizes of a head; then for every operand its strides (rows
// and columns last) and its place: queries, keys, values, of the adjoints the delta, maybe a mask, and the
// results.
void decode_attention(Reader& in, Instruction& out, Kind kind) {
    constexpr int64_t longest = 1 << 24;
    Heads heads{};
    heads.lengths.resize(static_cast<size_t>(in.small(most_head_axes)));
    for (int64_t& length : heads.lengths) length = in.number(0, longest);
    const auto lead = static_cast<size_t>(in.small(static_cast<int>(heads.lengths.size())));
    int64_t all = 1;
    for (int64_t length : heads.lengths) all = product(all, length);
    heads.each = 1;
    out.extent = 1;
    for (size_t axis = 0; axis < heads.lengths.size(); ++axis)
        (axis < lead ? out.extent : heads.each) =
            product(axis < lead ? out.extent : heads.each, heads.lengths[axis]);
    if (all == 0) out.extent = 0;
    Head& head = heads.head;
    head.queries = in.number(0, longest);
    head.keys = in.number(1, longest);
    head.width = in.number(0, longest);
    head.outputs = in.number(0, longest);
    head.causal = in.flag();
    head.scale = in.float_bits();
    const bool masked = in.flag();
    product(head.keys, product(head.width, head.outputs));
    const auto operand = [&](int64_t rows, int64_t columns, int64_t bytes, bool written) {
        Matrices m{};
        m.outer.resize(heads.lengths.size());
        for (int64_t& stride : m.outer) stride = in.size();
        m.row = in.size();
        m.column = in.size();
        int64_t last = 0;
        const auto along = [&](int64_t length, int64_t stride) {
            last += product(std::max<int64_t>(length, 1) - 1, stride);
            if (last > most) refuse("a size too large");
        };
        for (size_t axis = 0; axis < m.outer.size(); ++axis) along(heads.lengths[axis], m.outer[axis]);
        along(rows, m.row);
        along(columns, m.column);
        if (bytes == 4 && columns > 1 && m.column != 1) refuse("rows with gaps between their numbers");
        if (bytes == 4 && rows > 1 && m.row < columns) refuse("rows of a matrix over each other");
        const int64_t elements = product(all, product(rows, columns));
        if (written && elements > last + 1) refuse("elements written over each other");
        m.place =
            written ? in.write(elements ? last + 1 : 0, bytes) : in.read(elements ? last + 1 : 0, bytes);
        return m;
    };
    out.scratch = attention_room(head) * 4 + product_scratch;
    const auto read = [&](int64_t rows, int64_t columns) { return operand(rows, columns, 4, false); };
    const auto write = [&](int64_t rows, int64_t columns) { return operand(rows, columns, 4, true); };
    const auto mask = [&]() -> std::optional<Matrices> {
        if (!masked) return std::nullopt;
        return operand(head.queries, head.keys, 1, false);
    };
    if (kind == Kind::attention) {
        Attention w{};
        w.queries = read(head.queries, head.width);
        w.keys = read(head.keys, head.width);
        w.values = read(head.keys, head.outputs);
        w.mask = mask();
        w.y = write(head.queries, head.outputs);
        w.heads = std::move(heads);
        out.work = std::move(w);
    } else {
        AttentionAdjoints w{};
        w.queries = read(head.queries, head.width);
        w.keys = read(head.keys, head.width);
        w.values = read(head.keys, head.outputs);
        w.d_y = read(head.queries, head.outputs);
        w.mask = mask();
        w.d_queries = write(head.queries, head.width);
        w.d_keys = write(head.keys, head.width);
        w.d_values = write(head.keys, head.outputs);
        w.heads = std::move(heads);
        out.work = std::move(w);
    }
}

void decode_layer_norm(Reader& in, Instruction& out) {
    const int64_t rows = out.extent = in.size();
    LayerNorm w{};
    w.columns = in.number(1, most);
    w.epsilon = in.float_bits();
    w.x = rows ? in.read_rows(rows, w.columns, 4) : in.read(0, 4);
    w.scale = in.read(w.columns, 4);
    w.shift = in.read(w.columns, 4);
    w.y = rows ? in.write_rows(rows, w.columns, 4) : in.write(0, 4);
    out.scratch = product(normalization_scratch(w.columns), 4);
    out.work = w;
}

void decode_layer_norm_adjoints(Reader& in, Instruction& out) {
    const int64_t rows = out.extent = in.size();
    LayerNormAdjoints w{};
    w.columns = in.number(1, most);
    w.epsilon = in.float_bits();
    w.x = rows ? in.read_rows(rows, w.columns, 4) : in.read(0, 4);
    w.scale = in.read(w.columns, 4);
    w.d_y = rows ? in.read_rows(rows, w.columns, 4) : in.read(0, 4);
    w.d_x = rows ? in.write_rows(rows, w.columns, 4) : in.write(0, 4);
    w.d_scale = in.write(product(most_chunks, w.columns), 4);
    out.chunks_at_most = most_chunks;
    out.scratch = product(normalization_scratch(w.columns), 4);
    out.work = w;
}

}  // namespace chainrule
