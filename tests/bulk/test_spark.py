"""The ten lines of the docs that translate on Spark, on a Spark of this machine."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

import seqkit

PAGE = Path(__file__).parents[2] / "docs/concepts/bulk.md"
_WHY = "needs Spark: pip install pyspark pandas, and a Java runtime"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_lines_for_spark_translate_as_one_process_does(tmp_path, monkeypatch, shipped):
    sql = pytest.importorskip("pyspark.sql", reason=_WHY)
    pytest.importorskip("pandas", reason=_WHY)
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip(_WHY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    Path("news.jsonl").write_text('{"text": "A dog runs."}\n{"text": "Two men talk."}\n')

    (code,) = re.findall(r"```python\n(def translate.*?)```", PAGE.read_text(), re.DOTALL)
    spark = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    try:
        exec(code, {"spark": spark})
        found = {row.text: row.translation for row in spark.read.parquet("news-de").collect()}
    finally:
        spark.stop()
    texts = ["A dog runs.", "Two men talk."]
    alone = seqkit.load(device="cpu").translate(texts)
    assert found == dict(zip(texts, alone, strict=True))
