"""The selection bar: the steps of the selection, and what can be done with it.

The browser fills it and handles its buttons; see `assets/dashboard/bar.js`.
"""

from dash import html

from workbench.dashboard.components import attributes, button

OPERATIONS = {
    "replace": ("Replace", "The next lasso replaces the selection; classes and filters narrow it"),
    "intersect": (
        "Narrow",
        "Keep only what the next lasso or filter holds; Shift and Alt together",
    ),
    "add": ("Add", "Add what the next lasso or filter holds; Shift"),
    "subtract": ("Subtract", "Take away what the next lasso or filter holds; Alt"),
}


def layout(has_sets: bool) -> html.Div:
    """Return the bar, which the browser fills; without `has_sets`, nothing can be saved."""
    disabled = {"disabled": True}
    opens_drawer = attributes(aria_expanded="false", aria_controls="sets-drawer")
    return html.Div(
        [
            html.Span("Selection", className="label"),
            html.Div(id="selection-summary", role="status"),
            html.Details(
                [html.Summary("+ Filter", className="quiet")], id="filter-menu", className="menu"
            ),
            html.Div(
                [
                    html.Button(
                        title,
                        type="button",
                        title=words,
                        **attributes(data_op=name, aria_pressed="false"),
                    )
                    for name, (title, words) in OPERATIONS.items()
                ],
                className="segmented",
                role="group",
                **attributes(aria_label="What the next lasso does"),
            ),
            button("Invert", "invert", "Select everything else"),
            button("Undo", "undo", "The selection before (Ctrl+Z)", **disabled),
            button("Redo", "redo", "The selection after (Ctrl+Shift+Z)", **disabled),
            button(
                "Clear", "clear-selection", "Remove the filter: all locations (Escape)", **disabled
            ),
            *(
                [
                    button("Save as", "save-set", "Keep this selection under a name", **disabled),
                    button("Sets", "open-sets", "The saved selections", **opens_drawer),
                ]
                if has_sets
                else []
            ),
            button("Download", "download-selection", "Ids and numbers of the selection as CSV"),
            button("Copy link", "copy-link", "Copy the address of the page as it is"),
        ],
        id="selection-bar",
        className="selection-bar",
        role="region",
        **attributes(aria_label="Selection"),
    )
