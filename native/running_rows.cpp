// Running what takes rows as a whole: attention, layer normalization, sums and order along lines.
#include "kernels.hpp"
#include "running.hpp"

namespace chainrule {
namespace {

// Numbers of a head along the outer axes.
struct Index {
    int64_t of[most_head_axes];

    Index(int64_t head, const std::vector<int64_t>& lengths) {
        for (size_t axis = lengths.size(); axis-- > 0; head /= lengths[axis]) of[axis] = head % lengths[axis];
    }

    int64_t start(const Matrices& matrices) const {
        int64_t start = 0;
        for (size_t axis = 0; axis < matrices.outer.size(); ++axis) start += of[axis] * matrices.outer[axis];
        return start;
    }
};

Rows<const float> read(const Matrices& in, const Index& index, const Chunk& chunk) {
    return {chunk.read<float>(in.place) + index.start(in), in.row};
}

Rows<float> write(const Matrices& in, const Index& index, const Chunk& chunk) {
    return {chunk.write<float>(in.place) + index.start(in), in.row};
}

Allowed allowed_by(const std::optional<Matrices>& mask, const Index& index, const Chunk& chunk) {
    if (!mask) return {};
    return {chunk.read<uint8_t>(mask->place) + index.start(*mask), mask->row, mask->column};
}

template <class Function>
void over_heads(const Heads& heads, const Chunk& chunk, Function function) {
    for (int64_t head = chunk.first * heads.each; head < chunk.last * heads.each; ++head)
        function(Index(head, heads.lengths));
}

}  // namespace

void run(const Attention& in, const Chunk& chunk) {
    over_heads(in.heads, chunk, [&](const Index& at) {
        attend(in.heads.head, read(in.queries, at, chunk), read(in.keys, at, chunk),
               read(in.values, at, chunk), allowed_by(in.mask, at, chunk), write(in.y, at, chunk),
               chunk.room<float>());
    });
}

void run(const AttentionAdjoints& in, const Chunk& chunk) {
    over_heads(in.heads, chunk, [&](const Index& at) {
        attend_back(in.heads.head, read(in.queries, at, chunk), read(in.keys, at, chunk),
                    read(in.values, at, chunk), read(in.d_y, at, chunk), allowed_by(in.mask, at, chunk),
                    write(in.d_queries, at, chunk), write(in.d_keys, at, chunk),
                    write(in.d_values, at, chunk), chunk.room<float>());
    });
}

void run(const LayerNorm& in, const Chunk& chunk) {
    const int64_t start = chunk.first * in.columns;
    kernels().rows.layer_norm(chunk.write<float>(in.y) + start, chunk.read<float>(in.x) + start,
                              chunk.read<float>(in.scale), chunk.read<float>(in.shift),
                              chunk.last - chunk.first, in.columns, in.epsilon, chunk.room<float>());
}

void run(const LayerNormAdjoints& in, const Chunk& chunk) {
    const int64_t start = chunk.first * in.columns;
    kernels().rows.layer_norm_adjoints(
        chunk.write<float>(in.d_x) + start, chunk.write<float>(in.d_scale) + chunk.number * in.columns,
        chunk.read<float>(in.x) + start, chunk.read<float>(in.scale), chunk.read<float>(in.d_y) + start,
        chunk.last - chunk.first, in.columns, in.epsilon, chunk.room<float>());
}

void run(const Cumsum& in, const Chunk& chunk) {
    const int64_t items = in.lines.length * in.lines.inner;
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        cumsum(chunk.write<uint32_t>(in.y) + n * items, chunk.read<uint32_t>(in.x) + n * items, in.lines,
               in.reverse);
}

void run(const Argmax& in, const Chunk& chunk) {
    const int64_t items = in.lines.length * in.lines.inner;
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        argmax(chunk.write<int32_t>(in.y) + n * in.lines.inner, chunk.read<uint32_t>(in.x) + n * items,
               in.lines);
}

void run(const Argsort& in, const Chunk& chunk) {
    const int64_t items = in.lines.length * in.lines.inner;
    for (int64_t n = chunk.first; n < chunk.last; ++n)
        argsort(chunk.write<int32_t>(in.y) + n * in.kept * in.lines.inner,
                chunk.read<uint32_t>(in.x) + n * items, in.lines, in.kept, in.descending,
                chunk.room<uint64_t>());
}

}  // namespace chainrule
