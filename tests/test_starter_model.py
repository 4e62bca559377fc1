"""The pretrained encoder in the package: small, loadable without our code, reads both scripts."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

import luthier

FOLDER = Path(luthier.__file__).parent / "starter_model"
TRADITIONAL = "這間飯店的服務態度很差，房間裡還有煙味"
SIMPLIFIED = "这间饭店的服务态度很差，房间里还有烟味"


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def encoder():
    return AutoModel.from_pretrained(FOLDER, dtype=torch.float32).eval()


def vector(encoder, tokenizer, text):
    with torch.inference_mode():
        return encoder(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)


def likeness(encoder, tokenizer, one, other):
    return float(
        torch.cosine_similarity(
            vector(encoder, tokenizer, one), vector(encoder, tokenizer, other), dim=0
        )
    )


def test_all_its_files_together_are_at_most_16_megabytes():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 16_000_000


def test_its_weights_lie_in_safetensors_and_half_precision_and_nothing_else_is_shipped():
    assert {file.name for file in FOLDER.iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "pretraining.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((FOLDER / "config.json").read_text())["dtype"] == "float16"


@pytest.mark.slow
def test_it_loads_where_luthier_is_not_installed():
    program = (
        "import sys; from transformers import AutoModel, AutoTokenizer as T; f = sys.argv[1];"
        "read = T.from_pretrained(f)('退款 please', return_tensors='pt');"
        "out = AutoModel.from_pretrained(f)(**read);"
        "assert 'luthier' not in sys.modules; print(out.last_hidden_state.shape[-1])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(FOLDER)],
        check=False,
        capture_output=True,
        text=True,
    )
    config = json.loads((FOLDER / "config.json").read_text())
    assert (done.returncode, done.stdout.strip()) == (0, str(config["hidden_size"])), done.stderr


def test_it_reads_512_tokens(encoder, tokenizer):
    batch = tokenizer("word " * 600, truncation=True, max_length=512, return_tensors="pt")
    with torch.inference_mode():
        states = encoder(**batch).last_hidden_state
    assert states.shape[:2] == (1, 512)
    assert bool(states.isfinite().all())


def test_a_sentence_is_the_same_in_traditional_and_in_simplified_characters(encoder, tokenizer):
    assert tokenizer(TRADITIONAL).input_ids == tokenizer(SIMPLIFIED).input_ids
    assert tokenizer.unk_token_id not in tokenizer(TRADITIONAL).input_ids


@pytest.mark.parametrize(
    ("text", "pieces"), [(TRADITIONAL, 15), ("The room smelt of smoke.", 10), ("a refund", 4)]
)
def test_words_are_pieces_not_letters(tokenizer, text, pieces):
    assert len(tokenizer(text, add_special_tokens=False).input_ids) <= pieces


def test_line_ends_and_invisible_signs_are_no_unknown_tokens(tokenizer):
    plain = tokenizer("Ad sales 味道很好").input_ids
    assert tokenizer("Ad\r\nsales\t\n\n味道\u200b很\ufeff好\x00").input_ids == plain
    assert tokenizer.unk_token_id not in plain


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("The food was delicious.", "这家餐厅的菜很好吃。", "他昨天买了一辆新汽车。"),
        ("He plays football every Sunday.", "他每个星期天踢足球。", "银行提高了贷款利率。"),
        ("我想要退款", "please give me my money back", "the mountain is very high"),
    ],
)
def test_a_sentence_lies_nearer_to_its_translation_than_to_another(
    encoder, tokenizer, text, near, far
):
    assert likeness(encoder, tokenizer, text, near) > likeness(encoder, tokenizer, text, far)


@pytest.mark.parametrize(
    ("text", "wanted"), [("这家酒店的服务很[MASK]。", "不错"), ("He was born [MASK] 1985.", "▁in")]
)
def test_it_guesses_a_plain_missing_piece(tokenizer, text, wanted):
    model = AutoModelForMaskedLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    batch = tokenizer(text, return_tensors="pt")
    place = int((batch.input_ids[0] == tokenizer.mask_token_id).nonzero()[0])
    with torch.inference_mode():
        top = model(**batch).logits[0, place].topk(5).indices
    assert wanted in tokenizer.convert_ids_to_tokens(top)


def test_a_classifier_reads_the_pooler_that_was_pretrained():
    classifier = AutoModelForSequenceClassification.from_pretrained(FOLDER, num_labels=2)
    with safe_open(FOLDER / "model.safetensors", "pt") as shipped:
        pooler = shipped.get_tensor("bert.pooler.dense.weight")
    assert torch.equal(classifier.bert.pooler.dense.weight.half(), pooler)


def test_the_card_and_the_record_say_what_it_was_made_from():
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    record = json.loads((FOLDER / "pretraining.json").read_text(encoding="utf-8"))
    assert record["counters"]["tokens"] > 0
    runs = [*(run["counters"] for run in record["before"]), record["counters"]]
    assert f"{sum(run['tokens'] for run in runs) / 1e6:.1f} million tokens" in card
    for corpus in record["shards"]:
        assert corpus in card
    assert np.isfinite(list(record["last_losses"].values())).all()
