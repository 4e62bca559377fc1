"""What can be known to be wrong before a row is read and before a folder is made."""

from __future__ import annotations

from luthier.errors import Problem, SettingsError
from luthier.settings import Settings
from luthier.settings_file import Resolved


def check_before(resolved: Resolved) -> None:
    """Check settings that only the packages and the model themselves can judge.

    Nothing is imported for settings that are as they come.

    Raises:
        SettingsError: naming every one that does not fit.
        MissingExtraError: when one needs a package that is not installed.
        ModelError: when the length was set and the model cannot be found or described.
    """
    from luthier.kit.model_packages import require_model_packages

    train = resolved.settings.train
    special = train.optim != "adamw" or train.optim_args or train.report_to != "none"
    length_set = resolved.origins["text.max_length"].kind != "default"
    if not special and not length_set:
        return
    require_model_packages()
    if special:
        from luthier.engines.optimizer import optimizer_arguments, optimizer_class
        from luthier.engines.trackers import tracker_names

        optimizer_class(train.optim)
        optimizer_arguments(train)
        tracker_names(train.report_to)
    if length_set:
        _check_length(resolved.settings)


def _check_length(settings: Settings) -> None:
    from luthier.models.facts import describe_model
    from luthier.models.find import find_model

    model, length = settings.model, settings.text.max_length
    source = find_model(model.name_or_path, trust_remote_code=model.trust_remote_code)
    longest = describe_model(source).longest_input
    if length > longest:
        raise SettingsError(
            Problem(
                f"is {length}, but this model reads at most {longest} tokens",
                where="text.max_length",
            ),
            next_step=f"--text.max_length {longest}",
        )
