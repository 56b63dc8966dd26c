// Tiles from the wire format: what may be written in place, and which loops were compiled ahead.
#include <algorithm>
#include <iterator>
#include <utility>

#include "reader.hpp"

namespace chainrule {
namespace {

// Elements spanned from the first to the last of (rows, cols) with these strides.
int64_t span(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
    if (rows == 0 || cols == 0) return 0;
    return product(rows - 1, row_stride) + product(cols - 1, col_stride) + 1;
}

// Marks the stores whose operation may write straight to memory. A load on the same words must have been read
// by then; one on other words of the same memory must not be there at all.
void find_direct(Tile& tile, int64_t rows, int64_t cols) {
    for (Store& store : tile.stores) {
        if (!is_word(store.type, tile.precision)) continue;
        int written = -1;  // the operation that writes it
        for (size_t i = 0; i < tile.ops.size(); ++i)
            if (tile.ops[i].y == store.reg) written = static_cast<int>(i);
        bool direct = written >= 0;
        const int64_t start = store.place.offset, end = start + rows * cols * item_bytes(store.type);
        for (const Load& load : tile.loads) {
            const int64_t load_end = load.place.offset + span(rows, cols, load.row_stride, load.col_stride) *
                                                             item_bytes(load.type);
            if (load.place.buffer != store.place.buffer || load.place.offset >= end || load_end <= start)
                continue;
            const bool same = is_word(load.type, tile.precision) && load.place.offset == start &&
                              (load.row_stride == cols || rows == 1) && (load.col_stride == 1 || cols == 1);
            bool later = false;
            for (size_t i = static_cast<size_t>(written) + 1; i < tile.ops.size(); ++i)
                later = later || tile.ops[i].a == load.reg || tile.ops[i].b == load.reg ||
                        tile.ops[i].c == load.reg;
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
                single.push_back(!load.row_stride && !load.col_stride && is_word(load.type, tile.precision));
                straight = straight && is_word(load.type, tile.precision);
            }
    std::vector<std::pair<int, int>> kept;  // line, register
    for (const Store& store : tile.stores) {
        kept.emplace_back(holder[static_cast<size_t>(store.reg)], store.reg);
        straight = straight && store.direct;
    }
    for (const Sum& sum : tile.sums)
        if (sum.of_rows && holder[static_cast<size_t>(sum.reg)] >= 0)
            kept.emplace_back(holder[static_cast<size_t>(sum.reg)], sum.reg);
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    if (!kept.empty() && kept.front().first < 0) return;
    const ReadyTable table = kernels().ready;
    for (const Ready* ready = table.entries; ready < table.entries + table.count; ++ready) {
        if (!std::equal(lines.begin(), lines.end(), ready->lines, ready->lines + ready->line_count)) continue;
        if (!std::equal(single.begin(), single.end(), ready->single, ready->single + ready->input_count))
            continue;
        if (!std::equal(kept.begin(), kept.end(), ready->stores, ready->stores + ready->store_count,
                        [](const auto& each, int line) { return each.first == line; }))
            continue;
        std::vector<int> squares;
        for (const int* line = ready->squares; line < ready->squares + ready->square_count; ++line)
            for (size_t i = 0; i < tile.sums.size(); ++i)
                if (!tile.sums[i].of_rows && holder[static_cast<size_t>(tile.sums[i].reg)] == *line)
                    squares.push_back(static_cast<int>(i));
        const auto added =
            std::count_if(tile.sums.begin(), tile.sums.end(), [](const Sum& sum) { return sum.of_rows; });
        if (ready->square_count != static_cast<int>(squares.size()) ||
            squares.size() + static_cast<size_t>(added) != tile.sums.size())
            continue;
        tile.ready = ready;
        tile.squares = squares;
        tile.inputs = inputs;
        for (const auto& each : kept) tile.outputs.push_back(each.second);
    }
}

// Which registers are written, and how.
struct Registers {
    explicit Registers(int count)
        : writes(static_cast<size_t>(count), 0), written(writes.size(), false), fixed(writes.size(), false) {}

    std::vector<int> writes;
    std::vector<bool> written, fixed;  // fixed: loaded, or kept: written once
};

int register_of(Reader& in, const Tile& tile) { return in.small(tile.registers - 1); }

void decode_load(Reader& in, Tile& tile, int64_t rows, Registers& registers) {
    const int64_t cols = tile.columns;
    Load load{};
    load.reg = register_of(in, tile);
    load.type = in.one_of<Type>(type_names);
    if (load.type == Type::f64 && tile.precision == Precision::f32) refuse("a float64 in a shorter register");
    load.row_stride = in.size();
    load.col_stride = in.size();
    const bool whole = load.row_stride == cols && (load.col_stride == 1 || cols == 1);
    const int64_t bytes = item_bytes(load.type);
    load.place = whole ? in.read_rows(rows, cols, bytes)
                       : in.read(span(rows, cols, load.row_stride, load.col_stride), bytes);
    const auto reg = static_cast<size_t>(load.reg);
    registers.written[reg] = registers.fixed[reg] = true;
    if (++registers.writes[reg] > 1) refuse("a register is loaded twice");
    tile.loads.push_back(load);
}

void decode_store(Reader& in, Tile& tile, int64_t rows, Registers& registers) {
    Store store{};
    store.reg = register_of(in, tile);
    store.type = in.one_of<Type>(type_names);
    if (store.type == Type::f64 && tile.precision == Precision::f32)
        refuse("a float64 from a shorter register");
    store.place = in.write_rows(rows, tile.columns, item_bytes(store.type));
    registers.fixed[static_cast<size_t>(store.reg)] = true;
    tile.stores.push_back(store);
}

void decode_sum(Reader& in, Tile& tile, Registers& registers) {
    const int64_t cols = tile.columns;
    Sum sum{};
    sum.reg = register_of(in, tile);
    sum.of_rows = in.flag();
    if (!sum.of_rows && tile.precision == Precision::f64) refuse("squares of float64");
    if (sum.of_rows && (cols == 0 || cols > tile_words)) refuse("rows too long to be added up in a tile");
    sum.place = sum.of_rows ? in.write(product(most_chunks, cols), word_bytes(tile.precision))
                            : in.write(most_chunks, 8);
    registers.fixed[static_cast<size_t>(sum.reg)] = true;
    tile.sums.push_back(sum);
}

void decode_micro(Reader& in, Tile& tile, Registers& registers) {
    Micro op{};
    op.op = in.small(static_cast<int>(std::size(micro_op_names)) - 1);
    op.y = register_of(in, tile);
    int left = micro_op_operands[op.op];
    for (int* source : {&op.a, &op.b, &op.c}) {
        *source = static_cast<int>(in.number(-1, tile.registers - 1));
        if (left-- <= 0)
            *source = -1;
        else if (*source < 0 || !registers.written[static_cast<size_t>(*source)])
            refuse("a register is read before it is written");
    }
    const auto y = static_cast<size_t>(op.y);
    registers.written[y] = true;
    if (++registers.writes[y] > 1 && registers.fixed[y])
        refuse("a loaded or stored register is written twice");
    tile.ops.push_back(op);
}

}  // namespace

void decode_tile(Reader& in, Instruction& out, Precision precision) {
    Tile tile;
    tile.precision = precision;
    const int64_t rows = out.extent = in.size();
    tile.columns = in.size();
    product(rows, tile.columns);
    tile.registers = in.small(4096);
    const int loads = in.small(4096), stores = in.small(4096), sums = in.small(most_tile_sums),
              ops = in.small(65536);
    Registers registers(tile.registers);
    for (int i = 0; i < loads; ++i) decode_load(in, tile, rows, registers);
    for (int i = 0; i < stores; ++i) decode_store(in, tile, rows, registers);
    for (int i = 0; i < sums; ++i) decode_sum(in, tile, registers);
    if (stores + sums == 0 && rows > 0 && tile.columns > 0) refuse("a tile that stores nothing");
    for (int i = 0; i < ops; ++i) decode_micro(in, tile, registers);
    for (const Store& store : tile.stores)
        if (!registers.written[static_cast<size_t>(store.reg)])
            refuse("a register is stored before it is written");
    for (const Sum& each : tile.sums)
        if (!registers.written[static_cast<size_t>(each.reg)])
            refuse("sums of a register that is never written");
    find_direct(tile, rows, tile.columns);
    if (tile.precision == Precision::f32) find_ready(tile);
    if (!tile.sums.empty()) out.chunks_at_most = most_chunks;
    const int64_t pointers = 2 * static_cast<int64_t>(sizeof(char*));
    out.scratch = tile.registers * (pointers + tile_words * word_bytes(tile.precision)) + 64;
    out.work = std::move(tile);
}

}  // namespace chainrule
