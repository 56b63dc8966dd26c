// Running sums, and order along the middle of (length, inner): numbers of 32 bits, all along one axis.
#pragma once

#include <cstdint>

#include "wire.hpp"

namespace chainrule {

struct Lines {
    Type type;
    int64_t length, inner;
};

void cumsum(void* y, const void* x, const Lines& lines, bool reverse);
// The first of the largest; NaN is the largest of all.
void argmax(int32_t* y, const void* x, const Lines& lines);
// The first k of the order; what is equal stays in its own. room: for `length` numbers.
void argsort(int32_t* y, const void* x, const Lines& lines, int64_t k, bool descending, uint64_t* room);

}  // namespace chainrule
