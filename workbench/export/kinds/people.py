"""People against the model, from the answers of its quiz."""

from workbench.export.kinds.context import Context, Items
from workbench.export.models import Model, NotApplicableError
from workbench.figures.print import people
from workbench.quiz.answers import Answer, Answers
from workbench.quiz.report import result_of
from workbench.store.companions import companion


def quiz_answers(model: Model) -> list[Answer]:
    """Return the answers of people to the quiz of a model's store."""
    path = companion(model.path.resolve(), "quiz.sqlite")
    return Answers(path).read() if path.exists() else []


def people_items(context: Context, model: Model) -> Items:
    """Yield people against the model: a figure and a table."""
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
