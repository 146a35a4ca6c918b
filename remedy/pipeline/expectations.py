"""Great Expectations behind one small class: rules in, the positions of rows that break them out.

Imported inside tasks only: it takes seconds. Nothing is kept by it (ephemeral context), and results are asked
for without values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remedy.pipeline.quality_rules import COLUMNS, RULES, Rule

POSITION = "position"

RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [POSITION],
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
}


class ExpectationError(RuntimeError):
    """An expectation could not be evaluated: the gate does not open on what it could not see."""


@dataclass(frozen=True)
class Result:
    """What became of one rule: how many rows it was put to, and the positions of those that broke it."""

    rule: Rule
    checked: int
    failed: tuple[int, ...]


class Validator:
    """Puts the rules of a topic to rows."""

    def __init__(self) -> None:
        import great_expectations as gx
        import pandas as pd
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._gx: Any = gx
        self._pandas: Any = pd
        context = gx.get_context(mode="ephemeral")
        # They would fill the task's log.
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_pandas("landed")
        self._context: Any = context
        self._batches: Any = source.add_dataframe_asset(
            "rows"
        ).add_batch_definition_whole_dataframe("all")

    def validate(self, topic: str, columns: Sequence[Mapping[str, float | None]]) -> list[Result]:
        """The result of each rule of the topic for those rows."""
        rules = RULES[topic]
        frame = self._pandas.DataFrame(columns, columns=list(COLUMNS), dtype="float64")
        frame[POSITION] = range(len(frame))
        suite = self._gx.ExpectationSuite(
            name=topic,
            expectations=[self._expectation(position, rule) for position, rule in enumerate(rules)],
        )
        batch = self._batches.get_batch({"dataframe": frame})
        found = batch.validate(suite, result_format=RESULT_FORMAT)
        return [_result(rules, each) for each in found.results]

    def _expectation(self, position: int, rule: Rule) -> Any:
        return self._gx.expectations.ExpectColumnValuesToBeBetween(
            column=rule.column,
            min_value=rule.low,
            max_value=rule.high,
            severity=rule.severity,
            meta={"rule": position},
        )


def _result(rules: Sequence[Rule], found: Any) -> Result:
    rule = rules[found.expectation_config.meta["rule"]]
    told = found.result
    if "element_count" not in told:
        raise ExpectationError(f"The rule {rule.name} could not be evaluated; see the task's log.")
    # Without the values, the positions come as one list (in a list of one mapping).
    broken = [row[POSITION] for row in told.get("unexpected_index_list") or ()]
    failed = tuple(sorted(int(position) for some in broken for position in some))
    if len(failed) != told["unexpected_count"]:
        raise ExpectationError(f"The rule {rule.name} did not say which rows break it.")
    return Result(rule, told["element_count"] - told["missing_count"], failed)
