"""Graph passes. File = function = command-line name = test; each takes (graph, target) and says whether it changed."""
