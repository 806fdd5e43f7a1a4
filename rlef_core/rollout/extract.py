"""Find the program in an answer."""

from rlef_core.records import Language, Program
from rlef_core.spec.blocks import ThoughtsBlock


def extract(answer: str, language: Language, thoughts: ThoughtsBlock | None = None) -> Program | None:
    """The first fenced block marked with one of the language's fences, else the first block, else None.

    A block that is not closed (an answer cut by length) or is blank holds no program (paper, section 3). With `thoughts`, only what
    follows the last thought is looked at; a thought that is not closed leaves nothing.
    """
    blocks = _blocks(_spoken(answer, thoughts) if thoughts else answer)
    marked = [source for mark, source in blocks if mark in language.fences or mark == language.name]
    sources = marked or [source for _, source in blocks]
    if not sources or not sources[0].strip():
        return None
    return Program(language.name, sources[0])


def _spoken(answer: str, thoughts: ThoughtsBlock) -> str:
    # Up to the last mark, for programs and thoughts of thoughts hold marks too. The first may be missing: many templates write it.
    _, closed, rest = answer.rpartition(thoughts.close)
    is_open = thoughts.open in rest or (thoughts.begun and not closed)
    return "" if is_open else rest


def _blocks(answer: str) -> list[tuple[str, str]]:
    blocks: list[tuple[str, str]] = []
    mark: str | None = None
    lines: list[str] = []
    for line in answer.splitlines(keepends=True):
        fence = line.strip()
        if mark is None and fence.startswith("```"):
            mark, lines = (fence[3:].split() or [""])[0].lower(), []
        elif mark is not None and fence == "```":
            blocks.append((mark, "".join(lines)))
            mark = None
        else:
            lines.append(line)
    return blocks
