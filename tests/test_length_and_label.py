"""Batches of rows of like length hold few labels where length tells the label; that is no fault."""

import csv

import luthier
from tiny_models import make_tiny_model


def test_a_run_on_labels_of_different_lengths_is_not_said_to_be_unshuffled(tmp_path):
    short = [f"退 {i} 款 {i % 7}" for i in range(150)]
    long = [f"住 {i} 店 " + "很 好 的 房 间 " * (3 + i % 4) for i in range(150)]
    rows = [pair for own in zip(short, long, strict=True) for pair in zip(own, "ab", strict=True)]
    with (tmp_path / "data.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    model = make_tiny_model(tmp_path / "tiny", [*short, *long])
    run = luthier.workup(
        tmp_path / "data.csv",
        run_dir=tmp_path / "run",
        settings={
            "model.name_or_path": str(model),
            "train.num_train_epochs": 2,
            "train.time_budget": "none",
            "train.threads": 1,
            "evaluate.floors": False,
        },
    )
    order = run.training.order
    assert order.by_length
    assert order.entropy < 0.8 * order.expected  # without the intention it would be a finding
    cleared = {fault.fault: fault.message for fault in run.diagnosis.clear}
    assert "rows of like length share a batch" in cleared["rows_in_label_order"]
