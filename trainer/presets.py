"""Named configurations; `docs/reference/training.md` has their sources and results."""

from collections.abc import Mapping
from dataclasses import replace

from trainer.config import Config

# Table 1 of the paper: Adam, 1e-5, batch 28, 10 epochs, from scratch at 256 pixels.
_PAPER = Config()
# DeepGeo's training script: Adam with default betas, 32 samples per step, 20 epochs, L2 of 1e-4.
_DEEPGEO = Config(batch_size=32, learning_rate=1e-3, epochs=20)

PRESETS: Mapping[str, Config] = {
    "paper-early": replace(_PAPER, fusion="early"),
    "paper-early-1e-4": replace(_PAPER, fusion="early", learning_rate=1e-4),
    "paper-medium": replace(_PAPER, fusion="medium"),
    "paper-medium-1e-4": replace(_PAPER, fusion="medium", learning_rate=1e-4),
    # DeepGeo's single model has 32 views per step: eight locations.
    "deepgeo-single": replace(_DEEPGEO, fusion="single", batch_size=8),
    "deepgeo-early": replace(_DEEPGEO, fusion="stack"),
    "deepgeo-medium": replace(_DEEPGEO, fusion="medium"),
    "deepgeo-late": replace(_DEEPGEO, fusion="late"),
    # GeoStateNet trains on single views, 256 per step, and averages the logits of the four.
    "geostatenet": Config(
        fusion="single",
        depth=101,
        weights="IMAGENET1K_V2",
        epochs=5,
        batch_size=64,
        optimizer="adamw",
        learning_rate=4e-3,
        trunk_lr_scale=0.1,
        weight_decay=0.01,
        schedule="one-cycle",
        label_smoothing=0.1,
        augmentation=0.5,
        precision="bfloat16",
    ),
    # Our own recipe.
    "strong": Config(
        fusion="attention",
        depth=101,
        weights="IMAGENET1K_V2",
        epochs=15,
        batch_size=64,
        optimizer="adamw",
        learning_rate=1e-3,
        trunk_lr_scale=0.3,
        weight_decay=0.05,
        schedule="cosine",
        warmup_epochs=1.0,
        label_smoothing=0.1,
        ema_decay=0.9995,
        augmentation=0.5,
        precision="bfloat16",
    ),
    # The checkpoint of the painted country.
    "painted": Config(
        fusion="medium",
        image_size=128,
        epochs=13,
        batch_size=64,
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=0.05,
        schedule="one-cycle",
        label_smoothing=0.1,
        ema_decay=0.995,
        augmentation=0.5,
        precision="bfloat16",
    ),
    # Small images and a large learning rate, for a first look.
    "demo": Config(
        fusion="medium",
        initialization="zero-residual",
        image_size=48,
        epochs=2,
        batch_size=16,
        learning_rate=1e-3,
        schedule="one-cycle",
    ),
}
DEFAULT_PRESET = "paper-medium"
