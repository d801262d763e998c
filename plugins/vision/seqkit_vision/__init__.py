"""Image classification for seqkit: data, models, commands; the training loop is seqkit's."""

from __future__ import annotations

from seqkit.plugins import Plugin

__version__ = "0.1.0"
DISTRIBUTION = "seqkit-vision"

_MODELS = (
    ("softmax-regression", "linear:SoftmaxRegression", "images; one linear layer"),
    ("mlp", "linear:MLP", "images; fully connected layers; Rumelhart et al. 1986"),
    ("lenet", "lenet:LeNet", "images; LeCun et al. 1998"),
    (
        "mnist-cnn",
        "small:MnistCNN",
        "images; two 5x5 convolutions and 1,000 units; after LeCun et al. 1998",
    ),
    ("cifar10-cnn", "small:Cifar10CNN", "images; three 5x5 convolutions; after Krizhevsky 2009"),
    ("alexnet", "alexnet:AlexNet", "images; Krizhevsky et al. 2012; one tower: arXiv:1404.5997"),
    ("vgg11", "vgg:VGG11", "images; Simonyan & Zisserman 2014, arXiv:1409.1556"),
    ("vgg13", "vgg:VGG13", "images; Simonyan & Zisserman 2014, arXiv:1409.1556"),
    ("vgg16", "vgg:VGG16", "images; Simonyan & Zisserman 2014, arXiv:1409.1556"),
    ("vgg19", "vgg:VGG19", "images; Simonyan & Zisserman 2014, arXiv:1409.1556"),
    ("nin", "nin:NiN", "images; Lin et al. 2013, arXiv:1312.4400"),
    ("googlenet", "googlenet:GoogLeNet", "images; Szegedy et al. 2014, arXiv:1409.4842"),
    ("resnet18", "resnet:ResNet18", "images; He et al. 2015, arXiv:1512.03385"),
    ("resnet34", "resnet:ResNet34", "images; He et al. 2015, arXiv:1512.03385"),
    ("resnet50", "resnet:ResNet50", "images; He et al. 2015, arXiv:1512.03385"),
    ("densenet121", "densenet:DenseNet121", "images; Huang et al. 2016, arXiv:1608.06993"),
    (
        "row-lstm",
        "row_lstm:RowLSTM",
        "images; an LSTM that reads them row by row; Le et al. 2015, arXiv:1504.00941",
    ),
)


def register(plugin: Plugin) -> None:
    plugin.task("vision", "seqkit_vision.task:Classification", "image classification")
    for name, target, paper in _MODELS:
        plugin.model(name, f"seqkit_vision.nets.{target}", paper)
    plugin.corpus("mnist", "seqkit_vision.corpora:mnist", "handwritten digits")
    plugin.corpus("fashion-mnist", "seqkit_vision.corpora:fashion_mnist", "Zalando's articles")
    plugin.corpus("cifar10", "seqkit_vision.corpora:cifar10", "tiny colour images of ten kinds")
    plugin.recipes("vision", "seqkit_vision.recipes:folder", "recipes for images")
    plugin.command(
        "vision", "seqkit_vision.cli:vision", "Classify images: train, evaluate, predict, explain."
    )
    plugin.check("torchvision", "seqkit_vision.compat:check", "torchvision beside this torch")
