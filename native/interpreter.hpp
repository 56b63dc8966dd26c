// Giving Python's lock away while the core computes.
#pragma once

#include <Python.h>

#include <chrono>
#include <thread>

namespace chainrule {

// Without the GIL while it lives, but between take and give.
class WithoutGil {
public:
    WithoutGil() { give(); }
    ~WithoutGil() { take(); }
    WithoutGil(const WithoutGil&) = delete;
    WithoutGil& operator=(const WithoutGil&) = delete;

    // A thread that comes when the interpreter has ended does not return. Python ends it by unwinding its
    // stack, which in frames of C++ would end the whole process at once; so it stays here until the process
    // ends.
    void take() noexcept {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

    void give() noexcept { thread_ = PyEval_SaveThread(); }

private:
    PyThreadState* thread_;
};

}  // namespace chainrule
