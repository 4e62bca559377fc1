"""What recipe `auto` chooses by the size of the model."""

import pytest

from luthier.recipes import PlanFacts, auto


@pytest.mark.parametrize(
    ("parameters", "rate"),
    [(5_300_000, 5e-4), (22_700_000, 2e-4), (110_000_000, 3e-5), (560_000_000, 1e-5)],
)
def test_the_smaller_the_model_the_higher_the_rate(parameters, rate):
    facts = PlanFacts(
        train_rows=1000,
        labels=5,
        parameters=parameters,
        longest_input=512,
        length_p99=40.0,
        on_accelerator=False,
    )
    choice = auto(facts)
    assert choice.values["train.learning_rate"] == rate
    assert f"{parameters / 1e6:.0f} million" in choice.reasons["train.learning_rate"]
