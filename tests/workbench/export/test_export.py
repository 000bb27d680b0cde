"""The export: which files it writes, what they say of themselves, and what it refuses."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from common.errors import InputError
from tests.workbench.attribution.examples import example
from workbench import store as stores
from workbench.attribution import attribution_file
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import fingerprint
from workbench.export.__main__ import main
from workbench.export.latex import table_text
from workbench.export.options import Kind, Options
from workbench.export.write import export
from workbench.figures.print.base import PrintTable


@pytest.fixture(scope="module")
def exported(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with some figures of a small store."""
    out = tmp_path_factory.mktemp("export") / "figures"
    style = out.with_name("a.mplstyle")
    style.write_text("axes.prop_cycle: cycler('color', ['red', 'blue'])\nfont.family: serif\n")
    kinds: tuple[Kind, ...] = ("accuracy", "roc", "projections", "divisions")
    options = Options(stores=(path,), out=out, only=kinds, format=("pdf", "png"), seed=3)
    result = export(replace(options, style=style))
    assert not result.failures
    return out


@pytest.mark.slow
def test_each_figure_has_its_files_and_its_label(exported: Path) -> None:
    record = json.loads((exported / "export.json").read_text())
    assert sorted(record["files"]) == sorted(
        file.name for file in exported.iterdir() if file.name != "export.json"
    )
    names = ["roc", "divisions", *(f"projection-{kind}" for kind in ("pca", "tsne", "umap"))]
    for name in names:
        assert {f"{name}.{suffix}" for suffix in ("pdf", "png", "csv")} <= set(record["files"])
    tex = (exported / "figures.tex").read_text()
    labels = re.findall(r"\\label{(.*?)}", tex)
    assert {f"fig:{name}" for name in names} | {"tab:accuracy"} <= set(labels)
    assert len(labels) == tex.count(r"\caption{")
    assert "trustworthiness" in tex.lower()


def test_the_manifest_says_what_the_files_were_made_of(exported: Path, path: Path) -> None:
    record = json.loads((exported / "export.json").read_text())
    assert record["finished"] is True
    assert record["options"]["seed"] == 3
    assert record["inputs"][0]["file"] == "small.h5"
    assert len(record["inputs"][0]["sha256"]) == 64
    assert {"python", "matplotlib", "numpy"} <= set(record["versions"])
    assert set(record["sha256"]) == set(record["files"])
    assert str(path.parent) not in json.dumps(record["options"])


def test_the_contact_sheet_needs_no_other_file(exported: Path) -> None:
    page = (exported / "contact-sheet.html").read_text()
    assert page.count("data:image/png;base64,") == 6
    assert not re.search(r'(src|href)="(?!data:image/png|#)', page)
    assert "http" not in page
    assert "ResNetBolt, medium" in page


@pytest.mark.slow
def test_an_export_is_reproduced_byte_for_byte(exported: Path, path: Path, tmp_path: Path) -> None:
    words = [str(path), "--reproduce", str(exported / "export.json"), "--out"]
    assert main([*words, str(tmp_path / "again")]) == 0
    for file in exported.iterdir():
        if file.name != "export.json":
            assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_what_cannot_be_reproduced_says_why(
    exported: Path, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = stores.read(path)
    other = tmp_path / "small.h5"
    stores.write(other, replace(example, logits=example.logits[:, ::-1].copy()))
    record = json.loads((exported / "export.json").read_text())
    record["versions"]["matplotlib"] = "3.0"
    record["options"]["only"] = ["accuracy"]
    keep = ("accuracy.csv", "accuracy.tex")
    record["sha256"] = {name: record["sha256"][name] for name in keep}
    (tmp_path / "export.json").write_text(json.dumps(record))
    words = [str(other), "--reproduce", str(tmp_path / "export.json"), "--out"]
    assert main([*words, str(tmp_path / "again")]) == 1
    text = capsys.readouterr().err
    assert "small.h5: its sha256 is" in text
    assert "it was 3.0" in text
    assert "accuracy.csv: differs" in text
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(SystemExit):
        main([*words, str(tmp_path / "third")])
    assert "is not the manifest" in capsys.readouterr().err


def test_a_figure_that_cannot_be_made_says_how_and_the_others_are_written(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.h5"
    stores.write(bare, replace(stores.read(path), projections={}))
    words = [str(bare), "--out", str(tmp_path / "figures"), "--only", "accuracy", "projections"]
    for _ in range(2):  # The second time it is tried again.
        assert main(words) == 1
        assert f"resnetbolt project {bare}" in capsys.readouterr().err
    assert (tmp_path / "figures" / "accuracy.tex").exists()


def test_files_of_others_are_not_replaced(path: Path, tmp_path: Path) -> None:
    (tmp_path / "accuracy.tex").write_text("mine")
    options = Options(stores=(path,), out=tmp_path, only=("accuracy",))
    (failure,) = export(options).failures
    assert "accuracy.tex: already exists" in failure
    assert (tmp_path / "accuracy.tex").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"highlight": ("Ohi",)}, "did you mean Ohio"),
        ({"id": ("Ohio/none",)}, "no store has this location"),
        ({"where": "state == 'Ohi'"}, "did you mean 'Ohio'"),
        ({"where": "rank > 99"}, "no location meets"),
        ({"run": (Path("a"), Path("b"))}, "2 names for 1 stores"),
        ({"stores": ()}, "at least one store"),
        ({"color": ("Ohio=none-such",)}, "CLASS=COLOR"),
    ],
)
def test_impossible_options_are_refused(
    path: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    options = replace(
        Options(stores=(path,), out=tmp_path / "out", only=("roc",)),
        **change,  # type: ignore[arg-type]
    )
    with pytest.raises(InputError, match=re.escape(message)):
        export(options)
    assert not (tmp_path / "out").exists()


def test_several_stores_share_tables_and_have_their_own_figures(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "early fusion.h5"
    shutil.copy(path, other)
    options = Options(
        stores=(path, other),
        out=tmp_path / "out",
        only=("accuracy", "comparison", "classes"),
        where="correct",
    )
    names = {file.name for file in export(options).files}
    assert {"accuracy.tex", "classes-small.tex", "classes-early-fusion.tex"} <= names
    table = pd.read_csv(tmp_path / "out" / "accuracy.csv")
    assert table["model"].tolist()[:2] == ["small", "early fusion"]
    assert table["top_1"].tolist()[:2] == [1, 1]
    assert "early fusion" in (tmp_path / "out" / "comparison.tex").read_text()


def test_a_table_for_latex_is_escaped_and_has_rules() -> None:
    cells = pd.DataFrame({"Class": ["A_b & c", "Group"], "n": ["1,000", ""]})
    text = table_text(PrintTable("t", "", cells, cells, ("n",)))
    assert text.splitlines() == [
        r"\begin{tabular}{@{}lr@{}}",
        r"\toprule",
        r"Class & n \\",
        r"\midrule",
        r"A\_b \& c & 1,000 \\",
        r"\addlinespace",
        r"\multicolumn{2}{@{}l}{\textit{Group}} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.spawn
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
@pytest.mark.parametrize("suffix", ["pdf", "pgf"])
def test_the_document_compiles(path: Path, tmp_path: Path, suffix: str) -> None:
    options = Options(
        stores=(path,),
        out=tmp_path / "figures",
        only=("accuracy", "roc", "confusion", "classes"),
        format=(suffix,),  # type: ignore[arg-type]
    )
    export(options)
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "figures.tex"]
    done = subprocess.run(words, cwd=tmp_path / "figures", capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    main_file = r"""\documentclass{article}\usepackage{graphicx,booktabs,textcomp,pgf}
\usepackage[T1]{fontenc}\newcommand{\FigureFolder}{figures/}
\begin{document}See \ref{fig:roc}.\input{figures/figures}\end{document}"""
    (tmp_path / "paper.tex").write_text(main_file)
    words[-1] = "paper.tex"
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    if shutil.which("pdffonts") and suffix == "pdf":
        fonts = subprocess.run(
            ["pdffonts", tmp_path / "figures" / "roc.pdf"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[2:]
        assert fonts
        assert all("TrueType" in line and " yes yes " in line for line in fonts)


@pytest.mark.slow
def test_attributions_come_from_a_file_and_one_that_is_missing_names_the_command(
    path: Path, tmp_path: Path
) -> None:
    store = stores.read(path)
    maps = [
        example(
            row,
            name=store.location_ids[row],
            request=RequestResolver(store).resolve(store.location_ids[row], AttributionRequest()),
        )
        for row in range(0, len(store), 4)
    ]
    files = tmp_path / "maps.h5"
    attribution_file.write(files, maps, len(maps), fingerprint(store), {}, {})
    options = Options(
        stores=(path,),
        out=tmp_path / "out",
        only=("attributions", "view-shares"),
        id=(maps[0].location_id,),
        attributions=(files,),
        compute=False,
        format=("pdf",),
    )
    result = export(options)
    assert not result.failures
    table = pd.read_csv(tmp_path / "out" / "view-shares.csv")
    assert table["location"].str.contains("Pacific").any()
    mean = table[["North", "East", "South", "West"]].sum(axis=1)
    assert mean.tolist() == pytest.approx([1] * len(table))
    (failure, _) = export(
        replace(options, out=tmp_path / "other", id=(store.location_ids[1],), attributions=())
    ).failures
    assert "resnetbolt attribute" in failure
