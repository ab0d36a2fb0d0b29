"""Figures beside their budgets, each as a ratio against a baseline of the same run. Nothing here passes or fails on time."""
