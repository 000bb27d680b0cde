/**
 * The quiz: a start page, one question after the other with its solution, and the results.
 *
 * The server knows what a round holds; see workbench/quiz/server.py for the requests.
 */

import { element } from "../dashboard/elements.js";

const HEADINGS = ["N", "E", "S", "W"];
const POLL_MILLISECONDS = 500;
const SMALL = 30;
const KEY = "resnetbolt-quiz-player";
const prefix = document.body.dataset.prefix;
const main = document.getElementById("quiz");

/** @type {{seed: number, size: number, n: number, classes: string[], cues: string[],
 *   tiles: [string, number, number][] | null, max_guesses: number, explains: boolean}} */
let round;
/** @type {{player: string, key: string}} */
let player;
/** Right first guesses, and right guesses at all, of the player and the model so far. */
const score = { asked: 0, people: [0, 0], model: [0, 0] };

/** @param {string} path @param {any} [content] posted as JSON @returns {Promise<any>} */
async function ask(path, content) {
  const options = content && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  };
  const response = await fetch(prefix + path, options);
  const reply = await response.json().catch(() => ({ message: response.statusText }));
  if (!response.ok) throw new Error(reply.message);
  return reply;
}

/** Run an action and show what went wrong in `place`. */
async function attempt(place, action) {
  place.replaceChildren();
  try {
    await action();
  } catch (error) {
    place.replaceChildren(element("p", { class: "failure", role: "alert" }, error.message));
  }
}

/** @param {string} title @param {string} right @param {...Node} content */
function show(title, right, ...content) {
  const heading = element("h1", { tabIndex: -1 }, title);
  const head = element("div", { class: "quiz-head" }, heading, element("span", { class: "label" }, right));
  main.replaceChildren(head, ...content);
  window.scrollTo(0, 0);
  heading.focus();
}

function link() {
  const url = new URL(location.href);
  url.search = new URLSearchParams({ seed: round.seed, size: round.size }).toString();
  return url.href;
}

/** The player of this browser, if it has played before. */
function known() {
  return JSON.parse(localStorage.getItem(KEY) ?? "null");
}

function showStart() {
  const name = element("input", { id: "nickname", maxLength: 40, required: true, autocomplete: "off" });
  const problem = element("div");
  const start = async (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (!wanted) return;
    await attempt(problem, async () => {
      const before = known();
      player = before?.player === wanted ? before : { player: wanted, ...await ask("player", { player: wanted }) };
      localStorage.setItem(KEY, JSON.stringify(player));
      showQuestion(0);
    });
  };
  name.value = known()?.player ?? "";
  show("Which state?", `${round.n} locations`,
    element("form", { class: "card start", submit: start },
      element("p", {}, `You see four photographs of a place, looking north, east, south and west. Name the
        state, the likeliest first, at most ${round.max_guesses}. Then you see the truth, what the model
        says${round.explains ? ", and where it looked" : ""}. If you like, say what decided.`),
      element("p", { class: "label" }, `Your answers are kept under the nickname that you choose, and
        nothing else about you.`),
      element("label", { htmlFor: "nickname" }, "Nickname"),
      element("div", { class: "row" }, name, element("button", { class: "primary" }, "Start")),
      problem,
      element("div", { class: "row" },
        element("span", { class: "label" }, "The same locations for others:"),
        element("a", { href: link() }, `seed ${round.seed}`),
        element("button", { type: "button", class: "quiet", click: showResults }, "Results"))));
  name.focus();
}

/** @param {number} position @param {string} heading */
function photograph(position, heading) {
  return element("img", {
    src: `${prefix}view/${round.seed}/${round.size}/${position}/${heading}`,
    alt: `view ${heading}`,
  });
}

/** @param {number} position */
function showQuestion(position) {
  /** @type {string[]} */
  const guesses = [];
  let mark = null;
  const list = element("ol", { class: "guesses", "aria-label": "Guesses" });
  const input = element("input", { autocomplete: "off", placeholder: "Type a state, Enter", "aria-label": "State" });
  input.setAttribute("list", "classes");
  const submit = element("button", { class: "primary", disabled: true }, "Answer");
  const problem = element("div");
  const note = element("textarea", { rows: 2, maxLength: 500, placeholder: "Something else?", "aria-label": "Other cue" });
  const boxes = round.cues.map((cue) => element("input", { type: "checkbox", value: cue }));
  const tiles = tileMap(guesses, toggle);

  function toggle(name) {
    const at = guesses.indexOf(name);
    if (at >= 0) guesses.splice(at, 1);
    else if (guesses.length < round.max_guesses) guesses.push(name);
    list.replaceChildren(...guesses.map((guess) => element("li", {}, guess,
      element("button", { type: "button", "aria-label": `Remove ${guess}`, click: () => toggle(guess) }, "×"))));
    submit.disabled = !guesses.length;
    tiles?.update();
  }
  input.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !input.value && guesses.length) toggle(guesses.at(-1));
    if (event.key !== "Enter" || !input.value.trim()) return; // Enter in an empty box answers.
    event.preventDefault();
    const name = match(input.value);
    if (!name) return;
    if (!guesses.includes(name)) toggle(name);
    input.value = "";
  });
  const figures = HEADINGS.map((heading) => {
    const figure = element("figure", {
      click: (event) => {
        const box = figure.getBoundingClientRect();
        const share = (value) => Math.min(Math.max(value, 0), 1);
        const x = share((event.clientX - box.left) / box.width);
        const y = share((event.clientY - box.top) / box.height);
        mark = { heading, x, y };
        for (const other of figures) other.querySelector(".mark")?.remove();
        figure.append(markAt(mark));
      },
    }, photograph(position, heading), element("figcaption", {}, heading));
    return figure;
  });
  const answer = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    await attempt(problem, async () => {
      const cues = boxes.filter((box) => box.checked).map((box) => box.value);
      const question = { ...player, seed: round.seed, size: round.size, position };
      const said = { guesses, cues, note: note.value.trim(), mark };
      showSolution(question, said, await ask("answer", { ...question, ...said }));
    });
    submit.disabled = false;
  };
  show("Which state?", `${position + 1} of ${round.n}`,
    element("form", { class: "question", submit: answer },
      element("div", { class: "views" }, ...figures),
      element("div", { class: "side card" },
        element("h2", {}, `At most ${round.max_guesses} states, the likeliest first`),
        list,
        element("div", { class: "row" }, input, submit),
        ...(tiles ? [tiles.map] : []),
        element("fieldset", {}, element("legend", {}, "What decided? (optional)"),
          element("div", { class: "cues" }, ...round.cues.map((cue, i) => element("label", {}, boxes[i], cue)))),
        note,
        element("p", { class: "label" }, "A click in a photograph marks where it is."),
        problem)),
    element("datalist", { id: "classes" }, ...round.classes.map((value) => element("option", { value }))));
  input.focus();
}

/** @param {string} text @returns {string | undefined} the class that it names, or alone begins */
function match(text) {
  const wanted = text.trim().toLowerCase();
  const exact = round.classes.find((name) => name.toLowerCase() === wanted);
  const begun = round.classes.filter((name) => name.toLowerCase().startsWith(wanted));
  return exact ?? (begun.length === 1 ? begun[0] : undefined);
}

/** @param {{x: number, y: number}} mark */
function markAt({ x, y }) {
  const result = element("span", { class: "mark" });
  result.style.left = `${100 * x}%`;
  result.style.top = `${100 * y}%`;
  return result;
}

/** @param {string[]} guesses @param {(name: string) => void} toggle */
function tileMap(guesses, toggle) {
  if (!round.tiles) return null;
  const buttons = round.tiles.map(([code, row, column], i) => {
    const title = round.classes[i];
    const properties = { type: "button", title, "aria-label": title, "aria-pressed": "false" };
    const button = element("button", { ...properties, click: () => toggle(title) }, code);
    button.style.gridRow = row + 1;
    button.style.gridColumn = column + 1;
    return button;
  });
  const update = () => {
    for (const [i, button] of buttons.entries()) {
      const isNamed = guesses.includes(round.classes[i]);
      button.setAttribute("aria-pressed", isNamed);
      button.disabled = !isNamed && guesses.length >= round.max_guesses;
    }
  };
  return { map: element("div", { class: "tiles", role: "group", "aria-label": "Map of the states" }, ...buttons), update };
}

/** @param {any} question @param {any} said @param {any} reply */
function showSolution(question, said, reply) {
  const { truth, guesses, model, kilometers } = reply;
  const names = model.map(([name]) => name);
  score.asked += 1;
  score.people[0] += guesses[0] === truth;
  score.people[1] += guesses.includes(truth);
  score.model[0] += names[0] === truth;
  score.model[1] += names.slice(0, guesses.length).includes(truth);
  const isLast = question.position + 1 >= round.n;
  const next = element("button", {
    class: "primary", type: "button", click: () => (isLast ? showEnd() : showQuestion(question.position + 1)),
  }, isLast ? "Your result" : "Next");
  const far = (value) => (value === null ? "" : `${Math.round(value).toLocaleString("en")} km from its centre`);
  const figures = HEADINGS.map((heading) => element("figure", {},
    photograph(question.position, heading),
    element("figcaption", {}, heading),
    ...(said.mark?.heading === heading ? [markAt(said.mark)] : [])));
  const where = element("p", { class: "label", role: "status" });
  show(truth, `${question.position + 1} of ${round.n}`,
    element("div", { class: "question" },
      element("div", { class: "views" }, ...figures),
      element("div", { class: "side card" },
        element("p", { class: "label" }, reply.location),
        element("h2", {}, "You"),
        element("ol", { class: "guesses" },
          ...guesses.map((name) => element("li", name === truth ? { class: "hit" } : {}, name))),
        element("p", { class: "label" }, far(kilometers[0])),
        element("h2", {}, "The model"),
        element("table", {}, ...model.map(([name, share]) =>
          element("tr", name === truth ? { class: "correct" } : {},
            element("td", {}, name), element("td", {}, `${(100 * share).toFixed(1)} %`)))),
        element("p", { class: "label" }, far(kilometers[1])),
        ...(said.cues.length ? [element("p", {}, `You named: ${said.cues.join(", ")}.`)] : []),
        where,
        element("div", { class: "row" }, next))));
  next.focus();
  if (round.explains) explain(question, figures, where);
}

/** Lay the model's map over the photographs as soon as it is known. */
async function explain(question, figures, where) {
  where.textContent = "Where the model looked: computing";
  while (where.isConnected) {
    const reply = await ask("explanation", question).catch((error) => ({ failed: error.message }));
    if (reply.failed) {
      where.textContent = reply.failed;
      return;
    }
    if (reply.views) {
      for (const [i, figure] of figures.entries()) figure.querySelector("img").src = reply.views[i];
      const rank = reply.rank === undefined ? ""
        : ` ${Math.round(100 * reply.rank)} % of all places count less than the one you marked.`;
      where.textContent = `Where the model looked for ${reply.target} (red for, blue against): `
        + `${reply.thirds}.${rank}${onCues(reply.cues ?? [])}`;
      return;
    }
    where.textContent = `Where the model looked: ${Math.round(100 * reply.fraction)} %`;
    await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
  }
}

/** @param {[string, number?, number?][]} cues with the share of the map on them, and its ratio to chance */
function onCues(cues) {
  const shown = cues.filter(([, share]) => share !== null);
  const absent = cues.filter(([, share]) => share === null).map(([cue]) => cue);
  const parts = shown.map(([cue, share, ratio], i) => `${(100 * share).toFixed(1)} % on ${cue} (${ratio.toFixed(1)} times `
    + `what ${i ? "height" : "height in the photograph"} alone would give)`);
  return (parts.length ? ` Of the map lies ${parts.join(", ")}.` : "")
    + (absent.length ? ` These photographs do not show: ${absent.join(", ")}.` : "");
}

function showEnd() {
  const line = (name, right) => element("tr", {}, element("td", {}, name),
    ...right.map((n) => element("td", {}, `${n} of ${score.asked}`)));
  show(`Done, ${player.player}`, "",
    element("div", { class: "card start" },
      element("table", {},
        element("tr", {}, ...["", "first guess", "any guess"].map((text) => element("th", {}, text))),
        line("You", score.people), line("The model", score.model)),
      ...(score.asked < SMALL ? [element("p", { class: "label" }, "A small sample: chance moves it a lot.")] : []),
      element("div", { class: "row" },
        element("button", { class: "primary", type: "button", click: () => location.assign(prefix) }, "Another round"),
        element("button", { class: "quiet", type: "button", click: showResults }, "Results of all"))));
}

async function showResults() {
  const problem = element("div");
  const place = element("div", { class: "results" }, problem);
  show("People and the model", "", place, element("div", { class: "row" },
    element("button", { class: "quiet", type: "button", click: () => location.reload() }, "Back to the quiz")));
  await attempt(problem, async () => {
    const { tables } = await ask("results");
    if (!tables.length) place.append(element("p", { class: "card" }, "No answers yet."));
    for (const { title, columns, rows, note } of tables) {
      place.append(element("section", { class: "card" },
        element("h2", {}, title),
        element("table", {},
          element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", {}, name)))),
          element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))))),
        ...(note ? [element("p", { class: "note" }, note)] : [])));
    }
  });
}

await attempt(main, async () => {
  round = await ask(`round${location.search}`);
  history.replaceState(null, "", link());
  showStart();
});
