// Calls of a machine: steps cut into turns and parts, which its threads take.
#include <algorithm>
#include <chrono>
#include <utility>

#include "compiler.hpp"
#include "machine.hpp"

namespace chainrule {

// One call: what its threads share. A thread that comes when all is done finds that here, and touches nothing
// else.
struct Machine::Call {
    Call(int threads, int64_t steps, int64_t stretches, std::vector<Buffer> given,
         const std::shared_ptr<const Memory>& memory, Workspace& space)
        : threads(threads),
          stretches(stretches),
          turns(threads, steps * stretches),
          buffers(std::move(given)),
          memory(memory),
          space(space) {}

    void end_turn(int64_t turn) {
        const bool whole = (turn + 1) % stretches == 0;
        if (whole) done.store((turn + 1) / stretches);
        turns.next(whole && (stop.load() || space.index_error.load()));
    }

    const int threads;
    const int64_t stretches;  // turns of a step
    Turns turns;
    const std::vector<Buffer> buffers;
    const std::shared_ptr<const Memory> memory;
    Workspace& space;
    std::vector<int64_t>* profile = nullptr;
    std::atomic<bool> stop{false};
    std::atomic<int64_t> done{0};  // steps
};

int64_t Machine::run(std::vector<Buffer> buffers, int64_t steps, Workspace& space, Workers& workers,
                     const std::function<bool()>& interrupted, std::vector<int64_t>* profile) const {
    space.index_error.store(false);
    // Small programs stay on the caller's thread and wake nobody.
    const bool alone =
        std::all_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.chunks == 1; });
    const int threads = alone ? 1 : workers.threads();
    const size_t arena_bytes = static_cast<size_t>(buffer_bytes_[0]) + 64,
                 bytes_of_room = room_bytes() + static_cast<size_t>(local_bytes_) + 128;
    std::shared_ptr<Call> call;
    const auto prepare = [&](const std::shared_ptr<Memory>& memory) {
        buffers[0].start = {memory->arena(), memory->arena()};
        call = std::make_shared<Call>(threads, steps, static_cast<int64_t>(stretches_.size()),
                                      std::move(buffers), memory, space);
        call->profile = profile;
        return std::make_shared<const Job>(
            [this, call, &interrupted](int thread) { work(*call, thread, interrupted); });
    };
    if (threads == 1) {
        if (!space.own) space.own = std::make_shared<Memory>();
        space.own->grow(arena_bytes, 1, bytes_of_room);
        (*prepare(space.own))(0);
    } else {
        workers.run(arena_bytes, bytes_of_room, [&](std::shared_ptr<Memory> memory) {
            space.shared = std::move(memory);
            return prepare(space.shared);
        });
    }
    return call->done.load();
}

void Machine::work(Call& call, int thread, const std::function<bool()>& interrupted) const {
    const FlushDenormals flushed;  // on the caller's thread, too: all threads give the same bits
    std::vector<Address> at(call.buffers.size());
    int64_t asked = 0;
    for (int64_t turn = call.turns.current(); turn >= 0; turn = call.turns.current()) {
        const int64_t step = turn / call.stretches;
        if (thread == 0 && step > asked) {
            asked = step;
            if (interrupted()) call.stop.store(true);
        }
        for (int part = call.turns.take(thread, turn); part >= 0; part = call.turns.take(thread, turn)) {
            for (size_t i = 0; i < call.buffers.size(); ++i) at[i] = call.buffers[i].at(step);
            run_part(call, turn % call.stretches, part, thread, at);
            if (call.turns.done()) call.end_turn(turn);
        }
        call.turns.wait_after(turn);
    }
}

// at: where each buffer begins; the locals come after them.
void Machine::run_part(const Call& call, int64_t stretch, int part, int thread,
                       std::vector<Address>& at) const {
    char* room = call.memory->room(thread);
    char* own = room + (64 - reinterpret_cast<uintptr_t>(room) % 64) % 64;
    char* locals = own + (room_bytes() + 63) / 64 * 64;
    at.resize(call.buffers.size() + locals_.size());
    bool fine = true;
    const Stretch& groups = stretches_[static_cast<size_t>(stretch)];
    for (size_t g = groups.first; g < groups.last; ++g) {
        const Group& group = groups_[g];
        const int from = group.chunks * part / call.threads, to = group.chunks * (part + 1) / call.threads;
        // One chunk is of the first part: small programs stay on one thread.
        const int begin = group.chunks == 1 ? 0 : from, end = group.chunks == 1 ? (part == 0 ? 1 : 0) : to;
        for (int chunk = begin; chunk < end; ++chunk) {
            for (size_t l = 0; l < locals_.size(); ++l) {  // as if all rows were there
                const Local& local = locals_[l];
                if (local.group != static_cast<int>(g)) continue;
                char* start = locals + local.offset - local.rows * chunk / group.chunks * local.row_bytes;
                at[call.buffers.size() + l] = {start, start};
            }
            for (int i = group.first; i < group.first + group.count; ++i) {
                const Instruction& in = instructions_[static_cast<size_t>(i)];
                const int64_t first = in.extent * chunk / group.chunks,
                              last = in.extent * (chunk + 1) / group.chunks;
                if (call.profile && thread == 0) {
                    const auto start = std::chrono::steady_clock::now();
                    fine &= execute(in, {chunk, first, last, at, own});
                    (*call.profile)[static_cast<size_t>(i)] +=
                        std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::steady_clock::now() - start)
                            .count();
                } else {
                    fine &= execute(in, {chunk, first, last, at, own});
                }
            }
        }
    }
    if (!fine) call.space.index_error.store(true, std::memory_order_relaxed);
}

}  // namespace chainrule
