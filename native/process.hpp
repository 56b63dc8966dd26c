// What a fork leaves of things that threads share. The child has the parent's memory, but of its threads only
// the one that forked: locks that others held stay held for ever, threads can't be joined, values may be
// half-written.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace chainrule {

// To be called once, before anything else here. Throws std::runtime_error where the system refuses.
void watch_forks();

// How many forks lie between this process and the one that loaded the core: it changes in a child, never
// else.
uint64_t forks();

// While it lives no thread of this process forks; who tries waits. For short calls of libraries whose own
// locks do not survive a fork. Never one inside of another.
class NoFork {
public:
    NoFork();
    ~NoFork() { inside_.fetch_sub(1, std::memory_order_release); }
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;

private:
    std::atomic<int>& inside_;
};

// Something of one process that threads share. In a child that has inherited it, it is left alone for ever,
// not even destroyed, and another is made when it is first asked for.
template <class T>
class OfProcess {
public:
    OfProcess() = default;
    ~OfProcess() {
        if (forks_ != forks()) static_cast<void>(held_.release());
    }
    OfProcess(const OfProcess&) = delete;
    OfProcess& operator=(const OfProcess&) = delete;

    // make: gives a std::unique_ptr<T>. One thread at a time: who holds the GIL.
    template <class Make>
    T& get(Make make) {
        if (forks_ != forks()) {
            static_cast<void>(held_.release());
            forks_ = forks();
        }
        if (!held_) held_ = make();
        return *held_;
    }

private:
    std::unique_ptr<T> held_;
    uint64_t forks_ = forks();
};

}  // namespace chainrule
