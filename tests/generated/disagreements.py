"""Where the two judges differ, or are wrong."""

DIFFERENT = {
    ("FULLY_CONNECTED", "INT8"): "",
    ("FULLY_CONNECTED", "INT16"): "",
    ("LEAKY_RELU", "INT16"): "",
    ("PRELU", "INT16X8"): "",
    ("RSQRT", "INT16"): "",
    ("SOFTMAX", "INT16"): "",
    ("SUM", "INT8"): "",
    ("SUM", "INT16"): "",
}

ERRATIC = {("MATRIX_DIAG", "BOOL"): "", ("MATRIX_SET_DIAG", "BOOL"): ""}

MISTAKEN = {("GREATER", "INT16"): ""}
