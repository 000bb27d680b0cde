import pandas as pd

from common.files import csv_text
from common.tables import to_csv, to_markdown
from trainer.sweep.tables import Column, latex, markdown, percent

COLUMNS = {
    "name": Column("name"),
    "size": Column("size, pixels"),
    "epochs": Column("epochs", in_paper=False),
    "top_1": Column("top-1, %", percent, group="test"),
    "top_5": Column("top-5, %", percent, group="test"),
}
FRAME = pd.DataFrame(
    [("warmup_epochs=0 & 50%", 32, 10, 0.12345, 0.5), ("a|b", 256, 4, None, 0.25)],
    columns=list(COLUMNS),
    dtype=object,
)


def test_markdown_aligns_text_and_numbers_and_escapes_pipes() -> None:
    assert markdown(FRAME.drop(columns="top_5"), COLUMNS).splitlines() == [
        "| name                  |   size, pixels |   epochs |   test top-1, % |",
        "|:----------------------|---------------:|---------:|----------------:|",
        "| warmup_epochs=0 & 50% |             32 |       10 |           12.35 |",
        "| a\\|b                  |            256 |        4 |               – |",
    ]
    frame = pd.DataFrame({"|map|": ["1e3"], "x": [None]})
    assert to_markdown(frame, ["|map|"]).splitlines()[::2] == [
        "| \\|map\\|   |   x |",
        "| 1e3       |   – |",
    ]


def test_latex_gets_rules_a_head_of_two_rows_and_its_signs_escaped() -> None:
    assert latex(FRAME, COLUMNS).splitlines() == [
        "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}.",
        "\\begin{tabular}{lrrr}",
        "\\toprule",
        " & size & \\multicolumn{2}{c}{test} \\\\",
        "\\cmidrule(lr){3-4}",
        "name & pixels & top-1, \\% & top-5, \\% \\\\",
        "\\midrule",
        "warmup\\_epochs=0 \\& 50\\% & 32 & 12.35 & 50.00 \\\\",
        "a\\textbar{}b & 256 & -- & 25.00 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
    ]
    special = pd.DataFrame({"name": ["\\~^{}$#--<"]})
    wanted = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{\}\$\#-{}-\textless{} \\"
    assert wanted in latex(special, {}).splitlines()


def test_text_that_is_a_formula_or_markup_elsewhere_is_marked() -> None:
    frame = pd.DataFrame({"name": ["=1+1", "<b>_x_ a_b `c`&amp; $d$\n"], "value": [-1.5, 2.0]})
    assert to_csv(frame).splitlines()[1] == "'=1+1,-1.5"
    assert csv_text([["-A_b", "-1.5", -1.5, "-inf"]]) == "'-A_b,-1.5,-1.5,-inf\n"
    row = to_markdown(frame).splitlines()[3]
    assert r"\<b\>\_x\_ a_b \`c\`\&amp; \$d\$\\n" in row
