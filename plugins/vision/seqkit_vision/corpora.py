"""The cards of the plugin's corpora; seqkit finds, fetches and checks the files that they name.

MNIST and Fashion-MNIST are four idx files each; CIFAR-10 is read from its binary form, which holds
no pickle.
"""

from __future__ import annotations

from seqkit.data.corpora import Card, File

from .parts import TEST, TRAIN, Part

DIGITS = [str(digit) for digit in range(10)]
ARTICLES = [
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
]
CIFAR10 = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
]

IDX: dict[Part, tuple[str, str]] = {  # part → images, labels
    TRAIN: ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    TEST: ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
CIFAR10_FILE = "cifar-10-binary.tar.gz"
CLASSES = {"mnist": DIGITS, "fashion-mnist": ARTICLES, "cifar10": CIFAR10}

_PARTS = {
    "train": "60,000 images; some are held out for validation",
    "test": "10,000 images (t10k), to report",
}


def _idx_files(address: str, checksums: list[tuple[str, str]]) -> dict[str, File]:
    """Files in the order of `IDX`; each has a checksum packed and one unpacked."""
    names = [name for pair in IDX.values() for name in pair]
    return {
        name: File(sha256=packed, text_sha256=unpacked, address=address + name)
        for name, (packed, unpacked) in zip(names, checksums, strict=True)
    }


def mnist() -> Card:
    return Card(
        title="MNIST: handwritten digits, 28x28, grey",
        source="LeCun, Cortes & Burges 1998, http://yann.lecun.com/exdb/mnist",
        licence="CC BY-SA 3.0",
        splits=_PARTS,
        files=_idx_files(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            [
                (
                    "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                (
                    "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                (
                    "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                (
                    "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ],
        ),
    )


def fashion_mnist() -> Card:
    return Card(
        title="Fashion-MNIST: articles of clothing, 28x28, grey",
        source="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        licence="MIT",
        splits=_PARTS,
        files=_idx_files(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            [
                (
                    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                ),
                (
                    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                ),
                (
                    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                ),
                (
                    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            ],
        ),
    )


def cifar10() -> Card:
    return Card(
        title="CIFAR-10: tiny colour images of ten kinds, 32x32",
        source="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="free to use with a citation of the technical report",
        note="The binary form: the one for Python is a pickle, which can run code when loaded.",
        splits={
            "train": "50,000 images; some are held out for validation",
            "test": "10,000 images, to report",
        },
        files={
            CIFAR10_FILE: File(
                sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                address=f"https://www.cs.toronto.edu/~kriz/{CIFAR10_FILE}",
            )
        },
    )
