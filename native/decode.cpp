// From wire format to instructions, with every bound checked: what passes here can't touch foreign memory.
#include <algorithm>
#include <limits>
#include <utility>

#include "reader.hpp"

namespace chainrule {
namespace {

constexpr int64_t most_still = 1 << 16;                             // steps of a loop in which nothing moves
constexpr int64_t most_rows = std::numeric_limits<int32_t>::max();  // of a table

void decode_matmul(Reader& in, Instruction& out, Precision precision) {
    constexpr int64_t longest = 1 << 30;
    Matmul w{};
    w.precision = precision;
    const int64_t bytes = word_bytes(w.precision);
    w.cut = in.one_of<Cut>(cut_names);
    w.outer = in.size();
    w.inner = in.size();
    const int64_t batch = product(w.outer, w.inner);
    if (w.cut != Cut::by_rows && batch != 1) refuse("columns or the depth of several products");
    for (int64_t* size : {&w.m, &w.n, &w.k}) *size = in.number(0, longest);
    w.transposed_a = in.flag();
    w.transposed_b = in.flag();
    for (int64_t* row : {&w.row_a, &w.row_b}) *row = in.number(1, longest);
    for (int64_t* step : {&w.outer_a, &w.outer_b, &w.inner_a, &w.inner_b}) *step = in.size();
    out.extent = w.cut == Cut::by_depth ? w.k : w.cut == Cut::by_columns ? w.n : batch == 1 ? w.m : w.outer;
    const auto whole = [&](int64_t outer_step, int64_t inner_step, int64_t row, int64_t rows,
                           int64_t columns) -> int64_t {
        if (batch == 0 || rows == 0 || columns == 0) return 0;
        if (row < columns) refuse("rows of a matrix over each other");
        return product(w.outer - 1, outer_step) + product(w.inner - 1, inner_step) + product(rows - 1, row) +
               columns;
    };
    const auto [rows_a, columns_a] = w.transposed_a ? std::pair(w.k, w.m) : std::pair(w.m, w.k);
    const auto [rows_b, columns_b] = w.transposed_b ? std::pair(w.n, w.k) : std::pair(w.k, w.n);
    const int64_t needed_a = whole(w.outer_a, w.inner_a, w.row_a, rows_a, columns_a);
    const int64_t needed_b = whole(w.outer_b, w.inner_b, w.row_b, rows_b, columns_b);
    const bool own_rows = batch == 1 && w.cut == Cut::by_rows;
    const bool dense_a = !w.transposed_a && w.m * w.k > 0 && w.row_a == w.k;
    w.a = own_rows && dense_a ? in.read_rows(w.m, w.k, bytes) : in.read(needed_a, bytes);
    w.b = in.read(needed_b, bytes);
    const int64_t results = product(batch, product(w.m, w.n)),
                  parts = w.cut == Cut::by_depth ? product_parts : 1;
    w.c = own_rows && results > 0 ? in.write_rows(w.m, w.n, bytes) : in.write(product(parts, results), bytes);
    if (batch == 0 || w.m * w.n == 0) out.extent = 0;  // however many there are
    const int ahead = in.small(own_rows ? most_ahead : 0);
    for (int i = 0; i < ahead; ++i) w.ahead.push_back(in.read(product(w.m, w.n), bytes));
    out.scratch = product_scratch;
    if (w.cut == Cut::by_depth) out.chunks_at_most = product_parts;
    out.work = std::move(w);
}

void decode_reduce(Reader& in, Instruction& out, Precision precision) {
    Reduce w{};
    w.precision = precision;
    const int64_t bytes = word_bytes(w.precision);
    w.fold = in.one_of<Fold>(fold_names);
    for (int64_t* size : {&w.outer, &w.middle, &w.inner}) *size = in.size();
    out.extent = w.outer == 1 ? w.inner : w.inner == 0 ? 0 : w.outer;
    if (w.fold != Fold::sum && w.middle == 0 && product(w.outer, w.inner) > 0)
        refuse("max or min of nothing");
    const int64_t row = product(w.middle, w.inner);
    w.x = w.outer == 1 ? in.read(row, bytes) : in.read_rows(w.outer, row, bytes);
    w.y = w.outer == 1 ? in.write(w.inner, bytes) : in.write_rows(w.outer, w.inner, bytes);
    out.work = w;
}

void decode_copy(Reader& in, Instruction& out) {
    Copy w{};
    w.axes.resize(static_cast<size_t>(in.small(most_axes)));
    w.item_bytes = in.number(1, 8);
    if (w.item_bytes != 1 && w.item_bytes != 4 && w.item_bytes != 8)
        refuse("elements of a size that there is not");
    for (auto field : {&Copy::Axis::length, &Copy::Axis::from_step, &Copy::Axis::to_step})
        for (Copy::Axis& axis : w.axes) axis.*field = in.size();
    int64_t source = 1, target = 1, count = 1;
    for (const Copy::Axis& axis : w.axes) {
        count = product(count, axis.length);
        source += product(std::max<int64_t>(axis.length, 1) - 1, axis.from_step);
        target += product(std::max<int64_t>(axis.length, 1) - 1, axis.to_step);
        if (source > most || target > most) refuse("a size too large");
    }
    if (count > target) refuse("elements written over each other");
    w.from = in.read(count ? source : 0, w.item_bytes);
    w.to = in.write(count ? target : 0, w.item_bytes);
    out.extent = w.axes.empty() ? 1 : w.axes[0].length;
    out.work = std::move(w);
}

void decode_fill(Reader& in, Instruction& out) {
    out.extent = in.size();
    out.work = Fill{in.write(out.extent, 1)};
}

void decode_gather(Reader& in, Instruction& out) {
    Gather w{};
    for (int64_t* size : {&w.outer, &w.length, &w.bytes, &w.count}) *size = in.size();
    out.extent = w.outer == 1 ? w.count : w.count == 0 || w.bytes == 0 ? 0 : w.outer;
    w.x = in.read(product(product(w.outer, w.length), w.bytes), 1);
    w.indices = in.read(w.count, 4);
    w.y = in.write(product(product(w.outer, w.count), w.bytes), 1);
    out.work = w;
}

void decode_gather_sum(Reader& in, Instruction& out) {
    const int64_t rows = in.size();
    GatherSum w{};
    for (int64_t* size : {&w.count, &w.length, &w.inner}) *size = in.size();
    out.extent = w.inner == 0 ? 0 : rows;
    w.table = in.read(product(w.length, w.inner), 4);
    w.indices = in.read(product(rows, w.count), 4);
    w.y = in.write(product(rows, w.inner), 4);
    out.work = w;
}

void decode_scatter_add(Reader& in, Instruction& out, Precision precision) {
    ScatterAdd w{};
    w.precision = precision;
    const int64_t bytes = word_bytes(w.precision);
    w.outer = in.size();
    w.length = in.number(0, most_rows);
    w.inner = in.size();
    w.count = in.number(0, most_rows);
    w.repeat = in.number(1, most_rows);
    const bool onto_zeros = in.flag();
    if (w.count % w.repeat) refuse("updates that do not come out even");
    out.extent = w.length == 0 || w.inner == 0 ? 0 : w.outer == 1 ? w.length : w.outer;
    const int64_t row = product(w.outer, w.inner);
    const bool by_rows = w.outer == 1 && out.extent > 0;
    w.indices = in.read(w.count, 4);
    w.updates = in.read(product(product(w.outer, w.count / w.repeat), w.inner), bytes);
    w.y = by_rows ? in.write_rows(w.length, row, bytes) : in.write(product(w.length, row), bytes);
    if (!onto_zeros)
        w.x = by_rows ? in.read_rows(w.length, row, bytes) : in.read(product(w.length, row), bytes);
    out.work = w;
}

void decode_put(Reader& in, Instruction& out) {
    Put w{};
    w.length = in.number(0, most_rows);
    w.bytes = in.size();
    w.count = in.number(0, most_rows);
    out.extent = w.count == 0 || w.bytes == 0 ? 0 : 1;
    w.indices = in.read(w.count, 4);
    w.updates = in.read(product(w.count, w.bytes), 1);
    w.y = in.write(product(w.length, w.bytes), 1);
    out.work = w;
}

void decode_factorize(Reader& in, Instruction& out) {
    Factorize w{};
    w.count = in.number(0, int64_t{1} << 29);
    w.bits = std::bit_width(static_cast<uint64_t>(2 * w.count));
    out.extent = w.count == 0 ? 0 : 1;
    out.scratch = static_cast<int64_t>(sizeof(Distinct)) << w.bits;
    w.x = in.read(w.count, 4);
    w.y = in.write(w.count, 4);
    out.work = w;
}

void decode_one_hot(Reader& in, Instruction& out, Precision precision) {
    OneHot w{};
    w.precision = precision;
    out.extent = in.size();
    w.depth = in.size();
    w.indices = in.read(out.extent, 4);
    w.y = in.write(product(out.extent, w.depth), word_bytes(w.precision));
    out.work = w;
}

void decode_narrow(Reader& in, Instruction& out) {
    out.extent = in.size();
    Narrow w{};
    w.columns = in.size();
    w.to = in.one_of<Type>(type_names);
    if (w.to != Type::i32 && w.to != Type::f32 && w.to != Type::f64) refuse("a cast that there is not");
    w.x = in.read_rows(out.extent, w.columns, 8);
    w.y = in.write_rows(out.extent, w.columns, item_bytes(w.to));
    out.work = w;
}

void decode_random_bits(Reader& in, Instruction& out) {
    out.extent = in.size();
    RandomBits w{};
    w.columns = in.size();
    w.stream = static_cast<uint32_t>(in.number(0, std::numeric_limits<uint32_t>::max()));
    w.key = in.read(2, 4);
    w.y = in.write(product(out.extent, w.columns), 4);
    out.work = w;
}

void decode_cross_entropy(Reader& in, Instruction& out, bool delta) {
    out.extent = in.size();
    const int64_t classes = in.number(1, most), items = product(out.extent, classes);
    const Place logits = in.read(items, 4), targets = in.read(items, 4),
                y = in.write(delta ? items : out.extent, 4);
    if (delta)
        out.work = CrossEntropyDelta{classes, logits, targets, y};
    else
        out.work = CrossEntropy{classes, logits, targets, y};
}

void decode_row_sums(Reader& in, Instruction& out, Precision precision) {
    RowSums w{};
    w.precision = precision;
    const int64_t bytes = word_bytes(w.precision);
    out.extent = in.size();
    w.columns = in.size();
    w.x = in.read_rows(out.extent, w.columns, bytes);
    w.sums = in.write(product(most_chunks, w.columns), bytes);
    out.chunks_at_most = most_chunks;
    out.work = w;
}

void decode_squares(Reader& in, Instruction& out) {
    out.extent = in.size();
    Squares w{};
    w.columns = in.size();
    w.x = in.read_rows(out.extent, w.columns, 4);
    w.sums = in.write(most_chunks, 8);
    out.chunks_at_most = most_chunks;
    out.work = w;
}

void decode_root_mean(Reader& in, Instruction& out) {
    RootMean w{};
    w.chunks = in.number(1, most_chunks);
    w.count = in.size();
    w.sums = in.read(most_chunks, 8);
    w.y = in.write(1, 4);
    out.work = w;
}

Part decode_part(Reader& in, const Loop& loop, std::vector<Room>& rooms) {
    Part part{};
    part.motion = in.one_of<Motion>(motion_names);
    part.bytes = in.size();
    const bool carried = part.motion == Motion::carried, moves = part.motion == Motion::moving || carried;
    const int64_t bytes = moves ? product(loop.length, part.bytes) : part.bytes;
    part.place = part.motion == Motion::total ? in.write(bytes, 1) : in.read(bytes, 1);
    int64_t alignment = in.alignment(part.place, moves ? part.bytes : 0);
    if (carried) {
        part.start = in.read(part.bytes, 1);
        alignment = std::min(alignment, in.alignment(part.start, 0));
    }
    if (part.motion == Motion::total && loop.chunks > 1) refuse("a total of several chunks");
    rooms.push_back({part.bytes, alignment, in.writable(part.place) && !carried});
    return part;
}

void decode_scan(Reader& in, Instruction& out, int loops) {
    if (loops >= most_loops) refuse("too many loops inside of each other");
    auto loop = std::make_unique<Loop>();
    loop->chunks = static_cast<int>(in.number(1, most_chunks));
    loop->length = in.size();
    loop->reverse = in.flag();
    out.extent = loop->chunks;
    const int parts = static_cast<int>(in.number(1, 4096));
    std::vector<Room> rooms;
    int64_t moved = 0;
    for (int i = 0; i < parts; ++i) {
        loop->parts.push_back(decode_part(in, *loop, rooms));
        const Part& part = loop->parts.back();
        if (part.motion == Motion::moving || part.motion == Motion::carried)
            moved = std::max(moved, part.bytes);
    }
    // Where something moves, memory bounds the time.
    if (moved == 0 && loop->length > most_still) refuse("a loop in which nothing moves");
    std::vector<Local> none;
    const int count = in.small(65536);
    for (int i = 0; i < count; ++i) {
        loop->body.push_back(decode(in.words(), {rooms, none, 0, loops + 1, loop->chunks}));
        out.scratch = std::max(out.scratch, loop->body.back().scratch);
    }
    out.work = Scan{std::move(loop)};
}

void decode_work(Reader& in, Instruction& out, Kind kind, int loops) {
    switch (kind) {
        case Kind::tile: return decode_tile(in, out, Precision::f32);
        case Kind::tile_f64: return decode_tile(in, out, Precision::f64);
        case Kind::matmul: return decode_matmul(in, out, Precision::f32);
        case Kind::matmul_f64: return decode_matmul(in, out, Precision::f64);
        case Kind::reduce: return decode_reduce(in, out, Precision::f32);
        case Kind::reduce_f64: return decode_reduce(in, out, Precision::f64);
        case Kind::copy: return decode_copy(in, out);
        case Kind::fill: return decode_fill(in, out);
        case Kind::gather: return decode_gather(in, out);
        case Kind::gather_sum: return decode_gather_sum(in, out);
        case Kind::scatter_add: return decode_scatter_add(in, out, Precision::f32);
        case Kind::scatter_add_f64: return decode_scatter_add(in, out, Precision::f64);
        case Kind::put: return decode_put(in, out);
        case Kind::factorize: return decode_factorize(in, out);
        case Kind::one_hot: return decode_one_hot(in, out, Precision::f32);
        case Kind::one_hot_f64: return decode_one_hot(in, out, Precision::f64);
        case Kind::narrow: return decode_narrow(in, out);
        case Kind::random_bits: return decode_random_bits(in, out);
        case Kind::cross_entropy_delta: return decode_cross_entropy(in, out, true);
        case Kind::cross_entropy: return decode_cross_entropy(in, out, false);
        case Kind::row_sums: return decode_row_sums(in, out, Precision::f32);
        case Kind::row_sums_f64: return decode_row_sums(in, out, Precision::f64);
        case Kind::squares: return decode_squares(in, out);
        case Kind::root_mean: return decode_root_mean(in, out);
        case Kind::max_pool:
        case Kind::max_pool_positions:
        case Kind::max_pool_adjoint:
        case Kind::average_pool:
        case Kind::average_pool_adjoint: return decode_pool(in, out, kind);
        case Kind::resize:
        case Kind::resize_adjoint: return decode_resize(in, out, kind);
        case Kind::cumsum:
        case Kind::argmax:
        case Kind::argsort: return decode_lines(in, out, kind);
        case Kind::convolution:
        case Kind::convolution_input_adjoint:
        case Kind::convolution_weight_adjoint: return decode_convolution(in, out, kind);
        case Kind::winograd_filters:
        case Kind::winograd:
        case Kind::winograd_weight_adjoint: return decode_winograd(in, out, kind);
        case Kind::attention:
        case Kind::attention_adjoints: return decode_attention(in, out, kind);
        case Kind::layer_norm: return decode_layer_norm(in, out);
        case Kind::layer_norm_adjoints: return decode_layer_norm_adjoints(in, out);
        case Kind::scan: return decode_scan(in, out, loops);
    }
}

}  // namespace

Instruction decode(std::span<const int64_t> row, const Around& around) {
    Reader in(row, around);
    Instruction out;
    decode_work(in, out, in.one_of<Kind>(kind_names), around.loops);
    in.end();
    if (around.chunks > out.chunks_at_most) refuse("more chunks than there is room for their results");
    return out;
}

}  // namespace chainrule
