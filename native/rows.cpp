// Compiled once for each instruction set: CHAINRULE_ROWS names the table that this copy defines.
#include "rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "compiler.hpp"
#include "folding.hpp"
#include "mathematics.hpp"

#ifndef CHAINRULE_ROWS
#define CHAINRULE_ROWS rows_baseline
#endif

namespace chainrule {
namespace {

inline float largest(const float* x, int64_t n) {
    return fold(x, n, -std::numeric_limits<float>::infinity(), larger<float>);
}
inline float total(const float* x, int64_t n) { return fold(x, n, 0.0f, plus<float>); }

constexpr int64_t short_row = 32;

// Short rows lie across, number i of all rows side by side, so that vectors go over rows.
inline void turn_rows(float* to, const float* from, int64_t rows, int64_t n) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < n; ++i) to[i * rows + r] = from[r * n + i];
}

// Of rows that lie across: z becomes z - top, the largest of its row; totals = Σ e^z.
inline void exponentials_across(float* powers, float* totals, float* z, int64_t rows, int64_t n) {
    float tops[block_words];
    for (int64_t r = 0; r < rows; ++r) {
        tops[r] = z[r];
        totals[r] = 0.0f;
    }
    for (int64_t i = 1; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r) tops[r] = larger(tops[r], z[i * rows + r]);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r) z[i * rows + r] -= tops[r];
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < rows * n; ++i) powers[i] = exp_(z[i]);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r) totals[r] += powers[i * rows + r];
}

void delta_of_short_rows(float* y, const float* z, const float* t, int64_t rows, int64_t n) {
    float zs[block_words], ts[block_words], powers[block_words], totals[block_words],
        targets[block_words] = {};
    turn_rows(zs, z, rows, n);
    turn_rows(ts, t, rows, n);
    exponentials_across(powers, totals, zs, rows, n);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r) targets[r] += ts[i * rows + r];
    for (int64_t r = 0; r < rows; ++r) totals[r] = targets[r] / totals[r];
    for (int64_t i = 0; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r)
            powers[i * rows + r] = powers[i * rows + r] * totals[r] - ts[i * rows + r];
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < n; ++i) y[r * n + i] = powers[i * rows + r];
}

void loss_of_short_rows(float* loss, const float* z, const float* t, int64_t rows, int64_t n) {
    float zs[block_words], ts[block_words], powers[block_words], totals[block_words];
    turn_rows(zs, z, rows, n);
    turn_rows(ts, t, rows, n);
    exponentials_across(powers, totals, zs, rows, n);
    CHAINRULE_IVDEP
    for (int64_t r = 0; r < rows; ++r) totals[r] = log_(totals[r]);
    for (int64_t r = 0; r < rows; ++r) loss[r] = 0.0f;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t r = 0; r < rows; ++r) loss[r] += ts[i * rows + r] * (totals[r] - zs[i * rows + r]);
}

// y = e^(z - top) (Σ t / Σ e^(z - top)) - t
void cross_entropy_delta(float* y, const float* z, const float* t, int64_t rows, int64_t n) {
    const int64_t height = n < short_row ? block_words / n : 1;
    for (int64_t row = 0; row < rows; row += height, y += height * n, z += height * n, t += height * n) {
        if (n < short_row) {
            delta_of_short_rows(y, z, t, rows - row < height ? rows - row : height, n);
            continue;
        }
        const float top = largest(z, n), targets = total(t, n);
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) y[i] = exp_(z[i] - top);
        const float scale = targets / total(y, n);
        for (int64_t i = 0; i < n; ++i) y[i] = y[i] * scale - t[i];
    }
}

// loss = Σ t (ln Σ e^(z - top) - (z - top))
void cross_entropy(float* loss, const float* z, const float* t, int64_t rows, int64_t n) {
    const int64_t height = n < short_row ? block_words / n : 1;
    for (int64_t row = 0; row < rows; row += height, loss += height, z += height * n, t += height * n) {
        if (n < short_row) {
            loss_of_short_rows(loss, z, t, rows - row < height ? rows - row : height, n);
            continue;
        }
        float room[block_words];
        const float top = largest(z, n);
        const auto fold_blocks = [&](auto each) {
            float total = 0.0f;
            for (int64_t i = 0; i < n; i += block_words) {
                const int64_t m = n - i < block_words ? n - i : block_words;
                for (int64_t j = 0; j < m; ++j) room[j] = each(i + j);
                total += fold(room, m, 0.0f, plus<float>);
            }
            return total;
        };
        const float total = log_(fold_blocks([&](int64_t i) { return exp_(z[i] - top); }));
        loss[0] = fold_blocks([&](int64_t i) { return t[i] * (total - (z[i] - top)); });
    }
}

// Scores of a block become weights, row by row: see kernels.hpp.
void attention_weights(float* s, int64_t rows, int64_t n, int64_t first, float scale, const uint8_t* allowed,
                       int64_t row_step, int64_t column_step, float* each) {
    constexpr float nothing = -std::numeric_limits<float>::infinity();
    if (!(scale > 0.0f)) {  // the largest would not be the largest any more
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < rows * n; ++i) s[i] *= scale;
        scale = 1.0f;
    }
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = first < 0 ? n : first + r + 1; i < n; ++i) s[r * n + i] = nothing;
        for (int64_t i = 0; allowed && i < n; ++i)
            if (!allowed[r * row_step + i * column_step]) s[r * n + i] = nothing;
    }
    fold_each(each, s, rows, n, nothing, larger<float>);
    for (int64_t r = 0; r < rows; ++r) {
        const float top = each[r] == nothing ? 0.0f : each[r] * scale;
        float* row = s + r * n;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) row[i] = exp_(multiply_add(row[i], scale, -top));
    }
    fold_each(each, s, rows, n, 0.0f, plus<float>);
    for (int64_t r = 0; r < rows; ++r) {
        const float inverse = each[r] == 0.0f ? 0.0f : 1.0f / each[r];
        float* row = s + r * n;
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) row[i] *= inverse;
    }
}

// Deltas d of weights p become those of the scores: scale · p (d - Σ p d).
void attention_deltas(float* d, const float* p, int64_t rows, int64_t n, float scale, float* products,
                      float* each) {
    CHAINRULE_IVDEP
    for (int64_t i = 0; i < rows * n; ++i) products[i] = p[i] * d[i];
    fold_each(each, products, rows, n, 0.0f, plus<float>);
    for (int64_t r = 0; r < rows; ++r) {
        const float mean = each[r];
        CHAINRULE_IVDEP
        for (int64_t i = r * n; i < (r + 1) * n; ++i) d[i] = p[i] * (d[i] - mean) * scale;
    }
}

// Rows at a time of which a few copies stay in the first cache; sixteen are folded together.
inline int64_t rows_at_once(int64_t n) {
    return std::clamp<int64_t>(normalized_room / n, 1, normalized_rows);
}

// Rows of x less their means, and 1 / σ of each.
void centre(float* y, const float* x, int64_t rows, int64_t n, float epsilon, float* products,
            float* inverse) {
    const float share = 1.0f / static_cast<float>(n);
    fold_each(inverse, x, rows, n, 0.0f, plus<float>);
    for (int64_t r = 0; r < rows; ++r) {
        const float mean = inverse[r] * share;
        CHAINRULE_IVDEP
        for (int64_t i = r * n; i < (r + 1) * n; ++i) {
            y[i] = x[i] - mean;
            products[i] = y[i] * y[i];
        }
    }
    fold_each(inverse, products, rows, n, 0.0f, plus<float>);
    for (int64_t r = 0; r < rows; ++r) inverse[r] = 1.0f / std::sqrt(inverse[r] * share + epsilon);
}

void layer_norm(float* y, const float* x, const float* scale, const float* shift, int64_t rows, int64_t n,
                float epsilon, float* room) {
    const int64_t height = rows_at_once(n);
    float* inverse = room + height * n;
    for (int64_t done = 0; done < rows; done += height, x += height * n, y += height * n) {
        const int64_t count = std::min(height, rows - done);
        centre(y, x, count, n, epsilon, room, inverse);
        for (int64_t r = 0; r < count; ++r) {
            float* row = y + r * n;
            CHAINRULE_IVDEP
            for (int64_t i = 0; i < n; ++i) row[i] = row[i] * inverse[r] * scale[i] + shift[i];
        }
    }
}

void layer_norm_adjoints(float* d_x, float* d_scale, const float* x, const float* scale, const float* d_y,
                         int64_t rows, int64_t n, float epsilon, float* room) {
    const int64_t height = rows_at_once(n);
    const float share = 1.0f / static_cast<float>(n);
    float *standard = room, *products = room + height * n, *inverse = room + 2 * height * n,
          *mean = inverse + normalized_rows, *along = mean + normalized_rows;
    std::fill(d_scale, d_scale + n, 0.0f);
    for (int64_t done = 0; done < rows;
         done += height, x += height * n, d_y += height * n, d_x += height * n) {
        const int64_t count = std::min(height, rows - done);
        centre(standard, x, count, n, epsilon, products, inverse);
        for (int64_t r = 0; r < count; ++r) {
            float *x_row = standard + r * n, *g_row = d_x + r * n, *product = products + r * n;
            const float* d_row = d_y + r * n;
            CHAINRULE_IVDEP
            for (int64_t i = 0; i < n; ++i) {
                x_row[i] *= inverse[r];
                d_scale[i] += d_row[i] * x_row[i];
                g_row[i] = d_row[i] * scale[i];
                product[i] = g_row[i] * x_row[i];
            }
        }
        fold_each(mean, d_x, count, n, 0.0f, plus<float>);
        fold_each(along, products, count, n, 0.0f, plus<float>);
        for (int64_t r = 0; r < count; ++r) {
            const float *x_row = standard + r * n, middle = mean[r] * share, slope = along[r] * share;
            float* row = d_x + r * n;
            CHAINRULE_IVDEP
            for (int64_t i = 0; i < n; ++i) row[i] = (row[i] - middle - x_row[i] * slope) * inverse[r];
        }
    }
}

}  // namespace

RowTable CHAINRULE_ROWS() {
    return {cross_entropy_delta, cross_entropy, attention_weights,
            attention_deltas,    layer_norm,    layer_norm_adjoints};
}

}  // namespace chainrule
