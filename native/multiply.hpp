// Matrix products of any size: in our own blocks where they are fast, else by OpenBLAS.
#pragma once

#include <cstdint>

#include "product.hpp"

namespace chainrule {

// C = A B, or C += A B where `add`; see Product<Real>. scratch: product_scratch bytes.
void multiply(const Product<float>& product, char* scratch);
void multiply(const Product<double>& product, char* scratch);

}  // namespace chainrule
