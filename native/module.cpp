// The Python binding: Pool and Core.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "interpreter.hpp"
#include "machine.hpp"
#include "process.hpp"
#include "winograd.hpp"
#include "wire.hpp"

namespace nb = nanobind;

extern "C" void scipy_openblas_set_num_threads(int threads);

namespace {

using ReadArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using WrittenArray = nb::ndarray<nb::c_contig, nb::device::cpu>;
using chainrule::Buffer;
using chainrule::Machine;
using chainrule::Pool;
using chainrule::Workspace;

// A machine with its workspace. Buffer 0 is the arena; then come the arrays that are read alone, then those
// written.
class Core {
public:
    Core(const std::vector<std::vector<int64_t>>& instructions,
         const std::vector<std::vector<int64_t>>& groups, const std::vector<int64_t>& buffer_bytes,
         const std::vector<std::vector<int64_t>>& locals, size_t read_only)
        : machine_(instructions, groups, buffer_bytes, read_only, locals) {
        workspace();
    }

    int64_t run(const std::vector<ReadArray>& read, const std::vector<WrittenArray>& written,
                const std::vector<int64_t>& step_bytes, int64_t steps, Pool& pool) {
        return go(buffers_of(read, written, step_bytes), steps, pool, nullptr);
    }

    std::vector<int64_t> profile(const std::vector<ReadArray>& read, const std::vector<WrittenArray>& written,
                                 const std::vector<int64_t>& step_bytes, int64_t steps, Pool& pool) {
        std::vector<int64_t> nanoseconds(machine_.instructions(), 0);
        go(buffers_of(read, written, step_bytes), steps, pool, &nanoseconds);
        return nanoseconds;
    }

    const Machine& machine() const { return machine_; }

private:
    Workspace& workspace() {
        return workspace_.get([] { return std::make_unique<Workspace>(); });
    }

    // The arena has no address yet.
    std::vector<Buffer> buffers_of(const std::vector<ReadArray>& read,
                                   const std::vector<WrittenArray>& written,
                                   const std::vector<int64_t>& step_bytes) const {
        const auto& needed = machine_.buffer_bytes();
        if (read.size() != machine_.read_only() || read.size() + written.size() + 1 != needed.size() ||
            step_bytes.size() + 1 != needed.size())
            throw std::invalid_argument("run got the wrong number of buffers");
        std::vector<Buffer> buffers{{{}, needed[0], 0}};
        auto moved = step_bytes.begin();
        for (const ReadArray& array : read)
            buffers.push_back({{static_cast<const char*>(array.data()), nullptr},
                               static_cast<int64_t>(array.nbytes()),
                               *moved++});
        for (const WrittenArray& array : written) {
            char* start = static_cast<char*>(array.data());
            buffers.push_back({{start, start}, static_cast<int64_t>(array.nbytes()), *moved++});
        }
        return buffers;
    }

    int64_t go(std::vector<Buffer> buffers, int64_t steps, Pool& pool, std::vector<int64_t>* profile) {
        const auto& needed = machine_.buffer_bytes();
        if (steps < 0) throw std::invalid_argument("run got a number of steps below 0");
        if (steps == 0) return 0;
        Workspace& space = workspace();
        chainrule::Workers& workers = pool.workers();
        for (size_t i = 1; i < buffers.size(); ++i) {
            const Buffer& each = buffers[i];
            if (each.step_bytes < 0 || needed[i] > each.bytes ||
                (steps > 1 && each.step_bytes > (each.bytes - needed[i]) / (steps - 1)))
                throw std::invalid_argument("buffer " + std::to_string(i) + " is too small");
        }
        std::unique_lock<std::mutex> busy(space.busy, std::defer_lock);
        bool failed = false;
        const uint64_t forks = chainrule::forks();
        int64_t done = 0;
        {
            chainrule::WithoutGil free;
            busy.lock();
            auto asked = std::chrono::steady_clock::now();
            auto interrupted = [&] {
                const auto now = std::chrono::steady_clock::now();
                if (now - asked < std::chrono::milliseconds(100)) return false;
                asked = now;
                free.take();
                failed = PyErr_CheckSignals() != 0;
                free.give();
                if (chainrule::forks() !=
                    forks)  // by a handler: what the workers had taken on, nobody ends here
                    throw std::runtime_error(
                        "this process was forked within a call of the core, and can't go on with it");
                return failed;
            };
            done = machine_.run(std::move(buffers), steps, space, workers, interrupted, profile);
        }
        if (failed) throw nb::python_error();
        if (space.index_error.load()) throw nb::index_error("an index is out of range for its axis");
        return done;
    }

    const Machine machine_;
    chainrule::OfProcess<Workspace> workspace_;
};

// What the planner writes instructions with.
void tell_wire(nb::module_& m) {
    const auto names = [&](const char* called, const auto& all) {
        nb::list listed;
        for (const char* name : all) listed.append(name);
        m.attr(called) = nb::tuple(listed);
    };
    names("KINDS", chainrule::kind_names);
    names("MICRO_OPS", chainrule::micro_op_names);
    names("TYPES", chainrule::type_names);
    names("REDUCTIONS", chainrule::fold_names);
    names("CUTS", chainrule::cut_names);
    names("MOTIONS", chainrule::motion_names);
    m.attr("TILE_WORDS") = chainrule::tile_words;
    m.attr("MOST_AHEAD") = chainrule::most_ahead;
    m.attr("MOST_TILE_SUMS") = chainrule::most_tile_sums;
    m.attr("MOST_CHUNKS") = chainrule::most_chunks;
    m.attr("PRODUCT_PARTS") = chainrule::product_parts;
    m.attr("MOST_LOOPS") = chainrule::most_loops;
    m.attr("MOST_AXES") = chainrule::most_axes;
    m.attr("MOST_TAPS") = chainrule::patch_room;
    m.attr("WINOGRAD_POINTS") = chainrule::winograd_points;
}

// One micro operation on floats or doubles.
template <class Real>
void tell_micro(nb::module_& m) {
    using Given = nb::ndarray<const Real, nb::c_contig>;
    m.def(
        "micro",
        [](int operation, const nb::ndarray<Real, nb::c_contig>& y, const Given& a, const Given& b,
           const Given& c, int level) {
            const auto tables = chainrule::kernel_tables();
            if (operation < 0 || operation >= static_cast<int>(std::size(chainrule::micro_op_names)) ||
                level < 0 || level >= static_cast<int>(tables.size()))
                throw std::invalid_argument("micro got an operation or a level that there is not");
            if (a.size() != y.size() || b.size() != y.size() || c.size() != y.size())
                throw std::invalid_argument("micro got arrays of different sizes");
            chainrule::arithmetic<Real>(*tables[static_cast<size_t>(level)])
                .micro(operation, y.data(), a.data(), b.data(), c.data(), static_cast<int64_t>(y.size()));
        },
        nb::arg("operation"), nb::arg("y").noconvert(), nb::arg("a").noconvert(), nb::arg("b").noconvert(),
        nb::arg("c").noconvert(), nb::arg("level"),
        "One micro operation over whole arrays, on one of the instruction sets of this machine: for its "
        "tests.");
}

}  // namespace

NB_MODULE(_core, m) {
    nb::set_leak_warnings(
        false);  // threads that end with the process, or were not forked with it, leave theirs
    chainrule::watch_forks();
    chainrule::kernels();               // picked now: by the first call, a fork could find it half done
    scipy_openblas_set_num_threads(1);  // the workers are ours
    tell_wire(m);
    nb::class_<Pool>(m, "Pool", "Worker threads, started once.")
        .def(
            "__init__",
            [](Pool* self, int threads) {
                if (threads < 1 || threads > 1024)
                    throw std::invalid_argument("a pool has 1 to 1024 threads");
                new (self) Pool(threads);
            },
            nb::arg("threads"))
        .def_prop_ro("threads", &Pool::threads);
    nb::class_<Core>(m, "Core", "A checked list of instructions with its arena.")
        .def(nb::init<const std::vector<std::vector<int64_t>>&, const std::vector<std::vector<int64_t>>&,
                      const std::vector<int64_t>&, const std::vector<std::vector<int64_t>>&, size_t>(),
             nb::arg("instructions"), nb::arg("groups"), nb::arg("buffer_bytes"),
             nb::arg("locals") = std::vector<std::vector<int64_t>>(), nb::arg("read_only") = 0)
        .def("run", &Core::run, nb::arg("read").noconvert(), nb::arg("written").noconvert(),
             nb::arg("step_bytes"), nb::arg("steps"), nb::arg("pool"),
             "Run steps; returns how many were done.")
        .def("profile", &Core::profile, nb::arg("read").noconvert(), nb::arg("written").noconvert(),
             nb::arg("step_bytes"), nb::arg("steps"), nb::arg("pool"),
             "Run steps; returns nanoseconds an instruction on thread 0.")
        .def_prop_ro(
            "ready", [](const Core& self) { return self.machine().ready(); },
            "Of each instruction, the name of the loop compiled ahead that runs it; else empty.");
    m.def(
        "product",
        [](const nb::ndarray<float, nb::ndim<2>, nb::c_contig>& c,
           const nb::ndarray<const float, nb::ndim<2>, nb::c_contig>& a,
           const nb::ndarray<const float, nb::ndim<2>, nb::c_contig>& b, bool ta, bool tb, int level) {
            const auto tables = chainrule::kernel_tables();
            if (level < 0 || level >= static_cast<int>(tables.size()))
                throw std::invalid_argument("no such level");
            const auto length = [](const auto& array, bool across) {
                return static_cast<int64_t>(array.shape(across ? 1 : 0));
            };
            const int64_t m = length(c, false), n = length(c, true), k = length(a, !ta);
            if (length(a, ta) != m || length(b, tb) != k || length(b, !tb) != n || m * n * k == 0)
                throw std::invalid_argument("product got shapes that do not fit");
            if (!tables[static_cast<size_t>(level)]->product.product) return false;
            std::vector<float> scratch(chainrule::product_scratch / 4);
            tables[static_cast<size_t>(level)]->product.product(
                {a.data(), b.data(), c.data(), m, n, k, length(a, true), length(b, true), n, ta, tb, false},
                scratch.data());
            return true;
        },
        nb::arg("c"), nb::arg("a"), nb::arg("b"), nb::arg("ta"), nb::arg("tb"), nb::arg("level"),
        "C = A B in blocks, on one of the instruction sets of this machine; whether it has one: for its "
        "tests.");
    tell_micro<float>(m);
    tell_micro<double>(m);
    m.def(
        "pool",
        [](int operation, const nb::ndarray<float, nb::ndim<3>, nb::c_contig>& x,
           const nb::ndarray<float, nb::ndim<3>, nb::c_contig>& y, const std::vector<int64_t>& window,
           const std::vector<int64_t>& stride, const std::vector<int64_t>& before, int level) {
            const auto tables = chainrule::kernel_tables();
            if (operation < 0 || operation > 3 || level < 0 || level >= static_cast<int>(tables.size()))
                throw std::invalid_argument("pool got an operation or a level that there is not");
            const auto length = [](const auto& array, size_t axis) {
                return static_cast<int64_t>(array.shape(axis));
            };
            bool fits = window.size() == 2 && stride.size() == 2 && before.size() == 2 &&
                        length(x, 2) == length(y, 2);
            for (size_t axis = 0; fits && axis < 2; ++axis)
                fits = stride[axis] > 0 && 0 <= before[axis] && before[axis] < window[axis] &&
                       length(x, axis) > 0 &&
                       (length(y, axis) - 1) * stride[axis] - before[axis] < length(x, axis);
            if (!fits) throw std::invalid_argument("pool got windows that hold nothing");
            const chainrule::Windows windows{length(x, 0), length(x, 1), length(x, 2), window[0],
                                             window[1],    stride[0],    stride[1],    before[0],
                                             before[1],    length(y, 0), length(y, 1)};
            const chainrule::SpaceTable& space = tables[static_cast<size_t>(level)]->space;
            const std::vector<float> kept(x.data(), x.data() + x.size());
            if (operation == 0) space.max_pool(y.data(), x.data(), windows);
            if (operation == 1) space.max_pool_adjoint(x.data(), kept.data(), y.data(), windows);
            if (operation == 2) space.average_pool(y.data(), x.data(), windows);
            if (operation == 3) space.average_pool_adjoint(x.data(), y.data(), windows);
        },
        nb::arg("operation"), nb::arg("x"), nb::arg("y"), nb::arg("window"), nb::arg("stride"),
        nb::arg("before"), nb::arg("level"),
        "Pooling of one image (max, its adjoint, average, its adjoint; the adjoints write to x), on one of "
        "the instruction "
        "sets of this machine: for its tests.");
    m.def(
        "winograd",
        [](int operation, const nb::ndarray<const float, nb::ndim<4>, nb::c_contig>& a,
           const nb::ndarray<const float, nb::ndim<4>, nb::c_contig>& b,
           const nb::ndarray<float, nb::ndim<4>, nb::c_contig>& result, const std::vector<int64_t>& before,
           int level) {
            const auto tables = chainrule::kernel_tables();
            if (operation < 0 || operation > 2 || level < 0 || level >= static_cast<int>(tables.size()))
                throw std::invalid_argument("winograd got an operation or a level that there is not");
            const auto shape = [](const auto& array) {
                return std::vector<int64_t>{
                    static_cast<int64_t>(array.shape(0)), static_cast<int64_t>(array.shape(1)),
                    static_cast<int64_t>(array.shape(2)), static_cast<int64_t>(array.shape(3))};
            };
            const auto x = shape(a), y = operation == 2 ? shape(b) : shape(result);
            auto weight = operation == 2 ? shape(result) : shape(b);
            if (operation == 1) std::swap(weight[2], weight[3]);
            if (before.size() != 2) throw std::invalid_argument("winograd got the wrong number of zeros");
            const chainrule::Convolution c{x[0], x[1], x[2], x[3], weight[0], weight[1], y[3], 1,
                                           1,    1,    1,    1,    before[0], before[1], y[1], y[2]};
            if (!chainrule::winograd_fits(c) || x[0] != y[0] || weight[2] != x[3] || weight[3] != y[3] ||
                std::min(before[0], before[1]) < 0 || std::max(before[0], before[1]) > 2)
                throw std::invalid_argument("winograd got shapes that do not fit");
            const chainrule::Kernels& table = *tables[static_cast<size_t>(level)];
            if (operation == 2) {
                std::vector<char> scratch(static_cast<size_t>(chainrule::winograd_weight_scratch(c)));
                chainrule::winograd_weight(c, a.data(), b.data(), result.data(), 0, c.batch, 0, c.inputs,
                                           table, scratch.data());
                return;
            }
            std::vector<float> filters(
                static_cast<size_t>(chainrule::winograd_points * c.inputs * c.outputs));
            std::vector<char> scratch(static_cast<size_t>(
                std::max(chainrule::winograd_filters_scratch(c), chainrule::winograd_scratch(c))));
            chainrule::winograd_filters(c, b.data(), operation == 1, filters.data(), 0, c.inputs, table,
                                        scratch.data());
            chainrule::winograd(c, a.data(), filters.data(), result.data(), 0, c.batch, table,
                                scratch.data());
        },
        nb::arg("operation"), nb::arg("a"), nb::arg("b"), nb::arg("result"), nb::arg("before"),
        nb::arg("level"),
        "A convolution by Winograd's filtering (of x by weights, of d_y by them transposed, the derivative "
        "by "
        "the weights of x and d_y), on one of the instruction sets of this machine: for its tests.");
    m.def(
        "levels", [] { return static_cast<int>(chainrule::kernel_tables().size()); },
        "How many instruction sets this machine can run, slowest first.");
}
