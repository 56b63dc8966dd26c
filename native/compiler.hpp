// The only place for what differs between compilers and processors.
#pragma once

#include <cstdint>

#if !defined(_WIN32)
#include <unistd.h>
#endif

// The next loop carries nothing from one round to the next, though its arrays may be the same.
#if defined(__clang__)
#define CHAINRULE_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define CHAINRULE_IVDEP _Pragma("GCC ivdep")
#else
#define CHAINRULE_IVDEP
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

// Sixteen 32-bit words side by side, for what compilers do not vectorize by themselves: products of 64 bits.
struct Words16 {
#if defined(__AVX512F__)
    __m512i words;
    static Words16 load(const uint32_t* from) { return {_mm512_loadu_si512(from)}; }
    static Words16 all(uint32_t word) { return {_mm512_set1_epi32(static_cast<int>(word))}; }
    void store(uint32_t* to) const { _mm512_storeu_si512(to, words); }
    Words16 operator^(Words16 other) const { return {_mm512_xor_si512(words, other.words)}; }
    void multiply(uint32_t factor, Words16& low, Words16& high) const {
        const __m512i f = _mm512_set1_epi64(factor);
        const __m512i even = _mm512_mul_epu32(words, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(words, 32), f);
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
    void multiply(uint32_t factor, Words16& low, Words16& high) const {
        for (int i = 0; i < 16; ++i) {
            const uint64_t product = static_cast<uint64_t>(factor) * words[i];
            low.words[i] = static_cast<uint32_t>(product);
            high.words[i] = static_cast<uint32_t>(product >> 32);
        }
    }
#endif
};

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

inline long process_number() {
#if defined(_WIN32)
    return 0;  // there is no fork
#else
    return static_cast<long>(getpid());
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

// While it lives, denormal numbers of this thread are 0: they only slow things down, and peers flush them too.
// Infinities and NaNs stay. The caller's thread gets its own setting back.
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
