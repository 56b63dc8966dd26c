// Running instructions, one function a kind: each on the rows first … last of its extent.
#pragma once

#include <cstdint>
#include <vector>

#include "instructions.hpp"

namespace chainrule {

// Where a buffer begins in this step. write: null where it is read alone.
struct Address {
    const char* read = nullptr;
    char* write = nullptr;
};

// What one call of an instruction does its work on. scratch: of the thread that runs it.
struct Chunk {
    int number;
    int64_t first, last;
    const std::vector<Address>& at;
    char* scratch;

    template <class T>
    const T* read(const Place& place) const {
        return reinterpret_cast<const T*>(at[static_cast<size_t>(place.buffer)].read + place.offset);
    }
    template <class T>
    T* write(const Place& place) const {
        return reinterpret_cast<T*>(at[static_cast<size_t>(place.buffer)].write + place.offset);
    }
    template <class T>
    T* room() const {
        return reinterpret_cast<T*>(scratch);
    }
};

template <class Real>
constexpr Precision precision_of = sizeof(Real) == 8 ? Precision::f64 : Precision::f32;

// What function gives for a number of this precision.
template <class Function>
auto in_precision(Precision precision, Function function) {
    return precision == Precision::f64 ? function(double{}) : function(float{});
}

// All: whether every index was in range.
bool execute(const Instruction& instruction, const Chunk& chunk);
bool run(const Gather& in, const Chunk& chunk);
bool run(const GatherSum& in, const Chunk& chunk);
bool run(const ScatterAdd& in, const Chunk& chunk);
bool run(const Put& in, const Chunk& chunk);
bool run(const Scan& in, const Chunk& chunk);

void run(const Tile& in, const Chunk& chunk);
void run(const Matmul& in, const Chunk& chunk);
void run(const Reduce& in, const Chunk& chunk);
void run(const Copy& in, const Chunk& chunk);
void run(const Fill& in, const Chunk& chunk);
void run(const Factorize& in, const Chunk& chunk);
void run(const OneHot& in, const Chunk& chunk);
void run(const Narrow& in, const Chunk& chunk);
void run(const RandomBits& in, const Chunk& chunk);
void run(const CrossEntropy& in, const Chunk& chunk);
void run(const CrossEntropyDelta& in, const Chunk& chunk);
void run(const RowSums& in, const Chunk& chunk);
void run(const Squares& in, const Chunk& chunk);
void run(const RootMean& in, const Chunk& chunk);
void run(const MaxPool& in, const Chunk& chunk);
void run(const MaxPoolPositions& in, const Chunk& chunk);
void run(const MaxPoolAdjoint& in, const Chunk& chunk);
void run(const AveragePool& in, const Chunk& chunk);
void run(const AveragePoolAdjoint& in, const Chunk& chunk);
void run(const Resize& in, const Chunk& chunk);
void run(const ResizeAdjoint& in, const Chunk& chunk);
void run(const Cumsum& in, const Chunk& chunk);
void run(const Argmax& in, const Chunk& chunk);
void run(const Argsort& in, const Chunk& chunk);
void run(const Convolve& in, const Chunk& chunk);
void run(const ConvolveInputAdjoint& in, const Chunk& chunk);
void run(const ConvolveWeightAdjoint& in, const Chunk& chunk);
void run(const WinogradFilters& in, const Chunk& chunk);
void run(const Winograd& in, const Chunk& chunk);
void run(const WinogradWeightAdjoint& in, const Chunk& chunk);
void run(const Attention& in, const Chunk& chunk);
void run(const AttentionAdjoints& in, const Chunk& chunk);
void run(const LayerNorm& in, const Chunk& chunk);
void run(const LayerNormAdjoints& in, const Chunk& chunk);

}  // namespace chainrule
