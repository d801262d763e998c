"""Image files of every kind become bytes; damaged and enormous ones, a line that names them."""

import random
import re

import numpy as np
import pytest
from pictures_made import noise, png_header, write
from PIL import Image, ImageOps
from seqkit_vision.decoding import decode, probe

from seqkit.errors import DataError

WHITE = 255


def complaint(path, **how):
    """The line that is said of a file that cannot be decoded; it names the file."""
    with pytest.raises(DataError) as caught:
        decode(path, **how)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said


def told(read, path):
    """What is said of the file, nothing if it can be read; any other error is a mistake of ours."""
    try:
        read(path)
    except DataError as error:
        return str(error)
    return ""


def written(path, image, **options):
    image.save(path, **options)
    return path


def as_stored(path):
    """What Pillow makes of the file."""
    with Image.open(path) as image:
        image.load()
        return image


def by_channels(array):
    """(H, W, C) -> (C, H, W), (H, W) -> (1, H, W)"""
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


# What comes out


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tif", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_files_give_every_pixel_back(tmp_path, suffix, channels):
    array = noise(5, 7, channels)
    decoded = decode(write(tmp_path / f"a{suffix}", array))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, by_channels(array))


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_files_give_what_pillow_shows(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", noise(16, 16))
    np.testing.assert_array_equal(
        decode(path), by_channels(np.asarray(as_stored(path).convert("RGB")))
    )


def test_images_are_converted_to_the_channels_asked_for(tmp_path):
    grey, colour = (
        write(tmp_path / "grey.png", noise(4, 4, 1)),
        write(tmp_path / "colour.png", noise(4, 4)),
    )
    np.testing.assert_array_equal(
        decode(grey, channels=3), np.repeat(noise(4, 4, 1)[None], 3, axis=0)
    )
    red, green, blue = by_channels(noise(4, 4)).astype(float)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.abs(decode(colour, channels=1)[0] - luma).max() <= 1
    assert decode(colour, channels=1).shape == (1, 4, 4)


def test_one_bit_images_are_black_and_white(tmp_path):
    bits = noise(9, 5, 1) > 127
    path = written(tmp_path / "a.png", Image.fromarray(bits))
    assert as_stored(path).mode == "1"
    np.testing.assert_array_equal(decode(path), np.where(bits, 255, 0)[None])


def test_sixteen_bit_greys_are_divided_by_257(tmp_path):
    values = np.arange(0, 65536, 255, dtype=np.uint16)[:256].reshape(16, 16)
    path = written(tmp_path / "a.png", Image.fromarray(values))
    assert as_stored(path).mode.startswith("I;16")
    np.testing.assert_array_equal(decode(path)[0], np.round(values / 257))


def test_thirty_two_bit_greys_within_sixteen_bits_are_read_and_others_refused(tmp_path):
    values = np.array([[0, 257], [65535, 514]], dtype=np.int32)
    path = written(tmp_path / "a.tif", Image.fromarray(values))
    np.testing.assert_array_equal(decode(path), [[[0, 1], [255, 2]]])
    path = written(tmp_path / "b.tif", Image.fromarray(values * 2))
    assert "has no fixed white: save it with 8 or 16 bits" in complaint(path)
    path = written(tmp_path / "c.tif", Image.fromarray(values / 65535).convert("F"))
    assert "kind 'F'" in complaint(path)


def test_palettes_become_their_colours(tmp_path):
    array = np.repeat(noise(2, 2), 3, axis=1)  # few colours: nothing is lost
    path = written(
        tmp_path / "a.png", Image.fromarray(array).convert("P", palette=Image.Palette.ADAPTIVE)
    )
    assert as_stored(path).mode == "P"
    np.testing.assert_array_equal(decode(path), by_channels(array))


def test_a_transparent_colour_of_a_palette_is_white(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    path = written(tmp_path / "a.png", image, transparency=1)
    np.testing.assert_array_equal(
        decode(path), [[[10, WHITE, 10]], [[20, WHITE, 20]], [[30, WHITE, 30]]]
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_images_are_put_on_white(tmp_path, mode):
    colour, alpha = noise(6, 6), noise(6, 6, 1, seed=1)
    alpha[0], alpha[1] = 0, 255
    if mode == "LA":
        colour = np.repeat(colour[..., :1], 3, axis=2)
    stored = np.dstack([colour if mode == "RGBA" else colour[..., :1], alpha])
    path = written(tmp_path / "a.png", Image.fromarray(stored))
    assert as_stored(path).mode == mode
    share = alpha[..., None] / 255
    expected = by_channels(colour * share + WHITE * (1 - share))
    decoded = decode(path)
    assert np.abs(decoded - expected).max() <= 1
    assert (decoded[:, 0] == WHITE).all()
    np.testing.assert_array_equal(decoded[:, 1], by_channels(colour)[:, 1])


def test_a_transparent_grey_without_alpha_channel_is_white(tmp_path):
    path = written(
        tmp_path / "a.png", Image.fromarray(np.array([[0, 9]], np.uint8)), transparency=0
    )
    np.testing.assert_array_equal(decode(path, channels=1), [[[WHITE, 9]]])
    assert probe(path)[2] == decode(path).shape[0] == 3


def test_cmyk_becomes_rgb(tmp_path):
    ink = np.zeros((8, 8, 4), np.uint8)
    ink[:4, :, 0] = 255  # cyan above, black below
    ink[4:, :, 3] = 255
    path = written(tmp_path / "a.tif", Image.frombytes("CMYK", (8, 8), ink.tobytes()))
    expected = np.zeros((3, 8, 8), np.uint8)
    expected[1:, :4] = 255
    np.testing.assert_array_equal(decode(path), expected)
    jpeg = written(tmp_path / "a.jpg", Image.frombytes("CMYK", (8, 8), ink.tobytes()), quality=100)
    assert np.abs(decode(jpeg).astype(int) - expected).max() < 10


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_photographs_are_turned_as_their_exif_data_say(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    array = np.zeros((8, 16, 3), np.uint8)
    array[:4, :8] = 255  # bright at the top left: every turn looks different
    lossless = (
        {"lossless": True} if suffix == ".webp" else {"quality": 100} if suffix == ".jpg" else {}
    )
    path = write(tmp_path / f"a{suffix}", array, exif=exif, **lossless)
    turned = {  # what a viewer shows, by the definition of the eight values
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        5: array.transpose(1, 0, 2),
        6: array[::-1].transpose(1, 0, 2),
        7: array[::-1, ::-1].transpose(1, 0, 2),
        8: array[:, ::-1].transpose(1, 0, 2),
    }[orientation]
    decoded = decode(path)
    assert decoded.shape == by_channels(turned).shape
    assert np.abs(decoded.astype(int) - by_channels(turned)).max() < 10
    height, width = turned.shape[:2]
    assert probe(path) == (width, height, 3)


def test_a_nonsensical_orientation_is_ignored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = write(tmp_path / "a.jpg", noise(8, 16), exif=exif)
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01"  # tag, kind "short", one of them …
    assert entry in path.read_bytes()
    path.write_bytes(
        path.read_bytes().replace(entry, b"\x01\x12\x00\x07\x00\x00\x00\x01")
    )  # … "unknown"
    assert decode(path).shape == (3, 8, 16)
    assert probe(path) == (16, 8, 3)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (12, 8), (8, 13), (4, 30)])
def test_with_a_size_the_middle_square_is_scaled(tmp_path, height, width):
    array = noise(height, width)
    side = min(height, width)
    top, left = (height - side) / 2, (width - side) / 2
    middle = Image.fromarray(array).resize(
        (6, 6), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side)
    )
    decoded = decode(write(tmp_path / "a.png", array), size=6)
    assert decoded.shape == (3, 6, 6)
    assert np.abs(decoded.astype(int) - by_channels(np.asarray(middle))).max() <= 1


def test_an_image_that_has_the_size_already_is_not_touched(tmp_path):
    array = noise(6, 6)
    np.testing.assert_array_equal(
        decode(write(tmp_path / "a.png", array), size=6), by_channels(array)
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_what_a_probe_says_is_what_decoding_gives(tmp_path, mode):
    image = Image.new(mode, (5, 4))
    path = written(tmp_path / ("a.tif" if mode in ("CMYK", "F") else "a.png"), image)
    width, height, channels = probe(path)
    assert (width, height) == (5, 4)
    if mode != "F":
        assert decode(path).shape == (channels, height, width)


def test_pictures_of_several_cameras_in_a_jpeg_are_the_first_of_them(tmp_path):
    """Many telephones write such files (MPO) under the name .jpg."""
    first, second = (Image.fromarray(noise(16, 16, seed=seed)) for seed in (0, 1))
    path = written(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=[second])
    assert as_stored(path).format == "MPO"
    np.testing.assert_array_equal(decode(path), by_channels(np.asarray(as_stored(path))))


def test_names_in_other_scripts_and_with_spaces_are_read(tmp_path):
    for name in ("猫 и кошка.png", "mèo con.PNG", "🐈.png", 'a\'b "c".png'):
        assert decode(write(tmp_path / name, noise(2, 2))).shape == (3, 2, 2)


# What is refused


def test_an_empty_file_is_reported_as_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert complaint(tmp_path / "a.jpg") == f"{tmp_path / 'a.jpg'} is an empty file"


@pytest.mark.parametrize(
    "content", [b"hello", b"<html>not found</html>", b"\0" * 1000, b"%PDF-1.4 ...", b"\x89PNG"]
)
def test_other_files_named_like_images_are_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert complaint(tmp_path / "a.png").endswith(" is not an image that can be read")


def test_a_program_named_like_an_image_is_not_run(tmp_path):
    """Pillow hands PostScript over to Ghostscript, whatever the file is called."""
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    assert complaint(tmp_path / "a.png").endswith(" is not an image that can be read")


def test_a_missing_file_and_a_folder_say_what_they_are(tmp_path):
    assert (
        complaint(tmp_path / "a.png")
        == f"cannot read {tmp_path / 'a.png'}: No such file or directory"
    )
    assert complaint(tmp_path) == f"cannot read {tmp_path}: Is a directory"
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert complaint(tmp_path / "gone.png").endswith("No such file or directory")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".webp", ".tif", ".ppm"])
def test_a_file_cut_in_the_middle_is_damaged(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", noise(40, 40))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert re.search("is damaged|is not an image that can be read", complaint(path))


@pytest.mark.parametrize("at", [20, 45, 60])
def test_a_png_with_a_changed_byte_is_damaged(tmp_path, at):
    path = write(tmp_path / "a.png", noise(8, 8))
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert re.search("is damaged|is not an image that can be read", complaint(path))


@pytest.mark.parametrize(("side", "has"), [(9_000, "is 9,000 x 9,000,"), (30_000, "has")])
def test_a_header_that_claims_too_many_pixels_is_not_believed(tmp_path, side, has):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    assert complaint(path).startswith(
        f"{path} {has} more than 64,000,000 pixels: a decompression bomb, or"
    )
    assert told(probe, path) == complaint(path)


def test_a_header_that_claims_the_most_allowed_pixels_is_believed(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png_header(8_000, 8_000))
    assert "is damaged" in complaint(path)


@pytest.mark.parametrize("suffix", [".gif", ".tif", ".webp", ".png"])
def test_animations_and_stacks_are_refused_and_single_ones_read(tmp_path, suffix):
    images = [Image.fromarray(noise(8, 8, seed=seed)) for seed in range(3)]
    path = written(tmp_path / f"a{suffix}", images[0], save_all=True, append_images=images[1:])
    assert "is an animation or stack of 3 images: save the one that is meant" in complaint(path)
    assert decode(written(tmp_path / f"b{suffix}", images[0])).shape == (3, 8, 8)


EXIF = Image.Exif()
EXIF[0x0112], EXIF[0x010E] = 6, "a photograph"
KINDS = {  # kind: mode, format, options of saving
    "png": ("RGB", "PNG", {"exif": EXIF}),
    "png with a palette": ("P", "PNG", {"transparency": 3}),
    "png with alpha": ("LA", "PNG", {}),
    "jpeg": ("RGB", "JPEG", {"exif": EXIF}),
    "jpeg of a print shop": ("CMYK", "JPEG", {"progressive": True}),
    "bmp": ("P", "BMP", {}),
    "gif": ("P", "GIF", {}),
    "tiff": ("RGB", "TIFF", {"exif": EXIF}),
    "deep tiff": ("I", "TIFF", {"compression": "packbits"}),
    "webp": ("RGB", "WEBP", {"exif": EXIF}),
    "ppm": ("RGB", "PPM", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_random_damage_decodes_or_is_one_clear_line(tmp_path, kind):
    mode, kind, options = KINDS[kind]
    path = written(
        tmp_path / "a", Image.fromarray(noise(9, 12)).convert(mode), format=kind, **options
    )
    content = path.read_bytes()
    random.seed(0)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(random.choice([1, 2, 8])):
            damaged[random.randrange(random.choice([64, len(damaged)]))] = random.choice(
                [0, 1, 127, 255]
            )
        path.write_bytes(
            damaged[: random.choice([len(damaged), random.randrange(1, len(damaged))])]
        )
        said = [told(read, path) for read in (decode, probe)]
        assert all(not line or (str(path) in line and "\n" not in line) for line in said), said


@pytest.mark.parametrize(
    "error", [TypeError("Missing dimensions"), NotImplementedError("flags 0"), EOFError()]
)
def test_errors_of_pillow_become_one_clear_line(tmp_path, monkeypatch, error):
    def fail(*args):
        raise error

    path = write(tmp_path / "a.png", noise(4, 4))
    monkeypatch.setattr(ImageOps, "exif_transpose", fail)
    assert complaint(path) == f"{path} is damaged: {str(error) or 'EOFError'}"
