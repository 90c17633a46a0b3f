"""What a person looks at: sizes, per-node tables, the memory map. Built from a compiled model; changes nothing."""

from edgegen.report.json_report import report

__all__ = ["report"]
