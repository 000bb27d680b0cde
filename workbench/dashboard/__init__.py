"""The dashboard: `create_app` returns the Dash application of a store."""

from workbench.dashboard.page import create_app

__all__ = ["create_app"]
