"""Settings of the Kedro project."""

import os

from plankton_embedding.hooks import (
    CheckingHooks,
    GivenEmbeddingsHooks,
    RejectsHooks,
    TrackingHooks,
    VersionHooks,
)

# Called the last first: versions are settled before any is looked at, and the count of rejects ends
# the output.
HOOKS = (RejectsHooks(), CheckingHooks(), GivenEmbeddingsHooks(), TrackingHooks(), VersionHooks())

# kedro-telemetry comes with Kedro: nobody's commands are reported. kedro-mlflow, where somebody
# has it installed, would track every run a second time.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-mlflow")

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    # An environment names only the parameters that it changes.
    "merge_strategy": {"parameters": "soft"},
    # Kedro would take ~ for a file of the project.
    "custom_resolvers": {"place": lambda place: os.path.expanduser(str(place))},
}
