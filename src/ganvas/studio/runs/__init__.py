"""Runs: what their folders say, and trainings as processes of their own."""
