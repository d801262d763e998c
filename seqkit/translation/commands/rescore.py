from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, opened, refuse_input
from ...parsing import to_json

if TYPE_CHECKING:
    from ..rescoring import Tuning


@click.command()
@click.argument("nbest", type=TEXT, metavar="NBEST")
@click.option(
    "--reference",
    "references",
    type=TEXT,
    multiple=True,
    help="Tune weights by these references of NBEST; repeat for several.",
)
@click.option(
    "--lm",
    "lms",
    type=PATH,
    multiple=True,
    help="With --reference: a language model to score by, counted or trained; repeat for several.",
)
@click.option(
    "--metric",
    type=click.Choice(["bleu", "chrf"]),
    default="bleu",
    show_default=True,
    help="What weights are tuned for.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    help="Fixes the weights that tuning starts from.",
)
@click.option("--save", type=PATH, help="With --reference: where the weights go.")
@click.option("--weights", type=PATH, help="Rank by the weights that --save wrote.")
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@click.option(
    "--top", type=click.IntRange(min=1), help="The N best of each sentence, in Moses' format."
)
@device_options
@click.option("--json", "as_json", is_flag=True, help="With --reference: one JSON object.")
def rescore(
    nbest: Path,
    references: tuple[Path, ...],
    lms: tuple[Path, ...],
    metric: Any,
    seed: int,
    save: Path | None,
    weights: Path | None,
    output: Path | None,
    top: int | None,
    device: str,
    as_json: bool,
) -> None:
    """Rank an n-best list anew, by its features, its lengths and language models.

    NBEST is in Moses' format, or what `seqkit translate --nbest` writes. Weights are tuned on a
    development set with --reference and --save; with --weights, the best output of each sentence is
    written.
    """
    if bool(references) == bool(weights):
        raise click.UsageError("give --reference F --save WEIGHTS to tune, or --weights WEIGHTS")
    if weights and (lms or save):
        raise click.UsageError("--weights names its language models: leave out --lm and --save")
    inputs = (nbest, *references, *([weights] if weights else []))
    refuse_input(output, inputs)
    refuse_input(save, (*inputs, *lms))

    if weights:
        _rank(nbest, weights, output, top, device)
        return
    if save is None:
        raise click.UsageError("--reference tunes weights: say with --save where they go")

    from ...data.files import read_lines
    from ..nbest import read_nbest
    from ..rescoring import tune

    columns = [list(read_lines(path)) for path in references]
    tuning = tune(read_nbest(nbest), columns, lms=lms, metric=metric, seed=seed, device=device)
    tuning.weights.save(save)
    with opened(output) as write:
        write(to_json(_record(tuning, metric)) if as_json else _table(tuning, metric))


def _rank(nbest: Path, weights: Path, output: Path | None, top: int | None, device: str) -> None:
    from ..nbest import nbest_lines, read_nbest
    from ..rescoring import Weights, rescore

    lists = read_nbest(nbest)
    with opened(output) as write:
        for sentence, ranked in enumerate(rescore(lists, Weights.load(weights), device=device)):
            if top:
                write("\n".join(nbest_lines(sentence, ranked[:top])))
            else:
                write(ranked[0][0].text)


def _record(tuning: Tuning, metric: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "before": tuning.before,
        "after": tuning.after,
        "oracle": tuning.best,
        "weights": tuning.weights.of,
        "lm": tuning.weights.lms,
    }


def _table(tuning: Tuning, metric: str) -> str:
    label = "BLEU" if metric == "bleu" else "chrF2"
    lines = [
        f"{label} {tuning.before:.2f} -> {tuning.after:.2f}, at best {tuning.best:.2f} with the "
        "best output of each list"
    ]
    for name, weight in tuning.weights.of.items():
        of = tuning.weights.lms.get(name, "")
        lines.append(f"{name:<12} {weight:>10.5f}  {of}".rstrip())
    return "\n".join(lines)
