"""Figures and pages: what a run did (`run_page`), and one step of backpropagation (`explain_page`).

Every page is one file that opens without a network. plotly is imported when a figure is drawn, not before.
"""
