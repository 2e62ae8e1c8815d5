"""The one place that strings the stages together: from settings to a published run.

A run is planned before it is made: if the same input was already scored by the
published model, there is nothing to do. Otherwise all is computed in a working
folder, written under a temporary name, renamed, and published last.
"""
