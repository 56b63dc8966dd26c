// The only place for what differs between compilers and processors.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

// The next loop carries nothing from one round to the next, though its arrays may be the same.
#if defined(__clang__)
#define CHAINRULE_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define CHAINRULE_IVDEP _Pragma("GCC ivdep")
#else
#define CHAINRULE_IVDEP
#endif

// The next loop is written out as often as it runs: accumulators must stay in registers.
#if defined(__clang__)
#define CHAINRULE_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define CHAINRULE_UNROLL _Pragma("GCC unroll 16")
#else
#define CHAINRULE_UNROLL
#endif

// The next short loop is not written out: GCC makes vectors of loops with choices in them only as long as
// they are loops.
#if defined(__GNUC__) && !defined(__clang__)
#define CHAINRULE_ROLLED _Pragma("GCC unroll 1")
#else
#define CHAINRULE_ROLLED
#endif

// This function becomes part of whoever calls it: what it changes can stay in registers.
#if defined(__GNUC__)
#define CHAINRULE_INLINE __attribute__((always_inline))
#else
#define CHAINRULE_INLINE
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define CHAINRULE_X86 1
#include <immintrin.h>
#endif

namespace chainrule {

enum class Level { baseline, avx2, avx512 };

// The best instruction set of this processor among those compiled.
inline Level best_level() {
#if defined(CHAINRULE_X86) && !defined(_MSC_VER)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return Level::avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
    return Level::baseline;
}

// Sixteen 32-bit words side by side, for what compilers do not vectorize by themselves: products of 64 bits;
// `within`, a bit for each word of first … first + size - 1 (modulo 2³²); `keep`, the words of these bits one
// after the other (it may write all sixteen).
struct Words16 {
#if defined(__AVX512F__)
    __m512i words;
    static Words16 load(const uint32_t* from) { return {_mm512_loadu_si512(from)}; }
    static Words16 all(uint32_t word) { return {_mm512_set1_epi32(static_cast<int>(word))}; }
    void store(uint32_t* to) const { _mm512_storeu_si512(to, words); }
    Words16 operator^(Words16 other) const { return {_mm512_xor_si512(words, other.words)}; }
    uint32_t within(uint32_t first, uint32_t size) const {
        return _mm512_cmplt_epu32_mask(_mm512_sub_epi32(words, all(first).words), all(size).words);
    }
    static Words16 count() {
        return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
    }
    Words16 from(uint32_t first) const { return {_mm512_add_epi32(words, all(first).words)}; }
    void keep(uint32_t which, uint32_t* to) const {
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(which), words));
    }
    void multiply(uint32_t factor, Words16& low, Words16& high) const {
        const __m512i f = _mm512_set1_epi64(factor);
        const __m512i even = _mm512_mul_epu32(words, f),
                      odd = _mm512_mul_epu32(_mm512_srli_epi64(words, 32), f);
        low = {_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32))};
        high = {_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd)};
    }
#elif defined(__AVX2__)
    __m256i words[2];
    static Words16 load(const uint32_t* from) {
        const auto* half = reinterpret_cast<const __m256i*>(from);
        return {{_mm256_loadu_si256(half), _mm256_loadu_si256(half + 1)}};
    }
    static Words16 all(uint32_t word) {
        const __m256i half = _mm256_set1_epi32(static_cast<int>(word));
        return {{half, half}};
    }
    void store(uint32_t* to) const {
        auto* half = reinterpret_cast<__m256i*>(to);
        _mm256_storeu_si256(half, words[0]);
        _mm256_storeu_si256(half + 1, words[1]);
    }
    Words16 operator^(Words16 other) const {
        return {{_mm256_xor_si256(words[0], other.words[0]), _mm256_xor_si256(words[1], other.words[1])}};
    }
    uint32_t within(uint32_t first, uint32_t size) const {
        const __m256i low = all(first).words[0], sign = all(0x80000000u).words[0],
                      limit = all(size ^ 0x80000000u).words[0];
        const auto below = [&](__m256i x) {  // signed comparisons of what the sign bit has been turned in
            const __m256i shifted = _mm256_xor_si256(_mm256_sub_epi32(x, low), sign);
            return static_cast<uint32_t>(
                _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, shifted))));
        };
        return below(words[0]) | below(words[1]) << 8;
    }
    static Words16 count() {
        return {{_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)}};
    }
    Words16 from(uint32_t first) const {
        const __m256i start = all(first).words[0];
        return {{_mm256_add_epi32(words[0], start), _mm256_add_epi32(words[1], start)}};
    }
    void keep(uint32_t which, uint32_t* to) const {
        alignas(32) uint32_t all[16];
        store(all);
        for (; which; which &= which - 1) *to++ = all[std::countr_zero(which)];
    }
    void multiply(uint32_t factor, Words16& low, Words16& high) const {
        const __m256i f = _mm256_set1_epi64x(factor);
        for (int i = 0; i < 2; ++i) {
            const __m256i even = _mm256_mul_epu32(words[i], f);
            const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(words[i], 32), f);
            low.words[i] = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
            high.words[i] = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
        }
    }
#else
    uint32_t words[16];
    static Words16 load(const uint32_t* from) {
        Words16 result;
        for (int i = 0; i < 16; ++i) result.words[i] = from[i];
        return result;
    }
    static Words16 all(uint32_t word) {
        Words16 result;
        for (uint32_t& each : result.words) each = word;
        return result;
    }
    void store(uint32_t* to) const {
        for (int i = 0; i < 16; ++i) to[i] = words[i];
    }
    Words16 operator^(Words16 other) const {
        for (int i = 0; i < 16; ++i) other.words[i] ^= words[i];
        return other;
    }
    uint32_t within(uint32_t first, uint32_t size) const {
        uint32_t bits = 0;
        for (int i = 0; i < 16; ++i) bits |= static_cast<uint32_t>(words[i] - first < size) << i;
        return bits;
    }
    static Words16 count() {
        Words16 result;
        for (uint32_t i = 0; i < 16; ++i) result.words[i] = i;
        return result;
    }
    Words16 from(uint32_t first) const {
        Words16 result = *this;
        for (uint32_t& each : result.words) each += first;
        return result;
    }
    void keep(uint32_t which, uint32_t* to) const {
        for (; which; which &= which - 1) *to++ = words[std::countr_zero(which)];
    }
    void multiply(uint32_t factor, Words16& low, Words16& high) const {
        for (int i = 0; i < 16; ++i) {
            const uint64_t product = static_cast<uint64_t>(factor) * words[i];
            low.words[i] = static_cast<uint32_t>(product);
            high.words[i] = static_cast<uint32_t>(product >> 32);
        }
    }
#endif
};

// A vector of floats; (…, n): the first n, the others are 0 or stay as they are. CHAINRULE_LANES: where there
// are long ones.
namespace {  // each instruction set has its own
#if defined(__AVX512F__)
#define CHAINRULE_LANES 1
struct Lanes {
    static constexpr int count = 16;
    __m512 x;
    static __mmask16 few(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
    static Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
    static Lanes load(const float* from, int n) { return {_mm512_maskz_loadu_ps(few(n), from)}; }
    static Lanes all(float value) { return {_mm512_set1_ps(value)}; }
    static Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.x, b.x, c.x)}; }
    void store(float* to) const { _mm512_storeu_ps(to, x); }
    void store(float* to, int n) const { _mm512_mask_storeu_ps(to, few(n), x); }
};

// to (columns, rows) = from (rows, columns), transposed; at most 16 × 16.
inline void transpose(float* to, int64_t to_row, const float* from, int64_t from_row, int rows, int columns) {
    __m512 r[16], t[16];
    for (int i = 0; i < 16; ++i)
        r[i] = i < rows ? Lanes::load(from + i * from_row, columns).x : _mm512_setzero_ps();
    const auto low = [](__m512 x, __m512 y) {
        return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
    };
    const auto high = [](__m512 x, __m512 y) {
        return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
    };
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = low(t[i], t[i + 2]);
        r[i + 1] = high(t[i], t[i + 2]);
        r[i + 2] = low(t[i + 1], t[i + 3]);
        r[i + 3] = high(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
    }
    for (int i = 0; i < columns; ++i) Lanes{r[i]}.store(to + i * to_row, rows);
}
#elif defined(__AVX2__) && defined(__FMA__)
#define CHAINRULE_LANES 1
struct Lanes {
    static constexpr int count = 8;
    __m256 x;
    static __m256i few(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static Lanes load(const float* from) { return {_mm256_loadu_ps(from)}; }
    static Lanes load(const float* from, int n) { return {_mm256_maskload_ps(from, few(n))}; }
    static Lanes all(float value) { return {_mm256_set1_ps(value)}; }
    static Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm256_fmadd_ps(a.x, b.x, c.x)}; }
    void store(float* to) const { _mm256_storeu_ps(to, x); }
    void store(float* to, int n) const { _mm256_maskstore_ps(to, few(n), x); }
};

// to (columns, rows) = from (rows, columns), transposed; at most 8 × 8.
inline void transpose(float* to, int64_t to_row, const float* from, int64_t from_row, int rows, int columns) {
    __m256 r[8], t[8];
    for (int i = 0; i < 8; ++i)
        r[i] = i < rows ? Lanes::load(from + i * from_row, columns).x : _mm256_setzero_ps();
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    for (int i = 0; i < columns; ++i) Lanes{t[i]}.store(to + i * to_row, rows);
}
#else
struct Lanes {
    static constexpr int count = 4;
    using Four = float __attribute__((vector_size(16)));
    Four x;
    static Lanes load(const float* from, int n = count) {
        Lanes result = all(0.0f);
        std::memcpy(&result.x, from, static_cast<size_t>(n) * 4);
        return result;
    }
    static Lanes all(float value) { return {Four{value, value, value, value}}; }
    static Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {a.x * b.x + c.x}; }
    void store(float* to, int n = count) const { std::memcpy(to, &x, static_cast<size_t>(n) * 4); }
};
#endif

inline Lanes operator+(Lanes a, Lanes b) { return {a.x + b.x}; }
inline Lanes operator-(Lanes a, Lanes b) { return {a.x - b.x}; }
inline Lanes operator*(Lanes a, Lanes b) { return {a.x * b.x}; }
}  // namespace

// x y + z, rounded once where the instruction set can.
namespace {
inline float multiply_add(float x, float y, float z) {
#if defined(__FMA__) || defined(__aarch64__)
    return std::fma(x, y, z);
#else
    return x * y + z;
#endif
}
inline double multiply_add(double x, double y, double z) {
#if defined(__FMA__) || defined(__aarch64__)
    return std::fma(x, y, z);
#else
    return x * y + z;
#endif
}
}  // namespace

// Asks for a cache line that will be written, or read, soon.
inline void prefetch_write(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 1, 2);
#else
    (void)address;
#endif
}

inline void prefetch_read(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 0, 2);
#else
    (void)address;
#endif
}

// A pause for a spinning thread.
inline void relax() {
#if defined(CHAINRULE_X86)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// While it lives, denormal numbers of this thread are 0: they only slow things down, and peers flush them
// too. Infinities and NaNs stay. The caller's thread gets its own setting back.
class FlushDenormals {
public:
#if defined(CHAINRULE_X86)
    FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before_); }
#else
    FlushDenormals() = default;
    ~FlushDenormals() = default;
#endif
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

private:
#if defined(CHAINRULE_X86)
    unsigned before_;
#endif
};

}  // namespace chainrule
