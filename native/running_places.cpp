// Running what moves elements from place to place: copies, rows gathered and scattered, classes, casts of
// int64.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "compiler.hpp"
#include "kernels.hpp"
#include "running.hpp"

namespace chainrule {
namespace {

template <class T>
void copy_axes(const T* from, T* to, const Copy::Axis* axis, const Copy::Axis* end) {
    if (axis == end) {
        *to = *from;
        return;
    }
    if (axis + 1 == end) {
        if (axis->from_step == 1 && axis->to_step == 1) {
            std::memmove(to, from, static_cast<size_t>(axis->length) * sizeof(T));
            return;
        }
        for (int64_t i = 0; i < axis->length; ++i) to[i * axis->to_step] = from[i * axis->from_step];
        return;
    }
    for (int64_t i = 0; i < axis->length; ++i)
        copy_axes(from + i * axis->from_step, to + i * axis->to_step, axis + 1, end);
}

template <class T>
void copy(const Copy& in, const Chunk& chunk) {
    const T* from = chunk.read<T>(in.from);
    T* to = chunk.write<T>(in.to);
    if (chunk.first >= chunk.last) return;
    std::array<Copy::Axis, most_axes> axes{};
    std::copy(in.axes.begin(), in.axes.end(), axes.begin());
    for (size_t i = 1; i < in.axes.size(); ++i)
        if (axes[i].length == 0) return;
    if (!in.axes.empty()) {
        axes[0].length = chunk.last - chunk.first;
        from += chunk.first * axes[0].from_step;
        to += chunk.first * axes[0].to_step;
    }
    copy_axes(from, to, axes.data(), axes.data() + in.axes.size());
}

}  // namespace

void run(const Copy& in, const Chunk& chunk) {
    if (in.item_bytes == 1) copy<uint8_t>(in, chunk);
    if (in.item_bytes == 4) copy<uint32_t>(in, chunk);
    if (in.item_bytes == 8) copy<uint64_t>(in, chunk);
}

void run(const Fill& in, const Chunk& chunk) {
    std::memset(chunk.write<char>(in.y) + chunk.first, 0, static_cast<size_t>(chunk.last - chunk.first));
}

// Cut by indices of the one table, or by tables.
bool run(const Gather& in, const Chunk& chunk) {
    const char* x = chunk.read<char>(in.x);
    const int32_t* indices = chunk.read<int32_t>(in.indices);
    char* y = chunk.write<char>(in.y);
    bool fine = true;
    const auto row = [&](int64_t i) {
        const int64_t index = indices[i];
        return index < 0 ? index + in.length : index;
    };
    const auto one = [&](int64_t o, int64_t i) {
        const int64_t index = row(i);
        if (index < 0 || index >= in.length) {
            fine = false;
            return;
        }
        // Rows lie anywhere: the processor can't see which comes next.
        const int64_t next = i + 1 < in.count ? row(i + 1) : -1;
        if (next >= 0 && next < in.length)
            for (int64_t line = 0; line < in.bytes; line += 64)
                prefetch_read(x + (o * in.length + next) * in.bytes + line);
        std::memcpy(y + (o * in.count + i) * in.bytes, x + (o * in.length + index) * in.bytes,
                    static_cast<size_t>(in.bytes));
    };
    if (in.outer == 1) {
        for (int64_t i = chunk.first; i < chunk.last; ++i) one(0, i);
    } else {
        for (int64_t o = chunk.first; o < chunk.last; ++o)
            for (int64_t i = 0; i < in.count; ++i) one(o, i);
    }
    return fine;
}

bool run(const GatherSum& in, const Chunk& chunk) {
    return kernels().gather_sums(chunk.write<float>(in.y) + chunk.first * in.inner,
                                 chunk.read<int32_t>(in.indices) + chunk.first * in.count,
                                 chunk.read<float>(in.table), chunk.last - chunk.first, in.count, in.length,
                                 in.inner);
}

namespace {

// Cut by rows of the one table, or by tables.
template <class Real>
bool scatter_in(const ScatterAdd& in, const Chunk& chunk) {
    const int64_t first = chunk.first, last = chunk.last, count = in.count, length = in.length,
                  inner = in.inner;
    const int32_t* indices = chunk.read<int32_t>(in.indices);
    const Real* updates = chunk.read<Real>(in.updates);
    Real* y = chunk.write<Real>(in.y);
    if (first >= last) return true;
    const int64_t rows = in.outer == 1 ? 1 : length, start = first * rows * inner;
    const size_t bytes = static_cast<size_t>((last - first) * rows * inner) * sizeof(Real);
    if (in.x)
        std::memmove(y + start, chunk.read<Real>(*in.x) + start, bytes);
    else
        std::memset(y + start, 0, bytes);
    const auto scatter_rows = arithmetic<Real>().scatter_rows;
    if (in.outer == 1)
        scatter_rows(y, indices, updates, count, in.repeat, length, first, last, inner);
    else
        for (int64_t o = first; o < last; ++o)
            scatter_rows(y + o * length * inner, indices, updates + o * count / in.repeat * inner, count,
                         in.repeat, length, 0, length, inner);
    return std::all_of(indices, indices + (first == 0 ? count : 0),
                       [&](int64_t index) { return index >= -length && index < length; });
}

}  // namespace

bool run(const ScatterAdd& in, const Chunk& chunk) {
    return in_precision(in.precision, [&]<class Real>(Real) { return scatter_in<Real>(in, chunk); });
}

// Backwards, so that the first of equal indices has the last word.
bool run(const Put& in, const Chunk& chunk) {
    const int32_t* indices = chunk.read<int32_t>(in.indices);
    const char* updates = chunk.read<char>(in.updates);
    char* y = chunk.write<char>(in.y);
    bool fine = true;
    for (int64_t i = in.count - 1; i >= 0; --i) {
        const int64_t given = indices[i], index = given < 0 ? given + in.length : given;
        if (index < 0 || index >= in.length)
            fine = false;
        else
            std::memcpy(y + index * in.bytes, updates + i * in.bytes, static_cast<size_t>(in.bytes));
    }
    return fine;
}

// A hash table with linear probing, at most half full; the hash is multiplicative (Knuth, volume 3, 6.4).
void run(const Factorize& in, const Chunk& chunk) {
    const int32_t* x = chunk.read<int32_t>(in.x);
    int32_t* y = chunk.write<int32_t>(in.y);
    Distinct* table = chunk.room<Distinct>();
    const uint32_t last = (uint32_t{1} << in.bits) - 1;
    std::fill(table, table + last + 1, Distinct{0, -1});
    int32_t found = 0;
    for (int64_t i = 0; i < in.count; ++i) {
        const int32_t value = x[i];
        uint32_t place = (static_cast<uint32_t>(value) * 2654435769u) >> (32 - in.bits);
        while (table[place].number >= 0 && table[place].value != value) place = (place + 1) & last;
        if (table[place].number < 0) table[place] = {value, found++};
        y[i] = table[place].number;
    }
}

void run(const OneHot& in, const Chunk& chunk) {
    const int32_t* indices = chunk.read<int32_t>(in.indices);
    in_precision(in.precision, [&]<class Real>(Real) {
        Real* y = chunk.write<Real>(in.y);
        for (int64_t i = chunk.first; i < chunk.last; ++i) {
            const int64_t index = indices[i];  // read once: where y lies over the indices, they change
            std::fill(y + i * in.depth, y + (i + 1) * in.depth, Real{0});
            if (index >= 0 && index < in.depth) y[i * in.depth + index] = Real{1};
        }
    });
}

// What int32 can't hold becomes the end that it is beyond, so that an index out of range stays out of range.
void run(const Narrow& in, const Chunk& chunk) {
    constexpr int64_t low = std::numeric_limits<int32_t>::min(), high = std::numeric_limits<int32_t>::max();
    const int64_t begin = chunk.first * in.columns, end = chunk.last * in.columns;
    const int64_t* x = chunk.read<int64_t>(in.x);
    const auto to = [&]<class Element>(Element* y, auto element_of) {
        for (int64_t i = begin; i < end; ++i) y[i] = element_of(x[i]);
    };
    if (in.to == Type::f32)
        to(chunk.write<float>(in.y), [](int64_t each) { return static_cast<float>(each); });
    else if (in.to == Type::f64)
        to(chunk.write<double>(in.y), [](int64_t each) { return static_cast<double>(each); });
    else
        to(chunk.write<int32_t>(in.y),
           [&](int64_t each) { return static_cast<int32_t>(std::clamp(each, low, high)); });
}

}  // namespace chainrule
