"""Training: the embedder, its batches and losses, and the stages. Runs without Kedro and MLflow."""
