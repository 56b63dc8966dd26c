// Families of instructions, each with its wire format and how its rows first … last of the extent are run.
#pragma once

#include "machine.hpp"
#include "reader.hpp"

namespace chainrule {

// Pooling and its adjoints, image by image. batch, height, width, channels, window (2), stride (2), padding above,
// below, before, after; places: x but for average_pool_adjoint, the windows', and an adjoint's result.
void read_pool(Reader& in, Instruction& out);
void run_pool(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at);

// One axis of space resized, or back. batch, rows before the axis, its length, its size resized, elements after it,
// whether linear; places: from, to.
void read_resize(Reader& in, Instruction& out);
void run_resize(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at);

// Running sums and order along an axis. type, elements before the axis, its length, elements after it; of cumsum
// whether reversed, of argsort how many of the first, and whether descending; places: x, y.
void read_lines(Reader& in, Instruction& out);
void run_lines(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch);

}  // namespace chainrule
