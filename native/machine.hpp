// The virtual machine: a checked list of instructions over buffers, run step after step by a pool of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arena.hpp"
#include "kernels.hpp"
#include "pool.hpp"

namespace chainrule {

enum class Kind : int {
    tile, matmul, reduce, copy, fill, gather, scatter_add, one_hot, random_bits, cross_entropy_delta, cross_entropy, squares,
    root_mean, max_pool, max_pool_positions, max_pool_adjoint, average_pool, average_pool_adjoint, resize, resize_adjoint,
    cumsum, argmax, argsort, convolution, convolution_input_adjoint, convolution_weight_adjoint, row_sums, scan,
    attention, attention_adjoints, layer_norm, layer_norm_adjoints, gather_sum, narrow,
    kinds
};
enum Cut : int { by_rows, by_columns, by_depth };  // of a product; along its depth every chunk has results of its own
enum class Type : int { f32, i32, u32, boolean, u8, types };

// Words of 32 bits lie in memory as registers hold them; the others are a byte each.
inline bool is_word(Type type) { return type != Type::boolean && type != Type::u8; }

struct Place {
    int buffer = 0;
    int64_t offset = 0;  // bytes
};

struct Load {
    int reg;
    Type type;
    Place place;
    int64_t row_stride, col_stride;  // elements; 0 repeats
};

struct Store {
    int reg;
    Type type;
    Place place;
    bool direct = false;  // written by the operations themselves: no later one reads what was there before
};

// Of a register over the rows of each chunk: Σ x² in float64, sums[chunk]; or the rows added up, sums[chunk][columns].
struct Sum {
    int reg;
    bool of_rows;
    Place place;
};

struct Micro {
    int op, y, a, b, c;  // registers; -1 where unused
};

// A fused elementwise program over (rows, cols).
struct Tile {
    int registers = 0;
    std::vector<Load> loads;
    std::vector<Store> stores;
    std::vector<Sum> sums;
    std::vector<Micro> ops;
    const Ready* ready = nullptr;       // all of ops as one loop, with
    std::vector<int> inputs, outputs;   // the registers that it reads and writes,
    std::vector<int> squares;           // which of sums each of its squares is,
    bool straight = false;              // and whether all of them lie in memory as the loop needs them
};

struct Loop;

struct Instruction {
    Kind kind;
    int64_t extent = 1;          // rows that chunks cut
    std::vector<int64_t> sizes;  // meaning by kind
    std::vector<Place> places;
    int64_t scratch = 0;         // bytes of a thread's own room
    Tile tile;
    std::unique_ptr<const Loop> loop;
};

// A buffer of a loop's body, in memory of the instruction around it. held: always the same. moving: its element of
// time. carried: `start` in the first step, then the element written in the step before. total: held, and 0 at first.
struct Part {
    enum Mode : int { held, moving, carried, total };
    Mode mode;
    int64_t bytes;  // of one element of time
    Place place, start;
};

// Instructions run for every element of time, each chunk of their rows by itself. The first part is their arena.
struct Loop {
    int chunks;
    int64_t length;
    bool reverse;
    std::vector<Part> parts;
    std::vector<Instruction> body;
};

// Instructions run chunk by chunk: all of them on one chunk, then on the next. barrier: not before all chunks of the
// groups before are done.
struct Group {
    bool barrier;
    int chunks;
    int first, count;
};

// A matrix that lives for one chunk of one group alone: each thread has room for a chunk's rows, not for all.
// Instructions name it like a buffer, numbered after the others.
struct Local {
    int64_t rows, row_bytes;
    int group = -1;      // the one that uses it
    int64_t offset = 0;  // in each thread's room
};

struct Buffer {
    char* base = nullptr;
    int64_t bytes = 0;
    int64_t step_bytes = 0;  // how far the buffer moves from step to step
};

// What a machine writes to while it runs: the memory of all values, and each thread's scratch and locals.
struct Workspace {
    explicit Workspace(size_t arena_bytes) : arena(arena_bytes) {}

    Arena arena;
    std::vector<std::vector<char>> rooms;  // of each thread, from the first call on
    std::atomic<bool> index_error{false};  // in the last call
    std::mutex busy;                       // held by the call that runs
};

class Machine {
public:
    // Wire format: one row of whole numbers an instruction. Throws std::invalid_argument for anything that does not
    // hold together; buffer_bytes: what each buffer must have for one step; locals: (rows, bytes of a row) each.
    Machine(const std::vector<std::vector<int64_t>>& instructions, const std::vector<std::vector<int64_t>>& groups,
            std::vector<int64_t> buffer_bytes, const std::vector<std::vector<int64_t>>& locals);

    // Runs `steps` steps; returns how many were done before `interrupted` (asked between steps) said true.
    // profile: nanoseconds an instruction, summed on thread 0, or empty. One call at a time in a workspace.
    int64_t run(std::vector<Buffer> buffers, int64_t steps, Workspace& space, Workers& workers,
                const std::function<bool()>& interrupted, std::vector<int64_t>* profile) const;

    const std::vector<int64_t>& buffer_bytes() const { return buffer_bytes_; }
    size_t instructions() const { return instructions_.size(); }
    std::vector<std::string> ready() const;

private:
    struct Call;
    // Groups between two barriers.
    struct Stretch {
        size_t first, last;
    };

    size_t room_bytes() const { return static_cast<size_t>(scratch_bytes_) + 256; }
    void run_part(const Call& call, int64_t stretch, int part, int thread, std::vector<char*>& at) const;
    // Both: whether every index was in range.
    static bool run_loop(const Loop& loop, int chunk, const std::vector<char*>& at, char* scratch);
    static bool execute(const Instruction& instruction, int chunk, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch);

    std::vector<Instruction> instructions_;
    std::vector<Group> groups_;
    std::vector<Stretch> stretches_;
    std::vector<int64_t> buffer_bytes_;
    std::vector<Local> locals_;
    int64_t local_bytes_ = 0;  // of each thread
    int64_t scratch_bytes_ = 0;  // of each thread
};

constexpr int64_t tile_words = 512;
constexpr int most_ahead = 8;      // matrices that a product asks for ahead
constexpr int most_operands = 32;  // of a tile compiled ahead
constexpr int most_tile_sums = 16;
constexpr int most_sums = 32;      // chunks whose sums can be told apart
constexpr int product_parts = 4;   // of a product that is cut along its depth
constexpr int most_loops = 8;      // inside of each other

}  // namespace chainrule
