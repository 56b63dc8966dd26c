// Instructions as the machine runs them: a struct for each kind. Sizes are in elements unless they say bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "attention.hpp"
#include "convolution.hpp"
#include "kernels.hpp"
#include "ordering.hpp"
#include "space.hpp"
#include "wire.hpp"

namespace chainrule {

struct Place {
    int buffer = 0;
    int64_t offset = 0;  // bytes
};

struct Load {
    int reg;
    Type type;
    Place place;
    int64_t row_stride, col_stride;  // 0 repeats
};

struct Store {
    int reg;
    Type type;
    Place place;
    bool direct = false;  // written by the operations themselves: no later one reads what was there before
};

// Of a register over the rows of each chunk: Σ x² in float64, sums[chunk]; or the rows added up,
// sums[chunk][columns].
struct Sum {
    int reg;
    bool of_rows;
    Place place;
};

struct Micro {
    int op, y, a, b, c;  // registers; -1 where unused
};

// A fused elementwise program over (rows, columns).
struct Tile {
    Precision precision = Precision::f32;
    int64_t columns = 0;
    int registers = 0;
    std::vector<Load> loads;
    std::vector<Store> stores;
    std::vector<Sum> sums;
    std::vector<Micro> ops;
    const Ready* ready = nullptr;      // all of ops as one loop, with
    std::vector<int> inputs, outputs;  // the registers that it reads and writes,
    std::vector<int> squares;          // which of sums each of its squares is,
    bool straight = false;             // and whether all of them lie in memory as the loop needs them
};

// C = A B of outer · inner pairs of matrices. transposed: columns lie in memory as rows. row: from one row in
// memory to the next. outer_a …: how far A and B move from one product to the next. ahead: what is read right
// after, shaped as C.
struct Matmul {
    Precision precision = Precision::f32;
    Cut cut;
    int64_t outer, inner, m, n, k;
    bool transposed_a, transposed_b;
    int64_t row_a, row_b;
    int64_t outer_a, outer_b, inner_a, inner_b;
    Place a, b, c;
    std::vector<Place> ahead;
};

// The middle of (outer, middle, inner).
struct Reduce {
    Precision precision = Precision::f32;
    Fold fold;
    int64_t outer, middle, inner;
    Place x, y;
};

struct Copy {
    struct Axis {
        int64_t length, from_step, to_step;
    };
    int64_t item_bytes;
    std::vector<Axis> axes;
    Place from, to;
};

struct Fill {
    Place y;
};

// Rows of `bytes` bytes: y (outer, count) = x (outer, length) at indices (count).
struct Gather {
    int64_t outer, length, bytes, count;
    Place x, indices, y;
};

// y (rows, inner) = Σ of the rows of the table (length, inner) that each row of indices (rows, count) names.
struct GatherSum {
    int64_t count, length, inner;
    Place table, indices, y;
};

// y = x with updates added at indices, where x is all 0 if it has no place. Each row of updates is for
// `repeat` indices.
struct ScatterAdd {
    Precision precision = Precision::f32;
    int64_t outer, length, inner, count, repeat;
    Place indices, updates, y;
    std::optional<Place> x;
};

// Rows of `bytes` bytes: those of y (length) at indices (count) become the updates (count); of equal indices
// the first counts.
struct Put {
    int64_t length, bytes, count;
    Place indices, updates, y;
};

// y: the number of each of x among its distinct values, in order of first occurrence. bits: a table of 2^bits
// entries has room for them.
struct Distinct {
    int32_t value, number;  // number: -1 where the entry is free
};

struct Factorize {
    int64_t count;
    int bits;
    Place x, y;
};

struct OneHot {
    Precision precision = Precision::f32;
    int64_t depth;
    Place indices, y;
};

// int64 as int32, float32 or float64.
struct Narrow {
    int64_t columns;
    Type to;
    Place x, y;
};

struct RandomBits {
    int64_t columns;
    uint32_t stream;
    Place key, y;
};

struct CrossEntropy {
    int64_t classes;
    Place logits, targets, loss;
};

struct CrossEntropyDelta {
    int64_t classes;
    Place logits, targets, delta;
};

// The rows of each chunk added up, sums[chunk][columns].
struct RowSums {
    Precision precision = Precision::f32;
    int64_t columns;
    Place x, sums;
};

// The squares of each chunk added up, sums[chunk] in float64.
struct Squares {
    int64_t columns;
    Place x, sums;
};

// y = √(Σ sums / count)
struct RootMean {
    int64_t chunks, count;
    Place sums, y;
};

struct MaxPool {
    Windows windows;
    Place x, y;
};

struct MaxPoolPositions {
    Windows windows;
    Place x, y;
};

struct MaxPoolAdjoint {
    Windows windows;
    Place x, d_y, d_x;
};

struct AveragePool {
    Windows windows;
    Place x, y;
};

struct AveragePoolAdjoint {
    Windows windows;
    Place d_y, d_x;
};

struct Resize {
    Resizing resizing;
    Place x, y;
};

struct ResizeAdjoint {
    Resizing resizing;
    Place d_y, d_x;
};

struct Cumsum {
    Lines lines;
    bool reverse;
    Place x, y;
};

struct Argmax {
    Lines lines;
    Place x, y;
};

// The first `kept` of the order.
struct Argsort {
    Lines lines;
    int64_t kept;
    bool descending;
    Place x, y;
};

struct Convolve {
    Convolution convolution;
    Place x, weight, y;
};

struct ConvolveInputAdjoint {
    Convolution convolution;
    Place d_y, weight, d_x;
};

// whole_images: cut by taps; else by examples, and each chunk has a sum of its own.
struct ConvolveWeightAdjoint {
    Convolution convolution;
    bool whole_images;
    Place x, d_y, d_weight;
};

// The weights as Winograd reads them, cut by inputs. back: of weights whose inputs are these outputs; see
// winograd.hpp.
struct WinogradFilters {
    Convolution convolution;
    bool back;
    Place weight, filters;
};

struct Winograd {
    Convolution convolution;
    Place x, filters, y;
};

// whole_images: cut by inputs; else by examples, and each chunk has a sum of its own.
struct WinogradWeightAdjoint {
    Convolution convolution;
    bool whole_images;
    Place x, d_y, d_weight;
};

// Matrices of many heads: strides of the axes that heads are numbered by, then of rows and columns.
struct Matrices {
    Place place;
    std::vector<int64_t> outer;
    int64_t row, column;
};

// lengths: of the outer axes. each: heads of one row of the extent.
struct Heads {
    std::vector<int64_t> lengths;
    int64_t each;
    Head head;
};

struct Attention {
    Heads heads;
    Matrices queries, keys, values;
    std::optional<Matrices> mask;
    Matrices y;
};

struct AttentionAdjoints {
    Heads heads;
    Matrices queries, keys, values, d_y;
    std::optional<Matrices> mask;
    Matrices d_queries, d_keys, d_values;
};

struct LayerNorm {
    int64_t columns;
    float epsilon;
    Place x, scale, shift, y;
};

// d_scale: the sum of each chunk.
struct LayerNormAdjoints {
    int64_t columns;
    float epsilon;
    Place x, scale, d_y, d_x, d_scale;
};

struct Loop;

struct Scan {
    std::unique_ptr<const Loop> loop;
};

using Work =
    std::variant<Tile, Matmul, Reduce, Copy, Fill, Gather, GatherSum, ScatterAdd, Put, Factorize, OneHot,
                 Narrow, RandomBits, CrossEntropy, CrossEntropyDelta, RowSums, Squares, RootMean, MaxPool,
                 MaxPoolPositions, MaxPoolAdjoint, AveragePool, AveragePoolAdjoint, Resize, ResizeAdjoint,
                 Cumsum, Argmax, Argsort, Convolve, ConvolveInputAdjoint, ConvolveWeightAdjoint,
                 WinogradFilters, Winograd, WinogradWeightAdjoint, Attention, AttentionAdjoints, LayerNorm,
                 LayerNormAdjoints, Scan>;

struct Instruction {
    Work work;
    int64_t extent = 1;             // rows that chunks cut
    int64_t scratch = 0;            // bytes of a thread's own room
    int64_t chunks_at_most = 1024;  // where each has results of its own: for so many there is room
};

// A buffer of a loop's body, in memory of the instruction around it.
struct Part {
    Motion motion;
    int64_t bytes;  // of one element of time
    Place place, start;
};

// Instructions run for every element of time, each chunk of their rows by itself. The first part is their
// arena.
struct Loop {
    int chunks;
    int64_t length;
    bool reverse;
    std::vector<Part> parts;
    std::vector<Instruction> body;
};

}  // namespace chainrule
