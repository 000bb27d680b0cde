"""Computes attributions with torch: by gradients, integrals and occlusion.

A request goes through these modules in this order:

- `store_explainer` (locations of a store) or `explain` (pixels in a notebook),
- `batched_model` the frozen model, `target` its explained output, `baselines`,
- `methods`: `integrated_gradients`, `expected_gradients`, `occlusion`, `grad_cam`; `convergence`,
- `faithfulness` and `sanity_checks` (`patches`, `model_randomization`),
- `batch_job` for many locations.
"""

from workbench.attribution.compute.explain import explain

__all__ = ["explain"]
