// Worker threads started once; a barrier they spin at.
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

#include "compiler.hpp"

namespace chainrule {

// A barrier for a fixed number of threads. Waiting spins, then yields: waits are short, and the last to come
// decides how long.
class Barrier {
public:
    explicit Barrier(int threads) : threads_(threads) {}

    void wait() {
        if (threads_ == 1) return;
        const unsigned phase = phase_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
            arrived_.store(0, std::memory_order_relaxed);
            phase_.store(phase + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; phase_.load(std::memory_order_acquire) == phase; ++spins) {
            if (spins < 4000)
                relax();
            else
                std::this_thread::yield();
        }
    }

private:
    const int threads_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> phase_{0};
};

// Waits a while for what is about to happen: going to sleep and being woken takes longer. False: it did not.
template <class Happened>
bool spin_until(Happened happened) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    for (int spins = 1; !happened(); ++spins) {
        relax();
        if (spins % 64 == 0) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::yield();
        }
    }
    return true;
}

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

    // Runs job(thread) on every thread and returns when all are done. Who comes while another's job runs, waits.
    void run(const std::function<void(int)>& job) {
        std::lock_guard alone(callers_);
        if (threads_ > 1) {
            std::lock_guard lock(mutex_);
            job_ = &job;
            running_ = threads_ - 1;
            ++job_number_;
        }
        if (threads_ > 1) wake_.notify_all();
        job(0);
        const auto done = [this] { return running_.load(std::memory_order_acquire) == 0; };
        if (threads_ > 1 && !spin_until(done)) {
            std::unique_lock lock(mutex_);
            done_.wait(lock, done);
        }
    }

private:
    void work(int thread) {
        uint64_t seen = 0;
        for (;;) {
            const std::function<void(int)>* job = nullptr;
            const auto called = [&] { return job_number_.load(std::memory_order_acquire) != seen; };
            spin_until(called);
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, called);
                seen = job_number_;
                if (closing_) return;
                job = job_;
            }
            (*job)(thread);
            {
                std::lock_guard lock(mutex_);
                --running_;
            }
            done_.notify_one();
        }
    }

    const int threads_;
    std::vector<std::thread> workers_;
    std::mutex callers_, mutex_;
    std::condition_variable wake_, done_;
    const std::function<void(int)>* job_ = nullptr;
    std::atomic<uint64_t> job_number_{0};
    std::atomic<int> running_{0};
    bool closing_ = false;
};

// Workers of one process. A process made by fork has memory of them but not the threads themselves, which nobody
// can join: there they are left alone, and it makes a pool of its own.
class Pool {
public:
    explicit Pool(int threads) : process_(process_number()), workers_(std::make_unique<Workers>(threads)) {}

    ~Pool() {
        if (process_number() != process_) static_cast<void>(workers_.release());
    }

    int threads() const { return workers_->threads(); }
    void run(const std::function<void(int)>& job) { workers_->run(job); }

private:
    const long process_;
    std::unique_ptr<Workers> workers_;
};

}  // namespace chainrule
