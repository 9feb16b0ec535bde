"""Faults at length: what takes too long for a test of every change, with the same workload and checker.

``python -m pytest bench/faults`` runs them all, some thirty minutes; nothing else may run meanwhile
where a figure is wanted. ``-k`` names some of them.
"""
