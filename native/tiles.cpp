// Tiles: fused elementwise programs, run block by block in cache.
#include <algorithm>
#include <cstring>

#include "compiler.hpp"
#include "kernels.hpp"
#include "mathematics.hpp"
#include "running.hpp"

namespace chainrule {
namespace {

// Elements of memory with a stride as words of a register.
template <class Real, class Element, class Function>
void widen(Real* reg, const char* base, int64_t start, int64_t stride, int64_t count, Function word_of) {
    const Element* from = reinterpret_cast<const Element*>(base) + start;
    if (stride == 1)
        for (int64_t i = 0; i < count; ++i) reg[i] = word_of(from[i]);
    else
        for (int64_t i = 0; i < count; ++i) reg[i] = word_of(from[i * stride]);
}

// Copies a (rows, cols) part of a load into a register, words packed row after row.
template <class Real>
void fill(Real* reg, const Load& load, const char* base, int64_t row, int64_t rows, int64_t col,
          int64_t cols) {
    constexpr Precision precision = precision_of<Real>;
    for (int64_t r = 0; r < rows; ++r, reg += cols) {
        const int64_t start = (row + r) * load.row_stride + col * load.col_stride, step = load.col_stride;
        if (is_word(load.type, precision)) {
            const Real* from = reinterpret_cast<const Real*>(base) + start;
            if (step == 1)
                std::memcpy(reg, from, static_cast<size_t>(cols) * sizeof(Real));
            else if (step == 0)
                std::fill(reg, reg + cols, cols ? *from : Real{0});
            else
                for (int64_t i = 0; i < cols; ++i) reg[i] = from[i * step];
        } else if (load.type == Type::boolean) {
            widen<Real, uint8_t>(reg, base, start, step, cols, [](uint8_t x) { return mask<Real>(x != 0); });
        } else if (load.type == Type::u8) {
            widen<Real, uint8_t>(reg, base, start, step, cols,
                                 [](uint8_t x) { return word<Real>(int32_t{x}); });
        } else if (load.type == Type::f32) {
            widen<Real, float>(reg, base, start, step, cols, [](float x) { return Real{x}; });
        } else {
            widen<Real, int32_t>(reg, base, start, step, cols, [](int32_t x) { return word<Real>(x); });
        }
    }
}

template <class Real>
void put(const Store& store, char* base, const Real* reg, int64_t start, int64_t words) {
    const auto cut = [&]<class Element>(Element*, auto element_of) {
        Element* to = reinterpret_cast<Element*>(base) + start;
        for (int64_t i = 0; i < words; ++i) to[i] = element_of(reg[i]);
    };
    if (is_word(store.type, precision_of<Real>)) {
        Real* to = reinterpret_cast<Real*>(base) + start;
        if (to != reg) std::memmove(to, reg, static_cast<size_t>(words) * sizeof(Real));
    } else if (store.type == Type::boolean) {
        cut(static_cast<uint8_t*>(nullptr), [](Real x) { return static_cast<uint8_t>(holds(x) ? 1 : 0); });
    } else if (store.type == Type::u8) {
        cut(static_cast<uint8_t*>(nullptr), [](Real x) { return static_cast<uint8_t>(natural(x)); });
    } else if (store.type == Type::f32) {
        cut(static_cast<float*>(nullptr), [](Real x) { return static_cast<float>(x); });
    } else {
        cut(static_cast<int32_t*>(nullptr), [](Real x) { return integer(x); });
    }
}

constexpr size_t many_streams = 5;  // of rows: more than the processor follows by itself

template <class Real>
class TileRun {
public:
    TileRun(const Tile& tile, const Chunk& chunk) : tile_(tile), chunk_(chunk) {
        const size_t count = static_cast<size_t>(tile.registers);
        held_ = chunk.room<const Real*>();
        written_ = reinterpret_cast<Real**>(chunk.scratch + count * sizeof(Real*));
        own_ = reinterpret_cast<Real*>(chunk.scratch + (2 * count * sizeof(Real*) + 63) / 64 * 64);
        for (int r = 0; r < tile.registers; ++r) held_[r] = written_[r] = own(r);
    }

    // Rows are added up where their sums go.
    void begin() {
        for (size_t i = 0; i < tile_.sums.size(); ++i) {
            if (!tile_.sums[i].of_rows) continue;
            added_[i] = chunk_.write<Real>(tile_.sums[i].place) + chunk_.number * tile_.columns;
            std::fill(added_[i], added_[i] + tile_.columns, Real{0});
        }
    }

    void finish() const {
        for (size_t i = 0; i < tile_.sums.size(); ++i)
            if (!tile_.sums[i].of_rows) chunk_.write<double>(tile_.sums[i].place)[chunk_.number] = totals_[i];
    }

    // All rows as one long row: every load is dense or a single number.
    void flat(int64_t first, int64_t words) {
        for (const Load& load : tile_.loads)
            if (!load.col_stride && !load.row_stride) bring_single(load, std::min(words, tile_words));
        const int64_t length = tile_.ready && tile_.straight ? words : tile_words;
        for (int64_t done = 0; done < words; done += length) {
            const int64_t n = std::min(length, words - done), start = first + done;
            for (const Load& load : tile_.loads) {
                if (!load.col_stride && !load.row_stride) continue;
                if (!is_word(load.type, tile_.precision)) {
                    Load dense = load;
                    dense.col_stride = 1;
                    fill(own(load.reg), dense, base(load), 0, 1, start, n);
                } else {
                    held_[load.reg] = chunk_.read<Real>(load.place) + start;
                    ask_for(held_[load.reg] + n, std::min(length, words - done - n));
                }
            }
            compute(start, n);
        }
    }

    // Rows of cols, some loads repeated along rows or columns.
    void rows(int64_t first, int64_t last, int64_t cols) {
        const int64_t width = std::min(cols, tile_words);
        const int64_t height = std::max<int64_t>(1, tile_words / std::max<int64_t>(width, 1));
        for (const Load& load : tile_.loads)
            if (load.row_stride == 0 && load.col_stride == 0)
                bring_single(load, std::min(height, last - first) * width);
            else if (load.row_stride == 0 && cols <= tile_words)
                fill(own(load.reg), load, base(load), 0, std::min(height, last - first), 0, width);
        for (int64_t row = first; row < last; row += height) {
            const int64_t count = std::min(height, last - row);
            for (int64_t col = 0; col < cols; col += width) {
                const int64_t n = std::min(width, cols - col);
                for (const Load& load : tile_.loads)
                    bring(load, row, count, last - row - count, col, n, cols);
                compute(row * cols + col, count * n);
            }
        }
    }

private:
    Real* own(int reg) const { return own_ + static_cast<int64_t>(reg) * tile_words; }
    const char* base(const Load& load) const { return chunk_.read<char>(load.place); }

    static constexpr int64_t words_of_line = 64 / sizeof(Real);

    // Short tiles of many streams are too short for the processor to see what comes next.
    static void ask_for(const Real* next, int64_t words) {
        for (int64_t word = 0; word < words; word += words_of_line) prefetch_write(next + word);
    }

    void bring_single(const Load& load, int64_t words) {
        if (tile_.ready && is_word(load.type, tile_.precision))
            held_[load.reg] = chunk_.read<Real>(load.place);
        else
            fill(own(load.reg), load, base(load), 0, 1, 0, words);
    }

    // after: rows of the chunk that come after these.
    void bring(const Load& load, int64_t row, int64_t count, int64_t after, int64_t col, int64_t n,
               int64_t cols) {
        const bool word = is_word(load.type, tile_.precision);
        if (load.row_stride == 0 && (cols <= tile_words || load.col_stride == 0)) return;  // filled before
        const bool dense = load.col_stride == 1 && (load.row_stride == cols || count == 1);
        if (word && dense) {
            held_[load.reg] = chunk_.read<Real>(load.place) + row * load.row_stride + col;
            if (n == cols && tile_.loads.size() > many_streams)
                ask_for(held_[load.reg] + count * n, std::min(count, after) * n);
        } else
            fill(own(load.reg), load, base(load), row, count, col, n);
    }

    void compute(int64_t start, int64_t n) {
        for (const Store& store : tile_.stores)
            if (store.direct)
                held_[store.reg] = written_[store.reg] = chunk_.write<Real>(store.place) + start;
        if (tile_.ready) {
            if constexpr (precision_of<Real> == Precision::f32) run_ahead(n);
        } else {
            const auto micro = arithmetic<Real>().micro;
            for (const Micro& op : tile_.ops)
                micro(op.op, written_[op.y], source(op.a), source(op.b), source(op.c), n);
            if constexpr (precision_of<Real> == Precision::f32)
                for (size_t i = 0; i < tile_.sums.size(); ++i)
                    if (!tile_.sums[i].of_rows) totals_[i] += kernels().squares(held_[tile_.sums[i].reg], n);
        }
        for (size_t i = 0; i < tile_.sums.size(); ++i)
            if (tile_.sums[i].of_rows)
                arithmetic<Real>().add_rows(added_[i], held_[tile_.sums[i].reg], n / tile_.columns,
                                            tile_.columns);
        for (const Store& store : tile_.stores)
            put(store, chunk_.write<char>(store.place), held_[store.reg], start, n);
    }

    void run_ahead(int64_t n) {
        const Real* inputs[most_ready_operands];
        Real* outputs[most_ready_operands];
        for (size_t i = 0; i < tile_.inputs.size(); ++i) inputs[i] = held_[tile_.inputs[i]];
        for (size_t i = 0; i < tile_.outputs.size(); ++i) outputs[i] = written_[tile_.outputs[i]];
        double squares[most_tile_sums] = {};
        tile_.ready->run(inputs, outputs, squares, n);
        for (size_t i = 0; i < tile_.squares.size(); ++i) totals_[tile_.squares[i]] += squares[i];
    }

    const Real* source(int reg) const { return reg < 0 ? nullptr : held_[reg]; }

    const Tile& tile_;
    const Chunk& chunk_;
    const Real** held_;  // where each register is read
    Real** written_;     // and where it is written, if it is not one that is loaded
    Real* own_;
    double totals_[most_tile_sums] = {};
    Real* added_[most_tile_sums] = {};
};

template <class Real>
void run_in(const Tile& tile, const Chunk& chunk) {
    const int64_t cols = tile.columns;
    TileRun<Real> run(tile, chunk);
    run.begin();
    if (chunk.first >= chunk.last || cols == 0) {
        run.finish();
        return;
    }
    bool flat = true;
    for (const Load& load : tile.loads)
        flat = flat && ((load.row_stride == 0 && load.col_stride == 0) ||
                        (load.row_stride == cols && (load.col_stride == 1 || cols == 1)));
    // Whole rows at a time, where they are added up.
    const bool by_rows =
        std::any_of(tile.sums.begin(), tile.sums.end(), [](const Sum& sum) { return sum.of_rows; });
    if (flat && !by_rows)
        run.flat(chunk.first * cols, (chunk.last - chunk.first) * cols);
    else
        run.rows(chunk.first, chunk.last, cols);
    run.finish();
}

}  // namespace

void run(const Tile& tile, const Chunk& chunk) {
    if (tile.precision == Precision::f64)
        run_in<double>(tile, chunk);
    else
        run_in<float>(tile, chunk);
}

}  // namespace chainrule
