"""What somebody likes or brings enters no cache that other visitors share."""

import ast
from pathlib import Path

PARTS = Path(__file__).resolve().parents[2] / "pages"
PRIVATE = {"Taste", "Visit", "Histories", "Brought", "Sent", "bytes", "Prompt", "Draft"}
SHARED = {"held_up", "curve", "_explanation"}  # of these the pages call the session's own, when they know a taste


def remembered(tree: ast.Module):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(one) for one in node.decorator_list]
            if any(one.startswith(("st.cache_data", "st.cache_resource")) for one in decorators):
                yield node


def test_no_shared_cache_is_keyed_by_what_a_visitor_brings():
    found = {}
    for path in PARTS.rglob("*.py"):
        for function in remembered(ast.parse(path.read_text("utf-8"))):
            kinds = {
                name.id for argument in function.args.args for name in ast.walk(argument) if isinstance(name, ast.Name)
            }
            if kinds & PRIVATE:
                found[function.name] = path
    assert set(found) == SHARED
    for name, path in found.items():
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        assert name not in [one.id for one in calls if isinstance(one, ast.Name)], f"{name} is called itself"
        assert f"for_session({name}" in path.read_text("utf-8"), f"{name} has no copy for one session"
