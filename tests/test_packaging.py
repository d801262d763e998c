"""What a person installs is what is in the checkout: cards, recipes, the shipped model."""

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from seqkit.native import build

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The `bin` folder of a fresh environment with this checkout's wheel and our packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    result = subprocess.run(build, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    venv.create(folder / "venv", with_pip=True)
    (binaries,) = (
        (folder / "venv").glob("bin") if os.name != "nt" else (folder / "venv").glob("Scripts")
    )
    wheel = next(folder.glob("seqkit-*.whl"))
    subprocess.run(
        [binaries / "python", "-m", "pip", "install", "-q", "--no-deps", wheel], check=True
    )
    home = subprocess.run(
        [binaries / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    paths = [
        path
        for path in (*site.getsitepackages(), site.getusersitepackages())
        if Path(path).is_dir()
    ]
    (Path(home.stdout.strip()) / "dependencies.pth").write_text(
        "\n".join(paths) + "\n", encoding="utf-8"
    )
    return binaries


def run(installed, tmp_path, *arguments):
    """Run the installed `seqkit` far from the checkout."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SEQKIT_CORPORA")}
    command = [installed / "seqkit", *arguments]
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.slow
def test_the_installed_wheel_is_not_the_checkout(installed, tmp_path):
    code = "import seqkit; print(seqkit.__file__)"
    out = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in out.stdout


@pytest.mark.slow
def test_the_wheel_has_the_compiled_loops_if_it_was_built_where_there_is_a_compiler(
    installed, tmp_path
):
    code = "from seqkit.native import library; print(library.status())"
    out = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (wheel,) = installed.parent.parent.glob("seqkit-*.whl")
    has_compiler = bool(build.compiler())
    assert ("py3-none-any" not in wheel.name) == has_compiler
    assert (out.stdout.strip() == "used") == has_compiler


@pytest.mark.slow
def test_a_source_distribution_installs_without_a_compiler(tmp_path):
    """And a wheel of it is for every platform."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run([*command, "--sdist"], capture_output=True, check=True)
    (source,) = tmp_path.glob("seqkit-*.tar.gz")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*pip, "--target", tmp_path / "installed", source],
        env={**os.environ, "CC": "false"}, check=True,
    )  # fmt: skip

    package = tmp_path / "installed/seqkit"
    assert {path.name for path in (package / "native").iterdir()} >= {"words.c", "ngrams.c"}
    assert not list(package.rglob("*.so"))
    (tags,) = (tmp_path / "installed").glob("seqkit-*.dist-info/WHEEL")
    assert "Tag: py3-none-any" in tags.read_text(encoding="utf-8")

    code = (
        "import seqkit.ngram as n; from seqkit.native import library; print(library.status());"
        "print(n.train(['a b c'] * 9, order=2).score('a b') < 0)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "installed",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert out.startswith("not there: seqkit was installed without a C compiler")
    assert out.endswith("True\n")


@pytest.mark.slow
def test_the_wheel_translates_with_the_model_in_it(installed, tmp_path):
    assert "Morgen" in run(installed, tmp_path, "translate", "Good morning.")


@pytest.mark.slow
def test_the_wheel_has_all_cards_and_recipes(installed, tmp_path):
    listed = run(installed, tmp_path, "corpora").splitlines()
    assert [line.split()[0] for line in listed] == sorted(
        path.parent.name for path in ROOT.glob("corpora/*/card.toml")
    )
    recipes = run(installed, tmp_path, "config").split()
    assert recipes == sorted(
        f"{path.parent.name}/{path.stem}"
        for path in ROOT.glob("corpora/*/*.toml")
        if path.name != "card.toml"
    )


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_services_page(installed, tmp_path):
    code = (
        "import seqkit, pathlib\n"
        "page = pathlib.Path(seqkit.__file__).parent / 'serving' / 'page'\n"
        "print(*sorted(path.name for path in page.iterdir()))"
    )
    out = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    page = ROOT / "seqkit" / "serving" / "page"
    assert out.stdout.split() == sorted(path.name for path in page.iterdir())


@pytest.mark.slow
def test_the_wheel_has_the_type_marker_and_the_licence(installed, tmp_path):
    code = (
        "import seqkit, pathlib\n"
        "folder = pathlib.Path(seqkit.__file__).parent\n"
        "print((folder / 'py.typed').exists())"
    )
    out = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "True"
