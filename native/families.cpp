#include "families.hpp"

#include <limits>

#include "kernels.hpp"
#include "ordering.hpp"

namespace chainrule {

void read_pool(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;  // so that no sum or product of three overflows
    const int64_t batch = in.size(), height = in.number(1, longest), width = in.number(1, longest), channels = in.size();
    const int64_t window_height = in.number(1, longest), window_width = in.number(1, longest);
    const int64_t stride_height = in.number(1, longest), stride_width = in.number(1, longest);
    const int64_t above = in.number(0, window_height - 1), below = in.number(0, window_height - 1);
    const int64_t before = in.number(0, window_width - 1), after = in.number(0, window_width - 1);
    const int64_t free_height = above + height + below - window_height, free_width = before + width + after - window_width;
    if (free_height < 0 || free_width < 0) refuse("a window larger than its image");
    const int64_t high = free_height / stride_height + 1, wide = free_width / stride_width + 1;
    const int64_t image = product(product(height, width), channels), windows = product(product(high, wide), channels);
    out.extent = channels == 0 ? 0 : batch;
    out.sizes = {height, width, channels, window_height, window_width, stride_height, stride_width, above, before, high, wide};
    const bool adjoint = out.kind == Kind::max_pool_adjoint || out.kind == Kind::average_pool_adjoint;
    if (out.kind != Kind::average_pool_adjoint) out.places.push_back(in.place(product(batch, image), 4));
    out.places.push_back(in.place(product(batch, windows), 4));
    if (adjoint) out.places.push_back(in.place(product(batch, image), 4));
    if (out.kind == Kind::max_pool_positions && batch * image > std::numeric_limits<int32_t>::max()) refuse("too many positions");
}

void run_pool(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const auto& s = in.sizes;
    const Windows w{s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10]};
    const int64_t image = w.height * w.width * w.channels, windows = w.high * w.wide * w.channels;
    const SpaceTable& space = kernels().space;
    const auto part = [&](size_t operand, int64_t n, int64_t size) { return pointer<float>(at, in.places[operand]) + n * size; };
    for (int64_t n = first; n < last; ++n) {
        switch (in.kind) {
            case Kind::max_pool: space.max_pool(part(1, n, windows), part(0, n, image), w); break;
            case Kind::max_pool_positions:
                space.max_pool_positions(pointer<int32_t>(at, in.places[1]) + n * windows, part(0, n, image), n * image, w);
                break;
            case Kind::max_pool_adjoint: space.max_pool_adjoint(part(2, n, image), part(0, n, image), part(1, n, windows), w); break;
            case Kind::average_pool: space.average_pool(part(1, n, windows), part(0, n, image), w); break;
            default: space.average_pool_adjoint(part(1, n, image), part(0, n, windows), w); break;
        }
    }
}

void read_resize(Reader& in, Instruction& out) {
    constexpr int64_t longest = 1 << 30;
    const int64_t batch = in.size(), rows = in.size(), length = in.number(1, longest), size = in.number(1, longest);
    const int64_t inner = in.size(), linear = in.small(1);
    const int64_t shorter = product(product(rows, length), inner), longer = product(product(rows, size), inner);
    out.extent = rows == 0 || inner == 0 ? 0 : batch;
    out.sizes = {rows, length, size, inner, linear};
    const bool adjoint = out.kind == Kind::resize_adjoint;
    out.places.push_back(in.place(product(batch, adjoint ? longer : shorter), 4));
    out.places.push_back(in.place(product(batch, adjoint ? shorter : longer), 4));
}

void run_resize(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at) {
    const auto& s = in.sizes;
    const Resizing r{s[0], s[1], s[2], s[3], s[4] != 0};
    const bool adjoint = in.kind == Kind::resize_adjoint;
    const auto run = adjoint ? kernels().space.resize_adjoint : kernels().space.resize;
    const int64_t shorter = r.rows * r.length * r.inner, longer = r.rows * r.size * r.inner;
    const int64_t from = adjoint ? longer : shorter, to = adjoint ? shorter : longer;
    for (int64_t n = first; n < last; ++n)
        run(pointer<float>(at, in.places[1]) + n * to, pointer<const float>(at, in.places[0]) + n * from, r);
}

void read_lines(Reader& in, Instruction& out) {
    const int64_t type = in.small(static_cast<int>(Type::u32)), outer = in.size();
    const int64_t length = in.number(out.kind == Kind::argmax ? 1 : 0, std::numeric_limits<int32_t>::max()), inner = in.size();
    out.sizes = {type, length, inner};
    int64_t kept = length;
    if (out.kind == Kind::cumsum) out.sizes.push_back(in.small(1));
    if (out.kind == Kind::argmax) kept = 1;
    if (out.kind == Kind::argsort) {
        kept = in.number(0, length);
        out.sizes.insert(out.sizes.end(), {kept, in.small(1)});
    }
    out.extent = length == 0 || inner == 0 ? 0 : outer;
    if (out.kind == Kind::argsort && out.extent > 0) out.scratch = length * static_cast<int64_t>(sizeof(uint64_t));
    out.places.push_back(in.place(product(outer, product(length, inner)), 4));
    out.places.push_back(in.place(product(outer, product(kept, inner)), 4));
}

void run_lines(const Instruction& in, int64_t first, int64_t last, const std::vector<char*>& at, char* scratch) {
    const auto& s = in.sizes;
    const Lines lines{static_cast<Type>(s[0]), s[1], s[2]};
    const int64_t kept = in.kind == Kind::cumsum ? lines.length : in.kind == Kind::argmax ? 1 : s[3];
    for (int64_t n = first; n < last; ++n) {
        const auto* x = pointer<const uint32_t>(at, in.places[0]) + n * lines.length * lines.inner;
        auto* y = pointer<int32_t>(at, in.places[1]) + n * kept * lines.inner;
        if (in.kind == Kind::cumsum)
            cumsum(y, x, lines, s[3] != 0);
        else if (in.kind == Kind::argmax)
            argmax(y, x, lines);
        else
            argsort(y, x, lines, kept, s[4] != 0, reinterpret_cast<uint64_t*>(scratch));
    }
}

}  // namespace chainrule
