"""Experiment trackers that a run reports to: TensorBoard, MLflow, Weights & Biases; imported when they are named."""
