// Scaled dot-product attention of one head, and its adjoints: a block of queries at a time, whose scores stay
// in cache.
#pragma once

#include <cstdint>

#include "wire.hpp"

namespace chainrule {

struct Head {
    int64_t queries, keys, width, outputs;
    bool causal;  // query i sees keys 0 … i alone
    float scale;
};

// A matrix whose rows lie apart by `row` numbers.
template <class T>
struct Rows {
    T* start;
    int64_t row;
};

// Whether a query may see a key: bytes that are not 0. All may where there is no start.
struct Allowed {
    const uint8_t* start;
    int64_t row, column;
};

constexpr int most_head_axes = most_axes - 2;  // before queries and keys
constexpr int64_t attention_block = 32;        // queries

// Numbers that a thread needs, beside product_scratch.
inline int64_t attention_room(const Head& h) {
    return h.keys * (h.width + h.outputs + 3 * attention_block) + attention_block + 64;
}

void attend(const Head& h, Rows<const float> queries, Rows<const float> keys, Rows<const float> values,
            const Allowed& allowed, Rows<float> y, float* room);
void attend_back(const Head& h, Rows<const float> queries, Rows<const float> keys, Rows<const float> values,
                 Rows<const float> d_y, const Allowed& allowed, Rows<float> d_queries, Rows<float> d_keys,
                 Rows<float> d_values, float* room);

}  // namespace chainrule
