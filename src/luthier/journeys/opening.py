"""Opening a run folder: a new one with resolved settings, or an old one to go on from."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from luthier.errors import (
    InputError,
    LuthierError,
    MachineError,
    Problem,
)
from luthier.journeys.given import flat_settings, named_data, named_run
from luthier.journeys.run import Run
from luthier.journeys.run_settings import (
    check_settings_unchanged,
    with_given,
    written_while_it_works,
)
from luthier.journeys.walk import Walk
from luthier.kit.hub_data import is_hub_name
from luthier.kit.stop_words import words_in_place_of_file
from luthier.machine_errors import machine_errors_named
from luthier.recipes import classic
from luthier.records import Listener, Progress
from luthier.run_folder import RunFolder, write_text
from luthier.settings_file import Resolved, from_run_yaml, resolve, to_yaml, with_recipe


def open_walk(
    source: str | Path | None,
    run_dir: str | Path | None,
    settings: SettingsLike,
    resume: bool,
    listen: Listener | None,
    should_stop: Callable[[], bool] | None,
) -> Walk:
    """A walk in a new run folder, or in the one to resume.

    Raises:
        LuthierError: when the settings are wrong, the folder is taken, or there is nothing to do.
    """
    if resume:
        run, resolved = _old_run(source, run_dir, settings)
    else:
        run, resolved = _new_run(source, run_dir, settings)
    return Walk(
        run=run,
        resolved=resolved,
        listen=listen or _nobody,
        should_stop=should_stop or _never,
        resume=resume,
    )


def _new_run(
    source: str | Path | None,
    run_dir: str | Path | None,
    settings: SettingsLike,
) -> tuple[Run, Resolved]:
    resolved = resolve_settings(settings, source)
    path = resolved.settings.data.path
    if path is None:
        raise InputError(
            "no data were named", next_step="luthier workup DATA, or set data.path in the settings"
        )
    run = Run(run_dir or free_run_dir(_name_for(path)))
    return run, _by_recipe(_with_whole_paths(resolved))


def _by_recipe(resolved: Resolved) -> Resolved:
    if resolved.settings.recipe != "classic":
        return resolved  # `auto` looks at the encoded rows first
    choice = classic()
    return with_recipe(resolved, choice.values, kind="recipe", reasons=choice.reasons)


def _old_run(
    source: str | Path | None,
    run_dir: str | Path | None,
    settings: SettingsLike,
) -> tuple[Run, Resolved]:
    folder = run_dir or (None if source is None else named_data(source))
    if folder is None:
        raise InputError(
            "--resume needs the run folder", next_step="luthier workup --resume --run-dir RUN"
        )
    run = Run(folder)
    run.require()
    check_settings_unchanged(run)
    resolved = from_run_yaml(run.settings_path)
    if source is not None and run_dir is not None:
        named, known = Path(source).resolve(), Path(resolved.settings.data.path or "")
        if named != known:
            raise InputError(
                Problem(f"this run was made from {known}, not from {named}", where=str(run.path)),
                next_step=f"luthier workup --resume --run-dir {run.path}",
            )
    if settings not in (None, Typed(None, {}), {}):
        given = _with_whole_paths(resolve_settings(settings))
        resolved = _by_recipe(with_given(run, resolved, given))
    return run, resolved


@dataclass(frozen=True, slots=True)
class Typed:
    """Settings as typed at a command: a file, and flags over it.

    Args:
        file: YAML file, or None.
        flags: name without dashes -> text as typed.
    """

    file: Path | None
    flags: Mapping[str, str]


SettingsLike = str | Path | Mapping[str, Any] | Typed | None


def _with_whole_paths(resolved: Resolved) -> Resolved:
    """Paths in full, so that the run can be resumed and repeated from any folder."""
    settings = resolved.settings
    name, path = settings.model.name_or_path, settings.data.path
    if name != "starter" and Path(name).expanduser().exists():
        name = str(Path(name).expanduser().resolve())
    model = settings.model.model_copy(update={"name_or_path": name})
    files = {"path": _whole(path)}
    names = settings.data.label_names
    if names is not None and Path(names).is_file():
        files["label_names"] = _whole(names)
    text = settings.text
    if text.domain_stop_words is not None:
        words = words_in_place_of_file(text.domain_stop_words)
        text = text.model_copy(update={"domain_stop_words": words})
    data = settings.data.model_copy(update=files)
    augment = settings.augment
    if augment.synonyms is not None:
        augment = augment.model_copy(update={"synonyms": _whole(augment.synonyms)})
    whole = settings.model_copy(
        update={"model": model, "data": data, "text": text, "augment": augment}
    )
    return replace(resolved, settings=whole)


def _whole(path: str | None) -> str | None:
    if path is None or is_hub_name(Path(path)):
        return path
    return str(Path(path).resolve())


def _name_for(path: str) -> str:
    """A name for a run on these data: that of the file or folder, without signs of a pattern."""
    return "".join(sign for sign in Path(path).stem if sign not in "*?[]").strip("-_. ") or "data"


def resolve_settings(settings: SettingsLike, source: str | Path | None = None) -> Resolved:
    """Settings from a file or a mapping, with the data named by the caller.

    Raises:
        InputError: when the data are given as a value, not by the name of a file.
        SettingsError: with every problem at once.
    """
    file: Path | None = None
    flags: dict[str, Any] = {}
    prefix = ""
    match settings:
        case None:
            pass
        case Typed(file=file, flags=typed):
            flags, prefix = dict(typed), "--"
        case str() | Path():
            file = Path(settings)
        case _:
            flags = flat_settings(settings)
    if source is not None:
        flags["data.path"] = _whole(str(named_data(source)))
    return resolve(file, flags, flag_prefix=prefix)


def with_defaults(settings: SettingsLike, values: Mapping[str, Any]) -> SettingsLike:
    """Settings that hold these values unless they say otherwise; a file alone is left as it is."""
    match settings:
        case Typed(file=None, flags=flags):
            return Typed(None, {**values, **flags})
        case None:
            return dict(values)
        case Mapping():
            return {**values, **flat_settings(settings)}
        case _:
            return settings


@contextlib.contextmanager
def begun(run: Run, resolved: Resolved, *, new: bool) -> Iterator[None]:
    """Make a new run folder and hold it; remove it again when its beginning fails on wrong input.

    An old one gets the settings that were given to it now, and loses them again in that case.

    Only a folder that was made or found empty here, and that no other process holds, is ever
    removed: `create` and `lock` refuse all others before anything can go wrong inside.
    """
    existed = [path for path in (run.path, *run.path.parents) if path.exists()]
    if new:
        run.create()
    with run.lock():
        try:
            if new:
                with machine_errors_named(run.path):
                    write_text(run.settings_path, to_yaml(resolved))
            keeping = contextlib.nullcontext() if new else written_while_it_works(run, resolved)
            with keeping:
                yield
        except MachineError:  # no fault of the input: what is there is resumed
            if new and not run.settings_path.exists():
                _remove(run, existed)
            raise
        except LuthierError:
            if new:
                _remove(run, existed)
            raise


def _remove(run: Run, existed: Sequence[Path]) -> None:
    """Take back what `begun` made: the folder, and the parents that were not there before."""
    shutil.rmtree(run.path)
    for path in (run.path, *run.path.parents):
        if path in existed:
            break
        if path.exists():
            path.rmdir()
    if run.path in existed:
        run.path.mkdir()


def free_run_dir(name: str) -> Path:
    """`runs/<name>`, or the first free `runs/<name>-2`, `-3`, ..."""
    base = Path("runs") / name
    path, number = base, 2
    while path.exists() and (not path.is_dir() or any(path.iterdir())):
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


def _nobody(_: Progress) -> None:
    return None


def _never() -> bool:
    return False


def open_run(run: str | Path | RunFolder) -> Run:
    """The run in a folder.

    Raises:
        InputError: when there is none.
    """
    folder = Run(named_run(run))
    if not folder.path.exists():
        raise InputError(f"{folder.path}: there is no such run folder", next_step="ls runs")
    folder.require()
    return folder


def walk_of(run: str | Path | RunFolder, listen: Listener | None) -> Walk:
    """A walk through a finished or begun run, whose settings still hold."""
    folder = open_run(run)
    check_settings_unchanged(folder)
    resolved = from_run_yaml(folder.settings_path)
    return Walk(folder, resolved, listen or _nobody, _never, resume=True)
