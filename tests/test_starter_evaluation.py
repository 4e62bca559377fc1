"""The starter's evaluation: fair sets, choices on validation rows only, honest intervals."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tiny_models import make_tiny_model

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT))  # the recipe lies beside the package, not in it

from starter import evaluate, finetune, seed_intervals, sets  # noqa: E402
from starter.cells import Arm, Facts, model_digest, read_answers, run_cell  # noqa: E402
from starter.choices import Line, axes_of, progress  # noqa: E402
from starter.rivals import Linear, tfidf_answers  # noqa: E402
from starter.schedule import Schedule  # noqa: E402
from starter.sets import Part, drawn, load_set  # noqa: E402

WORDS = {"退款": ("退款", "退钱", "退货"), "物流": ("快递", "包裹", "发货")}


def messages(count: int, seed: int) -> list[tuple[str, str]]:
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = list(WORDS)[number % 2]
        text = f"{random.choice(['请问', '我想', '急'])}{random.choice(WORDS[label])}{seed}{number}"
        rows.append((text, label))
    return rows


def write_json_lines(path: Path, rows: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"sentence": t, "label": la}, ensure_ascii=False) for t, la in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder with a tiny `cic_zh`, `hotel_reviews_zh` and `trec_sst_en` in their real formats."""
    folder = tmp_path_factory.mktemp("data")
    train, dev, test = messages(60, 1), messages(20, 2), messages(24, 3)
    train += [test[0], (f"{test[1][0]} !", "物流"), dev[0], ("  ", "物流")]
    write_json_lines(folder / "cic_zh" / "train.json", train)
    write_json_lines(folder / "cic_zh" / "dev.json", [*dev, test[2]])
    write_json_lines(folder / "cic_zh" / "test_public.json", test)
    reviews = [f"{i % 2},房间很{'好' if i % 2 else '吵'}，第{i}次入住" for i in range(100)]
    hotel = folder / "hotel_reviews_zh" / "ChnSentiCorp_htl_all.csv"
    hotel.parent.mkdir()
    hotel.write_text("label,review\n" + "\n".join([*reviews, reviews[4]]), encoding="utf-8")
    english = folder / "trec_sst_en"
    english.mkdir()
    (english / "trec_train.txt").write_bytes(
        "1 Who was Beyoncé ?\n0 What is 3 ?\n".encode("latin-1")
    )
    (english / "trec_test.txt").write_bytes(b"1 Who wrote it ?\n")
    for split in ("train", "dev", "test"):
        text = f"1 a moving café film {split}\n0 a dull one {split}\n"
        (english / f"sst2_{split}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    texts = [text for seed in (1, 2, 3) for text, _ in messages(60, seed)]
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny", texts)


# the sets ---------------------------------------------------------------------------------------


def test_training_rows_that_stand_in_the_judged_rows_are_left_out_and_counted(data):
    found = load_set("cic_zh", data)
    assert found.removed == {
        "blank": 1,
        "validation_rows_in_test": 1,
        "train_rows_in_test": 2,
        "train_rows_in_validation": 1,
        "validation_rows_not_needed": 0,
    }
    assert (len(found.train), len(found.validation), len(found.test)) == (60, 20, 24)
    judged = {*found.test.texts, *found.validation.texts}
    assert not judged & set(found.train.texts)


def test_one_file_is_shared_out_by_label_with_the_same_text_on_one_side(data):
    found = load_set("hotel_reviews_zh", data)
    parts = (found.train, found.validation, found.test)
    assert sum(map(len, parts)) == 101
    for part in parts[1:]:
        assert np.bincount(part.labels).tolist() in ([8, 8], [8, 9], [9, 8])
    texts = [set(part.texts) for part in parts]
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]


def test_each_file_is_read_in_its_own_encoding(data):
    trec, sst = load_set("trec_en", data), load_set("sst2_en", data)
    assert "Who was Beyoncé ?" in (*trec.train.texts, *trec.validation.texts)
    assert sst.test.texts == ("a moving café film test", "a dull one test")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Exception, match="there is no such file") as caught:
        load_set("banking77_en", tmp_path)
    assert "banking77_en" in str(caught.value)


def test_a_wrong_model_folder_is_named_without_a_traceback(data, tmp_path, monkeypatch, capsys):
    command = ["evaluate", "--model", str(tmp_path / "no"), "--data", str(data), "--sets", "cic_zh"]
    monkeypatch.setattr("sys.argv", [*command, "--only-report", "--out", str(tmp_path / "out")])
    assert evaluate.main() == 2
    said = capsys.readouterr().err
    assert f"there is no model folder '{tmp_path / 'no'}'" in said
    assert not (tmp_path / "out").exists()


def test_few_rows_are_drawn_label_by_label_and_the_seed_decides_which(data):
    train = load_set("cic_zh", data).train
    few = drawn(train, 8, seed=1)
    assert np.bincount(few.labels).tolist() == [8, 8]
    assert few.texts == drawn(train, 8, seed=1).texts
    assert few.texts != drawn(train, 8, seed=2).texts
    assert drawn(train, 64, seed=1).texts == train.texts
    assert drawn(train, None, seed=1) is train


# the search -------------------------------------------------------------------------------------


def line_of(data: Path, arm: Arm, per_label: int | None = None, seeds: int = 5) -> Line:
    return Line(arm, load_set("cic_zh", data), per_label, seeds)


def test_settings_are_searched_axis_by_axis_on_validation_figures_only(data):
    line = line_of(data, Arm("tfidf_svm", "svm"))
    scores = {(0.25, "characters+words"): 0.9, (0.25, "characters"): 0.8}
    facts: dict[str, Facts] = {}

    def known(cell):
        return facts.get(cell.key)

    seen = []
    while not (state := progress(line, known)).final:
        for cell in state.ready:
            settings = dict(cell.settings)
            seen.append((settings["C"], settings["features"]))
            score = scores.get(seen[-1], 0.5)
            facts[cell.key] = Facts(60, score, 1.0)
    assert seen == [
        (0.5, "characters+words"),
        (0.25, "characters+words"),
        (1.0, "characters+words"),
        (0.25, "characters"),
    ]
    assert [dict(cell.settings) for cell in state.final] == [
        {"C": 0.25, "features": "characters+words", "class_weights": "none"}
    ]
    assert state.left == 0


def test_the_chosen_run_of_the_search_is_the_run_of_its_seed(data, model):
    line = line_of(data, Arm("starter_finetuned", "finetuned", model), per_label=8)
    facts: dict[str, Facts] = {}
    left = []
    while (state := progress(line, lambda cell: facts.get(cell.key))).left:
        left.append(state.left)
        for cell in state.ready:
            facts[cell.key] = Facts(16, 0.5, 1.0)
    assert len(facts) == 3 + 1 + 4, "three rates, twice the epochs, four more seeds"
    assert left == [8, 7, 5, 4]
    assert sorted(cell.seed for cell in state.final) == [0, 1, 2, 3, 4]


def test_a_teacher_and_a_frozen_start_are_tried_with_all_rows_only(data, model):
    tuned = Arm("starter_finetuned", "finetuned", model)
    assert dict(axes_of(line_of(data, tuned)))["freeze_share"] == (0.0, 0.45)
    assert dict(axes_of(line_of(data, tuned, per_label=8)))["freeze_share"] == (0.0,)
    assert dict(axes_of(line_of(data, tuned)))["teacher"] == ("none", "linear")
    assert dict(axes_of(line_of(data, tuned, per_label=8)))["teacher"] == ("none",)


def test_a_teacher_doubts_a_wrong_label_and_a_smoothed_label_does_not():
    texts, said = zip(*messages(60, 1), strict=True)
    labels = np.array([label == "物流" for label in said], dtype=np.int64)
    labels[7] = 1 - labels[7]
    lesson = finetune.Lesson(texts, [], labels)
    alone = finetune.taught(lesson, ["0", "1"], finetune.Schedule(1e-3, 1, 16), 0)
    assert alone[7, labels[7]] == pytest.approx(0.95)
    linear = finetune.Schedule(1e-3, 1, 16, teacher="linear")
    mixed = finetune.taught(lesson, ["0", "1"], linear, 0)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert mixed[7, labels[7]] < 0.7 < mixed[6, labels[6]]


def test_the_twin_has_the_search_of_the_pretrained_model(data, model):
    ours = axes_of(line_of(data, Arm("starter_finetuned", "finetuned", model)))
    assert ours == axes_of(line_of(data, Arm("twin_finetuned", "twin", model)))
    assert dict(ours)["epochs"] == (6, 12)


def test_class_weights_are_tried_where_labels_are_rare_and_all_rows_are_learned_from(data, model):
    whole = load_set("cic_zh", data)
    rows = np.flatnonzero((whole.train.labels == 0) | (np.arange(len(whole.train)) % 4 == 0))
    uneven = replace(whole, train=whole.train.take(rows))
    for kind, tried in (("svm", ("none", "sqrt", "balanced")), ("twin", ("none", "sqrt"))):
        arm = Arm(kind, kind, model)
        assert dict(axes_of(Line(arm, uneven, None, 5)))["class_weights"] == tried
        assert dict(axes_of(Line(arm, uneven, 8, 5)))["class_weights"] == ("none",)
        assert dict(axes_of(Line(arm, whole, None, 5)))["class_weights"] == ("none",)


def test_a_weight_moves_the_answers_to_its_label():
    train = Part(("是 啊", "是 吗", "是 的", "是 呢"), np.array([0, 0, 0, 1]))
    asked = [["是 呢"]]
    (plain,) = tfidf_answers(train, asked, Linear("logistic", "words", 0.01))
    (weighted,) = tfidf_answers(train, asked, Linear("logistic", "words", 0.01, "balanced"))
    assert (plain.tolist(), weighted.tolist()) == ([0], [1])


def test_what_no_seed_changes_runs_once(data, model):
    svm, tuned = Arm("tfidf_svm", "svm"), Arm("starter_finetuned", "finetuned", model)
    assert [line_of(data, svm).runs, line_of(data, svm, 8).runs, line_of(data, tuned).runs] == [
        1,
        5,
        5,
    ]


# the runs ---------------------------------------------------------------------------------------


def test_new_weights_of_the_same_shape_change_the_model_but_not_its_twin(model, tmp_path):
    texts = [text for seed in (1, 2, 3) for text, _ in messages(60, seed)]
    other = make_tiny_model(tmp_path / "other", texts)
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(bytes(weights))
    assert model_digest(model) != model_digest(other)
    assert model_digest(model, weights=False) == model_digest(other, weights=False)


def test_the_twin_starts_from_other_weights_and_the_same_settings_give_the_same_answers(model):
    texts = [text for text, _ in messages(12, 1)]
    rows = finetune.tokens_of(model, texts, 32)
    lesson = finetune.Lesson(texts, rows, np.arange(12) % 2)
    nothing = finetune.Schedule(learning_rate=1e-12, epochs=1, batch_size=4)

    def embedding(seed: int, **start: bool) -> np.ndarray:
        trained = finetune.finetuned(model, lesson, 2, nothing, seed, **start)
        return trained.get_input_embeddings().weight.detach().numpy()

    pretrained = embedding(0)
    np.testing.assert_allclose(pretrained, embedding(1), atol=1e-6)
    twin = embedding(0, random_weights=True)
    assert np.abs(twin - pretrained).max() > 0.01
    np.testing.assert_array_equal(twin, embedding(0, random_weights=True))


def test_the_learning_rate_goes_up_and_then_down(model):
    shares = [finetune.rate_share(step, 20) for step in range(1, 21)]
    assert shares[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert shares[2:] == sorted(shares[2:], reverse=True)
    assert 0 < shares[-1] < 0.06


def test_every_arm_learns_what_can_be_learned_and_an_interrupted_table_goes_on(
    data, model, tmp_path, monkeypatch
):
    arms = ["tfidf_svm", "tfidf_logistic", "starter_frozen", "starter_finetuned", "twin_finetuned"]
    monkeypatch.setattr("starter.choices.RATES", {"starter": (1e-3, 3e-3, 5e-3)})
    command = ["--model", str(model), "--sets", "cic_zh", "--sizes", "full", "--seeds", "2"]
    folders = ["--data", str(data), "--cache", str(tmp_path / "cache")]
    parsed = evaluate.parser().parse_args([*command, *folders, "--arms", *arms])

    parsed.minutes = 1e-9
    begun = evaluate.evaluate(parsed)
    assert sum(line["cells"] for line in begun["missing"]) == 4 + 4 + 3 + 7 + 7
    assert begun["figures"] == []

    parsed.minutes = None
    found = evaluate.evaluate(parsed)
    assert found["missing"] == []
    score = {row["arm"]: row["macro_f1"]["value"] for row in found["figures"]}
    assert min(score[arm] for arm in ("tfidf_svm", "tfidf_logistic", "starter_finetuned")) > 0.9
    for row in found["figures"]:
        assert row["macro_f1"]["low"] <= row["macro_f1"]["value"] <= row["macro_f1"]["high"]
    assert {row["rival"] for row in found["differences"]} == {*arms} - {"starter_finetuned"}
    json.dumps(found, allow_nan=False)

    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.np*")}
    assert evaluate.evaluate(parsed) == found
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.np*")} == files


def test_the_answers_of_a_cell_are_read_back_with_the_converted_rows(data, tmp_path):
    pytest.importorskip("opencc", reason="the conversion needs OpenCC")
    line = Line(Arm("tfidf_svm", "svm"), load_set("hotel_reviews_zh", data), None, 1)
    cell = line.cell({"C": 1.0, "features": "characters"})
    run_cell(cell, data, tmp_path)
    plain = read_answers(cell, tmp_path)
    assert plain.tolist() == line.data.test.labels.tolist(), "吵 and 好 tell them apart"
    assert len(read_answers(cell, tmp_path, "s2t")) == len(plain)


def test_two_processes_share_the_cells(data, tmp_path):
    lines = [line_of(data, Arm("tfidf_svm", "svm"), 8, seeds=2)]
    schedule = Schedule(lines, data, tmp_path)
    schedule.run(jobs=2)
    assert schedule.progress(lines[0]).left == 0
    assert len(list(tmp_path.glob("*.npz"))) == 4 + 1


# the intervals ----------------------------------------------------------------------------------


def runs_of(truth: np.ndarray, wrong: float, seeds: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    answers = np.tile(truth, (seeds, 1))
    flipped = random.random(answers.shape) < wrong
    return np.where(flipped, random.integers(truth.max() + 1, size=answers.shape), answers)


def test_figures_are_those_of_scikit_learn_averaged_over_seeds():
    truth = np.random.default_rng(0).integers(5, size=300)
    answers = runs_of(truth, 0.3, 3, 1)
    found = seed_intervals.draw_all(truth, {"ours": answers}, 6, seed=0)["ours"]["macro_f1"]
    expected = [f1_score(truth, run, average="macro", zero_division=0) for run in answers]
    assert found.runs == pytest.approx(expected)
    assert found.value == pytest.approx(np.mean(expected))
    assert found.figure().low < found.value < found.figure().high


def test_a_difference_is_paired_and_its_verdict_follows_its_ends():
    truth = np.random.default_rng(0).integers(4, size=400)
    good, bad = runs_of(truth, 0.1, 5, 1), runs_of(truth, 0.5, 1, 2)
    arms = {"good": good, "same": good.copy(), "bad": bad, "near": runs_of(truth, 0.1, 5, 3)}
    found = {
        arm: by_name["macro_f1"]
        for arm, by_name in seed_intervals.draw_all(truth, arms, 4, seed=0).items()
    }
    same = found["good"].minus(found["same"])
    assert (same.value, same.low, same.high) == (0, 0, 0)
    verdicts = [
        seed_intervals.verdict(found["good"].minus(found["bad"])),
        seed_intervals.verdict(found["bad"].minus(found["good"])),
        seed_intervals.verdict(found["good"].minus(found["near"])),
    ]
    assert verdicts == ["better", "worse", "cannot_tell"]


def test_seeds_that_differ_widen_the_interval():
    truth = np.arange(600) % 2
    alike = np.tile(np.where(np.arange(600) % 5 == 0, 1 - truth, truth), (4, 1))
    share = (0.0, 0.1, 0.3, 0.4)
    apart = np.stack([runs_of(truth, 2 * s, 1, i)[0] for i, s in enumerate(share)])
    found = seed_intervals.draw_all(truth, {"alike": alike, "apart": apart}, 2, seed=0)
    width = {
        arm: by_name["accuracy"].figure().high - by_name["accuracy"].figure().low
        for arm, by_name in found.items()
    }
    assert width["apart"] > 3 * width["alike"]


def test_full_agreement_is_not_certainty():
    answers = np.zeros((5, 200), dtype=np.int64)
    found = seed_intervals.agreement(answers, answers.copy(), seed=0)
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.97 < found.low < 0.99


# the real data ----------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation sets are not beside the repository")
def test_the_real_sets_have_their_published_rows():
    cic, trec = load_set("cic_zh", SHARED), load_set("trec_en", SHARED)
    assert (len(cic.label_names), len(cic.test)) == (118, 2000)
    assert cic.removed["train_rows_in_test"] == 21
    assert (len(trec.label_names), len(trec.test)) == (6, 500)
    assert len(trec.train) + len(trec.validation) == 5452 - 7 - 4
    assert set(sets.SET_OF) == {part for parts in sets.PARTS.values() for part in parts}
