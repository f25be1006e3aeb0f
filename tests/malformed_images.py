"""Files that instruments, disks and people make: what each is, and what must become of it."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

GOOD = ""
TRUNCATED, DAMAGED, UNKNOWN = "truncated image", "damaged image", "not an image of a known format"
FLAT, SMALL, LARGE, EMPTY = "one flat colour", "too small", "too large", "empty file"
GONE, NO_FILE = "broken link or file that vanished", "not a regular file"

# Name, what writes it, and the kinds of reason that are true of it.
Case = tuple[str, Callable[[Path], object], set[str]]


def picture(mode: str = "L", width: int = 40, height: int = 30) -> Image.Image:
    """Return a noisy picture of a mode."""
    values = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(values[:, :, 0].astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(values[:, :, 0].astype(np.float32))
    return Image.fromarray(values).convert(mode)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    """Return the bytes of a file."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_of(width: int, height: int, pixels: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """Return a PNG that claims a size, whatever pixels it holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def malformed_images() -> Iterator[Case]:
    """List the cases."""
    for name, content, kinds in (*_formats(), *_truncated(), *_headers(), *_others()):
        yield name, (lambda path, content=content: path.write_bytes(content)), kinds
    yield from _no_files()


def _formats() -> Iterator[tuple[str, bytes, set[str]]]:
    modes = {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "TIFF": ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "F"),
        "JPEG": ("L", "RGB", "CMYK"),
        "BMP": ("1", "L", "P", "RGB"),
        "GIF": ("L", "P"),
        "PPM": ("1", "L", "RGB"),
        "WEBP": ("RGB", "RGBA"),
    }
    for file_format, names in modes.items():
        for mode in names:
            content = encoded(picture(mode), file_format)
            yield f"{file_format.lower()}_{mode.replace(';', '_')}.png", content, {GOOD}
    yield "wrong_extension.jpg", encoded(picture(), "PNG"), {GOOD}
    yield "no_extension", encoded(picture(), "TIFF"), {GOOD}
    lab = encoded(Image.new("LAB", (40, 30)), "TIFF")
    yield "lab.tif", lab, {"mode LAB cannot be turned into gray"}
    yield "pdf.png", encoded(picture(), "PDF"), {UNKNOWN}
    yield "ico.png", encoded(picture("RGB", 32, 32), "ICO"), {UNKNOWN}
    yield "eps.png", encoded(picture(), "EPS"), {UNKNOWN}


def _truncated() -> Iterator[tuple[str, bytes, set[str]]]:
    cut = {TRUNCATED, DAMAGED, UNKNOWN}
    for file_format in ("PNG", "TIFF", "BMP", "GIF", "PPM", "JPEG", "WEBP"):
        content = encoded(picture("RGB" if file_format == "WEBP" else "L"), file_format)
        for share in (0.02, 0.5, 0.95):
            yield f"{file_format}_cut_at_{share}", content[: int(len(content) * share)], cut
    packed = encoded(picture(), "TIFF", compression="tiff_lzw")
    yield "lzw_cut.tif", packed[: len(packed) // 2], cut
    jpeg = encoded(picture("RGB", 64, 64), "JPEG")
    yield "cut_and_closed.jpg", jpeg[: len(jpeg) // 2] + b"\xff\xd9", {TRUNCATED}
    progressive = encoded(picture("RGB"), "JPEG", progressive=True)
    yield "progressive_cut.jpg", progressive[: len(progressive) // 2], cut


def _headers() -> Iterator[tuple[str, bytes, set[str]]]:
    rows = b"".join(b"\0" + bytes(range(40)) for _ in range(30))
    whole = png_of(40, 30, rows)
    yield "whole.png", whole, {GOOD}
    yield "bomb.png", png_of(30_000, 30_000, rows), {LARGE}
    yield "sixty_thousand_wide.png", png_of(60_000, 60_000, b""), {LARGE}
    yield "no_width.png", png_of(0, 30, rows), {DAMAGED, UNKNOWN, TRUNCATED}
    yield "fewer_rows_than_said.png", png_of(40, 60, rows), {TRUNCATED}
    yield "odd_depth.png", png_of(40, 30, rows, depth=7), {DAMAGED, UNKNOWN}
    yield "odd_colour.png", png_of(40, 30, rows, colour=5), {DAMAGED, UNKNOWN}
    yield "no_pixels.png", whole[:33] + png_chunk(b"IEND", b""), {TRUNCATED, DAMAGED}
    yield "bad_checksum.png", whole[:29] + b"\0\0\0\0" + whole[33:], {DAMAGED, UNKNOWN}
    yield "pixels_not_packed.png", whole[:41] + bytes(40) + whole[81:], {DAMAGED, TRUNCATED}
    yield "signature_only.png", whole[:8], {UNKNOWN, DAMAGED, TRUNCATED}
    bmp = bytearray(encoded(picture(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 50_000, 50_000)
    yield "bomb.bmp", bytes(bmp), {LARGE}
    gif = bytearray(encoded(picture(), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "bomb.gif", bytes(gif), {LARGE}
    yield "bomb.pgm", b"P5 99999 99999 255\n" + bytes(100), {LARGE}
    yield "no_number.pgm", b"P5 forty 30 255\n" + bytes(1200), {DAMAGED, UNKNOWN}
    tiff = encoded(picture(), "TIFF")
    yield (
        "directory_beyond_the_end.tif",
        tiff[:4] + b"\xff\xff\xff\x7f" + tiff[8:],
        {
            UNKNOWN,
            DAMAGED,
            TRUNCATED,
        },
    )


def _others() -> Iterator[tuple[str, bytes, set[str]]]:
    yield "empty.png", b"", {EMPTY}
    yield "one_byte.png", b"\x89", {UNKNOWN}
    yield "zeros.png", bytes(4096), {UNKNOWN}
    yield "text.png", "Notes d’échantillon\n".encode("latin-1", "replace"), {UNKNOWN}
    yield "page.png", b"<html><body>404</body></html>", {UNKNOWN}
    yield "picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', {UNKNOWN}
    yield "Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), {UNKNOWN}
    yield "archive.zip", b"PK\x03\x04" + bytes(60), {UNKNOWN}
    yield "one_pixel.png", encoded(picture(width=1, height=1), "PNG"), {SMALL}
    yield "a_line.png", encoded(picture(width=400, height=3), "PNG"), {SMALL}
    yield "white.png", encoded(Image.new("L", (40, 30), 255), "PNG"), {FLAT}
    yield "black.jpg", encoded(Image.new("RGB", (40, 30)), "JPEG"), {FLAT}
    yield "transparent.png", encoded(Image.new("RGBA", (40, 30)), "PNG"), {FLAT}
    yield "long.png", encoded(picture(width=5000, height=4), "PNG"), {GOOD}
    yield "two_pictures.jpg", encoded(picture(), "JPEG") * 2, {GOOD}
    yield "tail.png", encoded(picture(), "PNG") + b"written behind the end", {GOOD}
    frames = {"save_all": True, "append_images": [picture(width=40).rotate(90)]}
    for file_format in ("GIF", "PNG", "TIFF", "WEBP"):
        yield f"frames.{file_format.lower()}", encoded(picture("L"), file_format, **frames), {GOOD}
    gif = encoded(picture("L"), "GIF", **frames)
    yield "second_frame_cut.gif", gif[: int(len(gif) * 0.8)], {GOOD}
    turned = Image.Exif()
    turned[0x0112] = 6
    yield "turned.jpg", encoded(picture("RGB"), "JPEG", exif=turned), {GOOD}
    turned[0x0112] = 77
    yield "turned_beyond_reason.jpg", encoded(picture("RGB"), "JPEG", exif=turned), {GOOD}
    yield (
        "damaged_exif.jpg",
        encoded(picture("RGB"), "JPEG", exif=b"Exif\0\0nonsense"),
        {
            GOOD,
            DAMAGED,
        },
    )
    yield "palette_with_transparency.png", encoded(picture("P"), "PNG", transparency=3), {GOOD}


def _no_files() -> Iterator[Case]:
    yield "broken_link.png", lambda path: path.symlink_to("nowhere.png"), {GONE}
    yield "loop.png", lambda path: path.symlink_to(path.name), {GONE}
    if hasattr(os, "mkfifo"):
        yield "pipe.png", lambda path: os.mkfifo(path), {NO_FILE}
