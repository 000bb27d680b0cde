"""The dashboard's page: what stands on it, and what happens on a click."""

from workbench.dashboard.page import dashboard

__all__ = ["dashboard"]
