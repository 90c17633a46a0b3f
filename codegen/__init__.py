"""edgegen: an ahead-of-time compiler from trained neural networks to self-contained C99 for small devices."""
