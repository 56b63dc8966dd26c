// What stands on the wire between planner and machine, once: kinds of instructions, types and limits; micro
// operations stand in micro_ops.hpp. module.cpp tells Python.
#pragma once

#include <cstdint>
#include <iterator>

#include "micro_ops.hpp"

namespace chainrule {

#define CHAINRULE_KINDS(KIND) \
    KIND(tile) \
    KIND(tile_f64) \
    KIND(matmul) \
    KIND(matmul_f64) \
    KIND(reduce) \
    KIND(reduce_f64) \
    KIND(copy) \
    KIND(fill) \
    KIND(gather) \
    KIND(gather_sum) \
    KIND(scatter_add) \
    KIND(scatter_add_f64) \
    KIND(put) \
    KIND(factorize) \
    KIND(one_hot) \
    KIND(one_hot_f64) \
    KIND(narrow) \
    KIND(random_bits) \
    KIND(cross_entropy_delta) \
    KIND(cross_entropy) \
    KIND(row_sums) \
    KIND(row_sums_f64) \
    KIND(squares) \
    KIND(root_mean) \
    KIND(max_pool) \
    KIND(max_pool_positions) \
    KIND(max_pool_adjoint) \
    KIND(average_pool) \
    KIND(average_pool_adjoint) \
    KIND(resize) \
    KIND(resize_adjoint) \
    KIND(cumsum) \
    KIND(argmax) \
    KIND(argsort) \
    KIND(convolution) \
    KIND(convolution_input_adjoint) \
    KIND(convolution_weight_adjoint) \
    KIND(winograd_filters) \
    KIND(winograd) \
    KIND(winograd_weight_adjoint) \
    KIND(attention) \
    KIND(attention_adjoints) \
    KIND(layer_norm) \
    KIND(layer_norm_adjoints) \
    KIND(scan)

#define CHAINRULE_NAME(name) name,
#define CHAINRULE_TEXT(name) #name,

enum class Kind : int { CHAINRULE_KINDS(CHAINRULE_NAME) };
inline constexpr const char* kind_names[] = {CHAINRULE_KINDS(CHAINRULE_TEXT)};

#undef CHAINRULE_NAME
#undef CHAINRULE_TEXT
#undef CHAINRULE_KINDS

// Of what tiles load and store, by NumPy's names.
enum class Type : int { f32, i32, u32, boolean, u8, f64 };
inline constexpr const char* type_names[] = {"float32", "int32", "uint32", "bool", "uint8", "float64"};

constexpr int64_t item_bytes(Type type) {
    return type == Type::f64 ? 8 : type == Type::boolean || type == Type::u8 ? 1 : 4;
}

// Of the numbers that an instruction computes with: float64 where its kind says so. Registers hold words as
// long.
enum class Precision { f32, f64 };

constexpr int64_t word_bytes(Precision precision) { return precision == Precision::f64 ? 8 : 4; }

// Whether a type lies in memory as registers of a tile hold it; all others are widened, or cut.
constexpr bool is_word(Type type, Precision precision) {
    return precision == Precision::f64 ? type == Type::f64 : type != Type::f64 && item_bytes(type) == 4;
}

enum class Fold : int { sum, max, min };
inline constexpr const char* fold_names[] = {"sum", "max", "min"};

// How a product is cut; along its depth every chunk has results of its own.
enum class Cut : int { by_rows, by_columns, by_depth };
inline constexpr const char* cut_names[] = {"by_rows", "by_columns", "by_depth"};

// A buffer of a loop's body. held: always the same. moving: its element of time. carried: where it starts in
// the first step, then the element written in the step before. total: held, and 0 at first.
enum class Motion : int { held, moving, carried, total };
inline constexpr const char* motion_names[] = {"held", "moving", "carried", "total"};

constexpr int64_t tile_words = 512;  // of a register of a tile
constexpr int most_ahead = 8;        // matrices that a product asks for ahead
constexpr int most_tile_sums = 16;   // of one tile
constexpr int most_chunks = 32;      // whose sums can be told apart
constexpr int product_parts = 4;     // of a product that is cut along its depth
constexpr int most_loops = 8;        // inside of each other
constexpr int most_axes = 8;         // of what is copied; two of them are of matrices where these are many

}  // namespace chainrule
