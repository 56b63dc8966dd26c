// Kernels over rows that a softmax or a normalization takes as a whole. Compiled once for each instruction
// set.
#pragma once

#include <cstdint>

namespace chainrule {

constexpr int64_t normalized_rows = 16, normalized_room = 1 << 13;  // rows at a time, and numbers of them

// Numbers that the normalizations need as room.
inline int64_t normalization_scratch(int64_t n) {
    return 2 * (n > normalized_room ? n : normalized_room) + 4 * normalized_rows;
}

struct RowTable {
    // Rows of n: loss = -Σ t log softmax(z) and its derivative, softmax(z) Σ t - t.
    void (*cross_entropy_delta)(float* y, const float* z, const float* t, int64_t rows, int64_t n);
    void (*cross_entropy)(float* loss, const float* z, const float* t, int64_t rows, int64_t n);
    // Rows of n scores s become softmax(scale · s), over the keys 0 … first + r alone in row r unless first
    // is below 0, and of these over those where `allowed`, if there is any, is not 0; elsewhere 0. each: room
    // for a number a row.
    void (*attention_weights)(float* s, int64_t rows, int64_t n, int64_t first, float scale,
                              const uint8_t* allowed, int64_t row_step, int64_t column_step, float* each);
    // d, the deltas of rows of n weights p, become those of the scores: scale · p (d - Σ p d). products: room
    // for as many.
    void (*attention_deltas)(float* d, const float* p, int64_t rows, int64_t n, float scale, float* products,
                             float* each);
    // y = (x - mean) / √(variance + epsilon) · scale + shift, row by row.
    void (*layer_norm)(float* y, const float* x, const float* scale, const float* shift, int64_t rows,
                       int64_t n, float epsilon, float* room);
    // Of the delta d_y of y, those of x and, summed over the rows, of the scale. d_x may be d_y.
    void (*layer_norm_adjoints)(float* d_x, float* d_scale, const float* x, const float* scale,
                                const float* d_y, int64_t rows, int64_t n, float epsilon, float* room);
};

RowTable rows_baseline();
RowTable rows_avx2();
RowTable rows_avx512();

}  // namespace chainrule
