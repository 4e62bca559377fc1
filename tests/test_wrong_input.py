"""Wrong input gives one clear message, exit code 2, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from syrupy.assertion import SnapshotAssertion

import luthier
from luthier.cli.main import main
from luthier.errors import InputError

GOOD = [
    ("快递三天了还没动静", "物流"),
    ("包裹到哪里了", "物流"),
    ("怎麼還沒出貨", "物流"),
    ("發貨太慢了吧", "物流"),
    ("我想退掉这双鞋", "退货"),
    ("衣服尺码不对要退", "退货"),
    ("退款什麼時候到帳", "退货"),
    ("東西壞了想退", "退货"),
    ("发票可以开公司抬头吗", "发票"),
    ("發票寄到哪裡", "发票"),
    ("电子发票没收到", "发票"),
    ("要補開發票", "发票"),
]


def csv_text(rows: list[tuple[str, str]], header: str = "text,label") -> str:
    return header + "\n" + "".join(f"{text},{label}\n" for text, label in rows)


def one_line(rows: list[tuple[str, str]]) -> str:
    return json.dumps([{"text": text, "label": label} for text, label in rows])


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


MANY = GOOD * 2

CASES: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "missing file": ({"message.csv": csv_text(GOOD)}, ["workup", "mesage.csv"]),
    "empty file": ({"data.csv": ""}, ["workup", "data.csv"]),
    "header only": ({"data.csv": "text,label\n"}, ["workup", "data.csv"]),
    "no label column": ({"data.csv": csv_text(GOOD, "text,colour")}, ["workup", "data.csv"]),
    "no such column": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "data.csv", "--data.label_column", "lable"],
    ),
    "one label only": (
        {"data.csv": csv_text([(text, "物流") for text, _ in GOOD])},
        ["workup", "data.csv"],
    ),
    "empty texts": (
        {"data.csv": csv_text([*GOOD, ("", "物流"), ("  ", "发票")])},
        ["workup", "data.csv"],
    ),
    "rows without a label": (
        {"data.csv": csv_text([*GOOD, ("没有标签", "")])},
        ["workup", "data.csv"],
    ),
    "NUL bytes": ({"data.csv": csv_text([*GOOD, ("a\0b", "物流")])}, ["workup", "data.csv"]),
    "ragged rows": (
        {"data.csv": csv_text(GOOD) + "太多,列,了\n只有一列\n"},
        ["workup", "data.csv"],
    ),
    "mixed encodings": (
        {"data.csv": csv_text(GOOD).encode() + "后面是另一种编码,物流\n".encode("gb18030")},
        ["workup", "data.csv"],
    ),
    "broken JSON line": (
        {"data.jsonl": '{"text": "好", "label": "a"}\n{"text": "坏"\n[1]\n'},
        ["workup", "data.jsonl"],
    ),
    "empty labels in an array on one line": (
        {"data.json": one_line([*GOOD, ("没有标签", ""), ("也没有", "")])},
        ["workup", "data.json"],
    ),
    "no objects in an array on one line": (
        {"data.json": '[{"text": "好", "label": "a"}, 5, ["坏"],\n {"text": "b"}, null\n]'},
        ["workup", "data.json"],
    ),
    "labels that training lacks": (
        {
            "shop/train.csv": csv_text(GOOD),
            "shop/test.csv": csv_text([("怎么退", "退貨"), ("物流信息", "物流")]),
        },
        ["workup", "shop"],
    ),
    "target folder not empty": (
        {"data.csv": csv_text(GOOD), "out/notes.txt": "mine"},
        ["workup", "data.csv", "--run-dir", "out"],
    ),
    "unknown model while offline": (
        {"data.csv": csv_text(MANY)},
        ["workup", "data.csv", "--model.name_or_path", "bert-base-chinesee"],
    ),
    "misspelt flag": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "data.csv", "--train.learning_rat", "1e-4", "--train.seed", "x"],
    ),
    "misspelt option": ({"data.csv": csv_text(GOOD)}, ["workup", "data.csv", "--run-dri", "out"]),
    "misspelt settings": (
        {
            "data.csv": csv_text(GOOD),
            "my.yaml": "train:\n  learning_rat: 1\n  num_train_epochs: many\nmodle:\n  x: 1\n",
        },
        ["workup", "data.csv", "--settings", "my.yaml"],
    ),
    "a run that is there": (
        {"data.csv": csv_text(GOOD), "out/run.yaml": "settings: {}", "out/thesis.txt": "mine"},
        ["workup", "data.csv", "--run-dir", "out"],
    ),
    "setting before the data": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "--train.learning_rate", "fast", "data.csv", "--lr", "3", "--epoch", "3"],
    ),
    "setting given twice": (
        {"data.csv": csv_text(GOOD)},
        ["audit", "data.csv", "--train.seed", "1", "--train.seed", "2"],
    ),
    "option without a value": ({"data.csv": csv_text(GOOD)}, ["workup", "data.csv", "--nope"]),
    "run folder below a file": (
        {"data.csv": csv_text(MANY)},
        ["workup", "data.csv", "--run-dir", "data.csv/x"],
    ),
    "unsupported file": ({"data.pdf": "%PDF-1.7"}, ["workup", "data.pdf"]),
    "folder without data": ({"shop/readme.md": "hello"}, ["workup", "shop"]),
    "two sets in one folder": (
        {
            f"shop/{name}.csv": csv_text(GOOD)
            for name in ("trec_train", "trec_test", "sst2_train", "sst2_test")
        },
        ["workup", "shop"],
    ),
    "pattern that fits nothing": ({"data.csv": csv_text(GOOD)}, ["workup", "trec*.csv"]),
    "data set on the hub without network": ({}, ["workup", "nobody/no-such-data"]),
    "damaged workbook": ({"data.xlsx": b"PK\x03\x04damaged"}, ["workup", "data.xlsx"]),
    "no such sheet": (
        {"data.xlsx": (Path(__file__).parent / "files" / "messages.xlsx").read_bytes()},
        ["workup", "data.xlsx", "--data.sheet", "Daten"],
    ),
    "label names that do not fit": (
        {"data.csv": csv_text([(text, str(n % 3)) for n, (text, _) in enumerate(GOOD)])},
        ["workup", "data.csv", "--label-names", "退款,物流"],
    ),
    "time with two meanings": (
        {"data.csv": csv_text([("包裹到哪里了,01/02/2024", "物流")], "text,day,label")},
        ["workup", "data.csv", "--time-column", "day"],
    ),
    "fastText line without a label": (
        {"data.txt": "__label__物流 包裹到哪里了\n发票没收到\n"},
        ["workup", "data.txt"],
    ),
    "synonyms without a file": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "data.csv", "--augment.change", "synonyms"],
    ),
    "file of stop words without words": (
        {"data.csv": csv_text(GOOD), "words.txt": "\n"},
        ["workup", "data.csv", "--domain-stop-words", "words.txt"],
    ),
    "infinite number": (
        {"data.jsonl": '{"text": "a b", "score": 0.5}\n{"text": "c d", "score": Infinity}\n'},
        ["workup", "data.jsonl", "--label-column", "score", "--task", "text_regression"],
    ),
    "row without a time": (
        {"data.csv": csv_text([("包裹到哪里了,", "物流")], "text,day,label")},
        ["workup", "data.csv", "--time-column", "day"],
    ),
    "class weight of no label": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "data.csv", "--train.class_weights", "{物劉: 2}"],
    ),
    "more layers than the model holds": (
        {"data.csv": csv_text(GOOD)},
        ["workup", "data.csv", "--model.strategy", "partial", "--model.trainable_layers", "40"],
    ),
    "answers as a workbook": (
        {},
        ["predict", "runs/nothing", "--text", "x", "-o", "answers.xlsx"],
    ),
    "setting of training at prediction": (
        {},
        ["predict", "runs/nothing", "--text", "x", "--model.strategy", "frozen"],
    ),
    "misspelt verb": ({"data.csv": csv_text(GOOD)}, ["workupp", "data.csv"]),
    "verb left out": ({"data.csv": csv_text(GOOD)}, ["data.csv"]),
    "too few rows": ({"data.csv": csv_text(GOOD[:5])}, ["workup", "data.csv"]),
    "no data named": ({}, ["workup"]),
    "resume without a run": ({"out/x.txt": ""}, ["workup", "--resume", "--run-dir", "out"]),
    "no such run": ({}, ["evaluate", "runs/nothing"]),
    "predict without texts": ({}, ["predict", "runs/nothing"]),
    "no such fault": ({}, ["explain", "overfiting_or_too_few_labels"]),
    "setting for a verb without settings": ({}, ["explain", "x", "--train.seed", "1"]),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_input_gives_one_message_and_leaves_nothing_behind(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    snapshot: SnapshotAssertion,
) -> None:
    files, command = CASES[name]
    write(tmp_path, files)
    before = tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "100")

    code = main(command)

    out, err = capsys.readouterr()
    message = "\n".join(line for line in err.splitlines() if not is_progress(line))
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert message.startswith("luthier: ")
    assert "this is a fault of Luthier" not in message
    assert tree(tmp_path) == before
    assert message.replace(str(tmp_path), "HERE") == snapshot


def test_with_json_the_problems_are_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"data.csv": csv_text([*GOOD, ("", "物流")])})

    assert main(["workup", "data.csv", "--json"]) == 2

    answer = json.loads(capsys.readouterr().out)
    assert answer["error"] == "InputError"
    assert answer["problems"][0]["where"].startswith("data.csv:14")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def is_progress(line: str) -> bool:
    return line.startswith("  ") or line.endswith(" ...") or line.partition(":")[0] in STAGES


STAGES = ("load", "audit", "split", "encode")


@pytest.mark.parametrize("verb", ["load", "audit", "split", "train", "workup"])
def test_rows_in_memory_are_refused_with_the_way_to_a_file(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pa.table({"text": ["好", "坏"], "label": ["a", "b"]})
    with pytest.raises(InputError, match="not from a Table") as caught:
        getattr(luthier, verb)(frame)
    assert "to_parquet" in caught.value.next_step
    assert not list(tmp_path.iterdir())


def test_rows_in_memory_are_no_run_to_resume_either():
    with pytest.raises(InputError, match="not from a Table"):
        luthier.workup(pa.table({"text": ["好"]}), resume=True)
