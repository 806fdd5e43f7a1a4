"""Measure a policy: solve rates over fresh tasks, by turn, with their uncertainty."""
