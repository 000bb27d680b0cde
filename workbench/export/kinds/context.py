"""What the figures and tables of a kind are made of: the options of an export and its models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from matplotlib.colors import is_color_like, to_hex

from common.errors import InputError
from common.progress import fraction_bar
from workbench.evaluation.comparison import Comparison
from workbench.evaluation.evaluate import Evaluation
from workbench.evaluation.options import Options as EvaluationOptions
from workbench.export.maps import Known, Maps
from workbench.export.models import Model
from workbench.export.options import KINDS, Options
from workbench.figures.colors import class_colors
from workbench.figures.print.base import PrintFigure, PrintTable

Items = Iterator[PrintFigure | PrintTable]


@dataclass(frozen=True)
class Context:
    """The options of an export and its models."""

    options: Options
    models: Sequence[Model]
    known: Known | None = None
    """Returns attributions that are known, in place of files and cache."""
    num_workers: int | None = None
    """Processes that read photographs; None: one per core."""
    _evaluations: dict[tuple[str, str], Evaluation] = field(default_factory=dict, init=False)

    @cached_property
    def user_colors(self) -> dict[str, str]:
        """Colours of classes that the user has chosen, "#rrggbb"; raises InputError."""
        result = {}
        for text in self.options.color:
            name, equals, color = text.rpartition("=")
            if not equals or not is_color_like(color):
                raise InputError(
                    f"--color {text!r}: write CLASS=COLOR with a colour of Matplotlib, such as "
                    "Ohio=#0072b2."
                )
            result[name] = to_hex(color)
        return result

    def colors(self, model: Model) -> dict[str, str]:
        """Return the colour of each class."""
        safe = model.link is not None and model.link.has_safe_colors
        return {**class_colors(model.class_names, safe), **self.user_colors}

    def evaluation(self, model: Model, second: Model | None = None) -> Evaluation:
        """Return all numbers of a model, those of `resnetbolt evaluate`, computed once."""
        from workbench.evaluation.run import evaluation_of

        key = (model.suffix, second.suffix if second else "")
        if key not in self._evaluations:
            all_kinds = model.link.kinds if model.link else KINDS
            wanted = set(self.options.only or all_kinds) - set(self.options.without)
            request = EvaluationOptions(
                store=model.path,
                second=second.path if second else None,
                out=self.options.out / "evaluation.json",
                where=self.options.where,
                run=model.run,
                data=model.data,
                train_data=self.options.train_data,
                validation=model.validation,
                photographs=second is None and bool({"split", "covariates"} & wanted),
                seed=self.options.seed,
            )
            if self.num_workers is not None:
                request = replace(request, num_workers=self.num_workers)
            with fraction_bar(f"Evaluating {model.name}") as progress:
                result = evaluation_of(request, model.predictions, progress, model.rows)
            self._evaluations[key] = result
        return self._evaluations[key]

    def comparison(self, model: Model, second: Model) -> Comparison:
        """Return the comparison of two models; raises InputError where they do not fit."""
        result = self.evaluation(model, second).comparison
        assert result is not None  # Otherwise there is an InputError.
        return result

    @cached_property
    def _maps(self) -> dict[str, Maps]:
        return {model.suffix: Maps(model, self.options, self.known) for model in self.models}

    def maps(self, model: Model) -> Maps:
        """Return the attributions of a model."""
        return self._maps[model.suffix]

    def highlighted(self, model: Model) -> tuple[str, ...]:
        """Return the classes to stress that a model has: those of the options, else of the link."""
        if model.link and not self.options.highlight:
            return model.link.highlighted(model.predictions)
        return tuple(name for name in self.options.highlight if name in model.class_names)

    def score(self, model: Model) -> str:
        """Return what orders the locations along a ROC curve: the link says it, or the options."""
        return (model.link.score if model.link else "") or self.options.score

    def ids(self, model: Model) -> tuple[str, ...]:
        """Return the ids of locations to show that a model has, () to pick them by rule."""
        wanted = self.options.id or (model.link.ids if model.link else ())
        return tuple(name for name in wanted if name in model.predictions.rows)
