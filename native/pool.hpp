// Worker threads started once, and how they share the parts of what is to be done one thing after the other.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "arena.hpp"
#include "compiler.hpp"
#include "process.hpp"

namespace chainrule {

// Waits awake, for a while, for what may be about to happen: going to sleep and being woken takes long.
template <class Happened>
void spin_until(Happened happened) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    for (int spins = 1; !happened(); ++spins) {
        relax();
        if (spins % 64 == 0) {
            if (std::chrono::steady_clock::now() > end) return;
            std::this_thread::yield();
        }
    }
}

// Turns one after the other, each of as many parts as there are threads. A thread takes the part of its own
// number first, so that data stay with it; then what others have not come to: whoever the system holds up is
// not waited for. All that a part writes is seen in the turns after it.
class Turns {
public:
    Turns(int parts, int64_t turns)
        : parts_(parts), taken_(static_cast<size_t>(parts)), left_(parts), end_(turns) {}

    // The turn that it is; -1 when all have ended. One answer to both questions: between two of them, the
    // last turn may end, and who took a part of the turn after it would read and write past what the caller
    // gave, who has gone on.
    int64_t current() const {
        const int64_t turn = now_.load(std::memory_order_acquire);
        return turn < end_ ? turn : -1;
    }

    // The part that is this thread's in this turn; -1 where none is left.
    int take(int thread, int64_t turn) {
        for (int i = 0; i < parts_; ++i) {
            const int part = (thread + i) % parts_;
            auto& next = taken_[static_cast<size_t>(part)].turn;
            int64_t free = turn;
            if (next.load(std::memory_order_relaxed) == turn &&
                next.compare_exchange_strong(free, turn + 1, std::memory_order_acq_rel))
                return part;
        }
        return -1;
    }

    // True for the last part of a turn: who did it says `next`.
    bool done() { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    void next(bool end) {
        left_.store(parts_, std::memory_order_relaxed);
        now_.store(end ? end_ : now_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    // Spins, then yields: waits are short, and the last to come decides how long.
    void wait_after(int64_t turn) const {
        for (int spins = 0; current() == turn; ++spins) {
            if (spins < 4000)
                relax();
            else
                std::this_thread::yield();
        }
    }

private:
    struct alignas(64) Taken {
        std::atomic<int64_t> turn{0};  // the next that it can be taken in
    };

    const int parts_;
    std::vector<Taken> taken_;
    alignas(64) std::atomic<int> left_;
    alignas(64) std::atomic<int64_t> now_{0};
    const int64_t end_;
};

// What to do on a thread of this number. It may begin, and find nothing left, when all is done and forgotten.
using Job = std::function<void(int)>;

// Threads 1 … n - 1; the caller is thread 0. One job at a time.
class Workers {
public:
    explicit Workers(int threads) : threads_(threads) {
        for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
    }

    ~Workers() {
        {
            std::lock_guard lock(mutex_);
            closing_ = true;
            ++job_number_;
        }
        wake_.notify_all();
        for (auto& worker : workers_) worker.join();
    }

    int threads() const { return threads_; }

    // Runs job(thread) on the caller's thread, and on the others as they come: all is done when it returns on
    // one. Who calls while another's job runs, waits. prepare: makes the job when nobody else's runs, from
    // the memory that all jobs share, which has grown to so many bytes; the next job may let it grow.
    void run(size_t arena_bytes, size_t room_bytes,
             const std::function<std::shared_ptr<const Job>(std::shared_ptr<Memory>)>& prepare) {
        std::lock_guard alone(callers_);
        const std::shared_ptr<const Job> job = prepare(memory(arena_bytes, room_bytes));
        {
            std::lock_guard lock(mutex_);
            job_ = job;
            ++job_number_;
        }
        if (threads_ > 1) wake_.notify_all();
        (*job)(0);
        std::lock_guard lock(mutex_);
        job_ = nullptr;
    }

private:
    std::shared_ptr<Memory> memory(size_t arena_bytes, size_t room_bytes) {
        auto held = memory_.lock();
        if (!held) memory_ = held = std::make_shared<Memory>();
        held->grow(arena_bytes, static_cast<size_t>(threads_), room_bytes);
        return held;
    }

    void work(int thread) {
        uint64_t seen = 0;
        for (;;) {
            std::shared_ptr<const Job> job;
            const auto called = [&] { return job_number_.load(std::memory_order_acquire) != seen; };
            spin_until(called);
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, called);
                seen = job_number_;
                if (closing_) return;
                job = job_;
            }
            if (job) (*job)(thread);
        }
    }

    const int threads_;
    std::vector<std::thread> workers_;
    std::mutex callers_, mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const Job> job_;
    std::atomic<uint64_t> job_number_{0};
    bool closing_ = false;
    std::weak_ptr<Memory> memory_;  // held by those who use it
};

// Workers, as many in every process.
class Pool {
public:
    explicit Pool(int threads) : threads_(threads) { workers(); }

    int threads() const { return threads_; }
    Workers& workers() {
        return workers_.get([this] { return std::make_unique<Workers>(threads_); });
    }

private:
    const int threads_;
    OfProcess<Workers> workers_;
};

}  // namespace chainrule
