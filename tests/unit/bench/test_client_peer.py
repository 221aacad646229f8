from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bench.client_peer import (
    UMQTT_ROBUST,
    UMQTT_SIMPLE,
    Package,
    PeerAbsentError,
    named_client,
    package_file,
    published_client,
)
from harness.errors import ConfigError

CODE = b"class MQTTClient:\n    pass\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """A package in an index of its own, which has no setup.py, as the real one of 2017."""
    stem = "hil-bench-made-up-1.0"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        info = tarfile.TarInfo(f"{stem}/umqtt/simple.py")
        info.size = len(CODE)
        archive.addfile(info, io.BytesIO(CODE))
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / f"{stem}.tar.gz").write_bytes(data.getvalue())
    return Package(
        "hil-bench-made-up", "1.0", sha256(data.getvalue()), "umqtt/simple.py", sha256(CODE)
    )


@pytest.fixture
def index(tmp_path: Path) -> tuple[str, ...]:
    """Arguments with which pip looks there and nowhere else."""
    return ("--no-index", "--find-links", str(tmp_path / "index"))


def test_package_is_fetched_once_and_then_taken_from_the_cache(
    package: Package, index: tuple[str, ...], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert package_file(package, cache, index) == CODE
    assert [path.name for path in cache.iterdir()] == ["hil-bench-made-up-1.0"]
    assert package_file(package, cache, ("--no-index",)) == CODE


def test_archive_with_another_hash_is_refused(
    package: Package, index: tuple[str, ...], tmp_path: Path
) -> None:
    wrong = replace(package, archive_sha256="0" * 64)
    with pytest.raises(ConfigError) as caught:
        package_file(wrong, tmp_path / "cache", index)
    assert caught.value.expected == "0" * 64
    assert caught.value.got == package.archive_sha256
    assert not list((tmp_path / "cache").iterdir())


def test_file_with_another_hash_is_refused_and_not_kept(
    package: Package, index: tuple[str, ...], tmp_path: Path
) -> None:
    wrong = replace(package, file_sha256="0" * 64)
    with pytest.raises(ConfigError) as caught:
        package_file(wrong, tmp_path / "cache", index)
    assert caught.value.got == sha256(CODE)
    assert not list((tmp_path / "cache").iterdir())


def test_file_that_was_altered_in_the_cache_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "micropython-umqtt.simple-1.3.4/umqtt/simple.py"
    place.parent.mkdir(parents=True)
    place.write_bytes(CODE)
    with pytest.raises(ConfigError) as caught:
        published_client("umqtt.robust", tmp_path, tmp_path / "work")
    assert caught.value.on == str(place)
    assert caught.value.expected == UMQTT_SIMPLE.file_sha256


def test_published_client_is_absent_without_a_network(
    package: Package, index: tuple[str, ...], tmp_path: Path
) -> None:
    assert package.name not in {UMQTT_SIMPLE.name, UMQTT_ROBUST.name}
    with pytest.raises(PeerAbsentError, match=r"micropython-umqtt\.simple 1\.3\.4: ERROR"):
        published_client("umqtt.simple", tmp_path / "cache", tmp_path / "work", index)


@pytest.mark.parametrize(
    ("files", "module"),
    [
        (["mqtt.py"], "mqtt"),
        (["umqtt/simple.py"], "umqtt.simple"),
        (["umqtt/simple.py", "umqtt/robust.py"], "umqtt.robust"),
        (["umqtt/simple.py", "mqtt.py"], "mqtt"),
    ],
)
def test_folder_of_a_peer_is_known_by_its_file(
    files: list[str], module: str, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(CODE)
    client = named_client("other", tmp_path)
    assert (client.name, client.module, client.folder) == ("other", module, tmp_path)


def test_folder_of_a_peer_without_a_client_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no MQTT client"):
        named_client("other", tmp_path)


@pytest.mark.parametrize("name", ["ours", "bare loop", "umqtt.simple"])
def test_name_of_a_peer_that_is_taken_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "mqtt.py").write_bytes(CODE)
    with pytest.raises(ConfigError, match="cannot have this name"):
        named_client(name, tmp_path)
