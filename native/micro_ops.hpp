// The micro operations of tiles, once: a line here is all that one needs, beside the function that its
// expression calls (mathematics.hpp). Its number, its name for Python, how many registers it reads and its
// loop come from the line.
#pragma once

namespace chainrule {

// ONE, TWO, THREE: the name, and the result from x, from x1 and x2, or from x1, x2 and x3. Registers hold
// words of the type Real, float or double: such a number, an int (_I), a uint (_U), a mask of all or no bits
// (_M), or a byte (_B); helpers of mathematics.hpp read a word as one of these. Sums, differences and
// products of uint are those of int. The planner finds the micro operation of an operation on floats by the
// name, in capitals.
#define CHAINRULE_MICRO_OPS(ONE, TWO, THREE) \
    ONE(NEGATIVE, -x) \
    ONE(ABSOLUTE, std::fabs(x)) \
    ONE(SIGN, (x > 0.0f ? 1.0f : 0.0f) - (x < 0.0f ? 1.0f : 0.0f) + (x != x ? x : 0.0f)) \
    ONE(FLOOR, std::floor(x)) \
    ONE(EXP, exp_(x)) \
    ONE(EXPM1, expm1_(x)) \
    ONE(LOG, log_(x)) \
    ONE(LOG1P, log1p_(x)) \
    ONE(SQRT, std::sqrt(x)) \
    ONE(SIN, std::sin(x)) \
    ONE(COS, std::cos(x)) \
    ONE(ARCTAN, arctan_(x)) \
    ONE(TANH, tanh_(x)) \
    ONE(SIGMOID, sigmoid_(x)) \
    ONE(SOFTPLUS, softplus_(x)) \
    ONE(ERF, erf_(x)) \
    ONE(RELU, x < 0.0f ? 0.0f : x) \
    TWO(ADD, x1 + x2) \
    TWO(SUBTRACT, x1 - x2) \
    TWO(MULTIPLY, (x1 * x2)) \
    TWO(DIVIDE, x1 / x2) \
    TWO(POWER, std::pow(x1, x2)) \
    TWO(MAXIMUM, x1 != x1 ? x1 : (x2 != x2 ? x2 : (x1 > x2 ? x1 : x2))) \
    TWO(MINIMUM, x1 != x1 ? x1 : (x2 != x2 ? x2 : (x1 < x2 ? x1 : x2))) \
    THREE(MULTIPLY_ADD, multiply_add(x1, x2, x3)) \
    /* These six: to a mask. */ \
    TWO(EQUAL, mask<Real>(x1 == x2)) \
    TWO(NOT_EQUAL, mask<Real>(x1 != x2)) \
    TWO(LESS, mask<Real>(x1 < x2)) \
    TWO(LESS_EQUAL, mask<Real>(x1 <= x2)) \
    TWO(GREATER, mask<Real>(x1 > x2)) \
    TWO(GREATER_EQUAL, mask<Real>(x1 >= x2)) \
    ONE(ISFINITE, mask<Real>(std::fabs(x) <= std::numeric_limits<Real>::max())) \
    ONE(NEGATIVE_I, word<Real>(0u - natural(x))) \
    ONE(ABSOLUTE_I, word<Real>(integer(x) < 0 ? 0u - natural(x) : natural(x))) \
    ONE(SIGN_I, word<Real>((integer(x) > 0 ? 1 : 0) - (integer(x) < 0 ? 1 : 0))) \
    TWO(ADD_I, word<Real>(natural(x1) + natural(x2))) \
    TWO(SUBTRACT_I, word<Real>(natural(x1) - natural(x2))) \
    TWO(MULTIPLY_I, word<Real>(natural(x1) * natural(x2))) \
    TWO(MAXIMUM_I, word<Real>(integer(x1) > integer(x2) ? integer(x1) : integer(x2))) \
    TWO(MINIMUM_I, word<Real>(integer(x1) < integer(x2) ? integer(x1) : integer(x2))) \
    TWO(EQUAL_I, mask<Real>(integer(x1) == integer(x2))) \
    TWO(LESS_I, mask<Real>(integer(x1) < integer(x2))) \
    TWO(LESS_EQUAL_I, mask<Real>(integer(x1) <= integer(x2))) \
    TWO(MAXIMUM_U, word<Real>(natural(x1) > natural(x2) ? natural(x1) : natural(x2))) \
    TWO(MINIMUM_U, word<Real>(natural(x1) < natural(x2) ? natural(x1) : natural(x2))) \
    TWO(SHIFT_RIGHT_U, word<Real>(natural(x2) > 31u ? 0u : natural(x1) >> (natural(x2) & 31u))) \
    TWO(LESS_U, mask<Real>(natural(x1) < natural(x2))) \
    TWO(LESS_EQUAL_U, mask<Real>(natural(x1) <= natural(x2))) \
    ONE(NOT_M, word<Real>(~integer(x))) \
    TWO(AND_M, word<Real>(integer(x1) & integer(x2))) \
    TWO(OR_M, word<Real>(integer(x1) | integer(x2))) \
    TWO(NOT_EQUAL_M, word<Real>(integer(x1) ^ integer(x2))) \
    THREE(WHERE, holds(x1) ? x2 : x3) \
    ONE(FLOAT_FROM_I, static_cast<Real>(integer(x))) \
    ONE(FLOAT_FROM_U, static_cast<Real>(natural(x))) \
    ONE(FLOAT_FROM_M, holds(x) ? 1.0f : 0.0f) \
    /* What does not fit becomes the smallest integer, as the processor's own conversion gives it. */ \
    ONE(I_FROM_FLOAT, \
        word<Real>(x >= -2147483648.0f && x < 2147483648.0f ? static_cast<int32_t>(x) : INT32_MIN)) \
    ONE(U_FROM_FLOAT, \
        word<Real>(x >= 0.0f && x < 4294967296.0f ? static_cast<uint32_t>(static_cast<int64_t>(x)) : 0u)) \
    ONE(I_FROM_M, word<Real>(holds(x) ? 1 : 0)) \
    ONE(M_FROM_FLOAT, mask<Real>(x != 0.0f)) \
    ONE(M_FROM_I, mask<Real>(integer(x) != 0)) \
    ONE(B_FROM_I, word<Real>(natural(x) & 255u)) /* the last byte */ \
    ONE(ROUND_TO_FLOAT, static_cast<Real>(static_cast<float>(x))) \
    ONE(COPY, x)

#define CHAINRULE_NAME(name, ...) name,
#define CHAINRULE_TEXT(name, ...) #name,

enum MicroOp : int { CHAINRULE_MICRO_OPS(CHAINRULE_NAME, CHAINRULE_NAME, CHAINRULE_NAME) };
inline constexpr const char* micro_op_names[] = {
    CHAINRULE_MICRO_OPS(CHAINRULE_TEXT, CHAINRULE_TEXT, CHAINRULE_TEXT)};

#define CHAINRULE_ONE(...) 1,
#define CHAINRULE_TWO(...) 2,
#define CHAINRULE_THREE(...) 3,

inline constexpr int micro_op_operands[] = {
    CHAINRULE_MICRO_OPS(CHAINRULE_ONE, CHAINRULE_TWO, CHAINRULE_THREE)};

#undef CHAINRULE_NAME
#undef CHAINRULE_TEXT
#undef CHAINRULE_ONE
#undef CHAINRULE_TWO
#undef CHAINRULE_THREE

}  // namespace chainrule
