// Order is that of whole numbers made of the elements, so that what a comparison says never changes while one
// sorts.
#include "ordering.hpp"

#include <algorithm>

namespace chainrule {
namespace {

// A whole number that is larger where the element is; -0 is 0, and NaN larger than all.
uint32_t rank(uint32_t bits, Type type) {
    constexpr uint32_t sign = 0x80000000u, infinity = 0x7f800000u;
    if (type == Type::u32) return bits;
    if (type == Type::i32) return bits ^ sign;
    if ((bits & ~sign) == 0) return sign;
    if ((bits & ~sign) > infinity) return ~0u;
    return bits & sign ? ~bits : bits | sign;
}

template <class T>
void sum_up(T* y, const T* x, int64_t length, int64_t inner, bool reverse) {
    for (int64_t i = 0; i < length; ++i) {
        const int64_t row = reverse ? length - 1 - i : i, before = reverse ? row + 1 : row - 1;
        for (int64_t j = 0; j < inner; ++j)
            y[row * inner + j] = i == 0 ? x[row * inner + j] : y[before * inner + j] + x[row * inner + j];
    }
}

}  // namespace

void cumsum(void* y, const void* x, const Lines& lines, bool reverse) {
    if (lines.type == Type::f32)
        sum_up(static_cast<float*>(y), static_cast<const float*>(x), lines.length, lines.inner, reverse);
    else
        sum_up(static_cast<uint32_t*>(y), static_cast<const uint32_t*>(x), lines.length, lines.inner,
               reverse);
}

void argmax(int32_t* y, const void* x, const Lines& lines) {
    const auto* words = static_cast<const uint32_t*>(x);
    for (int64_t j = 0; j < lines.inner; ++j) {
        uint32_t best = rank(words[j], lines.type);
        int64_t at = 0;
        for (int64_t i = 1; i < lines.length; ++i) {
            const uint32_t here = rank(words[i * lines.inner + j], lines.type);
            if (here > best) {
                best = here;
                at = i;
            }
        }
        y[j] = static_cast<int32_t>(at);
    }
}

void argsort(int32_t* y, const void* x, const Lines& lines, int64_t k, bool descending, uint64_t* room) {
    const auto* words = static_cast<const uint32_t*>(x);
    for (int64_t j = 0; j < lines.inner; ++j) {
        // Rank above, place below: no two are equal, and of equal ranks the first place comes first.
        for (int64_t i = 0; i < lines.length; ++i) {
            const uint32_t here = rank(words[i * lines.inner + j], lines.type);
            room[i] = static_cast<uint64_t>(descending ? ~here : here) << 32 | static_cast<uint64_t>(i);
        }
        if (k < lines.length)
            std::partial_sort(room, room + k, room + lines.length);
        else
            std::sort(room, room + lines.length);
        for (int64_t i = 0; i < k; ++i) y[i * lines.inner + j] = static_cast<int32_t>(room[i] & 0xffffffffu);
    }
}

}  // namespace chainrule
