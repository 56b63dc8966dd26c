// Memory for all values of a program, on large pages where the system has them: small ones cost a miss of the
// address cache every few instructions once the arena is larger than that cache reaches.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace chainrule {

class Arena {
public:
    explicit Arena(size_t bytes) : bytes_(bytes) {
        const size_t large = size_t{1} << 21;
        const std::align_val_t alignment{bytes >= large ? large : size_t{64}};
        const size_t whole = bytes >= large ? (bytes + large - 1) / large * large : bytes;
        memory_ = {static_cast<char*>(::operator new[](whole, alignment)), Release{alignment}};
#if defined(__linux__)
        if (bytes >= large)
            static_cast<void>(madvise(memory_.get(), whole, MADV_HUGEPAGE));  // a wish: small pages do, too
#endif
    }

    char* get() const { return memory_.get(); }
    size_t bytes() const { return bytes_; }

private:
    struct Release {
        std::align_val_t alignment;
        void operator()(char* memory) const { ::operator delete[](memory, alignment); }
    };
    const size_t bytes_;
    std::unique_ptr<char[], Release> memory_{nullptr, Release{std::align_val_t{64}}};
};

}  // namespace chainrule
