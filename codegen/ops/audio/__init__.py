"""What turns sound into features for a network: TensorFlow Lite Micro's signal operators, but for the transforms."""
