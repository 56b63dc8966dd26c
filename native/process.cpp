#include "process.hpp"

#include <iterator>
#include <stdexcept>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace chainrule {
namespace {

// How many threads are inside: counters apart from each other, so that threads do not wait for each other's
// memory.
struct alignas(64) Counter {
    std::atomic<int> inside{0};
};
Counter counters[64];

std::atomic<unsigned> threads_counted{0};
std::atomic<int> forking{0};
std::atomic<uint64_t> forks_done{0};

std::atomic<int>& own_counter() {
    thread_local Counter& own = counters[threads_counted.fetch_add(1) % std::size(counters)];
    return own.inside;
}

#if !defined(_WIN32)
void before_fork() {
    forking.fetch_add(1);
    for (Counter& counter : counters)
        while (counter.inside.load() != 0) std::this_thread::yield();
}

void after_fork_in_parent() { forking.fetch_sub(1); }

void after_fork_in_child() {
    for (Counter& counter : counters)
        counter.inside.store(0);  // threads that were about to find that they must wait
    forking.store(0);
    forks_done.fetch_add(1);
}
#endif

}  // namespace

void watch_forks() {
#if !defined(_WIN32)
    if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0)
        throw std::runtime_error("there is no memory to watch forks");
#endif
}

uint64_t forks() { return forks_done.load(std::memory_order_relaxed); }

NoFork::NoFork() : inside_(own_counter()) {
    // Sequentially consistent, here and before a fork: of a thread and a fork that come together one sees the
    // other.
    while (inside_.fetch_add(1), forking.load() != 0) {
        inside_.fetch_sub(1);
        while (forking.load() != 0) std::this_thread::yield();
    }
}

}  // namespace chainrule
