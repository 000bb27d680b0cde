"""The figures and tables by kind: from the numbers of stores to drawings, captions and names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.colors import is_color_like, to_hex

from common.errors import InputError
from common.progress import fraction_bar
from embeddings.results import Projection
from workbench.attribution.request import PREDICTED, TRUE, AttributionRequest
from workbench.attribution.result import Attribution
from workbench.evaluation import metrics
from workbench.evaluation.__main__ import Options as EvaluationOptions
from workbench.evaluation.census import DIVISIONS, divisions
from workbench.evaluation.class_table import class_table
from workbench.evaluation.columns import limits
from workbench.evaluation.comparison import Comparison
from workbench.evaluation.confusions import ORDER_WORDS, ClassOrder, by_division, class_order
from workbench.evaluation.evaluate import Evaluation
from workbench.evaluation.intervals import Interval, auc_interval, wilson
from workbench.evaluation.report import sentence
from workbench.evaluation.roc_intervals import AreaIntervals, area_intervals
from workbench.evaluation.steps import words
from workbench.export import maps
from workbench.export.link import Link
from workbench.export.maps import Known, Maps
from workbench.export.models import Model, NotApplicableError, default_config
from workbench.export.options import KINDS, Options
from workbench.figures import tile_map
from workbench.figures.colors import class_colors, point_colors
from workbench.figures.print import attribution as attributions
from workbench.figures.print import (
    bins,
    confusion,
    geography,
    locations,
    people,
    pipeline,
    projection,
    reliability,
    roc,
    state_map,
    tables,
    training,
    view_shares,
)
from workbench.figures.print.base import PrintFigure, PrintTable, percent
from workbench.quiz.answers import Answer, Answers
from workbench.quiz.report import result_of
from workbench.store.companions import companion

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


def build(kind: str, context: Context, model: Model | None) -> Items:
    """Yield the figures and tables of a kind; of one model where the kind is in `PER_MODEL`.

    Raises NotApplicableError for a kind that makes no sense for the model, and InputError for one
    that lacks something, with the way to it.
    """
    items = _OF_ALL[kind](context) if model is None else PER_MODEL[kind](context, model)
    selection = _selection(context, model)
    for item in items:
        yield replace(item, caption=f"{item.caption} {selection}") if selection else item


def _selection(context: Context, model: Model | None) -> str:
    """Return a sentence about what a link selects, "" without a selection."""
    model = model or context.models[0]
    if model.link is None or not model.link.steps:
        return ""
    chosen = words(model.link.steps, model.predictions)
    return f"Selected ({chosen}): {len(model.rows):,} of {len(model.store):,} locations."


def _accuracy(context: Context) -> Items:
    found = {model.name: context.evaluation(model) for model in context.models}
    yield tables.accuracy_table(
        "accuracy",
        {name: (one.n, one.accuracy.top_1, one.accuracy.top_5) for name, one in found.items()},
        context.options.where,
    )


def _roc(context: Context, model: Model) -> Items:
    curves, areas = _curves(context, model)
    yield roc.roc_figure(
        f"roc{model.suffix}",
        model.name,
        curves,
        areas.macro,
        context.highlighted(model),
        context.user_colors,
        context.score(model),
    )


def _roc_classes(context: Context, model: Model) -> Items:
    curves, areas = _curves(context, model)
    if len(curves.curves) < 3:
        raise NotApplicableError("the figure `roc` shows so few classes already")
    yield roc.small_multiples_figure(
        f"roc-classes{model.suffix}", model.name, curves, areas, model.class_names
    )


def _curves(context: Context, model: Model) -> tuple[metrics.Roc, AreaIntervals]:
    score = context.score(model)
    if model.link:
        return _curves_of_link(model, score)
    scores = model.store.logits if score == "logit" else model.predictions.probabilities
    curves = metrics.roc(model.labels, scores[model.rows], model.class_names)
    if not curves.curves:
        raise NotApplicableError("no class has locations both of its own and of others")
    return curves, area_intervals(model.labels, scores[model.rows])


def _curves_of_link(model: Model, score: str) -> tuple[metrics.Roc, AreaIntervals]:
    """Return the curves of the dashboard: the selected locations against all of other classes."""
    found = model.predictions.ranked_scores(score).roc(model.selected)
    if not found.curves:
        raise NotApplicableError("no selected class has locations of its own and of others")
    areas = {
        one.class_name: auc_interval(one.auc, one.positives, one.negatives) for one in found.curves
    }
    unknown = Interval(np.nan, np.nan, np.nan)
    return metrics.Roc(found.curves, ()), AreaIntervals(
        tuple(areas.get(name, unknown) for name in model.class_names),
        replace(unknown, value=found.macro_auc),
    )


def _geography(context: Context) -> Items:
    found = {model.name: context.evaluation(model) for model in context.models}
    known = {name: one.geography for name, one in found.items() if one.geography}
    if not known:
        raise NotApplicableError("the stores have no coordinates")
    areas = {name: one.recall_by_area for name, one in found.items() if one.recall_by_area}
    yield geography.distance_figure("distances", known)
    if areas:
        yield geography.area_figure("recall-area", areas)
    yield geography.geography_table("geography", known, areas)


def _split(context: Context, model: Model) -> Items:
    result = context.evaluation(model)
    split = result.honest_split
    if split is None:
        why = [one for one in result.missing if one.what == "the honest split"]
        raise InputError("; ".join(f"{one.why}; {one.remedy}" for one in why) + ".")
    if not split.by_distance:
        raise NotApplicableError("the locations have no coordinates")
    caption = (
        f"Accuracy of {model.name} by the distance to the nearest of {split.n_training:,} training "
        f"locations. {sentence(result.accuracy.top_1, split)}"
    )
    panels = {"Nearest training location, km": split.by_distance}
    overall = result.accuracy.top_1.value
    yield bins.bins_figure(f"split{model.suffix}", caption, panels, overall)


def _covariates(context: Context, model: Model) -> Items:
    result = context.evaluation(model)
    titles = {"year": "Year", "latitude": "Latitude, °", "green": "Share of green"}
    panels = {titles[name]: found for name, found in result.covariates.items() if found}
    if not panels:
        raise NotApplicableError("neither years nor coordinates are known")
    caption = f"Accuracy of {model.name} by what varies between locations."
    overall = result.accuracy.top_1.value
    yield bins.bins_figure(f"covariates{model.suffix}", caption, panels, overall)


def _comparison(context: Context) -> Items:
    if len(context.models) < 2:
        raise NotApplicableError("there is one store; name two to compare them")
    first, *others = context.models
    found = {other.name: context.comparison(first, other) for other in others}
    yield tables.comparison_table("comparison", first.name, found)


def _confusion(context: Context, model: Model) -> Items:
    matrix, order = model.confusion, by_division(model.class_names)
    ordered = ", ordered by Census division" if order else ""
    if model.link:
        matrix, order, ordered = _matrix_of_link(model, model.link)
    right = float(matrix.counts.trace() / matrix.counts.sum())
    caption = (
        f"Confusion matrix of {model.name}{ordered}: shares of each true class, "
        f"{matrix.counts.sum():,} locations, {percent(right)} on the diagonal."
    )
    yield confusion.confusion_figure(f"confusion{model.suffix}", caption, matrix, order)


def _matrix_of_link(model: Model, link: Link) -> tuple[metrics.Confusion, ClassOrder | None, str]:
    """Return the matrix of a link's page, its order, and the order in words.

    Classes without a selected location, true or predicted, are left out.
    """
    member = link.member_of_matrix(model.predictions)
    store, names = model.store, model.class_names
    predicted = model.predictions.predicted_labels
    counts = metrics.confusion(store.labels[member], predicted[member], names).counts
    if not counts.sum():
        raise NotApplicableError("no location is selected")
    name = link.matrix_order
    whole = metrics.confusion(store.labels, predicted, names).counts
    order = class_order(name, names, whole) if name else None
    places = np.arange(len(names)) if order is None else order.indices
    starts = set(order.groups) if order else set()
    present = (counts.sum(axis=0) + counts.sum(axis=1))[places] > 0
    kept = places[present]
    # A group begins where its first class that is left stands.
    group = np.cumsum([place in starts for place in range(len(places))])[present]
    groups = tuple((np.flatnonzero(np.diff(group)) + 1).tolist())
    matrix = metrics.Confusion(tuple(names[i] for i in kept), counts[np.ix_(kept, kept)])
    in_words = f", ordered by {ORDER_WORDS[name]}" if name else ""
    return matrix, ClassOrder(np.arange(len(kept)), groups), in_words


def _divisions(context: Context, model: Model) -> Items:
    found = context.evaluation(model).mistakes
    if found is None:
        raise NotApplicableError("not all classes are states of the United States")
    present, counts, wrong = found.division_names, found.counts, found.n_wrong
    inside = found.same_division.count
    words = (
        f"Of {wrong:,} wrong predictions {inside:,} ({percent(inside / wrong)}) stay within the "
        "true division."
        if wrong
        else "No prediction is wrong."
    )
    caption = (
        f"Confusion of {model.name} by Census division, in percent of the true division "
        f"({percent(counts.trace() / counts.sum())} of {counts.sum():,} locations are placed in "
        f"their division). {words}"
    )
    yield confusion.confusion_figure(
        f"divisions{model.suffix}", caption, metrics.Confusion(present, counts)
    )


def quiz_answers(model: Model) -> list[Answer]:
    """Return the answers of people to the quiz of a model's store."""
    path = companion(model.path.resolve(), "quiz.sqlite")
    return Answers(path).read() if path.exists() else []


def _people(context: Context, model: Model) -> Items:
    chosen = {model.store.location_ids[row] for row in model.rows.tolist()}
    answers = [answer for answer in quiz_answers(model) if answer.location_id in chosen]
    if not answers:
        raise NotApplicableError(
            "nobody has answered the quiz; serve it with `resnetbolt open "
            f"{model.path} --quiz`, or add answers with `resnetbolt quiz {model.path} --add CSV`"
        )
    result = result_of(model.predictions, answers)
    yield people.people_figure(f"people{model.suffix}", model.name, result)
    yield people.people_table(f"people-table{model.suffix}", model.name, result)


def _projections(context: Context, model: Model) -> Items:
    if not model.store.projections:
        raise InputError(
            f"{model.path}: the store has no projections; make them with "
            f"`resnetbolt project {model.path}`."
        )
    store, link = model.store, model.link
    classes = projection.Groups("Class", store.labels, model.class_names, context.colors(model))
    shown = link.projections(store.projections) if link else list(store.projections.values())
    for item in shown:
        yield projection.projection_figure(
            f"projection-{item.name}{model.suffix}",
            model.name,
            item,
            model.rows,
            store.location_ids,
            classes,
            # What is not selected is pale already.
            context.options.highlight if link else context.highlighted(model),
            _coloring(context, model, link, item) if link else None,
            has_others=link is not None,
        )


def _coloring(
    context: Context, model: Model, link: Link, item: Projection
) -> projection.Coloring | None:
    """Return the colours of the dashboard's points, None for those of the true classes."""
    safe = link.has_safe_colors
    if link.color == "true":
        return None
    if link.color == "predicted":
        labels = model.predictions.predicted_labels
        return projection.Groups(
            "Predicted class", labels, model.class_names, context.colors(model)
        )
    found = divisions(model.class_names)
    if link.color == "division" and found:
        index = np.array([DIVISIONS.index(one) for one in found], dtype=np.int64)
        colors = class_colors(DIVISIONS, safe)
        return projection.Groups("Census division", index[model.store.labels], DIVISIONS, colors)
    palette = point_colors(safe)
    if link.color == "correct":
        names = ("wrong", "right")
        colors = {"wrong": palette["wrong"], "right": palette["correct"]}
        labels = model.predictions.correct.astype(np.int64)
        return projection.Groups("Right or wrong", labels, names, colors, has_legend=True)
    name = f"preservation/{item.name}" if link.color == "preservation" else link.color
    column = model.predictions.columns.get(name)
    if column is None:
        raise InputError(
            f"{model.path}: its map {item.name!r} has no {link.color}; colour by another."
        )
    return projection.Scale(
        column.title,
        column.unit,
        column.values,
        limits(column.values, column.unit, column.diverges),
        palette["diverging" if column.diverges else "scale"],
    )


def _classes(context: Context, model: Model) -> Items:
    if model.link:  # As the dashboard: areas against all locations of other classes.
        areas = model.predictions.ranked_scores(context.score(model)).areas(model.selected)
        classes = class_table(model.confusion, areas.tolist())
    else:
        classes = context.evaluation(model).classes
    yield tables.class_summary_table(
        f"classes{model.suffix}",
        model.name,
        classes,
        context.highlighted(model),
    )


def _hyperparameters(context: Context) -> Items:
    configs = {model.name: model.config for model in context.models}
    yield tables.hyperparameters_table("hyperparameters", configs, default_config())


def _pipeline(context: Context) -> Items:
    done: dict[tuple[str, int, int, int], list[str]] = {}
    for model in context.models:
        provenance = model.store.provenance
        depth, size = provenance.get("depth"), provenance.get("size")
        if not isinstance(depth, int) or not isinstance(size, int):
            depth, size = model.config["depth"], model.config["image_size"]
        if model.fusion not in pipeline.WORDS:
            raise InputError(
                f"{model.path}: does not say how its model fuses views; extract it again."
            )
        key = (model.fusion, depth, size, len(model.class_names))
        done.setdefault(key, []).append(model.name)
    fusions = [key[0] for key in done]
    for i, (key, names) in enumerate(done.items()):
        end = f"-{i + 1}" if fusions.count(key[0]) > 1 else ""
        yield pipeline.pipeline_figure(f"pipeline-{key[0]}{end}", *key, " and ".join(names))


def _training(context: Context) -> Items:
    epochs = {model.name: model.log("epochs") for model in context.models}
    steps = {
        model.name: model.log("steps")
        for model in context.models
        if (model.run_folder / "steps.csv").exists()
    }
    yield training.loss_figure("training-loss", epochs, steps)
    yield training.accuracy_figure("training-accuracy", epochs)


def _ground_truth(context: Context) -> Items:
    path = context.options.ground_truth
    if path is None:
        raise NotApplicableError(
            "only for painted states; pass --ground-truth DIR/ground_truth.csv, which "
            "`resnetbolt ground-truth FILE.h5 --out DIR` writes"
        )
    yield tables.ground_truth_table("ground-truth", path)


def _locations(context: Context, model: Model) -> Items:
    for place, rule, row in picked(context, model):
        location_id = model.store.location_ids[row]
        best = model.predictions.most_probable(row, 5)
        panel = locations.LocationPanel(
            location_id,
            model.class_names[model.store.labels[row]],
            tuple(model.class_names[index] for index in best),
            tuple(float(model.predictions.probabilities[row, index]) for index in best),
            maps.read_views(model, location_id),
        )
        yield locations.location_figure(f"location-{place}{model.suffix}", rule, panel)


def picked(context: Context, model: Model) -> list[tuple[str, str, int]]:
    """Return the locations to show: the end of the name, the rule in words, and the row.

    Without given ids they are the most confident right and the least confident wrong ones, each of
    another true class.
    """
    predictions, panels = model.predictions, context.options.panels
    if ids := context.ids(model):
        rows = [predictions.rows[name] for name in ids]
        return [(str(i), "Chosen by id", row) for i, row in enumerate(rows, 1)]
    result = []
    for name, rule, right, sign in (
        ("right", "One of the most confident right predictions", True, -1),
        ("wrong", "One of the least confident wrong predictions", False, 1),
    ):
        rows = model.rows[predictions.correct[model.rows] == right]
        rows = rows[np.argsort(sign * predictions.confidences[rows], kind="stable")]
        _, first = np.unique(model.store.labels[rows], return_index=True)
        for i, row in enumerate(rows[np.sort(first)][:panels].tolist(), 1):
            result.append((f"{name}-{i}", rule, row))
    return result


def _attributions(context: Context, model: Model) -> Items:
    for name, attribution in explained(context, model):
        row = model.predictions.rows[attribution.location_id]
        views = maps.read_views(model, attribution.location_id)
        yield attributions.attribution_figure(
            f"attribution-{name}{model.suffix}",
            attribution,
            views.transpose(0, 3, 1, 2),
            model.class_names[int(model.predictions.predicted_labels[row])],
            model.class_names[model.store.labels[row]],
        )


def explained(context: Context, model: Model) -> Iterator[tuple[str, Attribution]]:
    """Yield the attributions to show with the ends of their names.

    A link says what is asked. Without one, wrong predictions have a second map: why the predicted
    class rather than the true one.
    """
    source = context.maps(model)
    asked = model.link.request(model.predictions) if model.link else AttributionRequest()
    for place, _, row in picked(context, model):
        location_id = model.store.location_ids[row]
        yield place, source.get(location_id, asked)
        if not model.link and not model.predictions.correct[row]:
            request = AttributionRequest(target=PREDICTED, contrast_target=TRUE)
            yield f"{place}-contrast", source.get(location_id, request)


def _view_shares(context: Context, model: Model) -> Items:
    files = context.maps(model).files
    if not files:
        found = [one for name, one in explained(context, model) if not name.endswith("contrast")]
        titles = [one.location_id for one in found]
        shares = np.array([one.view_shares for one in found])
        what = f"integrated gradients of {len(found)} locations"
    else:
        (file, *_), chosen = files, {model.store.location_ids[row] for row in model.rows}
        ids = [name for name in file.location_ids if name in chosen]
        if not ids:
            raise InputError(f"{file.path}: has no map of the selected locations.")
        of_file = dict(zip(file.location_ids, file.dataset("/view_share"), strict=True))
        names = np.array([_group(model, name) for name in ids])
        values = np.array([of_file[name] for name in ids])
        titles = list(dict.fromkeys(sorted(names)))
        shares = np.array([values[names == one].mean(axis=0) for one in titles])
        titles = [f"{one} ({(names == one).sum():,})" for one in titles]
        what = f"means over {len(ids):,} maps of {file.path.name}"
    yield view_shares.view_shares_figure(
        f"view-shares{model.suffix}", model.name, titles, shares, what
    )


def _group(model: Model, location_id: str) -> str:
    """Return the division of a location's class, or its class where there are no divisions."""
    label = int(model.store.labels[model.predictions.rows[location_id]])
    found = divisions(model.class_names)
    return found[label] if found else model.class_names[label]


def _reliability(context: Context, model: Model) -> Items:
    if len(model.rows) < reliability.MIN_LOCATIONS:
        raise NotApplicableError(
            f"{len(model.rows)} locations are too few for a reliability diagram"
        )
    scaling = context.evaluation(model).calibration
    yield reliability.reliability_figure(f"reliability{model.suffix}", model.name, scaling)


def _state_map(context: Context, model: Model) -> Items:
    places = tile_map.tiles(model.class_names)
    if places is None:
        raise NotApplicableError("not all classes are states of the United States")
    counts = model.confusion.counts
    shares = wilson(counts.diagonal(), counts.sum(axis=1))
    numbers = pd.DataFrame(
        {
            "class": model.class_names,
            "code": [tile.code for tile in places],
            "locations": counts.sum(axis=1),
            "recall": shares[:, 0],
            "recall_low": shares[:, 1],
            "recall_high": shares[:, 2],
        }
    )
    caption = (
        f"Share of each state's locations that {model.name} places in the state (recall, in "
        "percent)."
    )
    yield state_map.state_map_figure(
        f"state-map{model.suffix}", caption, "Recall, %", places, numbers, "recall"
    )


_OF_ALL: dict[str, Callable[[Context], Items]] = {
    "hyperparameters": _hyperparameters,
    "accuracy": _accuracy,
    "pipeline": _pipeline,
    "training": _training,
    "geography": _geography,
    "comparison": _comparison,
    "ground-truth": _ground_truth,
}
PER_MODEL: dict[str, Callable[[Context, Model], Items]] = {
    "roc": _roc,
    "roc-classes": _roc_classes,
    "locations": _locations,
    "people": _people,
    "projections": _projections,
    "attributions": _attributions,
    "confusion": _confusion,
    "divisions": _divisions,
    "reliability": _reliability,
    "split": _split,
    "covariates": _covariates,
    "state-map": _state_map,
    "classes": _classes,
    "view-shares": _view_shares,
}
"""The kinds of which each model has its own figures."""
