"""Reports: pages (`run_page`, `explain_page`, `tune_page`), their `sections`, blocks (`page`) and `figures`.

Every page is one file that needs no internet connection. plotly is imported when a figure is drawn, not
before.
"""

from chainrule.report import explain_page, figures, page, run_page, sections, tune_page

__all__ = ["explain_page", "figures", "page", "run_page", "sections", "tune_page"]
