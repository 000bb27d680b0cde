"""Training: from photographs to checkpoints.

config        all options of a training, in one frozen dataclass
presets       named configurations
options       the configuration as command-line options
data/         folder layouts, image decoding, index and report, dataset, split, augmentation
models/       the four-view ResNet, attention pooling, pretrained weights
train         the training loop: epochs of steps with checkpoints
step          one optimisation step: loss, optimiser, learning rate, weight average
soft_labels   label smoothing, uniform or by distance
evaluate      loss and accuracy on held-out locations
checkpoint    weights as safetensors beside readable JSON
publish       a checkpoint to give away: half precision, measured
run_folder    the run folder: its lock, and resuming an earlier start
metrics_log   tables and TensorBoard events of a run
summary       the summary printed at the end
errors        errors of a configuration
sweep/        hyper-parameter search with Optuna, comparison of settings, tables
synthetic/    the painted country
"""

from common.caches import use_writable_caches
from common.startup import exit_module_on_signals

exit_module_on_signals()
use_writable_caches()  # Before numba or Matplotlib is imported.
