/* Parameters of image resizing. */
#ifndef EDGEGEN_RESIZE_H
#define EDGEGEN_RESIZE_H

#include "edgegen.h"

/* depth: of a pixel, in bytes for resize_nearest, in elements otherwise */
typedef struct {
    int32_t batch, in_h, in_w, out_h, out_w, depth;
} edgegen_resize;

#endif
