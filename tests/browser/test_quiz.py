"""The quiz, as a player with a keyboard."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from app import ASSETS
from tests.browser.site import Explainer, Server
from tests.examples import small_store
from workbench.evaluation.predictions import Predictions
from workbench.quiz.answers import Answers
from workbench.quiz.server import create_quiz
from workbench.store.photographs import Photographs


def test_a_round_is_played_with_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    store = small_store(tmp_path / "small.h5", tmp_path / "data", locations=2)
    answers = Answers(tmp_path / "quiz.sqlite")
    photographs = Photographs(tmp_path / "data", store)
    predictions, explainer = Predictions(store), Explainer(store)
    quiz = create_quiz(predictions, "small.h5", ASSETS, photographs, explainer, answers)
    server = Server(quiz)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    keys = page.keyboard
    try:
        page.goto(f"{server.address}/?seed=1&size=2")
        expect(page.locator("#nickname")).to_be_focused()
        keys.type("Ada")
        keys.press("Enter")
        expect(page.get_by_role("combobox")).to_be_focused()
        for text in ("haw", "illinois"):
            keys.type(text)
            keys.press("Enter")
        keys.press("Backspace")  # In the empty box, the last guess goes.
        page.get_by_role("button", name="Ohio", exact=True).click()
        page.get_by_label("soil").check()
        page.locator("figure").nth(2).click(position={"x": 30, "y": 60})
        page.get_by_role("combobox").focus()
        keys.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("count less than the one you marked")
        expect(page.get_by_text("You named: soil.")).to_be_visible()
        keys.press("Enter")  # On "Next".
        expect(page.get_by_role("combobox")).to_be_focused()
        keys.type("alaska")
        keys.press("Enter")
        keys.press("Enter")
        page.get_by_role("button", name="Your result").click()
        expect(page.get_by_role("heading", name="Done, Ada")).to_be_visible()
        page.get_by_role("button", name="Results of all").click()
        expect(page.get_by_role("heading").nth(1)).to_contain_text("2 answers of 1 player")
    finally:
        page.close()
        server.close()
    first = next(answer for answer in answers.read() if answer.mark)
    assert (first.player, first.guesses, first.cues) == ("Ada", ("Hawaii", "Ohio"), ("soil",))
    assert first.mark is not None
    assert first.mark.heading == "S"
    assert messages == []
