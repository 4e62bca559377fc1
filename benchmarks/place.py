"""Where faults are planted, and the one place that says which results may be reported.

Limits in the fault files were chosen looking at `choosing` substrates (and seeds 0 to 9 of the
made-up languages). Track records and headline figures come from `reported` substrates alone, whose
texts, alphabets, sentence lengths and transformer no limit was chosen on.

Operators in plants/ know nothing of this: they ask `grammar.make_rows` for healthy rows, and get
those of the substrate that is current here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from luthier.records import Rows

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Language:
    """Two made-up scripts: `han` characters (written without spaces) and `latin` syllables."""

    han: str
    syllables: tuple[str, ...]
    seed: int
    more_fillers: int = 0
    """Words without meaning that a sentence has beyond the usual four."""


FIRST_LANGUAGE = Language(
    "快递退货发票会员积分售后咨询配送地址客服电话订单尺寸颜色库存价格维修安装保修换货",
    ("ba", "ko", "mi", "tur", "sel", "na", "vo", "pri", "dem", "lu", "cha", "rin"),
    seed=7,
)
SECOND_LANGUAGE = Language(
    "醫院掛號檢查結果藥房處方門診床位護理體溫血壓疫苗預約報告牙齒視力複診手術飲食睡眠",
    ("zo", "fen", "gra", "hul", "wey", "oth", "jas", "quo", "xim", "bel", "tuf", "ske", "pyr"),
    seed=19,
    more_fillers=2,
)


@dataclass(frozen=True)
class Transformer:
    """Size of the small transformer that faults of training are planted in."""

    width: int = 32
    layers: int = 2


@dataclass(frozen=True)
class Substrate:
    """Rows and a learner.

    Args:
        name: as in results and in `--substrates`.
        role: whether limits were chosen on it, or results are reported from it.
        first_seed: seeds of no two substrates overlap.
        what: for people.
        language: of made-up rows; their labels and their Bayes error are known.
        data: folder in shared/data, or `sample`; empty for made-up rows.
        learner: stand-in for the fine-tuned model where an operator asks for one: softmax
            regression on `pairs` of words, or on the TF-IDF `ngrams` that its linear rival sees.
        transformer: size of the small transformer, on made-up rows only.
    """

    name: str
    role: Literal["choosing", "reported"]
    first_seed: int
    what: str
    language: Language = FIRST_LANGUAGE
    data: str = ""
    learner: Literal["pairs", "ngrams"] = "pairs"
    transformer: Transformer = Transformer()

    @property
    def is_here(self) -> bool:
        """Real data may be absent."""
        return self.data in ("", "sample") or (SHARED_DATA / self.data).is_dir()


SUBSTRATES = (
    Substrate(
        "first_language",
        "choosing",
        100,
        "a made-up language in Chinese and Latin script, a 2-layer transformer of width 32",
    ),
    Substrate(
        "second_language",
        "reported",
        30_100,
        "another made-up language (traditional characters, other syllables, longer sentences), "
        "a 3-layer transformer of width 48",
        language=SECOND_LANGUAGE,
        transformer=Transformer(48, 3),
    ),
    Substrate(
        "sample", "choosing", 50_100, "the embedded sample with a TF-IDF learner",
        data="sample", learner="ngrams",
    ),
    Substrate(
        "thucnews_titles_zh", "reported", 60_100, "Chinese news titles, a learner of word pairs",
        data="thucnews_titles_zh",
    ),
    Substrate(
        "trec_en", "reported", 70_100, "English questions, a TF-IDF learner",
        data="trec_sst_en", learner="ngrams",
    ),
)  # fmt: skip
FIRST = SUBSTRATES[0]

NEEDS_WORDS = frozenset(
    {
        "answer_a_kind_badly",
        "change_the_test_texts",
        "give_groups_their_own_words",
        "put_the_signal_last",
        "share_words",
    }
)
"""Operators that change words whose meaning must be known: made-up rows only."""

NEEDS_TRANSFORMER = frozenset(
    {
        "blank_inputs",
        "break_the_loop",
        "change_the_head",
        "change_the_loss",
        "forget_pretrained_weights",
        "leave_out_of_training",
        "overflow",
        "saturate",
        "set_learning_rate",
        "sort_by_label",
    }
)
"""Operators of the small transformer, whose one word is one token: made-up rows only."""


def why_not(substrate: Substrate, operator: str) -> str:
    """Why this operator cannot be used there; empty when it can."""
    if not substrate.is_here:
        return f"shared/data/{substrate.data} is not here"
    if substrate.data and operator in NEEDS_WORDS:
        return "the operator changes words whose meaning is known only in made-up languages"
    if substrate.data and operator in NEEDS_TRANSFORMER:
        return "the small transformer reads made-up languages only"
    return ""


@dataclass
class Place:
    """What operators get now.

    Args:
        substrate: where rows come from.
        most_rows: cut every draw to so many rows (trials of honest abstention); None for all.
        given: rows that already hold a fault, for the second of two faults at once.
        made: the healthy rows of each draw, so that planted rows can be told.
    """

    substrate: Substrate = FIRST
    most_rows: int | None = None
    given: Rows | None = None
    made: list[Rows] = field(default_factory=list)


_here = Place()


def here() -> Place:
    """The current place."""
    return _here


@contextmanager
def planted_at(place: Place) -> Iterator[Place]:
    """Let operators get their rows from there."""
    global _here  # noqa: PLW0603 - operators take a seed only; this is the one seam
    before, _here = _here, place
    try:
        yield place
    finally:
        _here = before


def substrate_named(name: str) -> Substrate:
    """The substrate of this name; KeyError when there is none."""
    return {substrate.name: substrate for substrate in SUBSTRATES}[name]
