// Running instructions: one function a kind.
#include "running.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "attention.hpp"
#include "convolution.hpp"
#include "multiply.hpp"
#include "ordering.hpp"

namespace chainrule {
namespace {

void run_matmul(const Instruction& in, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const auto& s = in.sizes;
    const int64_t inner = s[1], m = s[2], n = s[3], k = s[4], row_a = s[7], row_b = s[8];
    const bool ta = s[5] != 0, tb = s[6] != 0;
    const float* a = pointer<const float>(at, in.places[0]);
    const float* b = pointer<const float>(at, in.places[1]);
    float* c = pointer<float>(at, in.places[2]);
    Product::Range ahead[most_ahead];
    const int ahead_count = static_cast<int>(in.places.size()) - 3;
    for (int i = 0; i < ahead_count; ++i) {
        const Place& place = in.places[static_cast<size_t>(i) + 3];
        ahead[i] = {pointer<const char>(at, place) + first * n * 4, (last - first) * n * 4};
    }
    const auto product = [&](const float* x, const float* y, float* z, int64_t rows, int64_t columns, int64_t depth) {
        multiply({x, y, z, rows, columns, depth, row_a, row_b, n, ta, tb, false, ahead, ahead_count}, scratch);
    };
    if (s[13] == by_depth) {
        product(a + (ta ? first * row_a : first), b + (tb ? first : first * row_b), c + chunk * m * n, m, n, last - first);
        return;
    }
    if (s[13] == by_columns) {
        product(a, b + (tb ? first * row_b : first), c + first, m, last - first, k);
        return;
    }
    if (s[0] * inner == 1) {
        product(a + (ta ? first : first * row_a), b, c + first * n, last - first, n, k);
        return;
    }
    for (int64_t i = first; i < last; ++i)
        for (int64_t j = 0; j < inner; ++j) product(a + i * s[9] + j * s[11], b + i * s[10] + j * s[12], c + (i * inner + j) * m * n, m, n, k);
}

void run_reduce(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t op = in.sizes[0], outer = in.sizes[1], mid = in.sizes[2], inner = in.sizes[3];
    const float* x = pointer<const float>(at, in.places[0]);
    float* y = pointer<float>(at, in.places[1]);
    const Kernels& k = kernels();
    const auto rows = op == 0 ? k.sum_rows : op == 1 ? k.max_rows : k.min_rows;
    const auto whole = op == 0 ? k.sum : op == 1 ? k.max : k.min;
    if (outer == 1 && inner > 1) {
        if (last > first) rows(y + first, x + first, mid, last - first, inner);
        return;
    }
    if (outer == 1) {
        if (last > first) y[0] = whole(x, mid);
        return;
    }
    const auto each = op == 0 ? k.sum_each : op == 1 ? k.max_each : k.min_each;
    if (inner == 1 && first < last) each(y + first, x + first * mid, last - first, mid);
    for (int64_t i = first; inner > 1 && i < last; ++i) rows(y + i * inner, x + i * mid * inner, mid, inner, inner);
}

template <class T>
void copy_axis(const T* from, T* to, const int64_t* dims, const int64_t* from_steps, const int64_t* to_steps, int64_t rank) {
    if (rank == 0) {
        *to = *from;
        return;
    }
    if (rank == 1) {
        if (from_steps[0] == 1 && to_steps[0] == 1) {
            std::memmove(to, from, static_cast<size_t>(dims[0]) * sizeof(T));
            return;
        }
        for (int64_t i = 0; i < dims[0]; ++i) to[i * to_steps[0]] = from[i * from_steps[0]];
        return;
    }
    for (int64_t i = 0; i < dims[0]; ++i)
        copy_axis(from + i * from_steps[0], to + i * to_steps[0], dims + 1, from_steps + 1, to_steps + 1, rank - 1);
}

template <class T>
void run_copy(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t rank = in.sizes[0];
    std::vector<int64_t> dims(in.sizes.begin() + 2, in.sizes.begin() + 2 + rank);
    const int64_t* from_steps = in.sizes.data() + 2 + rank;
    const int64_t* to_steps = from_steps + rank;
    for (int64_t i = 1; i < rank; ++i)
        if (dims[static_cast<size_t>(i)] == 0) return;
    const T* from = pointer<const T>(at, in.places[0]);
    T* to = pointer<T>(at, in.places[1]);
    if (rank > 0) {
        dims[0] = last - first;
        if (dims[0] <= 0) return;
        from += first * from_steps[0];
        to += first * to_steps[0];
    } else if (first >= last) {
        return;
    }
    copy_axis(from, to, dims.data(), from_steps, to_steps, rank);
}

bool run_gather(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t outer = in.sizes[0], length = in.sizes[1], bytes = in.sizes[2], count = in.sizes[3];
    const char* x = pointer<const char>(at, in.places[0]);
    const int32_t* indices = pointer<const int32_t>(at, in.places[1]);
    char* y = pointer<char>(at, in.places[2]);
    bool fine = true;
    auto row = [&](int64_t i) {
        const int64_t index = indices[i];
        return index < 0 ? index + length : index;
    };
    auto one = [&](int64_t o, int64_t i) {
        const int64_t index = row(i);
        if (index < 0 || index >= length) {
            fine = false;
            return;
        }
        // Rows lie anywhere: the processor can't see which comes next.
        const int64_t next = i + 1 < count ? row(i + 1) : -1;
        if (next >= 0 && next < length)
            for (int64_t line = 0; line < bytes; line += 64) prefetch_read(x + (o * length + next) * bytes + line);
        std::memcpy(y + (o * count + i) * bytes, x + (o * length + index) * bytes, static_cast<size_t>(bytes));
    };
    if (outer == 1) {
        for (int64_t i = first; i < last; ++i) one(0, i);
    } else {
        for (int64_t o = first; o < last; ++o)
            for (int64_t i = 0; i < count; ++i) one(o, i);
    }
    return fine;
}

bool run_gather_sum(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t count = in.sizes[0], length = in.sizes[1], inner = in.sizes[2];
    return kernels().gather_sums(pointer<float>(at, in.places[2]) + first * inner, pointer<const int32_t>(at, in.places[1]) + first * count,
                                 pointer<const float>(at, in.places[0]), last - first, count, length, inner);
}

// Cut by rows of the one table, or by tables. What it adds to is all 0 where it has no place.
bool run_scatter_add(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t outer = in.sizes[0], length = in.sizes[1], inner = in.sizes[2], count = in.sizes[3], repeat = in.sizes[4];
    const int32_t* indices = pointer<const int32_t>(at, in.places[0]);
    const float* updates = pointer<const float>(at, in.places[1]);
    float* y = pointer<float>(at, in.places[2]);
    if (first >= last) return true;
    const int64_t rows = outer == 1 ? 1 : length, start = first * rows * inner;
    const size_t bytes = static_cast<size_t>((last - first) * rows * inner) * 4;
    if (in.places.size() > 3)
        std::memmove(y + start, pointer<const float>(at, in.places[3]) + start, bytes);
    else
        std::memset(y + start, 0, bytes);
    if (outer == 1)
        kernels().scatter_rows(y, indices, updates, count, repeat, length, first, last, inner);
    else
        for (int64_t o = first; o < last; ++o)
            kernels().scatter_rows(y + o * length * inner, indices, updates + o * count / repeat * inner, count, repeat, length, 0, length,
                                   inner);
    return std::all_of(indices, indices + (first == 0 ? count : 0), [&](int64_t index) { return index >= -length && index < length; });
}

// int64 to int32: what lies beyond becomes the end that it is beyond, so that an index out of range stays out of range;
// or to float32.
void run_narrow(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    constexpr int64_t low = std::numeric_limits<int32_t>::min(), high = std::numeric_limits<int32_t>::max();
    const int64_t begin = first * in.sizes[0], end = last * in.sizes[0];
    const int64_t* x = pointer<const int64_t>(at, in.places[0]);
    if (in.sizes[1] != 0) {
        float* y = pointer<float>(at, in.places[1]);
        for (int64_t i = begin; i < end; ++i) y[i] = static_cast<float>(x[i]);
    } else {
        int32_t* y = pointer<int32_t>(at, in.places[1]);
        for (int64_t i = begin; i < end; ++i) y[i] = static_cast<int32_t>(std::clamp(x[i], low, high));
    }
}

void run_one_hot(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const int64_t depth = in.sizes[0];
    const int32_t* indices = pointer<const int32_t>(at, in.places[0]);
    float* y = pointer<float>(at, in.places[1]);
    for (int64_t i = first; i < last; ++i) {
        const int64_t index = indices[i];  // read once: where y lies over the indices, they change
        std::fill(y + i * depth, y + (i + 1) * depth, 0.0f);
        if (index >= 0 && index < depth) y[i * depth + index] = 1.0f;
    }
}

Convolution convolution_of(const Instruction& in) {
    const auto& s = in.sizes;
    return {s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15]};
}

// Cut by taps, or by examples: then each chunk has a sum of its own.
void run_weight_adjoint(const Instruction& in, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const Convolution c = convolution_of(in);
    const bool by_taps = in.sizes[16] != 0;
    float* d_weight = pointer<float>(at, in.places[2]) + (by_taps ? 0 : chunk * c.weight_items());
    convolve_weight(c, pointer<const float>(at, in.places[0]), pointer<const float>(at, in.places[1]), d_weight, by_taps ? 0 : first,
                    by_taps ? c.batch : last, by_taps ? first : 0, by_taps ? last : c.taps(), scratch);
}

void run_pool(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const auto& s = in.sizes;
    const Windows w{s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10]};
    const int64_t image = w.height * w.width * w.channels, windows = w.high * w.wide * w.channels;
    const SpaceTable& space = kernels().space;
    const auto part = [&](size_t operand, int64_t n, int64_t size) { return pointer<float>(at, in.places[operand]) + n * size; };
    for (int64_t n = first; n < last; ++n) {
        switch (in.kind) {
            case Kind::max_pool: space.max_pool(part(1, n, windows), part(0, n, image), w); break;
            case Kind::max_pool_positions:
                space.max_pool_positions(pointer<int32_t>(at, in.places[1]) + n * windows, part(0, n, image), n * image, w);
                break;
            case Kind::max_pool_adjoint: space.max_pool_adjoint(part(2, n, image), part(0, n, image), part(1, n, windows), w); break;
            case Kind::average_pool: space.average_pool(part(1, n, windows), part(0, n, image), w); break;
            default: space.average_pool_adjoint(part(1, n, image), part(0, n, windows), w); break;
        }
    }
}

void run_resize(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const auto& s = in.sizes;
    const Resizing r{s[0], s[1], s[2], s[3], s[4] != 0};
    const bool adjoint = in.kind == Kind::resize_adjoint;
    const auto run = adjoint ? kernels().space.resize_adjoint : kernels().space.resize;
    const int64_t shorter = r.rows * r.length * r.inner, longer = r.rows * r.size * r.inner;
    const int64_t from = adjoint ? longer : shorter, to = adjoint ? shorter : longer;
    for (int64_t n = first; n < last; ++n)
        run(pointer<float>(at, in.places[1]) + n * to, pointer<const float>(at, in.places[0]) + n * from, r);
}

void run_lines(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const auto& s = in.sizes;
    const Lines lines{static_cast<Type>(s[0]), s[1], s[2]};
    const int64_t kept = in.kind == Kind::cumsum ? lines.length : in.kind == Kind::argmax ? 1 : s[3];
    for (int64_t n = first; n < last; ++n) {
        const auto* x = pointer<const uint32_t>(at, in.places[0]) + n * lines.length * lines.inner;
        auto* y = pointer<int32_t>(at, in.places[1]) + n * kept * lines.inner;
        if (in.kind == Kind::cumsum)
            cumsum(y, x, lines, s[3] != 0);
        else if (in.kind == Kind::argmax)
            argmax(y, x, lines);
        else
            argsort(y, x, lines, kept, s[4] != 0, reinterpret_cast<uint64_t*>(scratch));
    }
}

float float_of(int64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }

void run_layer_norm(const Instruction& in, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const int64_t n = in.sizes[0], start = first * n, rows = last - first;
    const float epsilon = float_of(in.sizes[1]);
    const auto part = [&](size_t i) { return pointer<float>(at, in.places[i]) + start; };
    const float* scale = pointer<const float>(at, in.places[1]);
    auto* room = reinterpret_cast<float*>(scratch);
    if (in.kind == Kind::layer_norm)
        kernels().rows.layer_norm(part(3), part(0), scale, pointer<const float>(at, in.places[2]), rows, n, epsilon, room);
    else
        kernels().rows.layer_norm_adjoints(part(3), pointer<float>(at, in.places[4]) + chunk * n, part(0), scale, part(2), rows, n, epsilon,
                                           room);
}

// Wire format, see read_attention: heads are numbered over all outer axes; every operand has a stride for each of them.
void run_attention(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const auto& s = in.sizes;
    const auto axes = static_cast<size_t>(s[0]);
    const int64_t* lengths = s.data() + 1;
    const int64_t *sizes = lengths + axes, *strides = sizes + 8;
    const Head head{sizes[1], sizes[2], sizes[3], sizes[4], sizes[5] != 0, float_of(sizes[6])};
    int64_t heads = 1;  // of one row of the extent
    for (size_t axis = static_cast<size_t>(sizes[0]); axis < axes; ++axis) heads *= lengths[axis];
    auto* room = reinterpret_cast<float*>(scratch);
    for (int64_t each = first * heads; each < last * heads; ++each) {
        int64_t index[most_outer_axes], rest = each;
        for (size_t axis = axes; axis-- > 0; rest /= lengths[axis]) index[axis] = rest % lengths[axis];
        const auto rows = [&](size_t operand) {
            const int64_t* own = strides + operand * (axes + 2);
            int64_t start = 0;
            for (size_t axis = 0; axis < axes; ++axis) start += index[axis] * own[axis];
            return Rows<float>{pointer<float>(at, in.places[operand]) + start, own[axes]};
        };
        const auto read = [&](size_t operand) { return Rows<const float>{rows(operand).start, rows(operand).row}; };
        const size_t given = in.kind == Kind::attention ? 3 : 4, masks = static_cast<size_t>(sizes[7]);
        Allowed allowed{};
        if (masks) {
            const int64_t* own = strides + given * (axes + 2);
            allowed = {pointer<const uint8_t>(at, in.places[given]), own[axes], own[axes + 1]};
            for (size_t axis = 0; axis < axes; ++axis) allowed.start += index[axis] * own[axis];
        }
        const size_t result = given + masks;
        if (in.kind == Kind::attention)
            attend(head, read(0), read(1), read(2), allowed, rows(result), room);
        else
            attend_back(head, read(0), read(1), read(2), read(3), allowed, rows(result), rows(result + 1), rows(result + 2), room);
    }
}

}  // namespace

bool Machine::run_loop(const Loop& loop, int chunk, const std::vector<char*>& at, char* scratch) {
    bool fine = true;
    std::vector<char*> inside(loop.parts.size());
    for (const Part& part : loop.parts)
        if (part.mode == Part::total) std::memset(pointer<char>(at, part.place), 0, static_cast<size_t>(part.bytes));
    for (int64_t step = 0; step < loop.length; ++step) {
        const int64_t time = loop.reverse ? loop.length - 1 - step : step, before = loop.reverse ? time + 1 : time - 1;
        for (size_t i = 0; i < inside.size(); ++i) {
            const Part& part = loop.parts[i];
            const int64_t element = part.mode == Part::moving ? time : part.mode == Part::carried && step > 0 ? before : 0;
            const bool starts = part.mode == Part::carried && step == 0;
            inside[i] = pointer<char>(at, starts ? part.start : part.place) + element * part.bytes;
        }
        for (const Instruction& in : loop.body)
            fine &= execute(in, chunk, in.extent * chunk / loop.chunks, in.extent * (chunk + 1) / loop.chunks, inside, scratch);
    }
    return fine;
}

bool Machine::execute(const Instruction& in, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    bool fine = true;
    switch (in.kind) {
        case Kind::tile: run_tile(in, chunk, first, last, at, scratch); break;
        case Kind::matmul: run_matmul(in, chunk, first, last, at, scratch); break;
        case Kind::reduce: run_reduce(in, first, last, at); break;
        case Kind::copy:
            if (in.sizes[1] == 1) run_copy<uint8_t>(in, first, last, at);
            if (in.sizes[1] == 4) run_copy<uint32_t>(in, first, last, at);
            if (in.sizes[1] == 8) run_copy<uint64_t>(in, first, last, at);
            break;
        case Kind::narrow: run_narrow(in, first, last, at); break;
        case Kind::fill: std::memset(pointer<char>(at, in.places[0]) + first, 0, static_cast<size_t>(last - first)); break;
        case Kind::gather: fine = run_gather(in, first, last, at); break;
        case Kind::gather_sum: fine = run_gather_sum(in, first, last, at); break;
        case Kind::scatter_add: fine = run_scatter_add(in, first, last, at); break;
        case Kind::one_hot: run_one_hot(in, first, last, at); break;
        case Kind::random_bits: {
            const uint32_t* key = pointer<const uint32_t>(at, in.places[0]);
            const int64_t cols = in.sizes[0];
            kernels().random_bits(pointer<uint32_t>(at, in.places[1]) + first * cols, key[0], key[1],
                                  static_cast<uint32_t>(in.sizes[1]), static_cast<uint64_t>(first * cols), (last - first) * cols);
            break;
        }
        case Kind::cross_entropy_delta: {
            const int64_t start = first * in.sizes[0];
            kernels().rows.cross_entropy_delta(pointer<float>(at, in.places[2]) + start, pointer<const float>(at, in.places[0]) + start,
                                          pointer<const float>(at, in.places[1]) + start, last - first, in.sizes[0]);
            break;
        }
        case Kind::cross_entropy: {
            const int64_t cols = in.sizes[0];
            kernels().rows.cross_entropy(pointer<float>(at, in.places[2]) + first, pointer<const float>(at, in.places[0]) + first * cols,
                                    pointer<const float>(at, in.places[1]) + first * cols, last - first, cols);
            break;
        }
        case Kind::convolution:
            convolve(convolution_of(in), pointer<const float>(at, in.places[0]), pointer<const float>(at, in.places[1]),
                     pointer<float>(at, in.places[2]), first, last, scratch);
            break;
        case Kind::convolution_input_adjoint:
            convolve_back(convolution_of(in), pointer<const float>(at, in.places[0]), pointer<const float>(at, in.places[1]),
                          pointer<float>(at, in.places[2]), first, last, scratch);
            break;
        case Kind::convolution_weight_adjoint: run_weight_adjoint(in, chunk, first, last, at, scratch); break;
        case Kind::row_sums: {
            const int64_t cols = in.sizes[0];
            kernels().sum_rows(pointer<float>(at, in.places[1]) + chunk * cols, pointer<const float>(at, in.places[0]) + first * cols,
                               last - first, cols, cols);
            break;
        }
        case Kind::squares: {
            const int64_t cols = in.sizes[0];
            pointer<double>(at, in.places[1])[chunk] =
                kernels().squares(pointer<const float>(at, in.places[0]) + first * cols, (last - first) * cols);
            break;
        }
        case Kind::root_mean: {
            const double* sums = pointer<const double>(at, in.places[0]);
            double total = 0.0;
            for (int64_t i = 0; i < in.sizes[0]; ++i) total += sums[i];
            pointer<float>(at, in.places[1])[0] =
                static_cast<float>(std::sqrt(total / static_cast<double>(std::max<int64_t>(in.sizes[1], 1))));
            break;
        }
        case Kind::max_pool:
        case Kind::max_pool_positions:
        case Kind::max_pool_adjoint:
        case Kind::average_pool:
        case Kind::average_pool_adjoint: run_pool(in, first, last, at); break;
        case Kind::resize:
        case Kind::resize_adjoint: run_resize(in, first, last, at); break;
        case Kind::cumsum:
        case Kind::argmax:
        case Kind::argsort: run_lines(in, first, last, at, scratch); break;
        case Kind::layer_norm:
        case Kind::layer_norm_adjoints: run_layer_norm(in, chunk, first, last, at, scratch); break;
        case Kind::attention:
        case Kind::attention_adjoints: run_attention(in, first, last, at, scratch); break;
        case Kind::scan:
            for (int64_t each = first; each < last; ++each) fine &= run_loop(*in.loop, static_cast<int>(each), at, scratch);
            break;
        case Kind::kinds: break;
    }
    return fine;
}

std::vector<std::string> Machine::ready() const {
    std::vector<std::string> names;
    for (const Instruction& in : instructions_) names.emplace_back(in.tile.ready ? in.tile.ready->name : "");
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
