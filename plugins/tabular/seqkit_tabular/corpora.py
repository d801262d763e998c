"""The cards of the plugin's corpora; seqkit finds, fetches and checks the files that they name."""

from __future__ import annotations

from seqkit.data.corpora import Card, File

_ADDRESS = "http://d2l-data.s3-accelerate.amazonaws.com/kaggle_house_pred_"


def house_prices() -> Card:
    return Card(
        title="Ames housing: 1,460 sales of houses with 79 features, and 1,459 without a price",
        source="De Cock 2011, Journal of Statistics Education 19(3); in Kaggle's form",
        licence="teaching and research; kaggle.com/c/house-prices-advanced-regression-techniques",
        note="the prices of test.csv are Kaggle's secret: its scores are given for a submission",
        splits={
            "train": "1,460 rows; some are held out for validation",
            "test": "1,459 rows without the target, for a submission",
        },
        files={
            "train.csv.gz": File(
                text_sha256="1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
                address=f"{_ADDRESS}train.csv",
            ),
            "test.csv.gz": File(
                text_sha256="8fdd3d829d4d986b58f845c9553b225e67dd8383624d90fb6ca1d4bed5798c1e",
                address=f"{_ADDRESS}test.csv",
            ),
        },
    )
