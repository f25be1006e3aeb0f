"""Studies: trainings that differ in some parameters, one after the other, as MLflow child runs.

Trials run the training of the modelling pipeline on what data engineering left, and leave nothing
in the catalogue: what a trial measured stands in the study and in MLflow, and the best one is
trained for good by a `kedro run` with its parameters.
"""
