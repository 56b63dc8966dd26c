// Tiles from the wire format: what may be written in place, and which loops were compiled ahead.
#include <algorithm>
#include <utility>

#include "kernels.hpp"
#include "reader.hpp"

namespace chainrule {
namespace {

// Elements spanned from the first to the last of (rows, cols) with these strides.
int64_t span(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
    if (rows == 0 || cols == 0) return 0;
    return product(rows - 1, row_stride) + product(cols - 1, col_stride) + 1;
}

// Marks the stores whose operation may write straight to memory. A load on the same words must have been read by
// then; one on other words of the same memory must not be there at all.
void find_direct(Tile& tile, int64_t rows, int64_t cols) {
    for (Store& store : tile.stores) {
        if (!is_word(store.type)) continue;
        int written = -1;  // the operation that writes it
        for (size_t i = 0; i < tile.ops.size(); ++i)
            if (tile.ops[i].y == store.reg) written = static_cast<int>(i);
        bool direct = written >= 0;
        const int64_t start = store.place.offset, end = start + rows * cols * 4;
        for (const Load& load : tile.loads) {
            const int64_t load_end = load.place.offset + span(rows, cols, load.row_stride, load.col_stride) * item_bytes(load.type);
            if (load.place.buffer != store.place.buffer || load.place.offset >= end || load_end <= start) continue;
            const bool same = is_word(load.type) && load.place.offset == start && (load.row_stride == cols || rows == 1) &&
                              (load.col_stride == 1 || cols == 1);
            bool later = false;
            for (size_t i = static_cast<size_t>(written + 1); i < tile.ops.size(); ++i)
                later = later || tile.ops[i].a == load.reg || tile.ops[i].b == load.reg || tile.ops[i].c == load.reg;
            for (const Store& other : tile.stores) later = later || other.reg == load.reg;
            for (const Sum& each : tile.sums) later = later || each.reg == load.reg;
            direct = direct && same && !later;
        }
        store.direct = direct;
    }
}

// Finds the operations among those compiled ahead: the same lines, whatever the registers are called.
void find_ready(Tile& tile) {
    std::vector<Line> lines;
    std::vector<int> inputs, holder(static_cast<size_t>(tile.registers), Line::none);
    const auto operand = [&](int reg) {
        if (reg < 0) return Line::none;
        int& number = holder[static_cast<size_t>(reg)];
        if (number == Line::none) {  // not written by a line: loaded
            number = ~static_cast<int>(inputs.size());
            inputs.push_back(reg);
        }
        return number;
    };
    for (const Micro& op : tile.ops) {
        const int a = operand(op.a), b = operand(op.b), c = operand(op.c);
        holder[static_cast<size_t>(op.y)] = static_cast<int>(lines.size());
        lines.push_back({op.op, a, b, c});
    }
    std::vector<bool> single;
    bool straight = true;
    for (int reg : inputs)
        for (const Load& load : tile.loads)
            if (load.reg == reg) {
                single.push_back(!load.row_stride && !load.col_stride && is_word(load.type));
                straight = straight && is_word(load.type);
            }
    std::vector<std::pair<int, int>> stores;  // line, register
    for (const Store& store : tile.stores) {
        const int line = holder[static_cast<size_t>(store.reg)];
        if (line < 0) return;
        stores.emplace_back(line, store.reg);
        straight = straight && store.direct;
    }
    std::sort(stores.begin(), stores.end());
    const ReadyTable table = kernels().ready;
    for (const Ready* ready = table.entries; ready < table.entries + table.count; ++ready) {
        if (!std::equal(lines.begin(), lines.end(), ready->lines, ready->lines + ready->line_count)) continue;
        if (!std::equal(single.begin(), single.end(), ready->single, ready->single + ready->input_count)) continue;
        if (!std::equal(stores.begin(), stores.end(), ready->stores, ready->stores + ready->store_count,
                        [](const auto& store, int line) { return store.first == line; }))
            continue;
        std::vector<int> squares;
        for (const int* line = ready->squares; line < ready->squares + ready->square_count; ++line)
            for (size_t i = 0; i < tile.sums.size(); ++i)
                if (!tile.sums[i].of_rows && holder[static_cast<size_t>(tile.sums[i].reg)] == *line) squares.push_back(static_cast<int>(i));
        // Rows are added up afterwards, from what the loop has read or stored.
        const auto at_hand = [&](const Sum& sum) {
            const int line = holder[static_cast<size_t>(sum.reg)];
            return sum.of_rows && (line < 0 || std::find(ready->stores, ready->stores + ready->store_count, line) !=
                                                   ready->stores + ready->store_count);
        };
        const auto added = std::count_if(tile.sums.begin(), tile.sums.end(), at_hand);
        if (ready->square_count != static_cast<int>(squares.size()) || squares.size() + static_cast<size_t>(added) != tile.sums.size())
            continue;
        tile.ready = ready;
        tile.squares = squares;
        tile.inputs = inputs;
        for (const auto& store : stores) tile.outputs.push_back(store.second);
    }
}

}  // namespace

void read_tile(Reader& in, Instruction& out) {
    const int64_t rows = in.size(), cols = in.size();
    product(rows, cols);
    out.extent = rows;
    out.sizes = {cols};
    Tile& tile = out.tile;
    tile.registers = in.small(4096);
    const int loads = in.small(4096), stores = in.small(4096), sums = in.small(most_tile_sums), ops = in.small(65536);
    std::vector<bool> written(static_cast<size_t>(tile.registers), false);
    std::vector<bool> fixed(static_cast<size_t>(tile.registers), false);  // loaded, or stored: written once
    std::vector<int> writes(static_cast<size_t>(tile.registers), 0);
    auto reg = [&] { return in.small(tile.registers - 1); };
    for (int i = 0; i < loads; ++i) {
        Load load;
        load.reg = reg();
        load.type = static_cast<Type>(in.small(static_cast<int>(Type::types) - 1));
        load.row_stride = in.size();
        load.col_stride = in.size();
        const bool whole = load.row_stride == cols && (load.col_stride == 1 || cols == 1);
        load.place = whole ? in.place_in_rows(rows, cols, item_bytes(load.type))
                           : in.place(span(rows, cols, load.row_stride, load.col_stride), item_bytes(load.type));
        written[static_cast<size_t>(load.reg)] = true;
        fixed[static_cast<size_t>(load.reg)] = true;
        if (++writes[static_cast<size_t>(load.reg)] > 1) refuse("a register is loaded twice");
        tile.loads.push_back(load);
    }
    for (int i = 0; i < stores; ++i) {
        Store store;
        store.reg = reg();
        store.type = static_cast<Type>(in.small(static_cast<int>(Type::types) - 1));
        store.place = in.place_in_rows(rows, cols, item_bytes(store.type));
        fixed[static_cast<size_t>(store.reg)] = true;
        tile.stores.push_back(store);
    }
    for (int i = 0; i < sums; ++i) {
        const int held = reg();
        fixed[static_cast<size_t>(held)] = true;
        const bool of_rows = in.small(1) != 0;
        if (of_rows && (cols == 0 || cols > tile_words)) refuse("rows too long to be added up in a tile");
        tile.sums.push_back({held, of_rows, of_rows ? in.place(product(most_sums, cols), 4) : in.place(most_sums, 8)});
    }
    if (stores + sums == 0 && rows > 0 && cols > 0) refuse("a tile that stores nothing");
    for (int i = 0; i < ops; ++i) {
        Micro op;
        op.op = in.small(MICRO_OPS - 1);
        op.y = reg();
        const int operands = op.op == WHERE || op.op == MULTIPLY_ADD ? 3 : (op.op >= ADD && op.op <= GREATER_EQUAL) ||
                             (op.op >= ADD_I && op.op <= LESS_EQUAL_U) || (op.op >= AND_M && op.op <= NOT_EQUAL_M) ? 2 : 1;
        int* sources[3] = {&op.a, &op.b, &op.c};
        for (int j = 0; j < 3; ++j) {
            *sources[j] = static_cast<int>(in.number(-1, tile.registers - 1));
            if (j >= operands) {
                *sources[j] = -1;
            } else if (*sources[j] < 0 || !written[static_cast<size_t>(*sources[j])]) {
                refuse("a register is read before it is written");
            }
        }
        const size_t y = static_cast<size_t>(op.y);
        written[y] = true;
        if (++writes[y] > 1 && fixed[y]) refuse("a loaded or stored register is written twice");
        tile.ops.push_back(op);
    }
    for (const Store& store : tile.stores)
        if (!written[static_cast<size_t>(store.reg)]) refuse("a register is stored before it is written");
    for (const Sum& each : tile.sums)
        if (!written[static_cast<size_t>(each.reg)]) refuse("sums of a register that is never written");
    find_direct(tile, rows, cols);
    find_ready(tile);
    out.scratch = tile.registers * static_cast<int64_t>(sizeof(float*) + tile_words * sizeof(float)) + 64;
}

}  // namespace chainrule
