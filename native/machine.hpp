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
#include "pool.hpp"
#include "reader.hpp"
#include "running.hpp"

namespace chainrule {

// Instructions run chunk by chunk: all of them on one chunk, then on the next. barrier: not before all chunks
// of the groups before are done.
struct Group {
    bool barrier;
    int chunks;
    int first, count;
};

struct Buffer {
    Address start;
    int64_t bytes = 0;
    int64_t step_bytes = 0;  // how far the buffer moves from step to step

    Address at(int64_t step) const {
        const int64_t moved = step * step_bytes;
        return {start.read + moved, start.write ? start.write + moved : nullptr};
    }
};

// Of a machine: the memory that it runs in, in which nothing outlasts a step. Where it runs on all workers it
// is the one that they share, which is kept as long as one of its machines is.
struct Workspace {
    std::shared_ptr<Memory> own, shared;   // from the first call on
    std::atomic<bool> index_error{false};  // in the last call
    std::mutex busy;                       // held by the call that runs
};

class Machine {
public:
    // Wire format: one row of whole numbers an instruction. Throws std::invalid_argument for anything that
    // does not hold together; buffer_bytes: what each buffer must have for one step; read_only: how many,
    // from number 1 on, are never written; locals: (rows, bytes of a row) each.
    Machine(const std::vector<std::vector<int64_t>>& instructions,
            const std::vector<std::vector<int64_t>>& groups, std::vector<int64_t> buffer_bytes,
            size_t read_only, const std::vector<std::vector<int64_t>>& locals);

    // Runs `steps` steps; returns how many were done before `interrupted` (asked between steps) said true.
    // profile: nanoseconds an instruction, summed on thread 0, or empty. One call at a time in a workspace.
    int64_t run(std::vector<Buffer> buffers, int64_t steps, Workspace& space, Workers& workers,
                const std::function<bool()>& interrupted, std::vector<int64_t>* profile) const;

    const std::vector<int64_t>& buffer_bytes() const { return buffer_bytes_; }
    size_t read_only() const { return read_only_; }
    size_t instructions() const { return instructions_.size(); }
    std::vector<std::string> ready() const;

private:
    struct Call;
    // Groups between two barriers.
    struct Stretch {
        size_t first, last;
    };

    size_t room_bytes() const { return static_cast<size_t>(scratch_bytes_) + 256; }
    void work(Call& call, int thread, const std::function<bool()>& interrupted) const;
    void run_part(const Call& call, int64_t stretch, int part, int thread, std::vector<Address>& at) const;

    std::vector<Instruction> instructions_;
    std::vector<Group> groups_;
    std::vector<Stretch> stretches_;
    std::vector<int64_t> buffer_bytes_;
    size_t read_only_;
    std::vector<Local> locals_;
    int64_t local_bytes_ = 0;    // of each thread
    int64_t scratch_bytes_ = 0;  // of each thread
};

}  // namespace chainrule
