#include "attention.hpp"

#include <algorithm>

#include "kernels.hpp"
#include "multiply.hpp"

namespace chainrule {
namespace {

// A matrix that products read transposed: turned once for all blocks, where there is a kernel for it.
struct Turned {
    const float* start;
    int64_t row;
    bool still;  // it lies as it was
};

Turned turn(Rows<const float> from, int64_t rows, int64_t columns, float* room) {
    const auto own = kernels().product.turn;
    if (!own) return {from.start, from.row, true};
    own(room, from.start, rows, columns, from.row);
    return {room, rows, false};
}

struct Block {
    int64_t first, rows, keys;  // queries, and the keys that any of them sees
};

template <class Function>
void over_blocks(const Head& h, Function function) {
    for (int64_t first = 0; first < h.queries; first += attention_block) {
        const int64_t rows = std::min(attention_block, h.queries - first);
        function(Block{first, rows, h.causal ? std::min(h.keys, first + rows) : h.keys});
    }
}

// to (rows, keys) = from · what was turned.
void times_turned(const Block& b, Rows<const float> from, int64_t inner, const Turned& right, float* to,
                  char* scratch) {
    Product<float> p{};
    p.a = from.start + b.first * from.row;
    p.lda = from.row;
    p.b = right.start;
    p.ldb = right.row;
    p.tb = right.still;
    p.c = to;
    p.ldc = b.keys;
    p.m = b.rows;
    p.n = b.keys;
    p.k = inner;
    multiply(p, scratch);
}

// Rows of y = weights (rows, keys) · right (keys, columns).
void times_rows(const Block& b, const float* weights, Rows<const float> right, int64_t columns, Rows<float> y,
                char* scratch) {
    Product<float> p{};
    p.a = weights;
    p.lda = b.keys;
    p.b = right.start;
    p.ldb = right.row;
    p.c = y.start + b.first * y.row;
    p.ldc = y.row;
    p.m = b.rows;
    p.n = columns;
    p.k = b.keys;
    multiply(p, scratch);
}

// y (keys, columns) += weightsᵀ (keys, rows) · rows of right.
void add_turned(const Block& b, const float* weights, Rows<const float> right, int64_t columns, Rows<float> y,
                char* scratch) {
    Product<float> p{};
    p.a = weights;
    p.lda = b.keys;
    p.ta = true;
    p.b = right.start + b.first * right.row;
    p.ldb = right.row;
    p.c = y.start;
    p.ldc = y.row;
    p.m = b.keys;
    p.n = columns;
    p.k = b.rows;
    p.add = true;
    multiply(p, scratch);
}

void weigh(const Head& h, const Block& b, const Allowed& allowed, float* scores, float* each) {
    const uint8_t* may = allowed.start ? allowed.start + b.first * allowed.row : nullptr;
    kernels().rows.attention_weights(scores, b.rows, b.keys, h.causal ? b.first : -1, h.scale, may,
                                     allowed.row, allowed.column, each);
}

void clear(Rows<float> y, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; ++r) std::fill(y.start + r * y.row, y.start + r * y.row + columns, 0.0f);
}

}  // namespace

void attend(const Head& h, Rows<const float> queries, Rows<const float> keys, Rows<const float> values,
            const Allowed& allowed, Rows<float> y, float* room) {
    float* scores = room + h.keys * h.width;
    float* each = scores + attention_block * h.keys;
    char* scratch = reinterpret_cast<char*>(room + attention_room(h));
    const Turned turned = turn(keys, h.keys, h.width, room);
    over_blocks(h, [&](const Block& b) {
        times_turned(b, queries, h.width, turned, scores, scratch);
        weigh(h, b, allowed, scores, each);
        times_rows(b, scores, values, h.outputs, y, scratch);
    });
}

void attend_back(const Head& h, Rows<const float> queries, Rows<const float> keys, Rows<const float> values,
                 Rows<const float> d_y, const Allowed& allowed, Rows<float> d_queries, Rows<float> d_keys,
                 Rows<float> d_values, float* room) {
    float* turned_values = room + h.keys * h.width;
    float* weights = turned_values + h.keys * h.outputs;
    float* deltas = weights + attention_block * h.keys;
    float* products = deltas + attention_block * h.keys;
    float* each = products + attention_block * h.keys;
    char* scratch = reinterpret_cast<char*>(room + attention_room(h));
    const Turned turned = turn(keys, h.keys, h.width, room),
                 over = turn(values, h.keys, h.outputs, turned_values);
    clear(d_keys, h.keys, h.width);
    clear(d_values, h.keys, h.outputs);
    over_blocks(h, [&](const Block& b) {
        times_turned(b, queries, h.width, turned, weights, scratch);
        weigh(h, b, allowed, weights, each);
        times_turned(b, d_y, h.outputs, over, deltas, scratch);
        add_turned(b, weights, d_y, h.outputs, d_values, scratch);
        kernels().rows.attention_deltas(deltas, weights, b.rows, b.keys, h.scale, products, each);
        times_rows(b, deltas, keys, h.width, d_queries, scratch);
        add_turned(b, deltas, queries, h.width, d_keys, scratch);
    });
}

}  // namespace chainrule
