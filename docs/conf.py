"""Sphinx: `sphinx-build -W docs build/docs`.

Guides are MyST Markdown, the reference comes from docstrings.
"""

import seqkit

project = "seqkit"
author = "the seqkit authors"
project_copyright = "the seqkit authors"
version = release = seqkit.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["examples/**"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

default_role = "code"  # docstrings set names in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
viewcode_follow_imported_members = False  # else links back go to the module that imports

html_theme = "furo"
html_title = f"seqkit {version}"


def write_commands(app):
    """reference/commands.md: the help text of every command, as `--help` prints it."""
    from pathlib import Path

    import click

    from seqkit.cli.main import cli

    parts = ["# Commands\n\nWhat `--help` prints, for every command.\n"]
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        parts += _help_of(command, f"seqkit {name}", depth=2)
    path = Path(app.srcdir) / "reference" / "commands.md"
    path.write_text("\n".join(parts), encoding="utf-8")


def _help_of(command, name, depth):
    import click

    context = click.Context(command, info_name=name, max_content_width=100)
    text = command.get_help(context)
    parts = [f"{'#' * depth} {name}\n", f"```text\n{text}\n```\n"]
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            parts += _help_of(command.get_command(context, sub), f"{name} {sub}", depth + 1)
    return parts


def setup(app):
    app.connect("builder-inited", write_commands)
