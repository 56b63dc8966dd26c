// What a machine is made from, and which kernels it runs.
#include "machine.hpp"

#include <algorithm>
#include <utility>

#include "compiler.hpp"
#include "kernels.hpp"

namespace chainrule {

Machine::Machine(const std::vector<std::vector<int64_t>>& instructions,
                 const std::vector<std::vector<int64_t>>& groups, std::vector<int64_t> buffer_bytes,
                 size_t read_only, const std::vector<std::vector<int64_t>>& locals)
    : buffer_bytes_(std::move(buffer_bytes)), read_only_(read_only) {
    std::vector<Room> rooms;
    if (buffer_bytes_.empty()) throw std::invalid_argument("malformed program: there must be an arena");
    for (int64_t bytes : buffer_bytes_) {
        if (bytes < 0 || bytes > most) refuse("a buffer of impossible size");
        rooms.push_back({bytes, 8, rooms.empty() || rooms.size() > read_only});
    }
    for (const auto& row : locals) {
        if (row.size() != 2 || row[0] < 1 || row[1] < 1)
            refuse("a local matrix has rows, and bytes of a row");
        product(row[0], row[1]);
        locals_.push_back({row[0], row[1]});
    }
    const auto count = static_cast<int64_t>(instructions.size());
    int64_t next = 0;
    for (const auto& row : groups) {
        if (row.size() != 4 || row[2] != next || row[3] < 0 || row[3] > count - next)
            refuse("groups must cover the instructions in order");
        if (row[1] < 1 || row[1] > 1024) refuse("a group has 1 to 1024 chunks");
        for (; next < row[2] + row[3]; ++next) {
            const auto& words = instructions[static_cast<size_t>(next)];
            instructions_.push_back(
                decode(words, {rooms, locals_, static_cast<int>(groups_.size()), 0, row[1]}));
            scratch_bytes_ = std::max(scratch_bytes_, instructions_.back().scratch);
        }
        if (groups_.empty() || row[0] != 0) stretches_.push_back({groups_.size(), 0});
        stretches_.back().last = groups_.size() + 1;
        groups_.push_back(
            {row[0] != 0, static_cast<int>(row[1]), static_cast<int>(row[2]), static_cast<int>(row[3])});
    }
    if (next != count) refuse("groups must cover every instruction");
    if (stretches_.empty()) stretches_.push_back({0, 0});
    for (Local& local : locals_) {
        if (local.group < 0) refuse("a local matrix that nobody uses");
        local.offset = local_bytes_;
        const int64_t rows = local.rows / groups_[static_cast<size_t>(local.group)].chunks + 1;
        local_bytes_ += (product(rows, local.row_bytes) + 63) / 64 * 64;
        if (local_bytes_ > most) refuse("local matrices too large");
    }
}

std::vector<std::string> Machine::ready() const {
    std::vector<std::string> names;
    for (const Instruction& in : instructions_) {
        const auto* tile = std::get_if<Tile>(&in.work);
        names.emplace_back(tile && tile->ready ? tile->ready->name : "");
    }
    return names;
}

std::vector<const Kernels*> kernel_tables() {
    std::vector<const Kernels*> tables{&kernels_baseline()};
#if defined(CHAINRULE_X86)
    if (best_level() >= Level::avx2) tables.push_back(&kernels_avx2());
    if (best_level() >= Level::avx512) tables.push_back(&kernels_avx512());
#endif
    return tables;
}

const Kernels& kernels() {
    static const Kernels& best = *kernel_tables().back();
    return best;
}

}  // namespace chainrule
