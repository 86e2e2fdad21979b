"""Reading and writing ``.list`` files: ``vocal_path|speaker|language|text``, UTF-8, a recording each line.

Lists come from users: every line is judged by itself, and none can name a file outside the folders that are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from GPT_SoVITS.dataset.problems import Problem, ProblemError, StepError

MAX_BYTES = 256 << 20
MAX_LINES = 1_000_000
MAX_LINE_BYTES = 64 << 10
ALIASES = {"zh": "zh", "jp": "ja", "ja": "ja", "en": "en", "ko": "ko", "yue": "yue"}
"""Official names of languages, in lower case; any case is taken."""
_AROUND_NAMES = " '\n\"\u202a"
"""What people paste around a path (``clean_path`` of the official ``tools/my_utils.py``)."""


@dataclass(frozen=True)
class Line:
    """One recording and what is said in it.

    Attributes:
        number: Of the line in its file, from 1.
        path: The recording, as the list names it.
        speaker: Who speaks; read by nobody.
        language: ``zh``, ``ja``, ``en``, ``ko`` or ``yue``.
        text: What is said.
    """

    number: int
    path: str
    speaker: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """The recording's file name, which names all that is made of it."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Labels:
    """A list as far as it could be read.

    Attributes:
        lines: In the order of the file.
        problems: What is wrong with the other lines.
    """

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def clean_path(path: str) -> str:
    """Return a path as a list means it: without quotes and blanks around it, with ``/`` between folders."""
    return path.rstrip("/\\").replace("\\", "/").strip(_AROUND_NAMES)


def parse_line(text: str, number: int) -> Line:
    """Return what a line says.

    Raises:
        ProblemError: it is no line of a list.
    """
    fields = text.split("|")
    if len(fields) != 4:
        raise ProblemError("line_fields", number=number, found=len(fields))
    path, language = clean_path(fields[0]), ALIASES.get(fields[2].strip().lower())
    line = Line(number, path, fields[1], language or "", fields[3].strip())
    if line.name in ("", ".", "..") or any(not each.isprintable() for each in path):
        raise ProblemError("line_name", number=number)
    if language is None:
        raise ProblemError("line_language", number=number, language=fields[2][:20])
    if not line.text:
        raise ProblemError("line_text_empty", number=number)
    return line


def read_list(path: Path) -> Labels:
    """Read a list; blank lines are nobody's.

    Raises:
        StepError: there is no such file, or it is none.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise StepError("list_unreadable", path=str(path), reason=f"{size} bytes, at most {MAX_BYTES} are read")
        content = path.read_bytes()
    except OSError as error:
        raise StepError("list_unreadable", path=str(path), reason=error.strerror or str(error)) from error
    raw = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if len(raw) > MAX_LINES:
        raise StepError("list_unreadable", path=str(path), reason=f"{len(raw)} lines, at most {MAX_LINES} are read")
    found = Labels()
    names: set[str] = set()
    for number, each in enumerate(raw, 1):
        if not each.strip():
            continue
        try:
            line = parse_line(_decoded(each.rstrip(b"\r"), number), number)
            if line.name in names:
                raise ProblemError("line_duplicate", number=number, name=line.name)
        except ProblemError as error:
            found.problems.append(Problem(f"{path.name}:{number}", error.code, error.parameters))
            continue
        names.add(line.name)
        found.lines.append(line)
    return found


def _decoded(raw: bytes, number: int) -> str:
    if len(raw) > MAX_LINE_BYTES:
        raise ProblemError("line_long", number=number, most=MAX_LINE_BYTES)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ProblemError("line_encoding", number=number) from None


def list_text(lines: Iterable[Line]) -> str:
    """Return the content of a list, languages in capitals as the official tools write them.

    Raises:
        ValueError: a field has a character that divides fields or lines.
    """
    rows = []
    for line in lines:
        fields = (line.path, line.speaker, line.language.upper(), line.text)
        if any(character in field for field in fields for character in "|\r\n"):
            raise ValueError(f"line {line.number}: '|' and line breaks divide a list, and may not be within a field")
        rows.append("|".join(fields))
    return "\n".join(rows)


@dataclass(frozen=True)
class Places:
    """Where the recordings of a list are.

    Attributes:
        folder: They are here by their file names; None takes the list's own paths.
        beside: Folder of the list, where relative paths are looked for too.
        roots: Only below these; empty for anywhere.
    """

    folder: Path | None
    beside: Path
    roots: Sequence[Path] = ()

    def find(self, line: Line) -> Path:
        """Return the file of a line.

        Raises:
            ProblemError: it is not there, or not where it may be.
        """
        if self.folder is not None:
            candidates = [self.folder / line.name]
        else:
            candidates = [Path(line.path), self.beside / line.path]
        try:
            found = next((path for path in candidates if path.is_file()), None)
            allowed = found is not None and self._is_allowed(found)
        except (OSError, ValueError):  # a name that no file can have
            found, allowed = None, False
        # The same words for both: whether a file exists elsewhere is nobody's business.
        if found is None or not allowed:
            raise ProblemError("recording_missing", number=line.number, name=line.name)
        return found

    def _is_allowed(self, path: Path) -> bool:
        real = path.resolve()
        return not self.roots or any(real.is_relative_to(root.resolve()) for root in self.roots)
