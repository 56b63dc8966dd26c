// Running instructions: products, reductions, sums and losses, and loops of others.
#include "running.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels.hpp"
#include "multiply.hpp"

namespace chainrule {

namespace {

template <class Real>
void multiply_in(const Matmul& in, const Chunk& chunk) {
    const int64_t first = chunk.first, last = chunk.last, m = in.m, n = in.n, k = in.k;
    const bool ta = in.transposed_a, tb = in.transposed_b;
    const Real *a = chunk.read<Real>(in.a), *b = chunk.read<Real>(in.b);
    Real* c = chunk.write<Real>(in.c);
    constexpr auto word = static_cast<int64_t>(sizeof(Real));
    Range ahead[most_ahead];
    const int ahead_count = static_cast<int>(in.ahead.size());
    for (size_t i = 0; i < in.ahead.size(); ++i)
        ahead[i] = {chunk.read<char>(in.ahead[i]) + first * n * word, (last - first) * n * word};
    const auto product = [&](const Real* x, const Real* y, Real* z, int64_t rows, int64_t columns,
                             int64_t depth) {
        multiply(Product<Real>{x, y, z, rows, columns, depth, in.row_a, in.row_b, n, ta, tb, false, ahead,
                               ahead_count},
                 chunk.scratch);
    };
    if (in.cut == Cut::by_depth) {
        product(a + (ta ? first * in.row_a : first), b + (tb ? first : first * in.row_b),
                c + chunk.number * m * n, m, n, last - first);
        return;
    }
    if (in.cut == Cut::by_columns) {
        product(a, b + (tb ? first * in.row_b : first), c + first, m, last - first, k);
        return;
    }
    if (in.outer * in.inner == 1) {
        product(a + (ta ? first : first * in.row_a), b, c + first * n, last - first, n, k);
        return;
    }
    for (int64_t i = first; i < last; ++i)
        for (int64_t j = 0; j < in.inner; ++j)
            product(a + i * in.outer_a + j * in.inner_a, b + i * in.outer_b + j * in.inner_b,
                    c + (i * in.inner + j) * m * n, m, n, k);
}

template <class Real>
void reduce_in(const Reduce& in, const Chunk& chunk) {
    const int64_t first = chunk.first, last = chunk.last, middle = in.middle, inner = in.inner;
    const Real* x = chunk.read<Real>(in.x);
    Real* y = chunk.write<Real>(in.y);
    const Arithmetic<Real>& k = arithmetic<Real>();
    const auto pick = [&](auto sum, auto max, auto min) {
        return in.fold == Fold::sum ? sum : in.fold == Fold::max ? max : min;
    };
    if (first >= last) return;
    const auto rows = pick(k.sum_rows, k.max_rows, k.min_rows);
    if (in.outer == 1 && inner > 1)
        rows(y + first, x + first, middle, last - first, inner);
    else if (in.outer == 1)
        y[0] = pick(k.sum, k.max, k.min)(x, middle);
    else if (inner == 1)
        pick(k.sum_each, k.max_each, k.min_each)(y + first, x + first * middle, last - first, middle);
    else
        for (int64_t i = first; i < last; ++i)
            rows(y + i * inner, x + i * middle * inner, middle, inner, inner);
}

}  // namespace

void run(const Matmul& in, const Chunk& chunk) {
    in_precision(in.precision, [&]<class Real>(Real) { multiply_in<Real>(in, chunk); });
}

void run(const Reduce& in, const Chunk& chunk) {
    in_precision(in.precision, [&]<class Real>(Real) { reduce_in<Real>(in, chunk); });
}

void run(const RandomBits& in, const Chunk& chunk) {
    const uint32_t* key = chunk.read<uint32_t>(in.key);
    const int64_t start = chunk.first * in.columns;
    kernels().random_bits(chunk.write<uint32_t>(in.y) + start, key[0], key[1], in.stream,
                          static_cast<uint64_t>(start), (chunk.last - chunk.first) * in.columns);
}

void run(const CrossEntropy& in, const Chunk& chunk) {
    const int64_t start = chunk.first * in.classes;
    kernels().rows.cross_entropy(chunk.write<float>(in.loss) + chunk.first,
                                 chunk.read<float>(in.logits) + start, chunk.read<float>(in.targets) + start,
                                 chunk.last - chunk.first, in.classes);
}

void run(const CrossEntropyDelta& in, const Chunk& chunk) {
    const int64_t start = chunk.first * in.classes;
    kernels().rows.cross_entropy_delta(
        chunk.write<float>(in.delta) + start, chunk.read<float>(in.logits) + start,
        chunk.read<float>(in.targets) + start, chunk.last - chunk.first, in.classes);
}

void run(const RowSums& in, const Chunk& chunk) {
    const int64_t n = in.columns;
    in_precision(in.precision, [&]<class Real>(Real) {
        arithmetic<Real>().sum_rows(chunk.write<Real>(in.sums) + chunk.number * n,
                                    chunk.read<Real>(in.x) + chunk.first * n, chunk.last - chunk.first, n, n);
    });
}

void run(const Squares& in, const Chunk& chunk) {
    chunk.write<double>(in.sums)[chunk.number] = kernels().squares(
        chunk.read<float>(in.x) + chunk.first * in.columns, (chunk.last - chunk.first) * in.columns);
}

void run(const RootMean& in, const Chunk& chunk) {
    if (chunk.first >= chunk.last) return;
    const double* sums = chunk.read<double>(in.sums);
    double total = 0.0;
    for (int64_t i = 0; i < in.chunks; ++i) total += sums[i];
    chunk.write<float>(in.y)[0] =
        static_cast<float>(std::sqrt(total / static_cast<double>(std::max<int64_t>(in.count, 1))));
}

namespace {

// One chunk of the rows of the body, through all of time.
bool run_loop(const Loop& loop, int number, const Chunk& chunk) {
    bool fine = true;
    std::vector<Address> inside(loop.parts.size());
    for (const Part& part : loop.parts)
        if (part.motion == Motion::total)
            std::memset(chunk.write<char>(part.place), 0, static_cast<size_t>(part.bytes));
    for (int64_t step = 0; step < loop.length; ++step) {
        const int64_t time = loop.reverse ? loop.length - 1 - step : step,
                      before = loop.reverse ? time + 1 : time - 1;
        for (size_t i = 0; i < inside.size(); ++i) {
            const Part& part = loop.parts[i];
            const bool starts = part.motion == Motion::carried && step == 0;
            const Place& place = starts ? part.start : part.place;
            const int64_t element = part.motion == Motion::moving               ? time
                                    : part.motion == Motion::carried && !starts ? before
                                                                                : 0;
            const int64_t offset = place.offset + element * part.bytes;
            const Address& around = chunk.at[static_cast<size_t>(place.buffer)];
            inside[i] = {around.read + offset, around.write ? around.write + offset : nullptr};
        }
        for (const Instruction& in : loop.body)
            fine &= execute(in, {number, in.extent * number / loop.chunks,
                                 in.extent * (number + 1) / loop.chunks, inside, chunk.scratch});
    }
    return fine;
}

}  // namespace

bool run(const Scan& in, const Chunk& chunk) {
    bool fine = true;
    for (int64_t each = chunk.first; each < chunk.last; ++each)
        fine &= run_loop(*in.loop, static_cast<int>(each), chunk);
    return fine;
}

bool execute(const Instruction& instruction, const Chunk& chunk) {
    return std::visit(
        [&](const auto& work) {
            if constexpr (std::is_void_v<decltype(run(work, chunk))>) {
                run(work, chunk);
                return true;
            } else {
                return run(work, chunk);
            }
        },
        instruction.work);
}

}  // namespace chainrule
