// Running instructions: each on the rows first … last of its extent.
#pragma once

#include <cstdint>
#include <vector>

#include "machine.hpp"

namespace chainrule {

// at: where each buffer begins in this step.
template <class T>
T* pointer(const std::vector<char*>& at, const Place& place) {
    return reinterpret_cast<T*>(at[static_cast<size_t>(place.buffer)] + place.offset);
}

void run_tile(const Instruction& in, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch);

}  // namespace chainrule
