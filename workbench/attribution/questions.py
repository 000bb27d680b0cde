"""What a question means at a location of a store, which needs no model."""

from common.errors import InputError
from workbench.attribution.request import AttributionRequest
from workbench.store import Store


class Questions:
    """Gives the classes of questions about a store's locations their names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._row = {location: row for row, location in enumerate(store.location_ids)}

    def question(self, location_id: str, question: AttributionRequest) -> AttributionRequest:
        """Return the question with its classes by name (`workbench.attribution.request.Explainer`)."""
        name = self._store.class_names
        question.validate(name)
        row = self._row[location_id]
        if question.baseline_location and question.baseline_location not in self._row:
            raise InputError(f"{question.baseline_location!r}: the store knows no such location.")
        if question.baseline_location == location_id:
            raise InputError(f"{location_id}: is its own baseline; explain another location.")
        predicted = name[int(self._store.logits[row].argmax())]
        return question.resolve(predicted, name[self._store.labels[row]])
