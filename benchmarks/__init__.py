"""Speed, memory and flash of compiled models, beside the peers: `make bench`, or `python -m benchmarks --help`."""
