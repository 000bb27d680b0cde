"""Writes the figures of stores into a folder, with their numbers, captions and a manifest."""

import hashlib
import io
import platform
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from common.earlier_result import FOLDER_REMEDY, folder_is_finished, read_record, recorded
from common.errors import InputError
from common.files import atomic_write, atomic_write_text
from common.json_text import read_object
from common.tables import to_csv
from common.validation import validate
from workbench.export import contact_sheet, latex
from workbench.export.catalogue import PER_MODEL, build
from workbench.export.kinds.context import Context
from workbench.export.kinds.people import quiz_answers
from workbench.export.link import Link, read_link
from workbench.export.models import Model, NotApplicableError, open_models
from workbench.export.options import KINDS, Options
from workbench.figures.print.base import PrintFigure, PrintTable
from workbench.figures.print.style import Page, page, parse_style, read_style, save
from workbench.store.fingerprint import content_sha256

COMMAND = "export"
LIBRARIES = ("matplotlib", "numpy", "scipy", "pandas", "pillow", "h5py")
"""Their versions stand in the manifest: they decide the bytes of the files."""
SLOW_KINDS = ("attributions", "side-by-side", "view-shares")
_SUFFIXES = (".pdf", ".svg", ".pgf", ".png", ".tex", ".csv", ".html")
_FROM_COMMAND_LINE = (
    "stores", "out", "run", "data", "attributions", "ground_truth",
    "train_data", "validation", "style", "reproduce",
    "overwrite", "compute",
)  # fmt: skip
"""Options that `--reproduce` takes from the command line: places, not contents."""


@dataclass(frozen=True)
class Result:
    """The files of an export, what was left out, and what could not be made, with the reasons."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass
class _Parts:
    """What has been written so far."""

    items: list[PrintFigure | PrintTable] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    pictures: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    may_replace: bool = True

    def claim(self, folder: Path, name: str) -> None:
        """Note a file to be written; raises InputError where it belongs to somebody else."""
        if not self.may_replace and name not in self.files and (folder / name).exists():
            raise InputError(f"{folder / name}: already exists; {FOLDER_REMEDY}.")
        self.files.append(name)


def export(options: Options, command: str = "") -> Result:
    """Write figures and tables; figures of the same request stay as they are.

    Raises InputError for a store or an option that cannot be used, and for figures of another
    request unless `options.overwrite`.
    """
    manifest = None
    if options.reproduce:
        manifest = _read_manifest(options.reproduce)
        options = _options_of(manifest, options)
    if options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out}: this is a file; name a folder for the figures.")
    style = read_style(options.style) if options.style else ""
    if manifest and not options.style:
        style = manifest["request"].get("style", "")
    settings = parse_style(style, str(options.style or options.reproduce))
    link = read_link(options.url) if options.url else None
    if link:
        # What stands before "#" may hold a token.
        command = command.replace(shlex.quote(options.url), shlex.quote(link.text))
        options = replace(options, url=link.text)
        if not link.kinds and not options.only:
            raise InputError(
                f"--url: the page {link.page.capitalize()} of the link shows no location; open or "
                "pin one and copy the link again, or choose figures with --only."
            )
    models = open_models(options, link)
    context = Context(options, models)
    context.user_colors  # noqa: B018  Raises InputError, before anything is written.
    request = _request(options, models, style)
    earlier = read_record(options.out, COMMAND)
    names = earlier.get("files") or ["figures.tex"]
    if folder_is_finished(options.out, COMMAND, request, names, overwrite=options.overwrite):
        return Result(
            tuple(options.out / name for name in names), tuple(earlier.get("left_out", ()))
        )
    with recorded(options.out, COMMAND, request, names) as record:
        parts = _Parts(may_replace=options.overwrite or bool(earlier))
        _write_all(context, settings, parts)
        record["files"] = parts.files
        record["finished"] = not parts.failures
        record |= {
            "command": command or shlex.join(["resnetbolt", "export"]),
            "options": _recorded_options(options),
            "inputs": [_input(model) for model in models],
            "versions": _versions(),
            "sha256": {name: _sha256(options.out / name) for name in parts.files},
            "left_out": parts.left_out,
            "failures": parts.failures,
        }
    if options.overwrite:
        for name in set(names) - set(parts.files):
            if Path(name).suffix in _SUFFIXES:
                (options.out / name).unlink(missing_ok=True)
    failures = parts.failures
    if manifest:
        failures = [*failures, *_differences(manifest, record)]
    files = tuple(options.out / name for name in parts.files)
    return Result(files, tuple(parts.left_out), tuple(failures))


def chosen_kinds(options: Options, link: Link | None = None) -> list[str]:
    """Return the kinds of figures to write, in the order of the catalogue.

    Those of the page of a link unless others are chosen.
    """
    wanted = options.only or (link.kinds if link else KINDS)
    return [kind for kind in KINDS if kind in wanted and kind not in options.without]


def _write_all(context: Context, settings: Mapping[str, Any], parts: _Parts) -> None:
    options, models = context.options, context.models
    jobs: list[tuple[str, Model | None]] = []
    for kind in chosen_kinds(options, models[0].link):
        jobs += [(kind, model) for model in models] if kind in PER_MODEL else [(kind, None)]
    places: list[int] = []
    # What takes minutes comes last: after an interruption the other figures are there.
    order = sorted(range(len(jobs)), key=lambda place: jobs[place][0] in SLOW_KINDS)
    with tqdm(order, desc="Figures", unit="kind", dynamic_ncols=True) as bar:
        for place in bar:
            kind, model = jobs[place]
            of_model = f" of {model.name}" if model and len(models) > 1 else ""
            bar.set_postfix_str(f"{kind}{of_model}")
            try:
                for item in build(kind, context, model):
                    _write_item(item, options, settings, parts)
                    places.append(place)
            except NotApplicableError as error:
                parts.left_out.append(f"{kind}{of_model}: {error}")
            except InputError as error:
                parts.failures.append(f"{kind}{of_model}: {error}")
    shown = np.argsort(places, kind="stable").tolist()
    parts.items = [parts.items[i] for i in shown]
    parts.widths = [parts.widths[i] for i in shown]
    text = latex.document(parts.items, parts.widths, options.format, options.dpi)
    _write_text(options.out, "figures.tex", text, parts)
    title = f"Figures and tables of {', '.join(model.name for model in models)}"
    notes = [*parts.failures, *parts.left_out]
    sheet = contact_sheet.contact_sheet(title, parts.items, parts.pictures, notes)
    _write_text(options.out, "contact-sheet.html", sheet, parts)


def _write_item(
    item: PrintFigure | PrintTable,
    options: Options,
    settings: Mapping[str, Any],
    parts: _Parts,
) -> None:
    if isinstance(item, PrintTable):
        where = page(options.preset, "double", options.width_mm, options.dpi, settings)
        _write_text(options.out, f"{item.name}.tex", latex.table_text(item), parts)
    else:
        where = page(options.preset, item.column, options.width_mm, options.dpi, settings)
        for suffix in dict.fromkeys(options.format):
            name = f"{item.name}.{suffix}"
            parts.claim(options.out, name)
            written = write_figure(item, where, options.out / name)
            parts.files += [one for one in written if one != name]
        parts.pictures[item.name] = (_png(item, where), where.width)
    _write_text(options.out, f"{item.name}.csv", _csv(item.numbers), parts)
    parts.items.append(item)
    parts.widths.append(where.width)


def one_figure(
    context: Context, kind: str, name: str, suffix: str, settings: Mapping[str, Any] | None = None
) -> bytes:
    """Return a file that the export of the first model writes: a figure, or a table as "tex".

    Raises InputError, with the reason, where there is none of this kind, name and format.
    """
    options, model = context.options, context.models[0]
    try:
        for item in build(kind, context, model if kind in PER_MODEL else None):
            if item.name != name or isinstance(item, PrintTable) != (suffix == "tex"):
                continue
            if isinstance(item, PrintTable):
                return latex.table_text(item).encode()
            where = page(options.preset, item.column, options.width_mm, options.dpi, settings)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"figure.{suffix}"
                save(item.draw(where), path, where)
                return path.read_bytes()
    except NotApplicableError as error:
        raise InputError(f"There is no such figure here: {error}.") from error
    raise InputError(f"There is no figure {name!r:.80} of this page as {suffix}; choose another.")


def write_figure(item: PrintFigure, where: Page, path: Path) -> list[str]:
    """Write a figure in the format of the ending of `path` and return the names of its files."""
    with tempfile.TemporaryDirectory() as folder:
        # A figure is drawn anew for each format: its layout must not depend on the others.
        save(item.draw(where), Path(folder) / path.name, where)
        written = sorted(Path(folder).iterdir(), key=lambda one: one.suffix == path.suffix)
        for one in written:
            with atomic_write(path.with_name(one.name)) as partial:
                partial.write_bytes(one.read_bytes())
    return sorted(one.name for one in written)


def _png(item: PrintFigure, where: Page) -> bytes:
    buffer = io.BytesIO()
    save(item.draw(where), buffer, replace(where, dpi=contact_sheet.DPI), "png")
    return buffer.getvalue()


def _csv(numbers: pd.DataFrame) -> str:
    return to_csv(numbers.astype(object).where(numbers.notna(), None))


def _write_text(folder: Path, name: str, text: str, parts: _Parts) -> None:
    parts.claim(folder, name)
    atomic_write_text(folder / name, text)


def _request(options: Options, models: Sequence[Model], style: str) -> dict[str, Any]:
    """Return everything that the files depend on."""
    optional = [one for one in (options.ground_truth, options.train_data) if one]
    files = [*options.attributions, *options.validation, *optional]
    return {
        "store": [content_sha256(model.store) for model in models],
        "name": [model.name for model in models],
        **_recorded_options(options),
        "answers": [_digest(repr(quiz_answers(model))) for model in models],
        "style": style,
        "other_files": [_sha256(path) if path.is_file() else "" for path in files],
        "places": [str(place) for place in (*options.run, *options.data, *files)],
    }


def _recorded_options(options: Options) -> dict[str, Any]:
    values = asdict(options)
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
        if key not in _FROM_COMMAND_LINE
    }


def _input(model: Model) -> dict[str, Any]:
    """Return what a model's store and checkpoint are, for the manifest."""
    provenance = model.store.provenance
    keys = ("checkpoint_sha256", "data_sha256", "fusion", "depth", "versions", "commit", "created")
    return {
        "file": model.path.name,
        "sha256": _sha256(model.path),
        "content_sha256": content_sha256(model.store),
        "locations": len(model.store),
        "selected_locations": len(model.rows),
        **{key: provenance[key] for key in keys if key in provenance},
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("resnetbolt-workbench", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of an earlier export; raises InputError unless it is one."""
    document = read_object(path)
    good = (
        document is not None
        and isinstance(document.get("options"), dict)
        and isinstance(document.get("request"), dict)
        and isinstance(document.get("sha256"), dict)
        and isinstance(document.get("versions"), dict)
        and isinstance(document.get("inputs"), list)
        and all(isinstance(one, dict) for one in document["inputs"])
        and isinstance(document["request"].get("style", ""), str)
    )
    if not good or document is None:
        raise InputError(f"{path}: is not the manifest of an export; name the export.json of one.")
    return document


def _options_of(manifest: Mapping[str, Any], options: Options) -> Options:
    """Return the options of an earlier export, for the stores and places of this command."""
    known = _recorded_options(options)
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in manifest["options"].items()
        if key in known
    }
    result = replace(options, **values)
    validate(result)
    return result


def _differences(manifest: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs from an earlier export: inputs and versions, if its files do."""
    earlier, now = manifest["sha256"], record["sha256"]
    differing = sorted(name for name in earlier if now.get(name) != earlier[name])
    if not differing:
        return
    for one, other in zip(manifest["inputs"], record["inputs"], strict=False):
        for key in other:
            if one.get(key) != other[key] and key not in ("file",):
                yield f"{other['file']}: its {key} is {other[key]}, it was {one.get(key)}"
    if len(manifest["inputs"]) != len(record["inputs"]):
        yield f"{len(record['inputs'])} stores, there were {len(manifest['inputs'])}"
    for name, number in record["versions"].items():
        if manifest["versions"].get(name) != number:
            yield f"{name} is {number}, it was {manifest['versions'].get(name)}"
    for name in differing:
        yield f"{name}: {'differs' if name in now else 'is missing'}"
