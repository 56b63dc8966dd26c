// Compiled once for each instruction set, like kernels.cpp, but with no contraction of its own: where a
// product and a sum become one operation is the planner's choice, so that a tile gives the same bits here and
// interpreted.
#include "ready.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "compiler.hpp"
#include "kernels.hpp"
#include "mathematics.hpp"

#ifndef CHAINRULE_READY
#define CHAINRULE_READY ready_baseline
#endif

namespace chainrule {
namespace {

template <size_t L, size_t I, size_t S, size_t Q = 0>
struct Recipe {
    std::array<Line, L> lines;
    std::array<bool, I> single;
    std::array<int, S> stores;
    std::array<int, Q> squares = {};
};

using Real = float;  // of the registers

template <int op>
inline float apply(float x1, [[maybe_unused]] float x2, [[maybe_unused]] float x3) {
    [[maybe_unused]] const float x = x1;
#define APPLY(OP, EXPRESSION) \
    if constexpr (op == (OP)) return EXPRESSION;
    CHAINRULE_MICRO_OPS(APPLY, APPLY, APPLY)
#undef APPLY
}

template <const auto& recipe, size_t... Lines, size_t... Inputs, size_t... Stores, size_t... Squares>
inline void loop(const float* const* inputs, float* const* outputs, double* sums, int64_t n,
                 std::index_sequence<Lines...>, std::index_sequence<Inputs...>,
                 std::index_sequence<Stores...>, std::index_sequence<Squares...>) {
    constexpr int64_t lanes = 16;  // of the sums: so that the compiler may use vectors
    constexpr bool summed = sizeof...(Squares) > 0;
    const float* const from[] = {inputs[Inputs]...};
    float* const to[] = {outputs[Stores]...};
    const float fixed[] = {(recipe.single[Inputs] ? *inputs[Inputs] : 0.0f)...};
    [[maybe_unused]] double running[summed ? sizeof...(Squares) : 1][lanes] = {};
    const auto element = [&](int64_t i, [[maybe_unused]] int64_t lane) {
        const float x[] = {(recipe.single[Inputs] ? fixed[Inputs] : from[Inputs][i])...};
        float v[sizeof...(Lines)];
        const auto operand = [&](int number) {
            return number == Line::none ? 0.0f : number < 0 ? x[~number] : v[number];
        };
        ((v[Lines] =
              apply<recipe.lines[Lines].op>(operand(recipe.lines[Lines].a), operand(recipe.lines[Lines].b),
                                            operand(recipe.lines[Lines].c))),
         ...);
        ((to[Stores][i] = v[recipe.stores[Stores]]), ...);
        [[maybe_unused]] const auto square = [](float y) {
            return static_cast<double>(y) * static_cast<double>(y);
        };
        ((running[Squares][lane] += square(operand(recipe.squares[Squares]))), ...);
    };
    if constexpr (!summed) {
        CHAINRULE_IVDEP
        for (int64_t i = 0; i < n; ++i) element(i, 0);
    } else {
        int64_t i = 0;
        for (; i + lanes <= n; i += lanes) {
            CHAINRULE_IVDEP
            for (int64_t lane = 0; lane < lanes; ++lane) element(i + lane, lane);
        }
        for (int64_t lane = 0; i < n; ++i, ++lane) element(i, lane);
        for (double* row : {running[Squares]...})
            for (int64_t lane = 0; lane < lanes; ++lane) sums[(row - running[0]) / lanes] += row[lane];
    }
}

template <const auto& recipe>
void run(const float* const* inputs, float* const* outputs, double* sums, int64_t n) {
    loop<recipe>(inputs, outputs, sums, n, std::make_index_sequence<recipe.lines.size()>(),
                 std::make_index_sequence<recipe.single.size()>(),
                 std::make_index_sequence<recipe.stores.size()>(),
                 std::make_index_sequence<recipe.squares.size()>());
}

template <const auto& recipe>
constexpr Ready ready(const char* name) {
    return {name,
            recipe.lines.data(),
            recipe.single.data(),
            recipe.stores.data(),
            recipe.squares.data(),
            static_cast<int>(recipe.lines.size()),
            static_cast<int>(recipe.single.size()),
            static_cast<int>(recipe.stores.size()),
            static_cast<int>(recipe.squares.size()),
            run<recipe>};
}

// In the planner's order of lines; inputs are numbered where they are first read.
constexpr bool one = true, each = false;

// A layer's bias, and relu with its derivative.
constexpr Recipe<1, 2, 1> bias{{{{ADD, ~0, ~1}}}, {{each, each}}, {{0}}};
constexpr Recipe<2, 2, 1> bias_relu{{{{ADD, ~0, ~1}, {RELU, 0}}}, {{each, each}}, {{1}}};
constexpr Recipe<2, 3, 1> relu_delta{{{{GREATER, ~0, ~1}, {WHERE, 0, ~2, ~1}}}, {{each, one, each}}, {{1}}};

// A layer's bias, and what goes around it.
constexpr Recipe<2, 3, 1> bias_residual{{{{ADD, ~0, ~1}, {ADD, ~2, 0}}}, {{each, each, each}}, {{1}}};

// Batch normalization: the squares of the variance; with relu, with a residual and relu, with relu of two
// such sums.
constexpr Recipe<2, 2, 1> variance{{{{SUBTRACT, ~0, ~1}, {MULTIPLY, 0, 0}}}, {{each, each}}, {{1}}};
constexpr Recipe<4, 5, 1> normalized_relu{
    {{{SUBTRACT, ~0, ~1}, {MULTIPLY, 0, ~2}, {MULTIPLY_ADD, 1, ~3, ~4}, {RELU, 2}}},
    {{each, each, each, each, each}},
    {{3}}};
constexpr Recipe<5, 6, 1> normalized_residual_relu{
    {{{SUBTRACT, ~0, ~1}, {MULTIPLY, 0, ~2}, {MULTIPLY_ADD, 1, ~3, ~4}, {ADD, ~5, 2}, {RELU, 3}}},
    {{each, each, each, each, each, each}},
    {{4}}};
constexpr Recipe<8, 10, 1> normalized_twice_relu{
    {{{SUBTRACT, ~0, ~1},
      {MULTIPLY, 0, ~2},
      {MULTIPLY_ADD, 1, ~3, ~4},
      {SUBTRACT, ~5, ~6},
      {MULTIPLY, 3, ~7},
      {MULTIPLY_ADD, 4, ~8, ~9},
      {ADD, 5, 2},
      {RELU, 6}}},
    {{each, each, each, each, each, each, each, each, each, each}},
    {{7}}};

// Its derivative: of relu, perhaps of a sum of two, and the products with x̂ that the scale's is the sum of;
// then that by x, in two orders, the second perhaps with the products for the other addend's scale.
constexpr Recipe<5, 6, 2> normalization_sums{
    {{{GREATER, ~0, ~1}, {WHERE, 0, ~2, ~1}, {SUBTRACT, ~3, ~4}, {MULTIPLY, 2, ~5}, {MULTIPLY, 1, 3}}},
    {{each, one, each, each, each, each}},
    {{1, 4}}};
constexpr Recipe<6, 7, 2> normalization_sums_of_two{{{{ADD, ~0, ~1},
                                                      {GREATER, ~2, ~3},
                                                      {WHERE, 1, 0, ~3},
                                                      {SUBTRACT, ~4, ~5},
                                                      {MULTIPLY, 3, ~6},
                                                      {MULTIPLY, 2, 4}}},
                                                    {{each, each, each, one, each, each, each}},
                                                    {{2, 5}}};
constexpr Recipe<6, 7, 1> normalization_delta{{{{SUBTRACT, ~0, ~1},
                                                {MULTIPLY, 0, ~2},
                                                {MULTIPLY, 1, ~3},
                                                {SUBTRACT, ~4, ~5},
                                                {SUBTRACT, 3, 2},
                                                {MULTIPLY, 4, ~6}}},
                                              {{each, each, each, each, each, each, each}},
                                              {{5}}};
constexpr Recipe<6, 7, 1> normalization_delta_first{{{{SUBTRACT, ~0, ~1},
                                                      {SUBTRACT, ~2, ~3},
                                                      {MULTIPLY, 1, ~4},
                                                      {MULTIPLY, 2, ~5},
                                                      {SUBTRACT, 0, 3},
                                                      {MULTIPLY, 4, ~6}}},
                                                    {{each, each, each, each, each, each, each}},
                                                    {{5}}};
constexpr Recipe<9, 10, 2> normalization_delta_twice{
    {{{SUBTRACT, ~0, ~1},
      {SUBTRACT, ~2, ~3},
      {MULTIPLY, 1, ~4},
      {MULTIPLY, 2, ~5},
      {SUBTRACT, 0, 3},
      {MULTIPLY, 4, ~6},
      {SUBTRACT, ~7, ~8},
      {MULTIPLY, 6, ~9},
      {MULTIPLY, ~0, 7}}},
    {{each, each, each, each, each, each, each, each, each, each}},
    {{5, 8}}};

// gelu as tanh approximates it: the derivative by x, with the bias of the layer before added again, from what
// was kept of tanh. The chain rule's terms come in the order in which they arrive.
constexpr Recipe<14, 8, 1> gelu_delta{{{{MULTIPLY, ~0, ~1},
                                        {ADD, ~2, ~3},
                                        {MULTIPLY, ~4, 1},
                                        {MULTIPLY, ~0, 2},
                                        {MULTIPLY, 3, ~5},
                                        {MULTIPLY, 4, ~6},
                                        {MULTIPLY, 5, ~7},
                                        {MULTIPLY, 6, 1},
                                        {MULTIPLY, 1, 1},
                                        {MULTIPLY, 7, 1},
                                        {MULTIPLY_ADD, 6, 8, 5},
                                        {ADD, 10, 9},
                                        {ADD, 11, 9},
                                        {MULTIPLY_ADD, 0, ~4, 12}}},
                                      {{each, each, each, each, one, each, one, one}},
                                      {{13}}};

// The updates of the optimizers.

// p + g · -rate
constexpr Recipe<1, 3, 1> gradient_descent{{{{MULTIPLY_ADD, ~0, ~1, ~2}}}, {{each, one, each}}, {{0}}};

// v ← decay · v + g; p + v · -rate
constexpr Recipe<2, 5, 2> momentum{
    {{{MULTIPLY_ADD, ~0, ~1, ~2}, {MULTIPLY_ADD, 0, ~3, ~4}}}, {{one, each, each, one, each}}, {{0, 1}}};

// v ← decay · v + g; p + (decay · v + g) · -rate
constexpr Recipe<3, 5, 2> nesterov{
    {{{MULTIPLY_ADD, ~0, ~1, ~2}, {MULTIPLY_ADD, ~0, 0, ~2}, {MULTIPLY_ADD, 1, ~3, ~4}}},
    {{one, each, each, one, each}},
    {{0, 2}}};

// m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; p + m k₁ / (√(v k₂) + ε) · -rate
constexpr Recipe<11, 12, 3> adam{{{{MULTIPLY, ~0, ~1},
                                   {MULTIPLY_ADD, ~2, ~3, 0},
                                   {MULTIPLY, ~1, ~1},
                                   {MULTIPLY, ~4, 2},
                                   {MULTIPLY_ADD, ~5, ~6, 3},
                                   {MULTIPLY, 1, ~7},
                                   {MULTIPLY, 4, ~8},
                                   {SQRT, 6},
                                   {ADD, 7, ~9},
                                   {DIVIDE, 5, 8},
                                   {MULTIPLY_ADD, 9, ~10, ~11}}},
                                 {{one, each, one, each, one, one, each, one, one, one, one, each}},
                                 {{1, 4, 10}}};

// The same with decay · p added to what -rate is a factor of.
constexpr Recipe<12, 13, 3> adamw{{{{MULTIPLY, ~0, ~1},
                                    {MULTIPLY_ADD, ~2, ~3, 0},
                                    {MULTIPLY, ~1, ~1},
                                    {MULTIPLY, ~4, 2},
                                    {MULTIPLY_ADD, ~5, ~6, 3},
                                    {MULTIPLY, 1, ~7},
                                    {MULTIPLY, 4, ~8},
                                    {SQRT, 6},
                                    {ADD, 7, ~9},
                                    {DIVIDE, 5, 8},
                                    {MULTIPLY_ADD, ~10, ~11, 9},
                                    {MULTIPLY_ADD, 10, ~12, ~11}}},
                                  {{one, each, one, each, one, one, each, one, one, one, one, each, one}},
                                  {{1, 4, 11}}};

// The same where g comes with the derivative of an L2 penalty on p: s p + s p, of strength s / 2 times Σ p².
// gradient, parameter: the numbers of their inputs in the recipe without.
template <size_t L, size_t I, size_t S>
constexpr Recipe<L + 3, I + 1, S> penalized(const Recipe<L, I, S>& plain, int gradient, int parameter) {
    Recipe<L + 3, I + 1, S> all{{{{MULTIPLY, ~0, ~1}, {ADD, 0, 0}, {ADD, 1, ~2}}}, {{one, each, each}}, {}};
    std::array<int, I> number{};  // of inputs, from 1 on; 0: not read yet
    number[static_cast<size_t>(parameter)] = 2;
    int read = 3;
    const auto operand = [&](int given) {
        if (given == Line::none) return given;
        if (given >= 0) return given + 3;
        const int given_input = ~given;
        if (given_input == gradient) return 2;
        const auto input = static_cast<size_t>(given_input);
        if (number[input] == 0) {
            all.single[static_cast<size_t>(read)] = plain.single[input];
            number[input] = ++read;
        }
        return ~(number[input] - 1);
    };
    for (size_t i = 0; i < L; ++i) {
        const Line& line = plain.lines[i];
        Line& fresh = all.lines[i + 3];
        fresh.op = line.op;  // one by one: inputs are numbered where they are first read
        fresh.a = operand(line.a);
        fresh.b = operand(line.b);
        fresh.c = operand(line.c);
    }
    for (size_t i = 0; i < S; ++i) all.stores[i] = plain.stores[i] + 3;
    return all;
}

constexpr auto gradient_descent_penalized = penalized(gradient_descent, 0, 2);
constexpr auto momentum_penalized = penalized(momentum, 2, 4);
constexpr auto nesterov_penalized = penalized(nesterov, 2, 4);
constexpr auto adam_penalized = penalized(adam, 1, 11);
constexpr auto adamw_penalized = penalized(adamw, 1, 11);

// The same, watched: the squares of the gradient, of the update and of the parameter after it.
constexpr Recipe<2, 3, 1, 3> gradient_descent_watched{
    {{{MULTIPLY, ~0, ~1}, {MULTIPLY_ADD, ~0, ~1, ~2}}}, {{each, one, each}}, {{1}}, {{~0, 0, 1}}};

constexpr Recipe<3, 5, 2, 3> momentum_watched{
    {{{MULTIPLY_ADD, ~0, ~1, ~2}, {MULTIPLY, 0, ~3}, {MULTIPLY_ADD, 0, ~3, ~4}}},
    {{one, each, each, one, each}},
    {{0, 2}},
    {{~2, 1, 2}}};

constexpr Recipe<4, 5, 2, 3> nesterov_watched{
    {{{MULTIPLY_ADD, ~0, ~1, ~2}, {MULTIPLY_ADD, ~0, 0, ~2}, {MULTIPLY, 1, ~3}, {MULTIPLY_ADD, 1, ~3, ~4}}},
    {{one, each, each, one, each}},
    {{0, 3}},
    {{~2, 2, 3}}};

constexpr Recipe<12, 12, 3, 3> adam_watched{
    {{{MULTIPLY, ~0, ~1},
      {MULTIPLY_ADD, ~2, ~3, 0},
      {MULTIPLY, ~1, ~1},
      {MULTIPLY, ~4, 2},
      {MULTIPLY_ADD, ~5, ~6, 3},
      {MULTIPLY, 1, ~7},
      {MULTIPLY, 4, ~8},
      {SQRT, 6},
      {ADD, 7, ~9},
      {DIVIDE, 5, 8},
      {MULTIPLY, 9, ~10},
      {MULTIPLY_ADD, 9, ~10, ~11}}},
    {{one, each, one, each, one, one, each, one, one, one, one, each}},
    {{1, 4, 11}},
    {{~1, 10, 11}}};

// The squares of the gradient alone.
template <size_t L, size_t I, size_t S>
constexpr Recipe<L, I, S, 1> measured(const Recipe<L, I, S>& plain, int gradient) {
    return {plain.lines, plain.single, plain.stores, {{gradient}}};
}

constexpr auto gradient_descent_measured = measured(gradient_descent, ~0);
constexpr auto momentum_measured = measured(momentum, ~2);
constexpr auto nesterov_measured = measured(nesterov, ~2);
constexpr auto adam_measured = measured(adam, ~1);
constexpr auto adamw_measured = measured(adamw, ~1);

// A layer's bias, and relu with its derivative: the squares of the output, of the delta, and of both.
constexpr auto bias_measured = measured(bias, 0);
constexpr auto relu_delta_of_output = measured(relu_delta, ~0);
constexpr auto relu_delta_measured = measured(relu_delta, ~2);
constexpr Recipe<2, 3, 1, 2> relu_delta_watched{
    relu_delta.lines, relu_delta.single, relu_delta.stores, {{~0, ~2}}};

constexpr Ready table[] = {
    ready<bias>("bias"),
    ready<bias_relu>("bias and relu"),
    ready<bias_residual>("bias and residual"),
    ready<relu_delta>("relu's derivative"),
    ready<gelu_delta>("gelu's derivative"),
    ready<variance>("variance"),
    ready<normalized_relu>("normalization and relu"),
    ready<normalized_residual_relu>("normalization, residual and relu"),
    ready<normalized_twice_relu>("two normalizations and relu"),
    ready<normalization_sums>("sums for normalization's derivative"),
    ready<normalization_sums_of_two>("sum of two, and sums for normalization's derivative"),
    ready<normalization_delta>("normalization's derivative"),
    ready<normalization_delta_first>("normalization's derivative"),
    ready<normalization_delta_twice>("normalization's derivative, and sums for another"),
    ready<gradient_descent>("gradient descent"),
    ready<momentum>("momentum"),
    ready<nesterov>("nesterov"),
    ready<adam>("adam"),
    ready<adamw>("adamw"),
    ready<gradient_descent_penalized>("gradient descent, penalized"),
    ready<momentum_penalized>("momentum, penalized"),
    ready<nesterov_penalized>("nesterov, penalized"),
    ready<adam_penalized>("adam, penalized"),
    ready<adamw_penalized>("adamw, penalized"),
    ready<bias_measured>("bias, measured"),
    ready<relu_delta_of_output>("relu's derivative, measured"),
    ready<relu_delta_measured>("relu's derivative, measured"),
    ready<relu_delta_watched>("relu's derivative, watched"),
    ready<gradient_descent_measured>("gradient descent, measured"),
    ready<momentum_measured>("momentum, measured"),
    ready<nesterov_measured>("nesterov, measured"),
    ready<adam_measured>("adam, measured"),
    ready<adamw_measured>("adamw, measured"),
    ready<gradient_descent_watched>("gradient descent, watched"),
    ready<momentum_watched>("momentum, watched"),
    ready<nesterov_watched>("nesterov, watched"),
    ready<adam_watched>("adam, watched"),
};

}  // namespace

ReadyTable CHAINRULE_READY() { return {table, sizeof(table) / sizeof(table[0])}; }

}  // namespace chainrule
