"""`cano diff`: its exit codes and formats, revisions of a real repository, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cano_dsl.cli._diff_child import answer
from cano_dsl.cli._diff_side import side_of
from cano_dsl.cli._git import GitFailed
from cano_dsl.cli._log_file import Refused

MORE = (
    ("PICK = 2", "PICK = 2\n    ASK = 4"),
    (
        "flow = Workflow",
        "@state(Job.ASK, timeout=5)\nasync def ask() -> Literal[Job.DONE]:\n    return Job.DONE\n\n\nflow = Workflow",
    ),
    ("pick() -> Literal[Job.DONE]", "pick() -> Literal[Job.ASK]"),
    ("load, pick,", "load, pick, ask,"),
)


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Replace parts of a source, each of which is there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def git(folder, monkeypatch):
    """Give a function that calls git in a repository of its own, which no setting of the user's reaches."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")]:
        monkeypatch.delenv(name)

    def git(*arguments: str, cwd: Path = folder) -> str:
        done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, check=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("config", "user.name", "Test")
    git("config", "user.email", "test@example.org")
    return git


@pytest.fixture
def repo(git, commit, write, folder):
    """Give all of them together."""
    return SimpleNamespace(git=git, commit=commit, write=write, folder=folder)


@pytest.fixture
def commit(git):
    """Give a function that commits all that is there."""

    def commit() -> None:
        git("add", "--all")
        git("commit", "--quiet", "--message", "change")

    return commit


@pytest.fixture
def scratch(tmp_path_factory, monkeypatch):
    """Give the folder in which temporary ones are made."""
    made = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(made))
    monkeypatch.setattr("tempfile.tempdir", None)
    return made


# --- two targets


def test_same(cano, write, flow):
    """Two workflows that differ in names and descriptions alone are the same: exit code 0, and these are told."""
    write("flow.py", flow)
    write("other.py", changed(flow, ("def load()", "def fetch()"), ("(Job, load,", "(Job, fetch,")))
    same = cano("diff", "flow.py", "flow.py")
    assert (same.exit_code, same.stderr) == (0, "")
    assert same.stdout.splitlines()[2:] == [
        "The fingerprint is the same: runs that were begun before go on.",
        "Job: the same",
    ]
    named = cano("diff", "flow.py", "other.py")
    assert named.exit_code == 0
    assert named.stdout.splitlines()[2:] == [
        "~ LOAD",
        "    handler was load, is fetch",
        "The fingerprint is the same: runs that were begun before go on.",
        "Job: the same, but for 1 name or text",
    ]


def test_different(cano, write, flow):
    """What differs is told by states, facts and transitions, each under a sign; exit code 1."""
    write("flow.py", flow)
    write("other.py", changed(flow, *MORE))
    result = cano("diff", "flow.py", "other.py")
    assert (result.exit_code, result.stderr) == (1, "")
    head, other, *rest = result.stdout.splitlines()
    assert head.startswith("--- flow.py   Job, fingerprint ") and other.startswith("+++ other.py  Job, ")
    assert rest == [
        "+ ASK  state",
        "    timeout of an attempt: 5 s",
        "    handler: ask",
        "- PICK → DONE",
        "+ PICK → ASK",
        "+ ASK → DONE",
        "Runs that were begun before cannot go on where they stand in LOAD or PICK; all others go on.",
        "Job: 1 state added; 2 transitions added, 1 removed",
    ]
    back = cano("diff", "other.py", "flow.py")
    assert back.exit_code == 1
    assert "- ASK  state\n    timeout of an attempt: 5 s\n" in back.stdout


def test_formats(cano, write, folder, flow):
    """JSON has both targets and a version, Markdown a diagram that GitHub draws; each goes to a file, all or nothing."""
    write("flow.py", flow)
    write("other.py", "print('noise')\n" + changed(flow, *MORE))
    result = cano("diff", "flow.py", "other.py", "--format", "json")
    facts = json.loads(result.stdout)
    assert (result.exit_code, facts["version"], facts["same"]) == (1, 1, False)
    assert result.stderr == "noise\n"
    assert (facts["before"]["target"], facts["after"]["target"]) == ("flow.py", "other.py")
    assert [one["path"] for one in facts["states"]] == ["ASK"]
    assert facts["transitions"][0] == {
        "from": "PICK",
        "to": "DONE",
        "how": "removed",
        "error": None,
        "rollback": False,
    }
    assert facts["stranded"] == ["LOAD", "PICK"]
    assert "runs" not in facts
    written = cano("diff", "flow.py", "other.py", "--format", "markdown", "-o", "diff.md")
    assert (written.exit_code, written.stdout) == (1, "")
    tokens = MarkdownIt().enable("table").parse((folder / "diff.md").read_text())
    assert [token.info for token in tokens if token.type == "fence"] == ["mermaid"]
    plain = cano("diff", "flow.py", "other.py", "-o", "diff.txt")
    assert (plain.exit_code, plain.stdout) == (1, "")
    assert "\n- PICK → DONE\n" in (folder / "diff.txt").read_text()
    refused = cano("diff", "flow.py", "other.py", "-o", "none/diff.md")
    assert refused.exit_code == 2 and "there is no folder none" in refused.stderr


def test_findings(cano, write, flow):
    """Waivers and findings that are new or gone are told, and are a difference."""
    write("flow.py", flow)
    waived = changed(
        flow,
        ("import Workflow", "import Waive, Workflow"),
        ("(Job.DONE,))\n", '(Job.DONE,), waive=[Waive("dead-end", Job.LOAD, "for now")])\n'),
    )
    write("other.py", waived)
    result = cano("diff", "flow.py", "other.py")
    assert result.exit_code == 1
    assert "    waiver dead-end at LOAD was none, is for now\n+ warning [" in result.stdout
    assert "1 finding added; 1 fact of the workflow changed" in result.stdout
    assert "- warning [" in cano("diff", "other.py", "flow.py").stdout


# --- revisions


def test_revision(cano, repo, flow, scratch):
    """REV:TARGET is read as it was there, with what it imports, and nothing in the work tree, the index and the refs changes; no folder is left."""
    repo.write("lib/__init__.py", "")
    repo.write("lib/names.py", "LIMIT = 5\n")
    timed = flow.replace("@state(Job.LOAD)", "@state(Job.LOAD, timeout=LIMIT)")
    repo.write("flow.py", "from lib.names import LIMIT\n" + timed)
    repo.commit()
    repo.write("lib/names.py", "LIMIT = 7\n")
    before = {path: path.read_bytes() for path in repo.folder.rglob("*") if path.is_file()}
    result = cano("diff", "main:flow.py", "flow.py")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines()[2:4] == ["~ LOAD", "    timeout of an attempt was 5 s, is 7 s"]
    assert {path: path.read_bytes() for path in repo.folder.rglob("*") if path.is_file()} == before
    assert list(scratch.iterdir()) == []
    repo.commit()
    two = cano("diff", "HEAD~1:flow:flow", "HEAD:flow:flow")
    assert two.stdout.splitlines()[2:] == result.stdout.splitlines()[2:]
    assert cano("diff", "HEAD:flow.py", "flow:flow").exit_code == 0


def test_revision_from_within(cano, repo, monkeypatch, flow):
    """In a folder of the repository, targets are those of that folder at the revision; an absolute path is moved too."""
    path = repo.write("shop/flow.py", flow)
    repo.commit()
    path.write_text(changed(flow, *MORE))
    monkeypatch.chdir(repo.folder / "shop")
    assert cano("diff", "main:flow.py", "flow.py").exit_code == 1
    assert cano("diff", f"main:{path}:flow", "main:flow.py").exit_code == 0
    assert cano("diff", "main:../shop/flow.py", "main:flow:flow").exit_code == 0
    outside = cano("diff", "main:/elsewhere/flow.py", "flow.py")
    assert outside.exit_code == 2 and "is not in" in outside.stderr
    monkeypatch.chdir(repo.write("new/flow.py", flow).parent)
    gone = cano("diff", "main:flow.py", "flow.py")
    assert gone.exit_code == 2 and "there is no folder new/ at main" in gone.stderr


def test_src_layout(cano, repo, monkeypatch, flow):
    """What the path names in the work tree is taken from the revision; a module that is imported from the work tree all the same is refused."""
    repo.write("src/jobs/__init__.py", "")
    repo.write("src/jobs/flow.py", flow)
    repo.write("src/jobs/names.py", "")
    repo.commit()
    repo.write("src/jobs/flow.py", changed(flow, *MORE))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(repo.folder / "src"), os.environ.get("PYTHONPATH", "")])
    )
    result = cano("diff", "main:jobs.flow:flow", "src/jobs/flow.py")
    assert result.exit_code == 1
    assert "+ ASK  state" in result.stdout
    finder = f"import sys\nsys.path.insert(0, {str(repo.folder / 'elsewhere')!r})\nimport added\n"
    repo.write("elsewhere/added.py", "")
    repo.write("late.py", finder + flow)
    repo.commit()
    stray = cano("diff", "main:late.py", "late.py")
    assert stray.exit_code == 2
    assert "at main" in stray.stderr and "it imports added from" in stray.stderr


def test_files_are_as_git_has_them(cano, git, commit, write, folder, flow):
    """Links within the tree are followed, those out of it left out, and no attribute hides a file or makes it another."""
    write("real.py", flow)
    write("hidden.txt", "$Id$")
    write(".gitattributes", "hidden.txt export-ignore ident\n")
    for name, target in (("flow.py", "real.py"), ("out", "/etc"), ("up", "../../x")):
        (folder / name).symlink_to(target)
    script = write("run.sh", "#!/bin/sh\n")
    script.chmod(0o755)
    look = (
        "import os\nfrom pathlib import Path\n"
        "assert Path('hidden.txt').read_text() == '$Id$' and os.access('run.sh', os.X_OK)\n"
        "assert os.path.islink('flow.py') and not os.path.lexists('out') and not os.path.lexists('up')\n"
        "from flow import flow\n"
    )
    write("look.py", look)
    commit()
    result = cano("diff", "main:look.py", "flow.py")
    assert (result.exit_code, result.stderr) == (0, "")


# --- runs in a log

LOGGED = """
import asyncio
from cano_dsl import SqliteCheckpoints
from {module} import flow, Job


async def main():
    async with SqliteCheckpoints("runs.db") as store:
        for name in {names!r}:
            try:
                await asyncio.wait_for(flow.configure(checkpoints=store).bind().run(name), 0.2)
            except TimeoutError:
                pass

asyncio.run(main())
"""


@pytest.fixture
def logged(write, flow, folder):
    """Write a workflow that hangs in its second state, and leave a run there in a log."""
    hangs = changed(
        flow,
        (
            "@router(Job.PICK)\ndef pick() -> Literal[Job.DONE]:\n",
            "@state(Job.PICK)\nasync def pick() -> Literal[Job.DONE]:\n    await asyncio.sleep(9)\n",
        ),
        ("from enum", "import asyncio\nfrom enum"),
    )
    write("flow.py", hangs)
    run = LOGGED.format(module="flow", names=["job-1"])
    subprocess.run([sys.executable, "-c", run], cwd=folder, check=True)
    return hangs


def test_store(cano, write, logged):
    """C6: the unfinished runs that B would strand are told with the reasons; those that it would not are not, and neither strands what the other does."""
    write("same.py", changed(logged, ("sleep(9)", "sleep(1)")))
    write(
        "other.py",
        changed(
            logged,
            ("exits=(Job.DONE,)", "exits=(Job.DONE, Job.LATE)"),
            ("DONE = 3", "DONE = 3\n    LATE = 4"),
            ("pick() -> Literal[Job.DONE]", "pick() -> Literal[Job.DONE, Job.LATE]"),
        ),
    )
    fine = cano("diff", "flow.py", "same.py", "--store", "runs.db")
    assert (fine.exit_code, fine.stderr) == (0, "")
    assert "✓ no unfinished run would be stranded\n" in fine.stdout
    assert (
        "No unfinished run would be stranded."
        in cano("diff", "flow.py", "same.py", "--store", "runs.db", "--format", "markdown").stdout
    )
    lost = cano("diff", "flow.py", "other.py", "--store", "runs.db")
    assert lost.exit_code == 1
    assert (
        "✗ job-1  unfinished in PICK  would be stranded\n    state PICK: targets were DONE, are DONE, LATE\n"
        in lost.stdout
    )
    markdown = cano("diff", "flow.py", "other.py", "--store", "runs.db", "--format", "markdown").stdout
    assert (
        "**1 unfinished run would be stranded:**\n\n- `job-1`, unfinished in `PICK`\n  - `state PICK: targets"
        in markdown
    )
    assert "job-1" not in cano("diff", "other.py", "other.py", "--store", "runs.db").stdout


def test_store_of_another_name(cano, write, logged):
    """Runs are found by their workflow's name: under another name none goes on, although the graph is the same."""
    write("other.py", changed(logged, ("start=Job", 'name="jobs", start=Job')))
    result = cano("diff", "flow.py", "other.py", "--store", "runs.db", "--format", "json")
    (run,) = json.loads(result.stdout)["runs"]
    assert (result.exit_code, run["run_id"], run["stranded"]) == (1, "job-1", True)
    assert run["reasons"] == ["the name of its workflow was Job, is jobs"]
    told = cano("diff", "flow.py", "other.py").stdout
    assert "Runs are logged under the name of their workflow, which was Job and is jobs: none that" in told


def test_store_that_is_no_log(cano, write, folder, logged):
    """A file that is no log is refused, at once where it is missing."""
    (folder / "text.db").write_text("no database at all, but long enough to have a header " * 20)
    for name, text in (("none.db", "there is no file none.db"), ("text.db", "it is no SQLite database")):
        result = cano("diff", "flow.py", "flow.py", "--store", name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert text in result.stderr


# --- what is refused


@pytest.fixture
def sources(flow, job):
    """Give files of which one can be used."""
    return {
        "flow.py": flow,
        "broken.py": "raise LookupError('at import')\n",
        "unsound.py": f"{job}flow = Workflow.build(Job, load, start=Job.LOAD, exits=(Job.DONE,))\n",
        "big.py": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    }


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("mian:flow.py", "mian:flow.py: there is no revision 'mian' in "),
        ("mian:flow.py", ": did you mean main?"),
        ("none-such:flow.py", "there is no revision 'none-such'"),
        ("--upload:flow.py", "there is no revision '--upload'"),
        ("main:gone.py", "main:gone.py: at main (COMMIT): there is no file gone.py"),
        ("main:gone:flow", "main:gone:flow: at main (COMMIT): there is no module 'gone'"),
        ("main:flow:none", "flow has no 'none': name one of flow:flow"),
        (
            "main:broken.py",
            "the workflow cannot be imported at main (COMMIT), so there is nothing to compare",
        ),
        ("main:unsound.py", "the workflow is not sound at main (COMMIT), so there is nothing to compare"),
        ("unsound.py", "unsound.py: the workflow is not sound, so there is nothing to compare"),
        ("gone.py", "gone.py: there is no file gone.py"),
        ("main:big.py", "big.py is kept by Git LFS: at main there is only a pointer"),
        (":flow.py", "before the first colon stands a revision"),
    ],
)
def test_trouble(cano, repo, sources, scratch, before, text):
    """A side that cannot be read ends with exit code 2 and what is wrong where, and leaves nothing behind."""
    for name, source in sources.items():
        repo.write(name, source)
    repo.commit()
    result = cano("diff", "--", before, "flow.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert text.replace("COMMIT", repo.git("rev-parse", "HEAD")[:10]) in result.stderr
    if "unsound" in before:
        assert "[exhaustive]" in result.stderr
    if "broken" in before:
        assert "LookupError: at import" in result.stderr and "broken.py:1" in result.stderr
    assert list(scratch.iterdir()) == []


def test_submodule(cano, repo, flow):
    """A file in a submodule is refused, as this repository does not have it."""
    inner = repo.write("sub/README", "").parent
    repo.write("flow.py", flow)
    repo.git("init", "--quiet", cwd=inner)
    repo.git(
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.org",
        "commit",
        "--allow-empty",
        "-qm",
        "x",
        cwd=inner,
    )
    head = repo.git("rev-parse", "HEAD", cwd=inner)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    repo.git("commit", "--quiet", "--message", "submodule")
    result = cano("diff", "main:sub/flow.py", "flow.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sub is a submodule, whose files are not in this repository" in result.stderr


def test_no_repository(cano, write, flow, monkeypatch, folder):
    """Without a repository or without git a revision is refused, and two targets are compared."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    write("flow.py", flow)
    assert cano("diff", "flow:flow", "flow.py").exit_code == 0
    result = cano("diff", "main:flow.py", "flow.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "main:flow.py: not a git repository" in result.stderr
    monkeypatch.setenv("PATH", str(folder))
    assert cano("diff", "flow:flow", "flow.py").exit_code == 0
    missing = cano("diff", "main:flow.py", "flow.py")
    assert missing.exit_code == 2
    assert "a revision needs git, which is not installed or not on the PATH" in missing.stderr


def test_shallow_clone(cano, repo, flow, monkeypatch):
    """In a shallow clone the error for an old revision says how to fetch it."""
    repo.write("flow.py", flow)
    repo.commit()
    first = repo.git("rev-parse", "HEAD")
    repo.write("more.txt", "")
    repo.commit()
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.folder}", "shallow")
    monkeypatch.chdir(repo.folder / "shallow")
    result = cano("diff", f"{first}:flow.py", "flow.py")
    assert result.exit_code == 2
    assert "this is a shallow clone, so fetch it first" in result.stderr


def test_incomplete_repository(cano, git, commit, write, folder, flow):
    """A file that the repository has lost is named."""
    write("flow.py", flow)
    commit()
    name = git("rev-parse", "HEAD:flow.py")
    (folder / ".git/objects" / name[:2] / name[2:]).unlink()
    result = cano("diff", "main:flow.py", "flow.py")
    assert result.exit_code == 2
    assert "git cannot read flow.py: the repository is not complete" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_end_from_outside(git, commit, write, folder, scratch, number):
    """Ctrl-C and the signal that asks a process to end remove the temporary folder and end the command."""
    write("slow.py", f"import time\nopen({str(folder / 'began')!r}, 'w').close()\ntime.sleep(60)\n")
    commit()
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{heard}; from cano_dsl.cli import main; main()",
            "diff",
            "main:slow.py",
            "slow.py",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            if (folder / "began").exists():
                break
            time.sleep(0.05)
        assert len(list(scratch.iterdir())) == 1
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert b"Traceback" not in errors
    assert list(scratch.iterdir()) == []


# --- what is a revision


class Known:
    """A repository with these revisions."""

    top = Path("/repo")

    def __init__(self, *names: str) -> None:
        self.names = names

    def commit(self, name: str) -> str | None:
        return "c0ffee" if name in self.names else None

    def hint(self, name: str) -> str:
        return ""

    def full_name(self, name: str) -> str:
        return f"refs/heads/{name}"


class Missing(Known):
    """No repository."""

    def commit(self, name: str) -> str | None:
        raise GitFailed("not a git repository")


@pytest.mark.parametrize(
    ("text", "revision", "target"),
    [
        ("flow.py", "", "flow.py"),
        ("shop/flow.py:orders", "", "shop/flow.py:orders"),
        ("shop.flows", "", "shop.flows"),
        ("shop.flows:orders", "", "shop.flows:orders"),
        (r"C:\shop\flow.py", "", r"C:\shop\flow.py"),
        (r"C:\shop\flow.py:orders", "", r"C:\shop\flow.py:orders"),
        ("C:/shop/flow.py:orders", "", "C:/shop/flow.py:orders"),
        ("main:flow.py", "main", "flow.py"),
        ("main:flow.py:orders", "main", "flow.py:orders"),
        ("main:shop.flows:orders", "main", "shop.flows:orders"),
        ("main:shop.flows", "main", "shop.flows"),
        ("json:flow.py", "json", "flow.py"),
        ("origin/main~2:flow.py", "origin/main~2", "flow.py"),
        ("other:orders", "", "other:orders"),
        ("main:", "", "main:"),
    ],
)
def test_sides(folder, text, revision, target):
    """A target that begins with a file or drive is one; with two colons or a file after the first, that part is a revision; else only where git knows it and Python no such module."""
    side = side_of(text, Known("main", "json", "origin/main~2"))  # type: ignore[arg-type]
    assert (side.revision, side.target, bool(side.commit)) == (revision, target, bool(revision))


def test_either(folder, write):
    """What can be a module and a revision is refused, and the error says how to write each."""
    write("main.py", "")
    for name in ("main", "json", "json.tool"):
        with pytest.raises(Refused) as refused:
            side_of(f"{name}:orders", Known("main", "json", "json.tool"))  # type: ignore[arg-type]
        assert (
            f"write refs/heads/{name}:orders for the revision, and {name}.py:orders" in refused.value.message
        )
    assert side_of("shop.flows:orders", Missing()).revision == ""  # type: ignore[arg-type]


def test_full_names(git, commit, write, cano, flow):
    """The way that the error names for a branch with a module's name is one that works."""
    write("flow.py", flow)
    write("main.py", flow)
    commit()
    refused = cano("diff", "main:flow", "flow.py")
    assert refused.exit_code == 2 and "write refs/heads/main:flow for the revision" in refused.stderr
    assert cano("diff", "refs/heads/main:flow", "flow.py").exit_code == 0
    git("tag", "json")
    assert "write refs/tags/json:flow for" in cano("diff", "json:flow", "flow.py").stderr


# --- the process of one side


def request(folder: Path, **more: Any) -> Any:
    """Make a request."""
    found = SimpleNamespace(target="flow.py", tree="", top="", store="", answer="", traceback=False)
    return {**vars(found), **more}


def test_process(folder, write, flow):
    """What a process answers has the graph; places of the work tree on the path are those of the tree, but for what is installed there."""
    write("tree/lib/x.py", "")
    write("tree/flow.py", flow)
    write("top/lib/x.py", "")
    write("top/venv/x.py", "")
    top, tree = folder / "top", folder / "tree"
    os.chdir(tree)
    sys.path += [str(top / "lib"), str(top / "venv"), ""]
    found = answer(request(folder, tree=str(tree), top=str(top)))
    assert found["graph"]["definition"]["members"] == ["LOAD", "PICK", "DONE"]
    assert str(tree / "lib") in sys.path and str(top / "venv") in sys.path and "" in sys.path
    assert str(top / "lib") not in sys.path
