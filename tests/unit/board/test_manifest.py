"""The manifest: all its errors at once, and the hash that names what is on a board."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import shipped
from harness.board.deployer import Plan, plan
from harness.board.manifest import Manifest, PushFile, load_manifest, manifest_hash
from harness.board.push import Survey
from harness.board.push_program import START_DIGITS
from harness.errors import ConfigError


def written(folder: Path, text: str, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.toml").write_text(text)
    for name, data in files.items():
        (folder / f"{name}.py").write_bytes(data)
    return folder


def test_manifest_names_files_places_and_folders(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "lab_src",
        'version = "1"\nmirrored = ["/hil"]\nprotected = ["/main.py"]\n'
        '[files]\n"a.py" = "/hil/a.py"\n"b.py" = "/b.py"\n',
        a=b"A",
        b=b"\xff\0",
    )
    manifest = load_manifest(folder)
    assert {place: file.data for place, file in manifest.files.items()} == {
        "/hil/a.py": b"A",
        "/b.py": b"\xff\0",
    }
    assert manifest.mirrored == ("/hil",)
    assert manifest.protected == ("/main.py",)
    assert manifest.places == {"/hil/a.py": "lab_src/a.py", "/b.py": "lab_src/b.py"}
    assert manifest.size_bytes == 3
    assert manifest.path == folder / "manifest.toml"


def test_shipped_manifest_names_every_module() -> None:
    folder = shipped.device_src()
    manifest = load_manifest(folder)
    on_disk = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
    named = {file.repository_path.split("/", 1)[1] for file in manifest.files.values()}
    assert named == on_disk


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        'colour = 1\nmirrored = "/hil"\nprotected = ["main.py"]\n[files]\n'
        '"a.py" = "/a.py"\n"b.py" = "/a.py"\n"c.py" = "c.py"\n"d.py" = 5\n"absent.py" = "/e.py"\n',
        a=b"",
        b=b"",
        c=b"",
        d=b"",
    )
    with pytest.raises(ConfigError) as caught:
        load_manifest(folder)
    assert caught.value.tried == "the manifest has 7 errors"
    assert caught.value.on == str(folder / "manifest.toml")
    assert caught.value.got.splitlines() == [
        "unknown key 'colour'",
        "files.b.py: /a.py is the place of another file too",
        "files.c.py: the place on the board is no absolute path",
        "files.d.py: the place on the board is no absolute path",
        "files.absent.py: No such file or directory",
        "mirrored: expected a list of absolute paths",
        "protected: expected a list of absolute paths",
    ]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "[files] is missing or empty"),
        ("files = 3", "[files] is missing or empty"),
        ("[files]", "[files] is missing or empty"),
        ('protected = ["/a.py"]\n[files]\n"a.py" = "/a.py"', "/a.py is in [files] and protected"),
    ],
)
def test_one_error_is_told(tmp_path: Path, text: str, got: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_manifest(written(tmp_path, text, a=b""))
    assert caught.value.tried == "the manifest has 1 error"
    assert caught.value.got == got


def test_folder_without_a_manifest_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no manifest") as caught:
        load_manifest(tmp_path / "absent")
    assert "--device-src" in caught.value.advice


def test_manifest_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_manifest(tmp_path / "file")
    assert caught.value.got == "Not a directory"


@pytest.mark.parametrize("data", [b"= broken", b"\xff\xfe"])
def test_manifest_that_is_no_toml_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "manifest.toml").write_bytes(data)
    with pytest.raises(ConfigError, match="the manifest is no TOML"):
        load_manifest(tmp_path)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest_of(files: dict[str, bytes], **rest: tuple[str, ...]) -> Manifest:
    pushed = {place: PushFile(place, data, place) for place, data in files.items()}
    return Manifest(files=pushed, **rest)  # type: ignore[arg-type]


def test_hash_is_of_paths_and_digests_in_order() -> None:
    manifest = manifest_of({"/b": b"2", "/a": b"1"})
    expected = sha(f"/a {sha(b'1')}\n/b {sha(b'2')}\n".encode())
    assert manifest.sha256 == expected
    assert manifest_hash({"/a": sha(b"1"), "/b": sha(b"2")}) == expected


FILES = st.dictionaries(st.sampled_from(["/a", "/b", "/hil/c"]), st.binary(max_size=4), min_size=1)


@given(FILES, FILES)
def test_hash_differs_where_anything_differs(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    assert (manifest_of(one).sha256 == manifest_of(two).sha256) == (one == two)


def test_hash_of_a_missing_file_differs_from_that_of_an_empty_one() -> None:
    assert manifest_hash({"/a": None}) != manifest_hash({"/a": sha(b"")})


@pytest.mark.parametrize(
    ("digests", "found", "expected"),
    [
        ({"/a": None, "/hil/b": None}, (), Plan(("/a", "/hil/b"), (), ())),
        ({"/a": sha(b"A"), "/hil/b": sha(b"B")}, ("/hil/b",), Plan((), ("/a", "/hil/b"), ())),
        ({"/a": sha(b"old"), "/hil/b": sha(b"B")}, ("/hil/b",), Plan(("/a",), ("/hil/b",), ())),
        (
            {"/a": sha(b"A"), "/hil/b": sha(b"B")},
            ("/hil/b", "/hil/b.new", "/hil/keep", "/hil/x"),
            Plan((), ("/a", "/hil/b"), ("/hil/b.new", "/hil/x")),
        ),
        ({}, (), Plan(("/a", "/hil/b"), (), ())),
    ],
    ids=["empty", "right", "changed", "foreign", "unasked"],
)
def test_plan_pushes_what_differs_and_removes_what_is_foreign(
    digests: dict[str, str | None], found: tuple[str, ...], expected: Plan
) -> None:
    manifest = manifest_of(
        {"/a": b"A", "/hil/b": b"B"}, mirrored=("/hil",), protected=("/hil/keep",)
    )
    starts = {path: text and text[:START_DIGITS] for path, text in digests.items()}
    assert plan(manifest, Survey(manifest_hash(digests), starts, found)) == expected
