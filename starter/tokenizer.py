"""Step 2: the tokenizer, one `tokenizer.json` that needs no code of ours to load.

    python -m starter.tokenizer --vocab-size 14000

Text is brought to NFKC, lower case and Simplified characters (a table inside the tokenizer),
split at spaces, punctuation and changes of script, and cut by a unigram model (Kudo 2018) whose
pieces are single ideographs, frequent Chinese words and English word pieces. An English word
begins with `▁`; Chinese never carries it, whatever stands before it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from starter.folding import folding_table
from starter.work import WORK, announce

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SHARES = {
    "zhwiki_mixed_script": 0.3,
    "articles_zh": 0.5,
    "reviews_zh": 1.0,
    "law_zh": 0.1,
    "enwiki": 0.5,
    "tatoeba": 1.0,
}
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
"""Share of each corpus's lines that the vocabulary is chosen from, so that no genre rules it."""


def folding_normalizer() -> normalizers.Normalizer:
    """The folding table as the trie that SentencePiece compiles and `tokenizers` runs."""
    import sentencepiece

    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        rules.write_text(
            "".join(f"{code:X}\t{ord(to):X}\n" for code, to in sorted(folding_table().items()))
        )
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e f"] * 20),
            model_prefix=f"{folder}/none",
            vocab_size=10,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(rules),
            minloglevel=2,
        )
        model = Path(folder, "none.model").read_bytes()
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    return normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)


def bare_tokenizer(model: models.Model, han: str) -> Tokenizer:
    """`model` behind the normaliser and the splitter; `han` is the pattern of a Chinese word."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            # lines of the corpora hold neither, people's texts do: they are no unknown tokens
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Replace(Regex(r"[\p{Cc}\p{Cf}]"), ""),
            normalizers.NFKC(),
            normalizers.Lowercase(),
            folding_normalizer(),
            normalizers.Replace(Regex(r"(?<=\p{Han})(?=\p{Latin})"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Split(Regex(r"▁(?!\p{Latin})"), "removed"),
            pre_tokenizers.Split(Regex(han + r"|\p{N}{1,4}|[^\p{L}\p{N}\p{M}▁]"), "isolated"),
        ]
    )
    return tokenizer


def sample(folder: Path, seed: int = 0) -> Iterator[str]:
    """Lines of the clean corpora in the proportions of `SHARES`."""
    draw = random.Random(seed)
    for path in sorted(folder.glob("*.txt.gz")):
        share = SHARES[path.name.removesuffix(".txt.gz")]
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                if draw.random() < share and len(line) > 1:
                    yield line.strip()


def word_counts(folder: Path, splitter: Tokenizer, share: float) -> Counter[str]:
    """How often each run of characters that the splitter never joins occurs in a `share`."""
    draw = random.Random(1)
    counts: Counter[str] = Counter()
    for line in sample(folder):
        if draw.random() < share:
            normal = splitter.normalizer.normalize_str(line)
            counts.update(word for word, _ in splitter.pre_tokenizer.pre_tokenize_str(normal))
    return counts


def candidate_pieces(counts: Counter[str], number: int) -> list[tuple[str, float]]:
    """(piece, log probability) of `number` pieces by SentencePiece's trainer, likeliest first."""
    import sentencepiece

    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words.tsv")
        words.write_text(
            "".join(f"{word}\t{n}\n" for word, n in counts.items() if "\t" not in word)
        )
        sentencepiece.SentencePieceTrainer.train(
            input=str(words),
            input_format="tsv",
            model_prefix=f"{folder}/pieces",
            vocab_size=number,
            model_type="unigram",
            character_coverage=0.9996,
            max_sentencepiece_length=16,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            split_by_unicode_script=False,
            num_threads=2,
            minloglevel=1,
        )
        trained = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/pieces.model")
        return [
            (trained.id_to_piece(place), trained.get_score(place))
            for place in range(3, trained.get_piece_size())
        ]


def chosen_pieces(
    candidates: list[tuple[str, float]], vocab_size: int, chinese_words: int
) -> list[tuple[str, float]]:
    """All single characters, the likeliest Chinese words of 2 to 4, and English for the rest.

    Left to itself the trainer spends thousands of pieces on the stock phrases of encyclopaedias.
    """
    singles = [pair for pair in candidates if len(pair[0]) == 1]
    chinese = [pair for pair in candidates if 1 < len(pair[0]) <= 4 and _HAN.match(pair[0])]
    others = [pair for pair in candidates if len(pair[0]) > 1 and not _HAN.match(pair[0])]
    kept = [*singles, *chinese[:chinese_words]]
    kept += others[: vocab_size - len(SPECIAL) - len(kept)]
    return sorted(kept, key=lambda pair: -pair[1])


def assemble(splitter: Tokenizer, pieces: list[tuple[str, float]]) -> Tokenizer:
    """The splitter with its pieces, the special tokens first."""
    tokenizer = splitter
    vocabulary = [(name, 0.0) for name in SPECIAL] + pieces
    tokenizer.model = models.Unigram(vocabulary, unk_id=SPECIAL.index("[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def main() -> None:
    """Train the tokenizer and save it in the layout that `AutoTokenizer` reads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--name", default="tokenizer")
    parser.add_argument("--vocab-size", type=int, default=14_000)
    parser.add_argument("--chinese-words", type=int, default=4_000)
    parser.add_argument("--candidates", type=int, default=32_000)
    parser.add_argument("--single", action="store_true", help="one ideograph, one piece")
    parser.add_argument("--share", type=float, default=0.25, help="share of the sample to read")
    arguments = parser.parse_args()
    splitter = bare_tokenizer(models.Unigram(), r"\p{Han}" if arguments.single else r"\p{Han}+")
    counts = word_counts(arguments.work / "clean", splitter, arguments.share)
    announce(f"{len(counts):,} different words in the sample")
    candidates = candidate_pieces(counts, arguments.candidates)
    pieces = chosen_pieces(candidates, arguments.vocab_size, arguments.chinese_words)
    tokenizer = assemble(splitter, pieces)
    folder = arguments.work / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name.strip('[]').lower()}_token": name for name in SPECIAL},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    announce(f"{tokenizer.get_vocab_size()} pieces in {folder}")


if __name__ == "__main__":
    main()
