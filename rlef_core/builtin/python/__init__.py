"""Language `python`: the base interpreter, without any site-packages, and the drivers that load a program."""

import ast
import sys
from importlib.resources import files

from rlef_core import Language, Tool

PARTS = {
    "program": ("loading", "program"),
    "call": ("loading", "values", "answering", "call"),
    "script": ("loading", "values", "answering", "script"),
}
ADDRESS_SPACE_EXTRA_BYTES = 768 << 20
"""Room for threads with big stacks, a common idiom of contest programs; the memory limit itself is of memory really used."""


def driver(kind: str) -> str:
    """A driver as one file: its parts in a row, without what only ties them together or only the reader needs."""
    folder = files(__name__) / "drivers"
    parts = [ast.parse((folder / f"{part}.py").read_text("utf-8")) for part in PARTS[kind]]
    body = [statement for part in parts for statement in part.body if not _is_for_readers(statement)]
    return ast.unparse(_Bare().visit(ast.Module([*body, *ast.parse("run()").body], [])))


def _is_for_readers(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (
        statement.level > 0 or statement.module in {"__future__", "typing", "collections.abc"}
    )


class _Bare(ast.NodeTransformer):
    """Takes annotations and docstrings out: compiling and evaluating them would cost every run of a program."""

    def visit_arg(self, node: ast.arg) -> ast.arg:  # the name that ast looks for
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # as above
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:  # as above
        assert node.value is not None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:  # as above
        return None if isinstance(node.value, ast.Constant) else node


def _interpreter() -> Tool:
    # In a virtual environment this is the interpreter it was made from; the programs' user may not be allowed to run it.
    own = getattr(sys, "_base_executable", None) or sys.executable
    return Tool("python", (own, "python3"), ("-s", "-S", "-B", "-c", "import sys, _json"), debian_package="python3")


LANGUAGE = Language(
    name="python",
    source_name="solution.py",
    run=("{python}", "-s", "-S", "-B", "{source}"),
    tools=(_interpreter(),),
    fences=("python", "py", "python3"),
    drivers={kind: driver(kind) for kind in PARTS},
    driver_name="driver.py",
    environment={"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    address_space_extra_bytes=ADDRESS_SPACE_EXTRA_BYTES,
    runtime="cpython",
)
