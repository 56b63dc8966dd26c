// Memory for all values of a program, on large pages where the system has them: small ones cost a miss of the
// address cache every few instructions once the arena is larger than that cache reaches.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

class Arena {
public:
    explicit Arena(size_t bytes) { grow(bytes); }

    // To at least so many bytes; where it has fewer, what it holds is lost, and it moves.
    void grow(size_t bytes) {
        if (bytes <= bytes_) return;
        const size_t large = size_t{1} << 21;
        const std::align_val_t alignment{bytes >= large ? large : size_t{64}};
        const size_t whole = bytes >= large ? (bytes + large - 1) / large * large : bytes;
        memory_.reset();  // first, so that both are never there at once
        bytes_ = 0;       // if there is no memory for it
        memory_ = {static_cast<char*>(::operator new[](whole, alignment)), Release{alignment}};
        bytes_ = bytes;
#if defined(__linux__)
        if (bytes >= large)
            static_cast<void>(madvise(memory_.get(), whole, MADV_HUGEPAGE));  // a wish: small pages do, too
#endif
    }

    char* get() const { return memory_.get(); }

private:
    struct Release {
        std::align_val_t alignment;
        void operator()(char* memory) const { ::operator delete[](memory, alignment); }
    };
    size_t bytes_ = 0;
    std::unique_ptr<char[], Release> memory_{nullptr, Release{std::align_val_t{64}}};
};

// What machines write to while they run: an arena for the values of a program, and a room for each thread.
// Machines that run one after the other share it: each lets it grow to what it needs.
class Memory {
public:
    void grow(size_t arena_bytes, size_t threads, size_t room_bytes) {
        arena_.grow(arena_bytes);
        while (rooms_.size() < threads) rooms_.emplace_back(0);
        for (Arena& room : rooms_) room.grow(room_bytes);
    }

    char* arena() const { return arena_.get(); }
    char* room(int thread) const { return rooms_[static_cast<size_t>(thread)].get(); }

private:
    Arena arena_{0};
    std::vector<Arena> rooms_;
};

}  // namespace chainrule
