// Tiles compiled ahead: a whole list of micro operations as one loop, its values in vector registers.
#pragma once

#include <cstdint>

namespace chainrule {

constexpr int most_ready_operands = 32;  // that such a loop reads, or writes

// A micro operation on earlier lines (0, 1, …) and on inputs (~0, ~1, … in the order they are first read).
struct Line {
    int op;
    int a, b = none, c = none;
    static constexpr int none = 1 << 20;
    bool operator==(const Line&) const = default;
};

// single: which inputs are one number for all; the others have one for each element. stores: lines kept, in
// order, to be stored or to be added up by rows. squares: lines, and inputs, of which Σ x² is wanted.
struct Ready {
    const char* name;
    const Line* lines;
    const bool* single;
    const int* stores;
    const int* squares;
    int line_count, input_count, store_count, square_count;
    // Every number of an element is read before one is written, so outputs may lie exactly on inputs. Adds to
    // sums.
    void (*run)(const float* const* inputs, float* const* outputs, double* sums, int64_t n);
};

struct ReadyTable {
    const Ready* entries;
    int count;
};

ReadyTable ready_baseline();
ReadyTable ready_avx2();
ReadyTable ready_avx512();

}  // namespace chainrule
