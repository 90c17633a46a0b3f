"""Why operators of the schema are refused: each that has no import function, with its own reason."""

from __future__ import annotations

_NO_INTERPRETER = "neither TensorFlow Lite Micro nor LiteRT computes it"
_RANDOM = "its results are random, so there is nothing that C could be checked against"
_TEXT = "it works on text, which devices without an operating system do not hold"
_HASH_TABLE = "its hash table is filled while the model runs, in memory whose size is not known ahead of time"
_DELEGATE = "it stands for a part of the model that runs on an accelerator, and whose meaning is not in the file"

REFUSED: dict[str, str] = {
    "CONCAT_EMBEDDINGS": _NO_INTERPRETER,
    "DELEGATE": _DELEGATE,
    "EMBEDDING_LOOKUP_SPARSE": "no kernel combines sparse lists of rows: use EMBEDDING_LOOKUP or GATHER, and SUM",
    "HASHTABLE": _HASH_TABLE,
    "HASHTABLE_FIND": _HASH_TABLE,
    "HASHTABLE_IMPORT": _HASH_TABLE,
    "HASHTABLE_SIZE": _HASH_TABLE,
    "LSH_PROJECTION": "its hash function, FarmHash of floats in memory, is not part of any specification",
    "MULTINOMIAL": _RANDOM,
    "PLACEHOLDER_FOR_GREATER_OP_CODES": "it is a place in the schema, not an operator",
    "RANDOM_STANDARD_NORMAL": _RANDOM,
    "RANDOM_UNIFORM": _RANDOM,
    "SKIP_GRAM": _TEXT,
    "STABLEHLO_CUSTOM_CALL": _DELEGATE,
    "STABLEHLO_RNG_BIT_GENERATOR": _RANDOM,
    "STABLEHLO_SHIFT_LEFT": "no kernel shifts to the left: multiply by powers of 2",
    **{
        f"STABLEHLO_{name}": f"{_NO_INTERPRETER}: convert the model without StableHLO"
        for name in (
            *("ABS", "AND", "BROADCAST_IN_DIM", "CBRT", "CLAMP", "COMPARE", "CONCATENATE", "CONVERT", "CONVOLUTION"),
            *("COSINE", "DIVIDE", "DOT_GENERAL", "DYNAMIC_SLICE", "DYNAMIC_UPDATE_SLICE", "EXPONENTIAL", "FLOOR"),
            *("IOTA", "LOG", "LOGISTIC", "NEGATE", "OR", "POWER", "REDUCE", "REMAINDER", "RESHAPE", "RSQRT", "SELECT"),
            *("SLICE", "SORT", "SUBTRACT", "TANH", "TRANSPOSE", "WHILE"),
        )
    },
}


def reason(name: str) -> str:
    """Why an operator that has no import function is refused."""
    if name.startswith("custom:"):
        return "what a custom operator computes is not in the file, and edgegen does not know this one"
    return REFUSED.get(name, "the schema that edgegen knows has no such operator")
