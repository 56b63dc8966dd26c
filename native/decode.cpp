// From wire format to instructions, with every bound checked: what passes here can't touch foreign memory.
#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "attention.hpp"
#include "convolution.hpp"
#include "machine.hpp"

namespace chainrule {
namespace {

constexpr int64_t most_still = 1 << 16;  // steps of a loop in which nothing moves
constexpr int64_t most = int64_t{1} << 46;  // no product of two sizes below this bound squared is ever formed

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("malformed instruction: " + what); }

int64_t product(int64_t a, int64_t b) {
    if (a < 0 || b < 0) refuse("a negative size");
    if (a != 0 && b > most / a) refuse("a size too large");
    return a * b;
}

// What a buffer must have, and which power of 2 its addresses are multiples of.
struct Room {
    int64_t bytes, alignment;
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
        : row_(row), buffers_(around.rooms), locals_(around.locals), group_(around.group), chunks_(around.chunks) {}

    int64_t number(int64_t low, int64_t high) {
        if (next_ >= row_.size()) refuse("it ends too early");
        const int64_t value = row_[next_++];
        if (value < low || value > high) refuse("the number " + std::to_string(value) + " is out of range");
        return value;
    }
    int64_t size() { return number(0, most); }
    int small(int high) { return static_cast<int>(number(0, high)); }

    // A place with room for `items` elements of `bytes` each from its offset on.
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

    // The same for `rows` rows that are cut like the instruction's own: it may also be in a local matrix.
    Place place_in_rows(int64_t rows, int64_t row_items, int64_t bytes) {
        const int64_t buffers = static_cast<int64_t>(buffers_.size()), number = next_ < row_.size() ? row_[next_] : 0;
        if (number < buffers || number - buffers >= static_cast<int64_t>(locals_.size()))
            return place(product(rows, row_items), bytes);
        Local& local = locals_[static_cast<size_t>(number - buffers)];
        const bool same_rows = local.rows == rows && local.row_bytes == product(row_items, bytes);
        // The same cuts, though of other rows.
        const bool same_cuts = local.rows % chunks_ == 0 && rows % chunks_ == 0 &&
                               product(local.rows, local.row_bytes) == product(product(rows, row_items), bytes);
        if (!(same_rows || same_cuts) || (local.group >= 0 && local.group != group_))
            refuse("a local matrix of another shape or group");
        local.group = group_;
        Place place;
        place.buffer = static_cast<int>(row_[next_++]);
        if (size() != 0) refuse("a local matrix read from its middle");
        return place;
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
    const std::span<const int64_t> row_;
    const std::vector<Room>& buffers_;
    std::vector<Local>& locals_;
    const int group_;
    const int64_t chunks_;
    size_t next_ = 0;
};

int64_t item_bytes(Type type) { return type == Type::boolean ? 1 : 4; }

// Elements spanned from the first to the last of (rows, cols) with these strides.
int64_t span(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
    if (rows == 0 || cols == 0) return 0;
    return product(rows - 1, row_stride) + product(cols - 1, col_stride) + 1;
}

// Marks the stores whose operation may write straight to memory. A load on the same words must have been read by
// then; one on other words of the same memory must not be there at all.
void find_direct(Tile& tile, int64_t rows, int64_t cols) {
    for (Store& store : tile.stores) {
        if (store.type == Type::boolean) continue;
        int written = -1;  // the operation that writes it
        for (size_t i = 0; i < tile.ops.size(); ++i)
            if (tile.ops[i].y == store.reg) written = static_cast<int>(i);
        bool direct = written >= 0;
        const int64_t start = store.place.offset, end = start + rows * cols * 4;
        for (const Load& load : tile.loads) {
            const int64_t load_end = load.place.offset + span(rows, cols, load.row_stride, load.col_stride) * item_bytes(load.type);
            if (load.place.buffer != store.place.buffer || load.place.offset >= end || load_end <= start) continue;
            const bool same = load.type != Type::boolean && load.place.offset == start && (load.row_stride == cols || rows == 1) &&
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
                single.push_back(!load.row_stride && !load.col_stride && load.type != Type::boolean);
                straight = straight && load.type != Type::boolean;
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
        load.type = static_cast<Type>(in.small(3));
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
        store.type = static_cast<Type>(in.small(3));
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

void read_matmul(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;
    const int cut = in.small(by_depth);
    const int64_t outer = in.size(), inner = in.size(), batch = product(outer, inner);
    if (cut != by_rows && batch != 1) refuse("columns or the depth of several products");
    const int64_t m = in.number(0, longest), n = in.number(0, longest), k = in.number(0, longest);
    const int ta = in.small(1), tb = in.small(1);
    const int64_t row_a = in.number(1, longest), row_b = in.number(1, longest);
    const int64_t outer_a = in.size(), outer_b = in.size(), inner_a = in.size(), inner_b = in.size();
    out.extent = cut == by_depth ? k : cut == by_columns ? n : batch == 1 ? m : outer;
    const auto whole = [&](int64_t outer_step, int64_t inner_step, int64_t row, int64_t rows, int64_t columns) -> int64_t {
        if (batch == 0 || rows == 0 || columns == 0) return 0;
        if (row < columns) refuse("rows of a matrix over each other");
        return product(outer - 1, outer_step) + product(inner - 1, inner_step) + product(rows - 1, row) + columns;
    };
    const int64_t needed_a = whole(outer_a, inner_a, row_a, ta ? k : m, ta ? m : k);
    const int64_t needed_b = whole(outer_b, inner_b, row_b, tb ? n : k, tb ? k : n);
    const bool own_rows = batch == 1 && cut == by_rows;
    const Place a = own_rows && !ta && m * k > 0 && row_a == k ? in.place_in_rows(m, k, 4) : in.place(needed_a, 4);
    const Place b = in.place(needed_b, 4);
    const int64_t results = product(batch, product(m, n)), parts = cut == by_depth ? product_parts : 1;
    const Place c = own_rows && results > 0 ? in.place_in_rows(m, n, 4) : in.place(product(parts, results), 4);
    if (batch == 0 || m * n == 0) out.extent = 0;  // however many there are
    out.places = {a, b, c};
    // What the instructions after it read, shaped as C: asked for while the product runs.
    const int ahead = in.small(own_rows ? most_ahead : 0);
    for (int i = 0; i < ahead; ++i) out.places.push_back(in.place(product(m, n), 4));
    out.sizes = {outer, inner, m, n, k, ta, tb, row_a, row_b, outer_a, outer_b, inner_a, inner_b, cut};
    out.scratch = product_scratch;
}

void read_reduce(Reader& in, Instruction& out) {
    const int op = in.small(2);
    const int64_t outer = in.size(), mid = in.size(), inner = in.size();
    out.extent = outer == 1 ? inner : inner == 0 ? 0 : outer;
    out.sizes = {op, outer, mid, inner};
    if (op != 0 && mid == 0 && product(outer, inner) > 0) refuse("max or min of nothing");
    const auto place = [&](int64_t row) { return outer == 1 ? in.place(row, 4) : in.place_in_rows(outer, row, 4); };
    out.places.push_back(place(product(mid, inner)));
    out.places.push_back(place(inner));
}

void read_convolution(Reader& in, Instruction& out) {
    constexpr int64_t high = 1 << 24;
    Convolution c{};
    int64_t* const fields[] = {&c.batch, &c.height, &c.width, &c.inputs, &c.kernel_height, &c.kernel_width, &c.outputs, &c.groups,
                               &c.stride_height, &c.stride_width, &c.dilation_height, &c.dilation_width, &c.top, &c.left, &c.rows,
                               &c.columns};
    for (int64_t* field : fields) {
        const bool may_be_nothing = field == &c.batch || field == &c.inputs || field == &c.outputs || field == &c.top || field == &c.left ||
                                    field == &c.height || field == &c.width || field == &c.rows || field == &c.columns;
        *field = in.number(may_be_nothing ? 0 : 1, high);
        out.sizes.push_back(*field);
    }
    const int64_t x_channels = product(c.groups, c.inputs), y_channels = product(c.groups, c.outputs);
    const int64_t x = product(product(c.batch, c.height), product(c.width, x_channels));
    const int64_t y = product(product(c.batch, c.rows), product(c.columns, y_channels));
    const int64_t taps = product(product(c.kernel_height, c.kernel_width), c.inputs), weight = product(taps, y_channels);
    product(taps, 336);
    if (taps > patch_room) refuse("a window of too many taps");
    out.scratch = product_scratch + convolution_scratch;
    const auto place = [&](int64_t items) { return in.place(items, 4); };
    const auto in_rows = [&](int64_t items) { return c.batch && items ? in.place_in_rows(c.batch, items / c.batch, 4) : place(items); };
    out.extent = c.batch;
    if (out.kind == Kind::convolution) {
        out.places.push_back(in_rows(x));
        out.places.push_back(place(weight));
        out.places.push_back(in_rows(y));
    } else if (out.kind == Kind::convolution_input_adjoint) {
        out.places.push_back(in_rows(y));
        out.places.push_back(place(weight));
        out.places.push_back(in_rows(x));
    } else {
        const bool by_taps = in.small(1) != 0;
        const int64_t parts = by_taps ? 1 : in.number(1, most_sums);
        out.extent = by_taps ? taps : c.batch;
        out.sizes.push_back(by_taps);
        out.sizes.push_back(parts);
        out.places.push_back(by_taps ? place(x) : in_rows(x));
        out.places.push_back(by_taps ? place(y) : in_rows(y));
        out.places.push_back(place(product(parts, weight)));
    }
}

void read_copy(Reader& in, Instruction& out) {
    const int rank = in.small(8);
    const int64_t bytes = in.small(1) ? 4 : 1;
    std::vector<int64_t> dims, from, to;
    for (int i = 0; i < rank; ++i) dims.push_back(in.size());
    for (int i = 0; i < rank; ++i) from.push_back(in.size());
    for (int i = 0; i < rank; ++i) to.push_back(in.size());
    int64_t source = 1, target = 1, count = 1;
    for (int i = 0; i < rank; ++i) {
        const size_t j = static_cast<size_t>(i);
        count = product(count, dims[j]);
        source += product(dims[j] ? dims[j] - 1 : 0, from[j]);
        target += product(dims[j] ? dims[j] - 1 : 0, to[j]);
        if (source > most || target > most) refuse("a size too large");
    }
    if (count > target) refuse("elements written over each other");
    out.places.push_back(in.place(count ? source : 0, bytes));
    out.places.push_back(in.place(count ? target : 0, bytes));
    out.extent = rank ? dims[0] : 1;
    out.sizes = {rank, bytes};
    for (const auto* list : {&dims, &from, &to}) out.sizes.insert(out.sizes.end(), list->begin(), list->end());
}

void read_pool(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;  // so that no sum or product of three overflows
    const int64_t batch = in.size(), height = in.number(1, longest), width = in.number(1, longest), channels = in.size();
    const int64_t window_height = in.number(1, longest), window_width = in.number(1, longest);
    const int64_t stride_height = in.number(1, longest), stride_width = in.number(1, longest);
    const int64_t above = in.number(0, window_height - 1), below = in.number(0, window_height - 1);
    const int64_t before = in.number(0, window_width - 1), after = in.number(0, window_width - 1);
    const int64_t free_height = above + height + below - window_height, free_width = before + width + after - window_width;
    if (free_height < 0 || free_width < 0) refuse("a window larger than its image");
    const int64_t high = free_height / stride_height + 1, wide = free_width / stride_width + 1;
    const int64_t image = product(product(height, width), channels), windows = product(product(high, wide), channels);
    out.extent = channels == 0 ? 0 : batch;
    out.sizes = {height, width, channels, window_height, window_width, stride_height, stride_width, above, before, high, wide};
    const bool adjoint = out.kind == Kind::max_pool_adjoint || out.kind == Kind::average_pool_adjoint;
    const auto place = [&](int64_t items) {
        return product(batch, items) > 0 ? in.place_in_rows(batch, items, 4) : in.place(product(batch, items), 4);
    };
    if (out.kind != Kind::average_pool_adjoint) out.places.push_back(place(image));
    out.places.push_back(place(windows));
    if (adjoint) out.places.push_back(place(image));
    if (out.kind == Kind::max_pool_positions && batch * image > std::numeric_limits<int32_t>::max()) refuse("too many positions");
}

void read_resize(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;
    const int64_t batch = in.size(), rows = in.size(), length = in.number(1, longest), size = in.number(1, longest);
    const int64_t inner = in.size(), linear = in.small(1);
    const int64_t shorter = product(product(rows, length), inner), longer = product(product(rows, size), inner);
    out.extent = rows == 0 || inner == 0 ? 0 : batch;
    out.sizes = {rows, length, size, inner, linear};
    const bool adjoint = out.kind == Kind::resize_adjoint;
    out.places.push_back(in.place(product(batch, adjoint ? longer : shorter), 4));
    out.places.push_back(in.place(product(batch, adjoint ? shorter : longer), 4));
}

void read_lines(Reader& in, Instruction& out) {
    const int64_t type = in.small(static_cast<int>(Type::u32)), outer = in.size();
    const int64_t length = in.number(out.kind == Kind::argmax ? 1 : 0, std::numeric_limits<int32_t>::max()), inner = in.size();
    out.sizes = {type, length, inner};
    int64_t kept = length;
    if (out.kind == Kind::cumsum) out.sizes.push_back(in.small(1));
    if (out.kind == Kind::argmax) kept = 1;
    if (out.kind == Kind::argsort) {
        kept = in.number(0, length);
        out.sizes.insert(out.sizes.end(), {kept, in.small(1)});
    }
    out.extent = length == 0 || inner == 0 ? 0 : outer;
    if (out.kind == Kind::argsort && out.extent > 0) out.scratch = length * static_cast<int64_t>(sizeof(uint64_t));
    out.places.push_back(in.place(product(outer, product(length, inner)), 4));
    out.places.push_back(in.place(product(outer, product(kept, inner)), 4));
}

// Outer axes and how many of them the extent has; sizes of a head; then for every operand its strides (rows and columns
// last) and its place: queries, keys, values, of the adjoints the delta, maybe a mask, and the results.
void read_attention(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 24;
    const int axes = in.small(most_outer_axes);
    std::vector<int64_t> dims;
    for (int i = 0; i < axes; ++i) dims.push_back(in.number(0, longest));
    const int lead = in.small(axes);
    out.extent = 1;
    int64_t heads = 1;
    for (int i = 0; i < axes; ++i) heads = product(heads, dims[static_cast<size_t>(i)]);
    for (int i = 0; i < lead; ++i) out.extent = product(out.extent, dims[static_cast<size_t>(i)]);
    const int64_t queries = in.number(0, longest), keys = in.number(1, longest), width = in.number(0, longest), outputs = in.number(0, longest);
    const int64_t causal = in.small(1), scale = in.number(0, std::numeric_limits<uint32_t>::max()), masks = in.small(1);
    out.sizes = {axes};
    out.sizes.insert(out.sizes.end(), dims.begin(), dims.end());
    out.sizes.insert(out.sizes.end(), {lead, queries, keys, width, outputs, causal, scale, masks});
    product(keys, product(width, outputs));
    if (heads == 0) out.extent = 0;
    const auto operand = [&](int64_t rows, int64_t columns, int64_t bytes, bool written) {
        int64_t last = 0, elements = product(heads, product(rows, columns));
        std::vector<int64_t> strides;
        for (int axis = 0; axis < axes + 2; ++axis) strides.push_back(in.size());
        for (int axis = 0; axis < axes + 2; ++axis) {
            const int64_t length = axis < axes ? dims[static_cast<size_t>(axis)] : axis == axes ? rows : columns;
            last += product(std::max<int64_t>(length, 1) - 1, strides[static_cast<size_t>(axis)]);
            if (last > most) refuse("a size too large");
        }
        if (bytes == 4 && columns > 1 && strides.back() != 1) refuse("rows with gaps between their numbers");
        if (bytes == 4 && rows > 1 && strides[static_cast<size_t>(axes)] < columns) refuse("rows of a matrix over each other");
        if (written && elements > last + 1) refuse("elements written over each other");
        out.sizes.insert(out.sizes.end(), strides.begin(), strides.end());
        out.places.push_back(in.place(elements ? last + 1 : 0, bytes));
    };
    const bool adjoints = out.kind == Kind::attention_adjoints;
    operand(queries, width, 4, false);
    operand(keys, width, 4, false);
    operand(keys, outputs, 4, false);
    if (adjoints) operand(queries, outputs, 4, false);
    if (masks) operand(queries, keys, 1, false);
    if (adjoints) {
        operand(queries, width, 4, true);
        operand(keys, width, 4, true);
        operand(keys, outputs, 4, true);
    } else {
        operand(queries, outputs, 4, true);
    }
    out.scratch = attention_room({queries, keys, width, outputs, causal != 0, 0.0f}) * 4 + product_scratch;
}

Instruction read(std::span<const int64_t> row, const Around& around);

// Each chunk has a sum of its own.
void refuse_few_sums(const Instruction& in, int64_t chunks) {
    const bool sums = in.kind == Kind::squares || in.kind == Kind::row_sums || in.kind == Kind::layer_norm_adjoints || !in.tile.sums.empty();
    if (sums && chunks > most_sums) refuse("too many chunks of sums");
    if (in.kind == Kind::matmul && in.sizes[13] == by_depth && chunks > product_parts) refuse("more chunks than parts of a product");
    if (in.kind == Kind::convolution_weight_adjoint && !in.sizes[16] && chunks > in.sizes[17])
        refuse("more chunks than sums of a weight's adjoint");
}

void read_loop(Reader& in, Instruction& out, int loops) {
    if (loops >= most_loops) refuse("too many loops inside of each other");
    auto loop = std::make_unique<Loop>();
    loop->chunks = static_cast<int>(in.number(1, most_sums));
    loop->length = in.size();
    out.extent = loop->chunks;
    loop->reverse = in.small(1) != 0;
    const int parts = static_cast<int>(in.number(1, 4096));
    std::vector<Room> rooms;
    int64_t moved = 0;
    for (int i = 0; i < parts; ++i) {
        Part part;
        part.mode = static_cast<Part::Mode>(in.small(Part::total));
        part.bytes = in.size();
        const bool moves = part.mode == Part::moving || part.mode == Part::carried;
        part.place = in.place(moves ? product(loop->length, part.bytes) : part.bytes, 1);
        int64_t alignment = in.alignment(part.place, moves ? part.bytes : 0);
        if (part.mode == Part::carried) {
            part.start = in.place(part.bytes, 1);
            alignment = std::min(alignment, in.alignment(part.start, 0));
        }
        if (part.mode == Part::total && loop->chunks > 1) refuse("a total of several chunks");
        if (moves) moved = std::max(moved, part.bytes);
        rooms.push_back({part.bytes, alignment});
        loop->parts.push_back(part);
    }
    // Where something moves, memory bounds the time.
    if (moved == 0 && loop->length > most_still) refuse("a loop in which nothing moves");
    std::vector<Local> none;
    const int count = in.small(65536);
    for (int i = 0; i < count; ++i) {
        loop->body.push_back(read(in.words(), {rooms, none, 0, loops + 1, loop->chunks}));
        refuse_few_sums(loop->body.back(), loop->chunks);
        out.scratch = std::max(out.scratch, loop->body.back().scratch);
    }
    out.loop = std::move(loop);
}

Instruction read(std::span<const int64_t> row, const Around& around) {
    Reader in(row, around);
    Instruction out;
    out.kind = static_cast<Kind>(in.small(static_cast<int>(Kind::kinds) - 1));
    switch (out.kind) {
        case Kind::tile: read_tile(in, out); break;
        case Kind::matmul: read_matmul(in, out); break;
        case Kind::reduce: read_reduce(in, out); break;
        case Kind::copy: read_copy(in, out); break;
        case Kind::convolution:
        case Kind::convolution_input_adjoint:
        case Kind::convolution_weight_adjoint: read_convolution(in, out); break;
        case Kind::fill: {
            const int64_t bytes = in.size();
            out.extent = bytes;
            out.sizes = {};
            out.places = {in.place(bytes, 1)};
            break;
        }
        case Kind::gather: {
            const int64_t outer = in.size(), length = in.size(), bytes = in.size(), count = in.size();
            out.extent = outer == 1 ? count : count == 0 || bytes == 0 ? 0 : outer;
            out.sizes = {outer, length, bytes, count};
            out.places.push_back(in.place(product(product(outer, length), bytes), 1));
            out.places.push_back(in.place(count, 4));
            out.places.push_back(in.place(product(product(outer, count), bytes), 1));
            break;
        }
        case Kind::gather_sum: {
            const int64_t rows = in.size(), count = in.size(), length = in.size(), inner = in.size();
            out.extent = inner == 0 ? 0 : rows;
            out.sizes = {count, length, inner};
            out.places.push_back(in.place(product(length, inner), 4));
            out.places.push_back(in.place(product(rows, count), 4));
            out.places.push_back(in.place(product(rows, inner), 4));
            break;
        }
        case Kind::scatter_add: {
            const int64_t outer = in.size(), length = in.number(0, std::numeric_limits<int32_t>::max()), inner = in.size();
            const int64_t count = in.number(0, std::numeric_limits<int32_t>::max());
            const int64_t repeat = in.number(1, std::numeric_limits<int32_t>::max()), onto_zeros = in.small(1);
            if (count % repeat) refuse("updates that do not come out even");
            out.extent = length == 0 || inner == 0 ? 0 : outer == 1 ? length : outer;
            out.sizes = {outer, length, inner, count, repeat};
            const auto table = [&] {
                const int64_t row = product(outer, inner);
                return outer == 1 && out.extent > 0 ? in.place_in_rows(length, row, 4) : in.place(product(length, row), 4);
            };
            out.places.push_back(in.place(count, 4));
            out.places.push_back(in.place(product(product(outer, count / repeat), inner), 4));
            out.places.push_back(table());
            if (!onto_zeros) out.places.push_back(table());
            break;
        }
        case Kind::one_hot: {
            const int64_t count = in.size(), depth = in.size();
            out.extent = count;
            out.sizes = {depth};
            out.places.push_back(in.place(count, 4));
            out.places.push_back(in.place(product(count, depth), 4));
            break;
        }
        case Kind::random_bits: {
            const int64_t rows = in.size(), cols = in.size(), stream = in.number(0, 0xffffffffll);
            out.extent = rows;
            out.sizes = {cols, stream};
            out.places.push_back(in.place(2, 4));
            out.places.push_back(in.place(product(rows, cols), 4));
            break;
        }
        case Kind::row_sums: {
            const int64_t rows = in.size(), cols = in.size();
            out.extent = rows;
            out.sizes = {cols};
            out.places.push_back(in.place_in_rows(rows, cols, 4));
            out.places.push_back(in.place(product(most_sums, cols), 4));
            break;
        }
        case Kind::squares: {
            const int64_t rows = in.size(), cols = in.size();
            out.extent = rows;
            out.sizes = {cols};
            out.places.push_back(in.place_in_rows(rows, cols, 4));
            out.places.push_back(in.place(most_sums, 8));
            break;
        }
        case Kind::root_mean: {
            const int64_t chunks = in.number(1, most_sums), count = in.size();
            out.sizes = {chunks, count};
            out.places.push_back(in.place(most_sums, 8));
            out.places.push_back(in.place(1, 4));
            break;
        }
        case Kind::cross_entropy_delta:
        case Kind::cross_entropy: {
            const int64_t rows = in.size(), cols = in.number(1, most);
            out.extent = rows;
            out.sizes = {cols};
            out.places.push_back(in.place(product(rows, cols), 4));
            out.places.push_back(in.place(product(rows, cols), 4));
            out.places.push_back(in.place(out.kind == Kind::cross_entropy ? rows : product(rows, cols), 4));
            break;
        }
        case Kind::max_pool:
        case Kind::max_pool_positions:
        case Kind::max_pool_adjoint:
        case Kind::average_pool:
        case Kind::average_pool_adjoint: read_pool(in, out); break;
        case Kind::resize:
        case Kind::resize_adjoint: read_resize(in, out); break;
        case Kind::cumsum:
        case Kind::argmax:
        case Kind::argsort: read_lines(in, out); break;
        case Kind::layer_norm:
        case Kind::layer_norm_adjoints: {
            const bool adjoints = out.kind == Kind::layer_norm_adjoints;
            const int64_t rows = in.size(), cols = in.number(1, most);
            out.extent = rows;
            out.sizes = {cols, in.number(0, std::numeric_limits<uint32_t>::max())};
            const auto row = [&] { out.places.push_back(rows ? in.place_in_rows(rows, cols, 4) : in.place(0, 4)); };
            row();
            out.places.push_back(in.place(cols, 4));
            if (adjoints)
                row();
            else
                out.places.push_back(in.place(cols, 4));
            row();
            if (adjoints) out.places.push_back(in.place(product(most_sums, cols), 4));
            out.scratch = product(normalization_scratch(cols), 4);
            break;
        }
        case Kind::attention:
        case Kind::attention_adjoints: read_attention(in, out); break;
        case Kind::scan: read_loop(in, out, around.loops); break;
        case Kind::kinds: break;
    }
    in.end();
    return out;
}

}  // namespace

Machine::Machine(const std::vector<std::vector<int64_t>>& instructions, const std::vector<std::vector<int64_t>>& groups,
                 std::vector<int64_t> buffer_bytes, const std::vector<std::vector<int64_t>>& locals)
    : buffer_bytes_(std::move(buffer_bytes)) {
    std::vector<Room> rooms;
    for (int64_t bytes : buffer_bytes_) {
        if (bytes < 0 || bytes > most) refuse("a buffer of impossible size");
        rooms.push_back({bytes, 8});
    }
    for (const auto& row : locals) {
        if (row.size() != 2 || row[0] < 1 || row[1] < 1) refuse("a local matrix has rows, and bytes of a row");
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
            instructions_.push_back(read(words, {rooms, locals_, static_cast<int>(groups_.size()), 0, row[1]}));
            const Instruction& in = instructions_.back();
            refuse_few_sums(in, row[1]);
            scratch_bytes_ = std::max(scratch_bytes_, in.scratch);
        }
        groups_.push_back({row[0] != 0, static_cast<int>(row[1]), static_cast<int>(row[2]), static_cast<int>(row[3])});
    }
    if (next != count) refuse("groups must cover every instruction");
    for (Local& local : locals_) {
        if (local.group < 0) refuse("a local matrix that nobody uses");
        local.offset = local_bytes_;
        const int64_t rows = local.rows / groups_[static_cast<size_t>(local.group)].chunks + 1;
        local_bytes_ += (product(rows, local.row_bytes) + 63) / 64 * 64;
        if (local_bytes_ > most) refuse("local matrices too large");
    }
}

}  // namespace chainrule
