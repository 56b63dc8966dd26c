// From wire format to instructions, with every bound checked: what passes here can't touch foreign memory.
#include <algorithm>
#include <limits>
#include <utility>

#include "reader.hpp"

namespace chainrule {
namespace {

constexpr int64_t most_still = 1 << 16;  // steps of a loop in which nothing moves

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

void read_copy(Reader& in, Instruction& out) {
    const int rank = in.small(8);
    const int64_t bytes = in.number(1, 8);
    if (bytes != 1 && bytes != 4 && bytes != 8) refuse("elements of a size that there is not");
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
        case Kind::narrow: {
            const int64_t rows = in.size(), cols = in.size(), to_floats = in.small(1);
            out.extent = rows;
            out.sizes = {cols, to_floats};
            out.places.push_back(in.place_in_rows(rows, cols, 8));
            out.places.push_back(in.place_in_rows(rows, cols, 4));
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
        case Kind::layer_norm_adjoints: read_layer_norm(in, out); break;
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
        if (groups_.empty() || row[0] != 0) stretches_.push_back({groups_.size(), 0});
        stretches_.back().last = groups_.size() + 1;
        groups_.push_back({row[0] != 0, static_cast<int>(row[1]), static_cast<int>(row[2]), static_cast<int>(row[3])});
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

}  // namespace chainrule