"""Names for people of the figures, the simple rivals and the ceilings of the records."""

from __future__ import annotations

from collections.abc import Mapping

FLOOR_TITLES: Mapping[str, str] = {
    "majority": "always the most frequent label",
    "tfidf_linear": "linear model on TF-IDF",
    "frozen_encoder": "frozen encoder + logistic regression",
    "base_rates": "each label by its share of the rows",
    "mean": "always the mean",
    "tfidf_ridge": "linear model on TF-IDF",
    "frozen_encoder_ridge": "frozen encoder + linear regression",
}
CEILING_TITLES: Mapping[str, str] = {
    "label_noise": "ceiling: as many labels as seem right",
    "conflicting_duplicates": "ceiling: equal texts, unequal labels",
    "annotators": "ceiling: people agree with each other",
}
METRIC_TITLES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "weighted_f1": "weighted F1",
    "weighted_precision": "weighted precision",
    "weighted_recall": "weighted recall",
    "mcc": "Matthews correlation",
    "roc_auc": "ROC-AUC",
    "log_loss": "log loss",
    "loss": "loss",
    "balanced_accuracy": "balanced accuracy",
    "pr_auc": "PR-AUC (average precision)",
    "calibration_error": "calibration error",
    "micro_f1": "micro F1",
    "subset_accuracy": "all labels right",
    "hamming_loss": "share of wrong labels",
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "r2": "R²",
    "spearman": "rank correlation (Spearman)",
}
