// Matrix products of any size: in our own blocks where they are fast, else by OpenBLAS.
#pragma once

#include <cstdint>

#include "product.hpp"

namespace chainrule {

// C = A B, or C += A B where `add`; see Product. scratch: product_scratch bytes.
void multiply(const Product& product, char* scratch);

}  // namespace chainrule
