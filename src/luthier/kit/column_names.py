"""What columns are called in people's files: English, Simplified and Traditional Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from luthier.records import Note

TEXT_NAMES = (
    *("texts", "content", "contents", "sentence", "sentences", "message", "messages", "review"),
    *("reviews", "comment", "comments", "query", "question", "utterance", "document", "body"),
    *("article", "passage", "tweet", "post", "文本", "正文", "原文", "内容", "內容", "句子"),
    *("语句", "語句", "评论", "評論", "评论内容", "評論內容", "评价内容", "評價內容", "留言"),
    *("问题", "問題", "提问", "提問", "对话", "對話", "消息", "訊息", "语料", "語料"),
    *("sms", "complaint", "complaints", "feedback", "诉求", "訴求", "反馈", "反饋"),
)
"""Names of a column of texts besides `text`."""
WEAK_TEXT_NAMES = ("title", "titles", "headline", "input", "标题", "標題", "描述")
"""Names of what often stands beside the text proper."""
LABEL_NAMES = (
    *("label", "labels", "category", "categories", "class", "classes", "intent", "intents"),
    *("target", "topic", "topics", "sentiment", "emotion", "polarity", "tag", "tags"),
    "cats",  # of spaCy
    *("标签", "標籤", "类别", "類別", "分类", "分類", "意图", "意圖", "情感", "情绪", "情緒"),
    *("情感类别", "情感類別", "情感类型", "情感類型", "情感倾向", "情感傾向", "情感极性"),
    *("情感極性", "意图类型", "意圖類型", "问题类型", "問題類型", "话题", "話題"),
)
"""Names of a column of answers."""
WEAK_LABEL_NAMES = ("type", "types", "类型", "類型")
"""Names that say as often something else."""
_IDS = (
    *("id", "ids", "row_id", "uid", "guid", "uuid", "idx", "index", "unnamed: 0", ""),
    *("编号", "編號", "序号", "序號", "流水号", "流水號", "行号", "行號"),
)
ANNOTATOR_NAMES = (
    *("annotator", "annotator_id", "rater", "rater_id", "标注员", "標註員", "标注人"),
)
GROUP_NAMES = (
    *("group", "group_id", "user_id", "customer_id", "session_id", "conversation_id", "doc_id"),
    *("document_id", "author", "speaker", "thread_id", "用户id", "會話id", "会话id", "客户id"),
)
PAIRS = (
    *(("sentence1", "sentence2"), ("sentence_a", "sentence_b")),
    *(("text1", "text2"), ("text_a", "text_b"), ("premise", "hypothesis")),
    *(("question1", "question2"), ("query1", "query2"), ("句子1", "句子2"), ("文本1", "文本2")),
)
"""Names of two columns whose texts are read together."""
PAIRS_OF_TEXTS = (
    *(("question", "answer"), ("question", "passage"), ("question", "context")),
    *(("question", "sentence"), ("query", "passage"), ("query", "document"), ("query", "answer")),
    *(("问题", "答案"), ("問題", "答案"), ("问题", "回答"), ("問題", "回答"), ("问题", "段落")),
)
"""The same where the second one holds many texts; a few that come again are labels, or canned."""

_DROPPED = re.compile(r"[\s_-]+")
_IN_BRACKETS = re.compile(r"\s*[(\[【][^()\[\]【】]*[)\]】]\s*$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_NAME_OF = re.compile(r"(名称|名稱|名)$")
_SAYS_NOTHING = ("name", "names", "clean", "cleaned", "raw", "original", "en", "zh", "cn", "tw")
_SAYS_OTHERWISE = (
    *("is", "has", "n", "no", "num", "pred", "predicted", "model", "auto", "old", "previous"),
    *("是否", "预测", "預測", "模型"),
)
"""Parts of names: `pred_label` is what a model said, `is_comment` is no comment."""


class Found(NamedTuple):
    """What the names of the columns say.

    Args:
        name: the column; empty where none is called so, or several are that are equally likely.
        equal: those several.
        others: columns that are less likely.
        by_word: whether no more than the last word of its name says so.
    """

    name: str = ""
    equal: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    by_word: bool = False

    def notes(self, role: str, file: str, flag: str) -> list[Note]:
        """What was guessed; nothing where the column has the very name of the role."""
        if not self.name:
            return []
        said = []
        if self.by_word:
            what = f"{file}: column {self.name!r} was taken as the {role}, by a word of its name"
            said.append(Note("guessed", what))
        elif self.name != role:
            said.append(Note("guessed", f"{file}: {role} is column {self.name!r}"))
        if self.others:
            others = ", ".join(self.others)
            said.append(Note("guessed", f"{file}: {role} could also be {others}; {flag} decides"))
        return said


def folded(name: str) -> str:
    """A name without what people write differently: case, width, spaces, underscores, hyphens.

    >>> folded("True Label"), folded("ＴＥＸＴ"), folded("情感_类别")
    ('truelabel', 'text', '情感类别')
    """
    return _DROPPED.sub("", unicodedata.normalize("NFKC", name).casefold())


def all_folded(names: Iterable[str]) -> frozenset[str]:
    """Every name folded."""
    return frozenset(map(folded, names))


def is_id(name: str) -> bool:
    """Whether a column is called like one that numbers the rows."""
    return folded(name) in all_folded(_IDS)


def find_by_name(
    names: Sequence[str], groups: Sequence[Collection[str]], fits: Callable[[str], bool]
) -> Found:
    """The column that is called by a name of the first group that any column is called by.

    Args:
        names: of the columns, in their order.
        groups: known names, likeliest group first; the names of one group are equally likely.
        fits: whether what stands in the column called so speaks for it.
    """
    known = [all_folded(group) for group in groups]
    return _likeliest([[n for n in names if folded(n) in group and fits(n)] for group in known])


def find_by_word(
    names: Sequence[str], groups: Sequence[Collection[str]], fits: Callable[[str], bool]
) -> Found:
    """The column whose name ends with a known word: `review_text`, `用户评论`, `Label (0/1)`.

    The last word says what a thing is, in English and in Chinese: `text_length` is no text, and
    `评论时间` no comment.

    Args:
        names: of the columns, in their order.
        groups: known words, likeliest group first.
        fits: whether what stands in the column called so speaks for it.
    """
    known = [all_folded(group) for group in groups]
    found = [[n for n in names if _ends_with(n, group) and fits(n)] for group in known]
    return _likeliest(found)._replace(by_word=True)


def _likeliest(groups: Sequence[Sequence[str]]) -> Found:
    first, *later = [group for group in groups if group] or [()]
    if len(first) > 1:
        return Found(equal=tuple(first))
    seen = dict.fromkeys(name for group in later for name in group if name not in first)
    return Found(first[0], others=tuple(seen)) if first else Found()


def _ends_with(name: str, known: Collection[str]) -> bool:
    bare = _IN_BRACKETS.sub("", unicodedata.normalize("NFKC", name))
    words = [_NAME_OF.sub("", word.casefold()) for word in _WORD.findall(bare)]
    if any(word in _SAYS_OTHERWISE for word in words) or any(
        other in bare for other in _SAYS_OTHERWISE if _HAN.match(other)
    ):
        return False
    while len(words) > 1 and words[-1] in ("", *_SAYS_NOTHING):
        words.pop()
    last = words[-1] if words else ""
    return last in known or (
        bool(_HAN.match(last)) and last.endswith(tuple(word for word in known if _HAN.match(word)))
    )
