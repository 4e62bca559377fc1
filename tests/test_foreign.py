"""Diagnosing a run that Luthier did not make: files of answers, and what a Keras file shows."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luthier.cli.main import main
from luthier.errors import InputError
from luthier.journeys.foreign import ForeignRun, diagnose_foreign
from luthier.kit.keras_file import read_keras_file
from luthier.kit.reported_figures import reported_figures
from luthier.stages.prescribe import prescribe

NAMES = ("会员", "退款", "parcel")
SWAP = np.array([1, 0, 2])


def answers(n: int = 240, seed: int = 0, right: float = 0.85):
    """Texts, labels and probabilities of a model that is right in so many rows."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    said = np.where(rng.random(n) < right, labels, rng.integers(3, size=n))
    probabilities = np.full((n, 3), 0.06)
    probabilities[np.arange(n), said] = 0.88
    numbers = rng.choice(100_000, n, replace=False)
    texts = [f"{NAMES[y]} 第{k}单 {'!' * int(k % 3)}" for y, k in zip(labels, numbers, strict=True)]
    return texts, labels, probabilities


def write(path: Path, header: list[str], rows, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def by_name(path: Path, *, seed: int = 0, order=None, labelled: bool = True) -> Path:
    texts, labels, p = answers(seed=seed)
    p = p if order is None else p[:, order]
    header = ["text", "label", "prediction", *(f"prob_{name}" for name in NAMES)]
    rows = [
        [text, NAMES[label], NAMES[int(own.argmax())], *own]
        for text, label, own in zip(texts, labels, p, strict=True)
    ]
    return write(path, header, rows)


def told(result, split="test"):
    return result.evaluation.splits[split].figures["accuracy"].value


def accuracy(seed: int = 0) -> float:
    _, labels, p = answers(seed=seed)
    return float((p.argmax(axis=1) == labels).mean())


def test_probabilities_by_label_name_are_read_and_the_guess_is_said(tmp_path):
    result = diagnose_foreign(ForeignRun(by_name(tmp_path / "test.csv")))
    assert told(result) == pytest.approx(accuracy())
    said = [note.message for note in result.notes]
    assert any("outputs of the model are in prob_会员" in message for message in said)
    assert any("are probabilities (each row sums to 1)" in message for message in said)


def test_output_columns_in_another_order_are_matched_by_name(tmp_path):
    texts, labels, p = answers()
    header = ["text", "label", *(f"prob_{NAMES[i]}" for i in (2, 0, 1))]
    rows = [[t, NAMES[y], *own[[2, 0, 1]]] for t, y, own in zip(texts, labels, p, strict=True)]
    result = diagnose_foreign(ForeignRun(write(tmp_path / "test.csv", header, rows)))
    assert told(result) == pytest.approx(accuracy())


def test_logits_with_number_labels_in_a_tsv(tmp_path):
    _, labels, p = answers()
    header = ["y_true", *(f"logit_{i}" for i in range(3))]
    rows = [[int(y), *(np.log(own) * 2)] for y, own in zip(labels, p, strict=True)]
    result = diagnose_foreign(ForeignRun(write(tmp_path / "test.tsv", header, rows, "\t")))
    assert told(result) == pytest.approx(accuracy())
    assert any("logits (softmax was applied)" in note.message for note in result.notes)
    assert any("no texts" in note.message for note in result.notes)


def test_lists_of_probabilities_in_a_parquet_file(tmp_path):
    texts, labels, p = answers()
    table = {"text": texts, "label": [str(y) for y in labels], "probabilities": p.tolist()}
    pq.write_table(pa.table(table), tmp_path / "test.parquet")
    result = diagnose_foreign(ForeignRun(tmp_path / "test.parquet"))
    assert told(result) == pytest.approx(accuracy())


def test_one_probability_column_is_that_of_the_second_of_two_labels(tmp_path):
    rng = np.random.default_rng(1)
    positive = rng.random(200)
    labels = ["spam" if x > 0.5 else "ham" for x in positive]
    rows = [[f"text {i}", y, x] for i, (y, x) in enumerate(zip(labels, positive, strict=True))]
    path = write(tmp_path / "test.csv", ["text", "label", "score"], rows)
    assert told(diagnose_foreign(ForeignRun(path))) == 1.0


def test_predictions_alone_are_enough_for_some_faults(tmp_path):
    texts, labels, p = answers()
    rows = [
        [t, NAMES[y], NAMES[int(own.argmax())]] for t, y, own in zip(texts, labels, p, strict=True)
    ]
    path = write(tmp_path / "test.csv", ["text", "label", "y_pred"], rows)
    result = diagnose_foreign(ForeignRun(path))
    assert "label_order" in {item.fault for item in result.diagnosis.clear}
    needs = {item.fault: item.needs for item in result.diagnosis.not_checked}
    assert "probabilities of test rows" in needs["miscalibrated"]
    assert "--model FOLDER" in needs["preprocessing_differs"]


def test_every_fault_is_answered_or_says_what_would_answer_it(tmp_path):
    from luthier.faults import fault_ids

    found = diagnose_foreign(ForeignRun(by_name(tmp_path / "test.csv"))).diagnosis
    assert found.crashed == ()
    answered = [*found.fired, *found.clear, *found.not_checked]
    assert sorted(item.fault for item in answered) == sorted(fault_ids())
    assert all(item.needs for item in found.not_checked)
    assert not any("(made by evaluate)" in item.needs for item in found.not_checked)


def test_swapped_labels_are_found_from_the_answers_alone(tmp_path):
    result = diagnose_foreign(
        ForeignRun(
            by_name(tmp_path / "test.csv", order=SWAP),
            validation=by_name(tmp_path / "val.csv", seed=1),
            train=by_name(tmp_path / "train.csv", seed=2),
        )
    )
    finding = next(f for f in result.diagnosis.fired if f.fault == "label_order")
    assert finding.measured["mapping"] == {"会员": "退款", "退款": "会员"}
    (answer,) = (a for a in result.diagnosis.answers if a.question == "good_validation_bad_test")
    assert answer.first.name == "label_order"
    assert [cause.name for cause in answer.short_list] == ["label_order"]
    assert answer.next_test == ""


def test_a_healthy_pair_of_files_raises_no_question(tmp_path):
    result = diagnose_foreign(
        ForeignRun(by_name(tmp_path / "test.csv"), validation=by_name(tmp_path / "val.csv", seed=1))
    )
    assert result.diagnosis.answers == ()


def by_number(path: Path, order) -> Path:
    """Outputs that no name tells apart: `prob_0` is the label that `order` begins with."""
    texts, labels, p = answers()
    header = ["text", "label", *(f"prob_{i}" for i in range(3))]
    rows = [[t, NAMES[y], *own[order]] for t, y, own in zip(texts, labels, p, strict=True)]
    return write(path, header, rows)


def test_an_order_that_luthier_assumed_is_not_blamed_on_the_model(tmp_path):
    """Alphabetically they are parcel, 会员, 退款; the outputs are 会员, 退款, parcel."""
    result = diagnose_foreign(ForeignRun(by_number(tmp_path / "test.csv", [0, 1, 2])))
    finding = next(f for f in result.diagnosis.fired if f.fault == "label_order")
    assert "the order that Luthier assumed is wrong" in finding.message
    assert "The model may be sound" in finding.message
    (cure,) = finding.prescription
    assert "--label-names '会员,退款,parcel'" in cure.what
    (answer,) = (a for a in result.diagnosis.answers if a.question == "good_validation_bad_test")
    assert answer.first.because == finding.message
    named = ForeignRun(tmp_path / "test.csv", label_names=["会员", "退款", "parcel"])
    again = diagnose_foreign(named)
    assert told(again) == pytest.approx(accuracy())
    assert "label_order" in {item.fault for item in again.diagnosis.clear}


def test_an_order_that_the_file_itself_names_is_blamed_on_the_model(tmp_path):
    result = diagnose_foreign(ForeignRun(by_name(tmp_path / "test.csv", order=SWAP)))
    finding = next(f for f in result.diagnosis.fired if f.fault == "label_order")
    assert "Luthier assumed" not in finding.message


def test_the_same_answers_in_another_format_and_order_are_one_look(tmp_path, monkeypatch):
    monkeypatch.setenv("LUTHIER_HOME", str(tmp_path / "home"))
    texts, labels, p = answers()
    said = [NAMES[int(own.argmax())] for own in p]
    rows = [[t, NAMES[y], z] for t, y, z in zip(texts, labels, said, strict=True)]
    header = ["text", "label", "prediction"]
    first = write(tmp_path / "test.csv", header, rows)
    second = write(tmp_path / "again.tsv", header, rows[::-1], "\t")
    other = [[t, y, NAMES[0]] for t, y, _ in rows]
    third = write(tmp_path / "other.csv", header, other)
    counts = []
    for path in (first, second, third):
        diagnose_foreign(ForeignRun(path))
        counts.append(len({json.loads(line)["model_digest"] for line in ledger_lines(tmp_path)}))
    assert counts == [1, 1, 2]


def ledger_lines(tmp_path: Path) -> list[str]:
    path = tmp_path / "home" / "test_set_ledger.jsonl"
    return path.read_text(encoding="utf-8").splitlines()


def test_without_validation_answers_nothing_is_said_of_a_good_validation(tmp_path):
    result = diagnose_foreign(ForeignRun(by_name(tmp_path / "test.csv", order=SWAP)))
    titles = [a.title for a in result.diagnosis.answers if a.question == "good_validation_bad_test"]
    assert titles == ["The test answers look bad: why?"]


def test_a_weighted_figure_reported_as_macro_is_named(tmp_path):
    from sklearn.metrics import f1_score

    truth = [0] * 90 + [1] * 20 + [2] * 10
    said = [0] * 88 + [1] * 14 + [0] * 8 + [2] * 3 + [1] * 7
    rows = [[f"t{i}", NAMES[y], NAMES[z]] for i, (y, z) in enumerate(zip(truth, said, strict=True))]
    path = write(tmp_path / "test.csv", ["text", "label", "pred"], rows)
    weighted = f1_score(truth, said, average="weighted")
    run = ForeignRun(path, reported=[f"macro_f1={100 * weighted:.1f}%"])
    finding = next(
        f for f in diagnose_foreign(run).diagnosis.fired if f.fault == "metric_definition"
    )
    assert "weighted f1" in finding.measured["wrong"][0]["equals"]


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("macro_f1", "is not NAME=VALUE"),
        ("macro_f1=good", "is not NAME=VALUE"),
        ("makro_f1=0.5", "there is no figure 'makro_f1'"),
        ("f1=0.5", "say which average it is: macro_f1"),
    ],
)
def test_a_reported_figure_that_cannot_be_read_is_named(typed, part):
    with pytest.raises(InputError, match=part):
        reported_figures([typed])


def test_two_numbers_for_one_figure_are_refused_and_the_same_number_twice_is_one():
    with pytest.raises(InputError, match=r"test\.accuracy was reported as 0\.8 already"):
        reported_figures(["accuracy=0.8", "test.accuracy=0.9"])
    assert len(reported_figures(["accuracy=0.8", "test.accuracy=0.80"])) == 1


def test_a_figure_of_rows_without_answers_is_refused_with_the_file_that_is_missing(tmp_path):
    run = ForeignRun(by_name(tmp_path / "test.csv"), reported=["validation.accuracy=0.9"])
    with pytest.raises(InputError, match="there are no answers to the validation rows") as caught:
        diagnose_foreign(run)
    assert "--validation FILE" in str(caught.value)


def test_a_reported_figure_keeps_its_last_digit():
    (figure,) = reported_figures(["validation.macro-F1=0.83"])
    assert (figure.name, figure.split, figure.tolerance) == ("macro_f1", "validation", 0.005)


def test_wrong_files_are_told_all_at_once(tmp_path):
    test = write(tmp_path / "test.csv", ["text", "thing"], [["a", "b"], ["c", "d"]])
    val = write(tmp_path / "val.csv", ["text", "stuff"], [["a", "b"], ["c", "d"]])
    with pytest.raises(InputError) as caught:
        diagnose_foreign(ForeignRun(test, validation=val))
    assert len(caught.value.problems) == 2
    assert "no column for the true label among text, thing" in str(caught.value)


def test_a_file_without_answers_says_what_is_missing(tmp_path):
    path = write(tmp_path / "test.csv", ["text", "label"], [["a", "x"], ["b", "y"]])
    with pytest.raises(InputError, match="no prediction and no outputs among the columns"):
        diagnose_foreign(ForeignRun(path))


def test_an_unknown_label_is_named_with_its_line(tmp_path):
    path = write(
        tmp_path / "test.csv",
        ["text", "label", "prob_a", "prob_b"],
        [["x", "a", 0.9, 0.1], ["y", "b", 0.1, 0.9]],
    )
    run = ForeignRun(path, label_names=["a", "c"])
    with pytest.raises(InputError, match=r"test.csv:3: label 'b' is none of a, c"):
        diagnose_foreign(run)


def test_the_command_prints_the_same_records_as_json(tmp_path, capsys):
    path = by_name(tmp_path / "test.csv", order=SWAP)
    assert main(["diagnose", "--predictions", str(path), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert "label_order" in {finding["fault"] for finding in printed["fired"]}
    assert {"fired", "clear", "not_checked", "crashed", "answers", "notes"} <= printed.keys()


def test_the_command_asks_for_a_run_or_a_file(capsys):
    assert main(["diagnose"]) == 2
    assert "luthier diagnose --predictions test.csv" in capsys.readouterr().err


def keras_file(path: Path, *, activation="softmax", from_logits=True, units=3, frozen=False):
    """A `.keras` file as Keras 3 writes it, with the parts that are read."""
    layers = [
        {"class_name": "InputLayer", "config": {"name": "ids", "batch_shape": [None, 20]}},
        {"class_name": "Embedding", "config": {"name": "embedding", "trainable": True}},
        {
            "class_name": "BatchNormalization",
            "config": {"name": "norm", "trainable": not frozen},
        },
        {"class_name": "Dropout", "config": {"name": "dropout", "rate": 0.3, "trainable": True}},
        {
            "class_name": "Dense",
            "config": {"name": "out", "units": units, "activation": activation, "trainable": True},
        },
    ]
    loss = {
        "module": "keras.losses",
        "class_name": "SparseCategoricalCrossentropy",
        "config": {"name": "loss", "from_logits": from_logits},
    }
    optimizer = {"class_name": "Adam", "config": {"learning_rate": 0.001}}
    config = {
        "module": "keras",
        "class_name": "Functional",
        "config": {"name": "model", "layers": layers},
        "compile_config": {"optimizer": optimizer, "loss": loss, "metrics": ["accuracy"]},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return path


def test_a_keras_file_tells_output_loss_and_frozen_layers(tmp_path):
    facts = read_keras_file(keras_file(tmp_path / "m.keras", frozen=True))
    assert (facts.units, facts.activations) == (3, ("softmax",))
    assert (facts.loss, facts.from_logits) == ("sparse_categorical_crossentropy", True)
    assert facts.frozen_batch_norm == ("norm",)
    assert facts.dropout == {"dropout": 0.3}
    assert facts.learning_rate == 0.001


def test_files_that_keras_itself_wrote_are_read():
    """Written by Keras 3.15, torch backend: Embedding, mean, BatchNormalization, Dropout, Dense."""
    folder = Path(__file__).parent / "keras"
    whole = read_keras_file(folder / "softmax_from_logits.keras")
    assert (whole.units, whole.activations, whole.from_logits) == (3, ("softmax",), True)
    assert (whole.loss, whole.optimizer) == ("sparse_categorical_crossentropy", "Adam")
    assert whole.frozen == ()
    body = read_keras_file(folder / "frozen_body.keras")
    assert (body.units, body.activations) == (3, ())
    assert body.frozen == ("embedding_1", "bn")
    assert body.frozen_batch_norm == ("bn",)


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        ({"activation": "softmax", "from_logits": True}, "probabilities_into_loss"),
        ({"activation": "linear", "from_logits": False}, "probabilities_into_loss"),
        ({"activation": "softmax", "from_logits": False, "units": 2}, "head_does_not_fit"),
    ],
)
def test_a_wrong_output_in_a_keras_file_is_a_fault(tmp_path, shape, fault):
    run = ForeignRun(
        by_name(tmp_path / "test.csv"), keras=keras_file(tmp_path / "m.keras", **shape)
    )
    found = diagnose_foreign(run).diagnosis
    assert fault in {finding.fault for finding in found.fired}
    assert "parameters_not_trained" in {item.fault for item in found.not_checked}


@pytest.mark.parametrize(("activation", "logits"), [("softmax", False), ("linear", True)])
def test_a_right_keras_file_is_clear(tmp_path, activation, logits):
    keras = keras_file(tmp_path / "m.keras", activation=activation, from_logits=logits)
    found = diagnose_foreign(ForeignRun(by_name(tmp_path / "test.csv"), keras=keras)).diagnosis
    clear = {item.fault for item in found.clear}
    assert {"probabilities_into_loss", "head_does_not_fit"} <= clear


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("m.keras", b"no zip", "is no .keras file"),
        ("m.h5", b"\x89HDF\r\n", "is an HDF5 file, which is not read"),
    ],
)
def test_what_is_no_keras_file_is_said(tmp_path, name, data, part):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=part):
        read_keras_file(path)


def test_a_diagnosis_of_answers_needs_no_torch(tmp_path):
    import subprocess

    path = by_name(tmp_path / "test.csv")
    code = (
        "import sys; from luthier.cli.main import main\n"
        f"main(['diagnose', '--predictions', {str(path)!r}, '--fail-on', 'never'])\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "False"


def test_answers_one_row_too_low_are_found_and_cured_first(tmp_path):
    texts, labels, p = answers()
    mixed = np.random.default_rng(4).permutation(len(labels))
    said = [NAMES[int(own.argmax())] for own in np.roll(p[mixed], 1, axis=0)]
    rows = [[texts[i], NAMES[labels[i]], z] for i, z in zip(mixed, said, strict=True)]
    test = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    found = diagnose_foreign(ForeignRun(test)).diagnosis
    assert (found.fired[0].fault, found.worst()) == ("answers_of_other_rows", "high")
    assert found.fired[0].prescription[0].what.startswith("Join the answers to their rows")
    cures, _ = prescribe(found)
    assert cures[0].what.startswith("Join the answers to their rows")
    assert main(["diagnose", "--predictions", str(test)]) == 1


def test_nothing_is_said_of_training_rows_that_were_not_given_nor_of_settings(tmp_path):
    texts, labels, p = answers()
    few = [i for i, y in enumerate(labels) if y != 2][:120] + [
        i for i, y in enumerate(labels) if y == 2
    ][:6]
    rows = [[texts[i], NAMES[labels[i]], NAMES[int(p[i].argmax())]] for i in few]
    test = write(tmp_path / "test.csv", ["text", "label", "prediction"], rows)
    found = diagnose_foreign(
        ForeignRun(test, validation=by_name(tmp_path / "val.csv", seed=1))
    ).diagnosis
    finding = next(f for f in found.fired if f.fault == "minority_label_too_small")
    assert "test rows)" in finding.message
    assert "training rows" not in finding.message
    assert all(not cure.settings for one in found.fired for cure in one.prescription)
