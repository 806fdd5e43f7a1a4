"""Formatter `none`: asks for another try and tells nothing of what failed (the paper's ablation)."""

from collections.abc import Sequence

from attrs import frozen

from rlef_core import Context, Execution, FeedbackFormatter, Message, Problem, Ref, component, setting


@frozen
class NoneConfig:
    """Config of formatter `none`."""

    formatter: Ref[FeedbackFormatter] = setting(help="the formatter whose opening is used")
    text: str = setting("That is not right. Try again.", help="the message after every answer that failed")


class Silent:
    """Says the same whatever happened."""

    def __init__(self, formatter: FeedbackFormatter, text: str) -> None:
        self._formatter = formatter
        self._text = text

    def opening(self, problem: Problem) -> Sequence[Message]:
        return self._formatter.opening(problem)

    def feedback(self, problem: Problem, execution: Execution | None) -> str:
        return self._text


def build(config: NoneConfig, context: Context) -> FeedbackFormatter:
    """Build the formatter."""
    return Silent(context.build(config.formatter), config.text)


COMPONENT = component(name="none", summary="asks for another try without saying what failed (ablation)", config=NoneConfig, build=build)
