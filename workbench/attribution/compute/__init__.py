"""Explain what a model gave for a location's four views, by gradients and by leaving out.

- `target` the number that is explained; `network` a frozen model that gives outputs and gradients,
- `baselines` what photographs are compared with,
- `adaptive` the integral along the way from them; `expected` the same from many; `integral` when
  either is known well enough; `leaving_out` occlusion and Grad-CAM,
- `methods` a question in, a map out; `asked` one question about one location's pixels,
- `evidence` what speaks for and against a map, by `places` and with `randomised` weights,
- `explainer` the locations of a store; `many` and `command` very many of them, into a file.
"""

from workbench.attribution.compute.explain import explain

__all__ = ["explain"]
