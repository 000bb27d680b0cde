"""The page of the opened location: photographs, map, numbers, checks and neighbours, all at once.

It is the location panel of the other pages, grown over the page (assets/location.css).
"""

from workbench.dashboard.pages.base import Page

PAGE = Page("location", "Location", lambda _predictions: [], lambda *_arguments: None)
