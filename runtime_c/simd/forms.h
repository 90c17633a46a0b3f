/* How a block of channels turns its accumulators into s8; see codegen/ops/requantize_float.py. */
#ifndef EDGEGEN_FORMS_H
#define EDGEGEN_FORMS_H

enum { EDGEGEN_ONE_OFFSET = 0, EDGEGEN_TWO_OFFSETS = 1, EDGEGEN_FIXED_POINT = 2 };

#endif
