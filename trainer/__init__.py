"""Photographs in, checkpoints out.

config        every option of a training, in one frozen dataclass
presets       named configurations
options       the configuration as command-line options
data/         folder layouts, image decoding, index and report, dataset, split, augmentation
models/       the four-view ResNet, attention pooling, pretrained weights
train         the training loop: epochs of steps, saved as they go
step          one optimisation step: loss, optimiser, schedule, weight average
soft_labels   label smoothing
evaluate      accuracy on held-out locations
checkpoint    weights as safetensors beside readable JSON
run_folder    the run folder: its lock and what an earlier start left there
metrics_log   its tables and TensorBoard events
summary       the result in words
errors        why a training failed
sweep/        hyper-parameter search with Optuna, comparison of settings, tables
synthetic/    the painted states
"""

from common.caches import use_writable_caches

use_writable_caches()  # Before numba or Matplotlib is imported.
