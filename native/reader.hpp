// The reader of the wire format: every number and every place that an instruction names is checked as it is
// read.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "instructions.hpp"

namespace chainrule {

constexpr int64_t most = int64_t{1} << 46;  // no product of two sizes below this bound squared is ever formed

[[noreturn]] inline void refuse(const std::string& what) {
    throw std::invalid_argument("malformed instruction: " + what);
}

inline int64_t product(int64_t a, int64_t b) {
    if (a < 0 || b < 0) refuse("a negative size");
    if (a != 0 && b > most / a) refuse("a size too large");
    return a * b;
}

// What a buffer must have, which power of 2 its addresses are multiples of, and whether anything may write
// there.
struct Room {
    int64_t bytes, alignment;
    bool writable;
};

// A matrix that lives for one chunk of one group alone: each thread has room for a chunk's rows, not for all.
// Instructions name it like a buffer, numbered after the others.
struct Local {
    int64_t rows, row_bytes;
    int group = -1;      // the one that uses it
    int64_t offset = 0;  // in each thread's room
};

// Where instructions stand: in a group, or (loops > 0) in the body of a loop.
struct Around {
    const std::vector<Room>& rooms;
    std::vector<Local>& locals;
    int group, loops;
    int64_t chunks;
};

class Reader {
public:
    Reader(std::span<const int64_t> row, const Around& around)
        : row_(row),
          buffers_(around.rooms),
          locals_(around.locals),
          group_(around.group),
          chunks_(around.chunks) {}

    int64_t number(int64_t low, int64_t high) {
        if (next_ >= row_.size()) refuse("it ends too early");
        const int64_t value = row_[next_++];
        if (value < low || value > high) refuse("the number " + std::to_string(value) + " is out of range");
        return value;
    }
    int64_t size() { return number(0, most); }
    int small(int high) { return static_cast<int>(number(0, high)); }
    bool flag() { return small(1) != 0; }
    float float_bits() { return std::bit_cast<float>(static_cast<uint32_t>(number(0, 0xffffffffll))); }

    // One of an enumeration that has these names.
    template <class Enumeration, size_t count>
    Enumeration one_of(const char* const (&)[count]) {
        return static_cast<Enumeration>(small(static_cast<int>(count) - 1));
    }

    // A place with room for `items` elements of `bytes` each from its offset on, to read or to write them.
    Place read(int64_t items, int64_t bytes) { return place(items, bytes); }
    Place write(int64_t items, int64_t bytes) { return written(place(items, bytes)); }

    // The same for `rows` rows that are cut like the instruction's own: it may also be in a local matrix.
    Place read_rows(int64_t rows, int64_t row_items, int64_t bytes) {
        return place_in_rows(rows, row_items, bytes);
    }
    Place write_rows(int64_t rows, int64_t row_items, int64_t bytes) {
        return written(place_in_rows(rows, row_items, bytes));
    }

    // Whether instructions may write there.
    bool writable(const Place& place) const {
        const auto number = static_cast<size_t>(place.buffer);
        return number >= buffers_.size() || buffers_[number].writable;
    }

    // An instruction inside of this one.
    std::span<const int64_t> words() {
        const size_t count = static_cast<size_t>(number(1, static_cast<int64_t>(row_.size())));
        if (count > row_.size() - next_) refuse("it ends too early");
        next_ += count;
        return row_.subspan(next_ - count, count);
    }

    // Of a place: what it can be sure of if it moves by so many bytes.
    int64_t alignment(const Place& place, int64_t moved) const {
        int64_t sure = buffers_[static_cast<size_t>(place.buffer)].alignment;
        while (place.offset % sure || moved % sure) sure /= 2;
        return sure;
    }

    void end() const {
        if (next_ != row_.size()) refuse("it goes on after its end");
    }

private:
    Place written(const Place& place) const {
        if (!writable(place))
            refuse("buffer " + std::to_string(place.buffer) + " is written, and is to be read alone");
        return place;
    }

    Place place(int64_t items, int64_t bytes) {
        Place place;
        place.buffer = small(static_cast<int>(buffers_.size()) - 1);
        place.offset = size();
        const Room& room = buffers_[static_cast<size_t>(place.buffer)];
        if (place.offset % bytes || bytes > room.alignment) refuse("an offset that is not aligned");
        const int64_t needed = product(items, bytes);
        if (place.offset > room.bytes || needed > room.bytes - place.offset)
            refuse("a place outside of buffer " + std::to_string(place.buffer));
        return place;
    }

    Place place_in_rows(int64_t rows, int64_t row_items, int64_t bytes) {
        const int64_t buffers = static_cast<int64_t>(buffers_.size()),
                      number = next_ < row_.size() ? row_[next_] : 0;
        if (number < buffers || number - buffers >= static_cast<int64_t>(locals_.size()))
            return place(product(rows, row_items), bytes);
        Local& local = locals_[static_cast<size_t>(number - buffers)];
        const bool same_rows = local.rows == rows && local.row_bytes == product(row_items, bytes);
        // The same cuts, though of other rows.
        const bool same_cuts =
            local.rows % chunks_ == 0 && rows % chunks_ == 0 &&
            product(local.rows, local.row_bytes) == product(product(rows, row_items), bytes);
        if (!(same_rows || same_cuts) || (local.group >= 0 && local.group != group_))
            refuse("a local matrix of another shape or group");
        local.group = group_;
        Place place;
        place.buffer = static_cast<int>(row_[next_++]);
        if (size() != 0) refuse("a local matrix read from its middle");
        return place;
    }

    const std::span<const int64_t> row_;
    const std::vector<Room>& buffers_;
    std::vector<Local>& locals_;
    const int group_;
    const int64_t chunks_;
    size_t next_ = 0;
};

// One family of instructions each.
void decode_tile(Reader& in, Instruction& out, Precision precision);
void decode_convolution(Reader& in, Instruction& out, Kind kind);
void decode_winograd(Reader& in, Instruction& out, Kind kind);
void decode_pool(Reader& in, Instruction& out, Kind kind);
void decode_resize(Reader& in, Instruction& out, Kind kind);
void decode_lines(Reader& in, Instruction& out, Kind kind);
void decode_attention(Reader& in, Instruction& out, Kind kind);
void decode_layer_norm(Reader& in, Instruction& out);
void decode_layer_norm_adjoints(Reader& in, Instruction& out);

// Any instruction, with all that stands inside of it.
Instruction decode(std::span<const int64_t> row, const Around& around);

}  // namespace chainrule
