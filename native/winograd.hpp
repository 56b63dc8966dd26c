// Convolution with 3×3 windows by Winograd's minimal filtering F(4×4, 3×3): Winograd 1980; for networks Lavin
// and Gray 2016 (arXiv:1509.09308). A tile of 4×4 outputs takes 36 multiplications a pair of channels rather
// than 144. Evaluated at 0, ±2/3, ±3/2 and ∞: points c and 1/c cancel well (Alam et al. 2022,
// arXiv:2201.10369).
//
// y = Aᵀ ((G g Gᵀ) ⊙ (Bᵀ d B)) A for a tile d of 6×6 inputs and weights g. Products over channels at each of
// the 36 points are matrix products.
//
// Error, by counting roundings as Barabasz et al. 2020 (arXiv:1803.10986) do: at most (inputs + 32) ε of
// |Aᵀ| Σ ((|G| |g| |Gᵀ|) ⊙ (|Bᵀ| |d| |B|)) |A|, to first order, with ε = 2⁻²⁴; of the derivative by the
// weights (tiles + 32) ε of the like. For normal numbers and 64 channels the root mean square is 8e-7 of that
// of y, five times that of a sum as it stands. tests/executors/native/test_winograd.py holds both. An
// infinity or NaN spreads over its tile.
#pragma once

#include <cstdint>

#include "convolution.hpp"

namespace chainrule {

constexpr int64_t winograd_side = 4;     // outputs of a tile along an axis
constexpr int64_t winograd_points = 36;  // products of a tile

// A tile in an image whose rows, and places in a row, are so many numbers apart. at: where the tile begins,
// outside of the image perhaps. Rows first_row … last_row and columns likewise lie in the image; the others
// are zeros, or are not written.
template <class Number>
struct ImageTile {
    Number* at;
    int64_t row, column;
    int first_row, last_row, first_column, last_column;
};

// Each over n channels side by side. The values of point p are at p · step.
struct WinogradTable {
    // v (36, n) = Bᵀ d B of a 6×6 tile.
    void (*to_points)(float* v, int64_t step, const ImageTile<const float>& d, int64_t n);
    // A 4×4 tile y = Aᵀ m A.
    void (*from_points)(const ImageTile<float>& y, const float* m, int64_t step, int64_t n);
    // The adjoint of from_points: m = A d_y Aᵀ.
    void (*from_points_adjoint)(float* m, int64_t step, const ImageTile<const float>& d_y, int64_t n);
    // u = G g Gᵀ of weights whose taps are `tap` apart; and its adjoint, d_g = Gᵀ d_u G.
    void (*filter)(float* u, int64_t step, const float* g, int64_t tap, int64_t n);
    void (*filter_adjoint)(float* d_g, int64_t tap, const float* d_u, int64_t step, int64_t n);
};

WinogradTable winograd_baseline();
WinogradTable winograd_avx2();
WinogradTable winograd_avx512();

// Whether a convolution is one of 3×3 windows side by side, in one group.
bool winograd_fits(const Convolution& c);

// Bytes that a thread needs for the calls below, whatever part of the work they do.
int64_t winograd_filters_scratch(const Convolution& c);
int64_t winograd_scratch(const Convolution& c);
int64_t winograd_weight_scratch(const Convolution& c);

struct Kernels;

// The weights of a convolution at the points, as `winograd` reads them: 36 · inputs · outputs numbers, of
// which those of inputs first … last are written. back: of weights (3, 3, outputs, inputs), for the
// derivative by the input, which is the convolution of d_y with transposed weights, each window the other way
// round.
void winograd_filters(const Convolution& c, const float* weight, bool back, float* filters, int64_t first,
                      int64_t last, const Kernels& kernels, char* scratch);

// Examples first … last.
void winograd(const Convolution& c, const float* x, const float* filters, float* y, int64_t first,
              int64_t last, const Kernels& kernels, char* scratch);

// The derivative by the weights of inputs first_input … last_input, summed over examples first … last.
void winograd_weight(const Convolution& c, const float* x, const float* d_y, float* d_weight, int64_t first,
                     int64_t last, int64_t first_input, int64_t last_input, const Kernels& kernels,
                     char* scratch);

}  // namespace chainrule
