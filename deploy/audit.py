"""What the image is made of: known vulnerabilities, licences, and secrets in the repository.

    python deploy/audit.py --python .venv-app/bin/python            (make audit; needs the extra `audit`)

Ends with status 1 where something was found that is not explained here. Vulnerabilities are looked up by pip-audit,
over the network: what could not be looked up is said loudly, and is a failure with --strict.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = ("cpu.lock", "gpu.lock")
ACCEPTED: dict[str, str] = {}  # id of a vulnerability: why it does not matter here; docs/operate.md says it too
# What may stand in a licence. MPL and LGPL bind whoever changes the library itself, which nobody does here.
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python|HPND|MPL|Mozilla|LGPL|Unlicense|Public Domain|zlib|CC0|Zope|NVIDIA)\b", re.I
)
SECRETS = {
    "a private key": r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----",
    "a key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a token of Slack": r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    "a key of Google": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a token of a package registry": r"\b(pypi-[A-Za-z0-9_-]{50,}|npm_[A-Za-z0-9]{36})",
    "a key of OpenAI or Anthropic": r"\bsk-(ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "a token of Hugging Face": r"\bhf_[A-Za-z]{34}\b",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a password in an address": r"[a-z]+://[^/\s:@{}$\"']+:[^/\s:@{}$\"']+@(?!example\.|localhost|127\.)[a-z0-9]",
    "a secret that is set": (
        r"(?i)^\s*[A-Z_]*(client_secret|cookie_secret|api_key|password)\s*=\s*[\"'](?!\.\.\.)[^\"'\s{}$<]{12,}[\"']"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="of the environment whose licences are read")
    parser.add_argument("--strict", action="store_true", help="what could not be looked up is a failure")
    options = parser.parse_args()
    failures, complete = [*secrets_of(CHECKOUT), *licences(options.python)], True
    for lock in LOCKS:
        found, unknown = vulnerabilities(CHECKOUT / "deploy" / lock)
        failures += found
        complete = complete and not unknown
        if unknown:
            print(f"LEFT OUT: {lock}: {unknown} packages could not be looked up for vulnerabilities", file=sys.stderr)
            failures += ["vulnerabilities could not be looked up"] if options.strict else []
    for failure in failures:
        print(f"found: {failure}", file=sys.stderr)
    clean = "Nothing was found." if complete else "Nothing was found in what could be looked up."
    print("Something was found." if failures else clean)
    sys.exit(1 if failures else 0)


def secrets_of(folder: Path) -> list[str]:
    """A line for each line of a file in the repository that looks like a secret."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, text=True, check=True).stdout
    found = [line for name in listed.split("\0") if name for line in secrets_in(folder / name)]
    print(f"secrets: {len(listed.split(chr(0))) - 1} files looked through, {len(found)} found")
    return found


def secrets_in(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return []
    return [
        f"{path.name}, line {text.count(chr(10), 0, match.start()) + 1}: {what}"
        for what, pattern in SECRETS.items()
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]


def licences(python: str) -> list[str]:
    """A line for each package whose licence is not one that may be handed on freely; prints how many have which."""
    command = ["pip-licenses", "--python", python, "--format=json", "--from=mixed", "--ignore-packages", "menagerie"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["License"]] = counts.get(row["License"], 0) + 1
    print(f"licences of {len(rows)} packages: " + ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    return [f"{row['Name']} {row['Version']}: licence {row['License']!r}" for row in rows if not free(row["License"])]


def free(licence: str) -> bool:
    """
    >>> free("BSD License; MIT"), free("LGPL-2.1"), free("GPL-3.0"), free("UNKNOWN")
    (True, True, False, False)
    """
    return PERMISSIVE.search(licence) is not None


def vulnerabilities(lock: Path) -> tuple[list[str], int]:
    """A line for each known vulnerability of the locked packages, and how many packages could not be looked up."""
    command = ["pip-audit", "--requirement", str(lock), "--disable-pip", "--require-hashes", "--format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        print(done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return [], lock.read_text().count("==")
    return told(json.loads(done.stdout)["dependencies"], lock.name)


def told(dependencies: list[dict[str, Any]], lock: str) -> tuple[list[str], int]:
    unknown = [one for one in dependencies if "skip_reason" in one]
    found = [
        f"{lock}: {one['name']} {one['version']}: {problem['id']}, mended in {problem['fix_versions'] or 'none yet'}"
        for one in dependencies
        for problem in one.get("vulns", ())
        if not {problem["id"], *problem.get("aliases", ())} & ACCEPTED.keys()
    ]
    print(f"{lock}: {len(dependencies) - len(unknown)} packages looked up, {len(found)} vulnerabilities")
    return found, len(unknown)


if __name__ == "__main__":
    main()
