"""How a model was trained: hyper-parameters, pipeline and curves."""

from common.errors import InputError
from workbench.export.kinds.context import Context, Items
from workbench.export.models import default_config
from workbench.figures.print import pipeline, tables, training


def hyperparameters_items(context: Context) -> Items:
    """Yield the table of hyper-parameters."""
    configs = {model.name: model.config for model in context.models}
    yield tables.hyperparameters_table("hyperparameters", configs, default_config())


def pipeline_items(context: Context) -> Items:
    """Yield what goes into the models and where views meet, once for equal ones."""
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


def training_items(context: Context) -> Items:
    """Yield the loss and the accuracy over the training."""
    epochs = {model.name: model.log("epochs") for model in context.models}
    steps = {
        model.name: model.log("steps")
        for model in context.models
        if (model.run_folder / "steps.csv").exists()
    }
    yield training.loss_figure("training-loss", epochs, steps)
    yield training.accuracy_figure("training-accuracy", epochs)
