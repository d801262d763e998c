"""Image classification for seqkit: images in, class names out. The training loop is seqkit's.

task.py          what the trainer must know: images as batches, the loss, the accuracy
data_config.py   the [data] section
classifier.py    the predictor: what `seqkit.load` returns for a trained network
held_out.py      what it is measured on; report.py: the figures
sources.py       where images come from: a corpus, a folder (listing.py) or a CSV file (tables.py)
finding.py       image files below a folder; readable.py knows the kinds, decoding.py reads one
prepared.py      files decoded once, into the cache, to what shapes.py says
images.py        sets of images as batches; views.py augments and normalises them
run_images.py    which images a run trains and validates on; record.py keeps it with a checkpoint
folds.py         cross-validation
explain.py       Grad-CAM, filters, activations, dead units; pictures.py draws them
service.py       what `seqkit serve` offers of it
pretrained.py    torchvision's published weights as a starting point
models/          one network a file, and the contract that they follow
commands/        seqkit vision train, evaluate, predict, models, explain
"""

from __future__ import annotations

from seqkit.plugins import Plugin

__version__ = "0.1.0"
DISTRIBUTION = "seqkit-vision"

_VGG = "images; Simonyan & Zisserman 2014, arXiv:1409.1556"
_RESNET = "images; He et al. 2015, arXiv:1512.03385"
_ROW_LSTM = "images; an LSTM that reads them row by row; Le et al. 2015, arXiv:1504.00941"
_MNIST_CNN = "images; two 5x5 convolutions and 1,000 units; after LeCun et al. 1998"

_MODELS = (
    ("softmax-regression", "softmax_regression:SoftmaxRegression", "images; one linear layer"),
    ("mlp", "mlp:MLP", "images; fully connected layers; Rumelhart et al. 1986"),
    ("lenet", "lenet:LeNet", "images; LeCun et al. 1998"),
    ("mnist-cnn", "mnist_cnn:MnistCNN", _MNIST_CNN),
    ("cifar10-cnn", "cifar10_cnn:Cifar10CNN", "images; three 5x5 convolutions; Krizhevsky 2009"),
    ("alexnet", "alexnet:AlexNet", "images; Krizhevsky et al. 2012; one tower: arXiv:1404.5997"),
    ("vgg11", "vgg:VGG11", _VGG),
    ("vgg13", "vgg:VGG13", _VGG),
    ("vgg16", "vgg:VGG16", _VGG),
    ("vgg19", "vgg:VGG19", _VGG),
    ("nin", "nin:NiN", "images; Lin et al. 2013, arXiv:1312.4400"),
    ("googlenet", "googlenet:GoogLeNet", "images; Szegedy et al. 2014, arXiv:1409.4842"),
    ("resnet18", "resnet:ResNet18", _RESNET),
    ("resnet34", "resnet:ResNet34", _RESNET),
    ("resnet50", "resnet:ResNet50", _RESNET),
    ("densenet121", "densenet:DenseNet121", "images; Huang et al. 2016, arXiv:1608.06993"),
    ("row-lstm", "row_lstm:RowLSTM", _ROW_LSTM),
)


def register(plugin: Plugin) -> None:
    plugin.task("vision", "seqkit_vision.task:ImageClassification", "image classification")
    plugin.service("vision", "seqkit_vision.service:SERVICE", "predict, explain-image")

    for name, target, about in _MODELS:
        plugin.model(name, f"seqkit_vision.models.{target}", about)

    plugin.corpus("mnist", "seqkit_vision.corpora:mnist", "handwritten digits")
    plugin.corpus("fashion-mnist", "seqkit_vision.corpora:fashion_mnist", "Zalando's articles")
    plugin.corpus("cifar10", "seqkit_vision.corpora:cifar10", "tiny colour images of ten kinds")
    plugin.recipes("vision", "seqkit_vision.recipes:folder", "recipes for images")

    plugin.command(
        "vision",
        "seqkit_vision.commands:vision",
        "Classify images: train, evaluate, predict, explain.",
    )
    plugin.command(
        "vision/evaluate",
        "seqkit_vision.commands.evaluate:evaluate",
        "Measure a classifier on labelled images.",
    )
    plugin.command(
        "vision/predict",
        "seqkit_vision.commands.predict:predict",
        "Name the class of each image.",
    )
    plugin.check("torchvision", "seqkit_vision.compat:check", "torchvision beside this torch")
